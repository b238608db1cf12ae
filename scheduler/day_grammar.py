"""The grammar of days and periods: a base (下周, 5月8日, 开学) and what narrows or moves it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from scheduler import festivals
from scheduler.numerals import NUMBER, number, year_number
from scheduler.school_calendar import DAY
from scheduler.stretches import (
    Change,
    Scale,
    Stretch,
    Stretches,
    add_months,
    breaks,
    days_of,
    fixed,
    last_day,
    month_of,
    moved,
    nth_day,
    nth_weekday,
    nth_workday,
    part_of,
    rolling,
    week_of_term,
    workdays_from,
)
from scheduler.viewpoint import Viewpoint
from scheduler.when import Reason

WEEK_WORD = "(?:周|星期|礼拜)"
NOT_A_TITLE = "(?![次课讲题歌练评查测文书展考主诗轮])"
"""每周一课 and 周一讲 name no Monday."""
WEEKDAY = f"(?P<weekday>[1-7](?![0-9点时:月号])|[一二三四五六日天](?![点时月号])){NOT_A_TITLE}"
_N = f"(?P<n>{NUMBER})"
_ORDINAL = f"(?:第(?P<n>{NUMBER})|(?P<first>首)|(?P<last>最后一?|末)|倒数第(?P<back>{NUMBER}))"
_NO_UNIT = "(?![0-9零〇一二两三四五六七八九十廿点时:月年个天周节次日号])"
_AFTER = "(?:之|以)?后"
_COUNT = "第?(?P<n>[一二两三四五六七八九十0-9]+)"
_DAYS_OR_WEEKS = f"(?P<n>{NUMBER})(?P<unit>天|日|周|个?星期|个?礼拜)"
_FESTIVAL = f"(?P<festival>{'|'.join(festivals.NAMES)})(?![点月日号个时周])"

Build = Callable[[re.Match[str], Viewpoint], Stretches | None]
Narrow = Callable[[re.Match[str], Viewpoint], Change | None]


@dataclass(frozen=True, slots=True)
class _Step:
    """Applies to stretches of ``scales`` and gives one of ``scale``."""

    scales: frozenset[Scale]
    pattern: re.Pattern[str]
    scale: Scale
    narrow: Narrow
    is_vague: bool = False


def weekday_number(text: str) -> int:
    """Monday is 0."""
    return "一二三四五六日".find(text.replace("天", "日")) if not text.isdigit() else int(text) - 1


def read_days(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[Stretches, int]]:
    """Every reading of a day or period at ``pos`` with its end, the longest of each base first."""
    for pattern, build in _BASES:
        match = pattern.match(text, pos)
        if match and (stretches := build(match, view)):
            yield from _narrowed(text, match.end(), stretches, view)


def _narrowed(
    text: str, pos: int, stretches: Stretches, view: Viewpoint
) -> Iterator[tuple[Stretches, int]]:
    for step in _STEPS:
        if stretches.scale not in step.scales or stretches.is_vague:
            continue
        match = step.pattern.match(text, pos)
        if match and (change := step.narrow(match, view)):
            following = stretches.map(change, step.scale, is_vague=step.is_vague)
            if stretches.scale is Scale.WEEK and stretches.rolls:
                following = replace(following, is_open_weekday=True)
            yield from _narrowed(text, match.end(), following, view)
    if stretches.scale in (Scale.DAY, Scale.EVENT):
        match = _SAID_WEEKDAY.match(text, pos)
        if match and stretches.weekday is None and not stretches.is_open_weekday:
            said = replace(stretches, weekday=weekday_number(match["weekday"]))
            yield from _narrowed(text, match.end(), said, view)
    yield stretches, pos


_SAID_WEEKDAY = re.compile(rf"[,、]?\(?{WEEK_WORD}{WEEKDAY}\)?")


def _ordinal(match: re.Match[str]) -> int | None:
    """第三 is 3, 首 is 1, 最后一 is -1, 倒数第二 is -2."""
    if match["first"]:
        return 1
    if match["last"]:
        return -1
    if match["back"]:
        back = number(match["back"])
        return -back if back else None
    return number(match["n"]) or None


def _day_of_month(match: re.Match[str], _view: Viewpoint) -> Change | None:
    day = number(match["n"])
    return nth_day(day) if day else (lambda _stretch: None)


def _month(match: re.Match[str], _view: Viewpoint) -> Change | None:
    month = number(match["n"])
    return month_of(month) if month and month <= 12 else (lambda _stretch: None)


def _quarter(match: re.Match[str], _view: Viewpoint) -> Change | None:
    n = number(match["n"])
    return part_of(3, n) if n else None


def _half_over(year: Stretch) -> Stretch:
    return last_day(part_of(6, 1)(year) or year)


def _by(change: Callable[[int], Change]) -> Narrow:
    """A change that takes the ordinal of the match."""

    def narrow(match: re.Match[str], _view: Viewpoint) -> Change | None:
        n = _ordinal(match)
        return change(n) if n else None

    return narrow


def _nth_weekday(match: re.Match[str], _view: Viewpoint) -> Change | None:
    n = _ordinal(match)
    return nth_weekday(n, weekday_number(match["weekday"])) if n else None


def _nth_workday(match: re.Match[str], view: Viewpoint) -> Change | None:
    n = _ordinal(match)
    return nth_workday(n, view) if n else None


def _workdays_around(sign: int) -> Narrow:
    def narrow(match: re.Match[str], view: Viewpoint) -> Change | None:
        n = number(match["n"]) if match["n"] else 1
        return workdays_from(sign * n, view) if n else None

    return narrow


def _days_around(sign: int) -> Narrow:
    def narrow(match: re.Match[str], _view: Viewpoint) -> Change | None:
        n = number(match["n"]) if match["n"] else 1
        days = 7 if match["unit"] in ("周", "个星期", "星期", "礼拜", "个礼拜") else 1
        return moved(sign * n * days) if n else None

    return narrow


def _festival(match: re.Match[str], _view: Viewpoint) -> Change | None:
    def change(stretch: Stretch) -> Stretch | None:
        day = festivals.festival(match["festival"], stretch.first.year)
        return Stretch.day(day) if day else None

    return change


def _holiday(_match: re.Match[str], view: Viewpoint) -> Change | None:
    def change(stretch: Stretch) -> Stretch | None:
        first, last, missing_year = view.calendar.break_around(stretch.first)
        return Stretch(first=first, last=last, missing_year=missing_year)

    return change


def _always(change: Change) -> Narrow:
    return lambda _match, _view: change


def _step(
    scales: str, pattern: str, scale: Scale, narrow: Narrow, *, is_vague: bool = False
) -> _Step:
    return _Step(
        frozenset(Scale(name) for name in scales.split()),
        re.compile(f"的?{pattern}"),
        scale,
        narrow,
        is_vague,
    )


_ANY_PERIOD = "week ten_days month quarter half break term year"
_DAY = "day event"
_AROUND = "day event break"
_STEPS = (
    _step("year", f"{_N}月(?:份)?", Scale.MONTH, _month),
    _step("year", _FESTIVAL, Scale.EVENT, _festival),
    _step("year", "第?(?P<n>[一二三四1-4])季度?", Scale.QUARTER, _quarter),
    _step("year", "上半年", Scale.HALF, _always(part_of(6, 1))),
    _step("year", "下半年", Scale.HALF, _always(part_of(6, 2))),
    _step("quarter half", f"{_ORDINAL}个?月(?:份)?", Scale.MONTH, _by(month_of)),
    _step("month", f"{_N}[日号](?![内会楼教室厅院线馆机门桌文])", Scale.DAY, _day_of_month),
    _step("month", f"{_N}{_NO_UNIT}", Scale.DAY, _day_of_month),
    _step("month", "上旬", Scale.TEN_DAYS, _always(days_of(1, 10))),
    _step("month", "中旬", Scale.TEN_DAYS, _always(days_of(11, 20))),
    _step("month", "下旬", Scale.TEN_DAYS, _always(days_of(21, 0))),
    _step("month", "初", Scale.TEN_DAYS, _always(days_of(1, 10)), is_vague=True),
    _step("month", "(?:中(?!旬)|中间)", Scale.DAY, _always(nth_day(15)), is_vague=True),
    _step("year", "初", Scale.MONTH, _always(month_of(1)), is_vague=True),
    _step("year", "中", Scale.DAY, _always(_half_over), is_vague=True),
    _step("quarter half", "初", Scale.MONTH, _always(month_of(1)), is_vague=True),
    _step("term", "初", Scale.WEEK, _always(week_of_term(1)), is_vague=True),
    _step("month quarter half year ten_days", "[底末](?!月)|年?终", Scale.DAY, _always(last_day)),
    _step("term", "(?:末|结束(?:时|当天|那天)?|放假当天)", Scale.DAY, _always(last_day)),
    _step("term", f"(?:开学)?{_ORDINAL}个?(?:教学)?周", Scale.WEEK, _by(week_of_term)),
    _step("term", "开学(?:第一天|首日|日|当[天日]|那天)", Scale.DAY, _always(nth_day(1))),
    _step("term", "开学", Scale.EVENT, _always(nth_day(1))),
    _step("week", f"(?:{WEEK_WORD})?{WEEKDAY}", Scale.DAY, lambda match, _view: nth_day(
        weekday_number(match["weekday"]) + 1)),
    _step("week", f"(?:{WEEK_WORD})?末", Scale.WEEK, _always(
        lambda week: Stretch(first=week.last - DAY, last=week.last)), is_vague=True),
    _step(_ANY_PERIOD, f"{_ORDINAL}个?工作日", Scale.DAY, _nth_workday),
    _step(_ANY_PERIOD, f"{_ORDINAL}个?{WEEK_WORD}{WEEKDAY}", Scale.DAY, _nth_weekday),
    _step(_ANY_PERIOD, f"{_ORDINAL}[天日]", Scale.DAY, _by(nth_day)),
    _step(_DAY, f"(?:之|以)?前的?(?:最后一个|一个|{_COUNT}个)工作日",
          Scale.DAY, _workdays_around(-1)),
    _step(_AROUND, f"{_AFTER}的?(?:(?:{_COUNT}|首)个)?工作日",
          Scale.DAY, _workdays_around(1)),
    _step(_DAY, f"(?:提?前|之前)的?{_DAYS_OR_WEEKS}", Scale.DAY,
          _days_around(-1)),
    _step("day", f"{_AFTER}的?第?{_DAYS_OR_WEEKS}(?!内|工作)", Scale.DAY,
          _days_around(1)),
    _step(_DAY, "(?:次日|第二天)", Scale.DAY, _always(moved(1))),
    _step("event", "(?:当[天日]|那天|这天)", Scale.DAY, _always(moved(0))),
    _step("event", "(?:小?长?假(?:期|期间)?|放假期间|期间)", Scale.BREAK, _holiday),
)  # fmt: skip

_OFFSET = "(?P<by>本|这一?个?|当前?|此|下+一?个?|上+一?个?|次|去|今)"


def _said_offset(words: str) -> int:
    """下下个 is 2, 上 is -1, 本 is 0."""
    return words.count("下") + words.count("次") - words.count("上") - words.count("去")


def _unit_base(scale: Scale) -> Build:
    return lambda match, view: fixed(scale, _said_offset(match["by"]), view)


def _rolling_base(scale: Scale) -> Build:
    return lambda _match, view: rolling(scale, view)


def _year(match: re.Match[str], _view: Viewpoint) -> Stretches | None:
    year = year_number(match["year"])
    if not year or not 1970 <= year <= 2199:
        return None
    return Stretches(options=(Stretch(first=date(year, 1, 1), last=date(year, 12, 31)),),
                     scale=Scale.YEAR)  # fmt: skip


_YEAR_WORDS = {"今": 0, "本": 0, "当": 0, "明": 1, "来": 1, "次": 1, "后": 2, "去": -1, "前": -2}


def _named_year(match: re.Match[str], view: Viewpoint) -> Stretches:
    return fixed(Scale.YEAR, _YEAR_WORDS[match["word"]], view)


def _full_date(match: re.Match[str], _view: Viewpoint) -> Stretches:
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return Stretches(options=(), scale=Scale.DAY, problem=Reason.NO_SUCH_DATE)
    return Stretches(options=(Stretch.day(day),), scale=Scale.DAY)


def _short_date(match: re.Match[str], view: Viewpoint) -> Stretches | None:
    month, day = int(match["month"]), int(match["day"])
    if not 1 <= month <= 12 or day < 1:
        return None
    return rolling(Scale.YEAR, view).map(month_of(month), Scale.MONTH).map(nth_day(day), Scale.DAY)


_SPOKEN_DAYS = {
    "大前": -3,
    "前": -2,
    "昨": -1,
    "今": 0,
    "明": 1,
    "后": 2,
    "大后": 3,
}


def _spoken_day(match: re.Match[str], view: Viewpoint) -> Stretches:
    offset = _SPOKEN_DAYS[match["word"]]
    option = Stretch.day(view.today + offset * DAY)
    return Stretches(options=(option,), scale=Scale.DAY, is_spoken=offset > 0)


def _days_from_now(match: re.Match[str], view: Viewpoint) -> Stretches | None:
    n = number(match["n"])
    if n is None:
        return None
    return counted_from_today(n, match["unit"], view)


def counted_from_today(n: int, unit: str, view: Viewpoint) -> Stretches | None:
    """The day ``n`` 天, 周, 月, 年 or 个工作日 from today; counting begins tomorrow."""
    today = Stretches(options=(Stretch.day(view.today),), scale=Scale.DAY)
    if not 1 <= n <= (50 if "年" in unit else 999):
        return None
    try:
        if "工作日" in unit:
            return today.map(workdays_from(n, view), Scale.DAY)
        if unit in ("天", "日"):
            return today.map(moved(n), Scale.DAY)
        if unit.endswith(("周", "星期", "礼拜")):
            return today.map(moved(7 * n), Scale.DAY)
        months = 12 * n if "年" in unit else n
        try:
            day, is_vague = add_months(view.today, months), False
        except ValueError:
            month = add_months(view.today.replace(day=1), months + 1)
            day, is_vague = month - DAY, True
        return today.map(lambda _today: Stretch.day(day), Scale.DAY, is_vague=is_vague)
    except (OverflowError, ValueError):
        return None


def _days_ago(match: re.Match[str], view: Viewpoint) -> Stretches | None:
    n = number(match["n"])
    if not n:
        return None
    today = Stretches(options=(Stretch.day(view.today),), scale=Scale.DAY)
    return today.map(moved(-n if match["unit"] == "天" else -7 * n), Scale.DAY)


def _half_from_now(match: re.Match[str], view: Viewpoint) -> Stretches | None:
    if match["half"] == "半年":
        return counted_from_today(6, "个月", view)
    today = Stretches(options=(Stretch.day(view.today),), scale=Scale.DAY)
    return today.map(moved(15), Scale.DAY, is_vague=True)


def _next_workday(_match: re.Match[str], view: Viewpoint) -> Stretches | None:
    return counted_from_today(1, "个工作日", view)


COUNT_UNIT = "(?P<unit>天|日|周|个?星期|个?礼拜|个月|年|个?工作日)"
_BASES: tuple[tuple[re.Pattern[str], Build], ...] = tuple(
    (re.compile(pattern), build)
    for pattern, build in (
        (
            r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?![\d/.])[日号]?",
            _full_date,
        ),
        (r"(?P<year>20\d\d)(?P<month>\d\d)(?P<day>\d\d)(?!\d)", _full_date),
        (f"(?:(?<!超)(?<!通)(?<!不)再?过|再)?(?P<n>{NUMBER}){COUNT_UNIT}{_AFTER}", _days_from_now),
        (f"(?<!超)(?<!通)(?<!不)再?过(?P<n>{NUMBER}){COUNT_UNIT}", _days_from_now),
        (f"(?P<n>{NUMBER})(?P<unit>天|周|个?星期|个?礼拜)(?:之|以)?前", _days_ago),
        (f"(?:再?过)?(?P<half>半年|半个月){_AFTER}", _half_from_now),
        ("(?:下一?个?|次一?个?|第一个)工作日", _next_workday),
        (r"(?P<year>\d{4}|\d{2}|[二一][〇零一二三四五六七八九]{3})年度?", _year),
        ("(?P<word>[今本当明来次后去前])年度?", _named_year),
        ("年(?=[底末终])", _rolling_base(Scale.YEAR)),
        ("年(?=[初中内])", _rolling_base(Scale.YEAR)),
        (f"{_OFFSET}季度?", _unit_base(Scale.QUARTER)),
        (f"{_OFFSET}月(?:份)?", _unit_base(Scale.MONTH)),
        (f"{_OFFSET}学期", _unit_base(Scale.TERM)),
        (f"{_OFFSET}{WEEK_WORD}", _unit_base(Scale.WEEK)),
        (f"(?={WEEK_WORD}(?:[一二三四五六日天1-7末]))", _rolling_base(Scale.WEEK)),
        ("周(?=内)", _rolling_base(Scale.WEEK)),
        ("月(?=[底末初中内]|[上中下]旬)", _rolling_base(Scale.MONTH)),
        ("季度?(?=[底末内])", _rolling_base(Scale.QUARTER)),
        ("学期(?=末|结束|内)|期(?=末)|(?=开学)", _rolling_base(Scale.TERM)),
        ("(?=第[^个]{1,4}(?:教学)?周)", lambda _match, view: fixed(Scale.TERM, 0, view)),
        ("寒假", lambda _match, view: breaks(range(1, 3), view)),
        ("暑假", lambda _match, view: breaks(range(6, 9), view)),
        (f"(?={NUMBER}月)", _rolling_base(Scale.YEAR)),
        (f"(?=第?[一二三四1-4]季度|[上下]半年|{_FESTIVAL})", _rolling_base(Scale.YEAR)),
        (r"(?P<month>\d{1,2})[/.](?P<day>\d{1,2})(?![\d/.%万亿元年])[日号]?", _short_date),
        (f"(?={NUMBER}[日号])", _rolling_base(Scale.MONTH)),
        ("(?P<word>大前|大后|今|昨|前|明|后)[天日]", _spoken_day),
        ("(?P<word>今|昨|明|后)(?=[早晚晨夜])", _spoken_day),
    )
)
