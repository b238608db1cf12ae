"""Chinese time expressions: our own grammar, which reads every character of one or refuses it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from scheduler.clock_grammar import read_clock
from scheduler.day_grammar import COUNT_UNIT, counted_from_today, read_days
from scheduler.numerals import NUMBER, number
from scheduler.plain_text import plain
from scheduler.range_grammar import read_range
from scheduler.recurrence import SHANGHAI
from scheduler.rule_grammar import BEFORE, read_rule
from scheduler.school_calendar import Term, WorkdayCalendar, WorkHours
from scheduler.settling import (
    deadline,
    settle_at,
    settle_before,
    settle_clock,
    settle_day,
    settle_deadline,
    settle_open_weekday,
)
from scheduler.stretches import Stretches
from scheduler.viewpoint import Viewpoint
from scheduler.when import Deadline, Instant, NoTime, Reason, Reject, When

Reading = tuple[When, int]

_VAGUE = (
    "尽快|尽早|尽速|马上|立即|立刻|即刻|现在|稍后|稍晚|待会儿?|等会儿?|等一下|一会儿?后?|过一?会儿?|改天|"
    "回头|有空时?|有时间|抽空|这两天|这几天|近几天|近期|近日|最近|日内|不日|过两天|过几天|几天[后内]|"
    "过一阵子?|过段时间|及时|随时|定期|不定期|经常|常态化|限时|限期|按时|按期|抓紧|早日|适时|届时|到时候?|"
    "以后|将来|今后|[一两二三四五六七八九][两二三四五六七八九十](?:天|个?工作日|个?月|个?星期|周|个?小时|分钟)[后内]"
)
_UNSET = (
    "午休|午饭|午餐|晚饭|晚餐|早餐|早饭|饭|晚自习|早自习|自习课?|早读|晨读|早操|课间操?|大课间|放学|上学|下课|"
    "上课|第[一二三四五六七八1-8]节课?|期中(?:考试?)?|期末考试?|考试|中考|高考|会议?|散会|开会|例会|"
    "放假|节|收假|假期"
)
_VAGUE_WORDS = re.compile(f"(?:{_VAGUE})")
_UNSET_WORDS = re.compile(f"的?(?:{_UNSET})(?:(?:之|以)?[前后]|时候?|期间|当天|结束[前后])?")
_LUNAR = re.compile("(?:农历|阴历|旧历)|(?:正|冬|腊|闰.)月|初[一二三四五六七八九十]")
_HOURS = re.compile(
    f"(?:再?过|再|在?未来|今后|接下来)?(?:"
    f"(?P<half>半个?(?:小时|钟头))|"
    f"(?P<hours_half>{NUMBER})个半(?:小时|钟头)|"
    r"(?P<hours_decimal>\d{1,3}\.\d)个?(?:小时|钟头)|"
    f"(?:(?P<hours>{NUMBER})个?(?:小时|钟头))?[零又]?"
    f"(?:(?P<minutes>{NUMBER})分钟?|(?P<quarter>[一三13])刻钟)?(?:(?P<seconds>{NUMBER})秒钟?)?"
    ")(?P<sense>(?:之|以)?[后内])"
)
_COUNTED = re.compile(f"(?:在?(?:今后|未来|接下来)的?)?(?P<n>{NUMBER}){COUNT_UNIT}(?:之|以)?内")
_HALF_WITHIN = re.compile("(?P<half>半年|半个月)(?:之|以)?内")
_WITHIN = re.compile("的?(?:之|以)?内(?![容部外心涵])|之前以内")
_BEFORE = re.compile(BEFORE)
_WORK_ENDS = re.compile(f"的?下班(?P<before>{BEFORE})?")
_WORK_STARTS = re.compile(f"的?上班(?P<before>{BEFORE})?")
_PREFIX = re.compile(
    "(?:(?:截止|截至)(?:时间|日期)?(?:[到至为是:]|[:为是]?)|不(?:得)?晚于|不(?:得)?迟于|最迟(?:不超过)?|最晚)(?:于|在|到)?"
)
_SOFT_PREFIX = re.compile("(?:务必|必须|应|需|须|请|赶|定)*[于在](?![校职])")
_EDGES = "，。！？、；,.!?;:：\"'“”‘’ "
_ECHO_TAIL = re.compile("[;。](?:接下来|注意).*$")
_TIME_LIKE = re.compile(
    r"[0-9年月日号周点时刻星礼期今明昨晨早午晚夜学节每]|天|小时|分钟|[上下]班|前$|内$"
)


def read_when(
    text: str,
    *,
    now: datetime,
    calendar: WorkdayCalendar,
    terms: Sequence[Term] = (),
    work_hours: WorkHours | None = None,
    allow_past: bool = False,
) -> When:
    """Read one expression whole.

    Args:
        text: Only the expression, in any spelling; what is around it makes it unreadable.
        now: Aware; open expressions mean the first such moment after it.
        calendar: Working days, for 工作日, 节 and 顺延.
        terms: For 学期, 开学, 第10周.
        work_hours: For 下班前.
        allow_past: For records: the past is no error, and open expressions look back.
    """
    view = Viewpoint.of(now, calendar, terms, work_hours or WorkHours(), looks_back=allow_past)
    spelled = _ECHO_TAIL.sub("", plain(text).text).strip(_EDGES)
    refused: Reject | None = None
    for when, end in _readings(spelled, 0, view):
        if end < len(spelled):
            continue
        if not isinstance(when, Reject) or when.reason is Reason.PAST:
            return when
        refused = refused or when
    if refused:
        return refused
    if _LUNAR.search(spelled):
        return Reject(reason=Reason.LUNAR)
    return Reject(reason=Reason.UNREADABLE) if _TIME_LIKE.search(spelled) else NoTime()


def find_when(
    text: str,
    *,
    now: datetime,
    calendar: WorkdayCalendar,
    terms: Sequence[Term] = (),
    work_hours: WorkHours | None = None,
    allow_past: bool = False,
) -> list[tuple[int, int, When]]:
    """Every expression inside a sentence, with its start and end in ``text``, left to right."""
    view = Viewpoint.of(now, calendar, terms, work_hours or WorkHours(), looks_back=allow_past)
    spelled = plain(text)
    found: list[tuple[int, int, When]] = []
    pos = 0
    while pos < len(spelled.text):
        best = _longest(spelled.text, pos, view)
        if not best:
            pos += 1
            continue
        when, end = best
        found.append((spelled.offsets[pos], spelled.offsets[end - 1] + 1, when))
        pos = end
    return found


_BARE_NAMES = frozenset({"五一", "五四", "六一", "七一", "八一", "十一"})
_NUMERALS = frozenset("0123456789零〇一二两三四五六七八九十百千万第./:")
_FIRSTS = frozenset(
    "0123456789零〇一二两俩三四五六七八九十廿卅百每逢隔天工从自本这当此下上次去今明来后前昨大再过半第首"
    "周星礼年月季学期开寒暑除元学三妇植全世国五青儿六建党七八教烈宪春端中重清劳早晚凌清正午傍黄夜深"
    "差截不最务必应需须请赶定于在未接即单双"
)


def _longest(text: str, pos: int, view: Viewpoint) -> Reading | None:
    if text[pos] not in _FIRSTS:
        return None
    if pos and text[pos] in _NUMERALS and text[pos - 1] in _NUMERALS | {"第"}:
        return None
    best: Reading | None = None
    for when, end in _readings(text, pos, view):
        if isinstance(when, NoTime) or end == pos or text[pos:end] in _BARE_NAMES:
            continue
        is_better = not best or end > best[1] or (end == best[1] and isinstance(best[0], Reject))
        if is_better and not (best and end == best[1] and isinstance(when, Reject)):
            best = when, end
    return best


def _readings(text: str, pos: int, view: Viewpoint) -> Iterator[Reading]:
    """Every reading at ``pos`` with its end; where two end together the first one counts."""
    if match := _VAGUE_WORDS.match(text, pos):
        yield NoTime(words=match[0]), match.end()
    if not view.looks_back:
        yield from read_rule(text, pos, view)
    yield from _durations(text, pos, view)
    yield from read_range(text, pos, view)
    if match := _PREFIX.match(text, pos):
        yield from _points(text, match.end(), view, is_deadline=True)
    soft = _SOFT_PREFIX.match(text, pos)
    if soft:
        yield from _points(text, soft.end(), view)
    yield from _points(text, pos, view)
    yield from _unset(text, pos, view)


def _durations(text: str, pos: int, view: Viewpoint) -> Iterator[Reading]:
    if (match := _HOURS.match(text, pos)) and (length := _length(match)):
        at = view.now + length
        is_after = match["sense"].endswith("后")
        yield (Instant(at=at) if is_after else Deadline(at=at)), match.end()
    if (match := _COUNTED.match(text, pos)) and (n := number(match["n"])):
        days = counted_from_today(n, match["unit"], view)
        if days:
            yield settle_deadline(days, view), match.end()
    if match := _HALF_WITHIN.match(text, pos):
        count, unit = (6, "个月") if match["half"] == "半年" else (15, "天")
        days = counted_from_today(count, unit, view)
        if days:
            yield settle_deadline(days, view), match.end()


def _length(match: re.Match[str]) -> timedelta | None:
    if match["half"]:
        return timedelta(minutes=30)
    if match["hours_decimal"]:
        return timedelta(hours=float(match["hours_decimal"]))
    if match["hours_half"]:
        hours = number(match["hours_half"])
        return None if hours is None else timedelta(hours=hours, minutes=30)
    parts = [number(match[name]) if match[name] else 0 for name in ("hours", "minutes", "seconds")]
    if any(part is None for part in parts):
        return None
    hours, minutes, seconds = (part or 0 for part in parts)
    quarter = 15 * (number(match["quarter"]) or 0) if match["quarter"] else 0
    return timedelta(hours=hours, minutes=minutes + quarter, seconds=seconds) or None


def _points(
    text: str, pos: int, view: Viewpoint, *, is_deadline: bool = False
) -> Iterator[Reading]:
    for days, end in read_days(text, pos, view):
        yield from _clocked(text, end, days, view, is_deadline=is_deadline)
        yield from _working(text, end, days, view)
        if before := _BEFORE.match(text, end):
            yield settle_before(days, view), before.end()
        if within := _WITHIN.match(text, end):
            settled = settle_deadline(days, view)
            yield settle_open_weekday(days, view, settled, deadline), within.end()
        if is_deadline:
            settled = settle_deadline(days, view)
            yield settle_open_weekday(days, view, settled, deadline), end
        else:
            settled = settle_day(days, view)
            yield settle_open_weekday(days, view, settled, deadline), end
    for clock, end in read_clock(text, pos):
        if before := _BEFORE.match(text, end):
            yield settle_clock(clock, view, deadline), before.end()
        yield (
            (settle_clock(clock, view, deadline) if is_deadline else settle_clock(clock, view)),
            end,
        )
    yield from _working(text, pos, None, view)


def _clocked(
    text: str, pos: int, days: Stretches, view: Viewpoint, *, is_deadline: bool
) -> Iterator[Reading]:
    start = pos + 1 if text[pos : pos + 1] in (",", "的", " ") else pos
    for clock, end in read_clock(text, start):
        if not days.is_day and not days.is_vague:
            if days.options:
                yield NoTime(words=text[pos:end]), end
            continue
        if before := _BEFORE.match(text, end):
            yield settle_at(days, clock, view, deadline), before.end()
        if is_deadline:
            yield settle_at(days, clock, view, deadline), end
        else:
            yield settle_at(days, clock, view), end


def _working(text: str, pos: int, days: Stretches | None, view: Viewpoint) -> Iterator[Reading]:
    """下班前, 上班时: the configured hours, of today when no day was said."""
    for pattern, clock in (
        (_WORK_ENDS, view.work_hours.end),
        (_WORK_STARTS, view.work_hours.start),
    ):
        if not (match := pattern.match(text, pos)) or (days and not days.is_day):
            continue
        at = f"{clock.hour:02}:{clock.minute:02}"
        said, _end = next(read_clock(at, 0))
        make = deadline if match["before"] else None
        if days:
            yield (
                (settle_at(days, said, view, make) if make else settle_at(days, said, view)),
                (match.end()),
            )
            continue
        moment = datetime.combine(view.today, clock, SHANGHAI)
        meant = Deadline(at=moment) if make else Instant(at=moment)
        is_past = moment <= view.now and not view.looks_back
        yield (Reject(reason=Reason.PAST, meant=meant) if is_past else meant), match.end()


def _unset(text: str, pos: int, view: Viewpoint) -> Iterator[Reading]:
    """Moments that no configuration tells: 晚自习, 放学, 会后."""
    starts = [pos, *(end for _days, end in read_days(text, pos, view))]
    for start in starts:
        if match := _UNSET_WORDS.match(text, start):
            yield NoTime(words=text[pos : match.end()]), match.end()
        if start > pos and (match := _VAGUE_WORDS.match(text, start)):
            yield NoTime(words=text[pos : match.end()]), match.end()
