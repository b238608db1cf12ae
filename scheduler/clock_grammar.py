"""The grammar of times of day: 下午3点, 八点一刻, 14:30, 今晚12点."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduler.numerals import NUMBER, number
from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import DAY


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """``hour`` may reach past 23: hour 24 is the midnight that ends the day."""

    hour: int
    minute: int = 0
    second: int = 0

    def on(self, day: date) -> datetime:
        minutes = timedelta(minutes=self.minute, seconds=self.second)
        midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        return midnight + self.hour // 24 * DAY + timedelta(hours=self.hour % 24) + minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time of day as said.

    ``options`` is empty where the words contradict each other (下午 with 凌晨's hour). With
    ``is_bare`` (8点, no part of the day) the second option is twelve hours later. ``is_vague``: the
    person has to choose among the options.
    """

    options: tuple[Time, ...]
    part: str = ""
    is_bare: bool = False
    is_vague: bool = False


_PARTS = {
    "凌晨": "凌晨",
    "大清早": "早上",
    "一大早": "早上",
    "清晨": "早上",
    "清早": "早上",
    "一早": "早上",
    "早晨": "早上",
    "早上": "早上",
    "早间": "早上",
    "早": "早上",
    "上午": "上午",
    "午前": "上午",
    "中午": "中午",
    "正午": "中午",
    "午间": "中午",
    "午后": "下午",
    "下午": "下午",
    "傍晚": "傍晚",
    "黄昏": "傍晚",
    "今晚": "晚上",
    "晚上": "晚上",
    "晚间": "晚上",
    "夜里": "夜里",
    "夜间": "夜里",
    "夜晚": "晚上",
    "晚": "晚上",
    "深夜": "夜里",
    "半夜": "夜里",
    "午夜": "夜里",
}
_TYPICAL = {
    "凌晨": (1, 5),
    "早上": (7, 8),
    "上午": (9, 10),
    "下午": (14, 15, 16),
    "傍晚": (17, 18),
    "晚上": (19, 20),
    "夜里": (22, 23),
}
_NOT_A_MEAL = {"早": "早(?![餐饭读操会自])", "晚": "晚(?![餐饭自会])"}
_PART_WORDS = (_NOT_A_MEAL.get(word, word) for word in sorted(_PARTS, key=len, reverse=True))
_PART = f"(?P<part>{'|'.join(_PART_WORDS)})?"
_MINUTES = (
    "(?:(?P<half>半)|(?P<quarter>[一三13])刻钟?|(?:过|又)?(?P<minute>"
    f"{NUMBER})(?:分钟?)?(?:(?P<second>{NUMBER})秒)?)?"
)
_NOT_POINTS = "(?!要求|意见|建议|希望|措施|体会|内容|问题|原因|想法|任务|工作|做法|经验|感受|收获)"
_COLON = re.compile(
    _PART + r"[, ]?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
    r"(?P<half_day>[ap]m)?(?![\d:])"
)
_HOUR = re.compile(f"{_PART}的?(?P<hour>{NUMBER})(?:点钟?|时)整?(?!分钟|间){_NOT_POINTS}{_MINUTES}")
_TO_HOUR = re.compile(f"{_PART}差(?P<minute>一刻|{NUMBER})分?(?:钟)?(?:到)?(?P<hour>{NUMBER})点钟?")
_LATIN = re.compile(r"(?P<part>)(?P<hour>\d{1,2})(?P<half_day>[ap]m)(?![a-z])")
_TWO_HOURS = re.compile(f"{_PART}(?P<one>[一二两三四五六七八九])(?P<two>[二三四五六七八九十])点钟?")
_PART_ONLY = re.compile(_PART[:-1])
_ABOUT = re.compile("左右|前后|许(?!可)|多(?=$|[,。])")


def read_clock(text: str, pos: int, inherited_part: str = "") -> Iterator[tuple[Clock, int]]:
    """Every reading of a time of day at ``pos`` with its end.

    ``inherited_part`` is that of the start of a range: in 下午2点到4点 the end is 下午, too.
    """
    for clock, end in _exact(text, pos, inherited_part):
        if about := _ABOUT.match(text, end):
            yield Clock(options=clock.options, part=clock.part, is_vague=True), about.end()
        yield clock, end
    if match := _TWO_HOURS.match(text, pos):
        one, two = number(match["one"]), number(match["two"])
        if one and two == one + 1:
            part = _PARTS.get(match["part"] or "", inherited_part)
            times = (time for hour in (one, two) for time in _hours(part, hour, 0, 0))
            yield Clock(options=tuple(sorted(times)), part=part, is_vague=True), match.end()
    if match := _PART_ONLY.match(text, pos):
        part = _PARTS[match["part"]]
        if part == "中午":
            yield Clock(options=(Time(12),), part=part), match.end()
        else:
            options = tuple(Time(hour) for hour in _TYPICAL[part])
            yield Clock(options=options, part=part, is_vague=True), match.end()


def _exact(text: str, pos: int, inherited_part: str) -> Iterator[tuple[Clock, int]]:
    if match := _TO_HOUR.match(text, pos):
        hour, short = number(match["hour"]), number(match["minute"].replace("一刻", "15"))
        if hour and short and short < 60:
            yield _clock(match, hour - 1, 60 - short, 0, inherited_part), match.end()
    if match := _COLON.match(text, pos):
        hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
        is_padded = len(match["hour"]) == 2 and match["hour"].startswith("0")
        yield _clock(match, hour, minute, second, inherited_part, is_24=is_padded), match.end()
    if match := _LATIN.match(text, pos):
        yield _clock(match, int(match["hour"]), 0, 0, ""), match.end()
    if match := _HOUR.match(text, pos):
        hour = number(match["hour"])
        minutes = number(match["minute"]) if match["minute"] else _spoken_minute(match)
        seconds = number(match["second"]) if match["second"] else 0
        if hour is not None and minutes is not None and seconds is not None:
            yield _clock(match, hour, minutes, seconds, inherited_part), match.end()
        if match["minute"] and hour is not None:  # 9点10月… : what follows may be no minutes
            yield _clock(match, hour, 0, 0, inherited_part), match.start("minute")


def _spoken_minute(match: re.Match[str]) -> int:
    if match["half"]:
        return 30
    return 15 * (number(match["quarter"]) or 0) if match["quarter"] else 0


def _clock(
    match: re.Match[str],
    hour: int,
    minute: int,
    second: int,
    inherited_part: str,
    *,
    is_24: bool = False,
) -> Clock:
    part = _PARTS.get(match["part"] or "", "") or inherited_part
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
        return Clock(options=(), part=part)
    half_day = match["half_day"] if "half_day" in match.re.groupindex else None
    if half_day:
        if not 1 <= hour <= 12 or part:
            return Clock(options=())
        hour = hour % 12 + (12 if half_day == "pm" else 0)
        return Clock(options=(Time(hour, minute, second),))
    if is_24 and not part:
        return Clock(options=(Time(hour, minute, second),))
    if not part and 1 <= hour <= 12:
        times = Time(hour, minute, second), Time(hour + 12, minute, second)
        return Clock(options=times, is_bare=True)
    options = _hours(part, hour, minute, second)
    if not options and not match["part"]:  # 下午4点到18点: the inherited part does not fit
        options, part = (Time(hour, minute, second),), ""
    return Clock(options=options, part=part, is_vague=len(options) > 1 or _is_doubtful(part, hour))


def _is_doubtful(part: str, hour: int) -> bool:
    """晚上2点 is after midnight: of which day?"""
    return part in ("晚上", "夜里") and 1 <= hour <= 4


def _hours(part: str, hour: int, minute: int, second: int) -> tuple[Time, ...]:
    """What an hour is in a part of the day; nothing where they contradict each other."""
    chosen: tuple[int, ...] = ()
    match part:
        case "":
            chosen = (hour,)
        case "凌晨" if hour <= 6 or hour == 12:
            chosen = (hour % 12,)
        case "早上" if 3 <= hour <= 11:
            chosen = (hour,)
        case "上午" if 5 <= hour <= 12:
            chosen = (hour,)
        case "中午" if hour in (11, 12, 13, 14):
            chosen = (hour,)
        case "中午" if hour in (1, 2):
            chosen = (hour + 12,)
        case "下午" if 1 <= hour <= 11:
            chosen = (hour + 12,)
        case "下午" if hour == 12:
            chosen = (12, 24)
        case "下午" if 13 <= hour <= 19:
            chosen = (hour,)
        case "傍晚" if 4 <= hour <= 8:
            chosen = (hour + 12,)
        case "傍晚" if 16 <= hour <= 20:
            chosen = (hour,)
        case "晚上" if hour in (0, 12, 24):
            chosen = (24,)
        case "夜里" if hour in (0, 12, 24):
            chosen = (0, 24)
        case "晚上" | "夜里" if 5 <= hour <= 11:
            chosen = (hour + 12,)
        case "晚上" | "夜里" if 17 <= hour <= 23:
            chosen = (hour,)
        case "晚上":
            chosen = (hour + 24,) if hour <= 4 else ()
        case "夜里":
            chosen = (hour, hour + 24) if hour <= 4 else ()
        case _:
            chosen = ()
    return tuple(Time(one, minute, second) for one in chosen)
