"""The grammar of rules: 每周一三五下午4点, 每月最后一个工作日, 从下周起每天 … 遇节假日顺延."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time

from scheduler import every_grammar
from scheduler.clock_grammar import Clock, read_clock
from scheduler.day_grammar import WEEK_WORD, read_days
from scheduler.numerals import NUMBER, number
from scheduler.recurrence import END_OF_DAY, Filter, Period, Recurrence, Shift
from scheduler.settling import choose, end_of, settle_day, start_of
from scheduler.viewpoint import Viewpoint
from scheduler.when import Choice, Day, Interval, Reason, Recurring, Reject, When

BEFORE = "(?:(?:之|以)?前(?![往来去进期提后方面台任夕])|(?:截止|为?止))(?:\\(含当[天日]\\))?"
_BEFORE = re.compile(BEFORE)
_WORK_ENDS = re.compile(f"的?下班{BEFORE}")
_FROM = re.compile("(?:从|自)")
_ON = re.compile("(?:起|开始)[,、]?")
_UNTIL = re.compile(
    f"[,、]?(?:一?直到|直至|截止到?|截至|[到至](?!{NUMBER}[日号]|{WEEK_WORD}))"  # 每月10号到15号
)
_UNTIL_END = re.compile("(?:为?止|结束)?")
_COUNT = re.compile(f"[,、(]?(?:一?共|连续|总共)(?P<n>{NUMBER})次\\)?")
_OFF_DAYS = (
    "[,、;(]?(?:如果?|若)?(?:遇到?|逢|碰到?|是)?(?:国家|法定)*"
    "(?:节假日|假日|假期|节日|休息日|非工作日|双休日|周末|放假|公休日)"
    "(?:[和及与、或]?(?:节假日|双休日|周末|休息日|寒暑假))?"
)
_SHIFTS = (
    (
        re.compile(
            f"{_OFF_DAYS}[则就时]?(?:自动|依次|往后|向后)*(?:顺延|推迟|延后|后延|延期)"
            "(?:[至到](?:下一?个?|后一个?|节后第?一个?|之后的?)?工作日)?\\)?"
        ),
        Shift.NEXT,
    ),
    (
        re.compile(
            f"{_OFF_DAYS}[则就时]?(?:自动|往前|向前)*提前"
            "(?:[至到](?:上一?个?|前一个?|节前最后一个?|之前的?)?工作日)?\\)?"
        ),
        Shift.PREVIOUS,
    ),
)
_SKIP = re.compile(f"{_OFF_DAYS}[则就时]?(?:除外|不提醒|不发|跳过|不算|暂停|取消|不用)\\)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A rule while its words are read."""

    choices: tuple[Recurrence, ...]
    starts_at: datetime | None = None
    clock: Clock | None = None
    is_deadline: bool = False
    until: datetime | None = None
    problem: Reject | None = None


def read_rule(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[When, int]]:
    """Every reading of a rule at ``pos`` with its end."""
    for starts_at, start_end in _start(text, pos, view):
        for choices, every_end in every_grammar.read_every(text, start_end, view):
            draft = _Draft(choices=choices, starts_at=starts_at)
            for timed, timed_end in _timed(text, every_end, draft, view):
                for ended, end in _tails(text, timed_end, timed, view):
                    yield _finish(ended, view), end


def _start(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[datetime | None, int]]:
    said_from = _FROM.match(text, pos)
    for days, end in read_days(text, said_from.end() if said_from else pos, view):
        if (on := _ON.match(text, end)) and (start := _first_moment(settle_day(days, view))):
            yield start, on.end()
    yield None, pos


def _first_moment(settled: When) -> datetime | None:
    match settled:
        case Day(on=on):
            return start_of(on)
        case Interval(start=start):
            return start
        case _:
            return None


def _last_moment(settled: When) -> datetime | None:
    match settled:
        case Day(on=on):
            return end_of(on)
        case Interval(end=end):
            return end
        case _:
            return None


def _timed(text: str, pos: int, draft: _Draft, view: Viewpoint) -> Iterator[tuple[_Draft, int]]:
    if leave := _WORK_ENDS.match(text, pos):
        yield _at(draft, view.work_hours.end, is_deadline=True), leave.end()
    start = pos + 1 if text[pos : pos + 1] in ("的", ",") else pos
    for clock, end in read_clock(text, start):
        timed = replace(draft, clock=clock)
        if before := _BEFORE.match(text, end):
            yield replace(timed, is_deadline=True), before.end()
        yield timed, end
    if before := _BEFORE.match(text, pos):
        yield _at(draft, END_OF_DAY, is_deadline=True), before.end()
    yield draft, pos


def _at(draft: _Draft, clock: time, *, is_deadline: bool) -> _Draft:
    choices = tuple(rule.at_clock(clock) for rule in draft.choices)
    return replace(draft, choices=choices, is_deadline=is_deadline)


def _tails(text: str, pos: int, draft: _Draft, view: Viewpoint) -> Iterator[tuple[_Draft, int]]:
    for shifts, shift in _SHIFTS:
        if match := shifts.match(text, pos):
            moved = tuple(replace(rule, shift=shift) for rule in draft.choices)
            yield from _tails(text, match.end(), replace(draft, choices=moved), view)
    if match := _SKIP.match(text, pos):
        kept = tuple(replace(rule, filter=Filter.WORKDAY) for rule in draft.choices)
        yield from _tails(text, match.end(), replace(draft, choices=kept), view)
    if (match := _COUNT.match(text, pos)) and (n := number(match["n"])):
        counted = tuple(replace(rule, count=n) for rule in draft.choices)
        yield from _tails(text, match.end(), replace(draft, choices=counted), view)
    if (match := _UNTIL.match(text, pos)) and not draft.until:
        floor = draft.starts_at or view.floor
        for days, end in read_days(text, match.end(), replace(view, floor=floor)):
            settled = settle_day(days, replace(view, floor=floor))
            if isinstance(settled, Reject):
                ended = replace(draft, problem=settled)
            elif until := _last_moment(settled):
                ended = replace(draft, until=until)
            else:
                continue
            stop = _UNTIL_END.match(text, end)
            yield from _tails(text, stop.end() if stop else end, ended, view)
    if not draft.starts_at:
        comma = pos + 1 if text[pos : pos + 1] == "," else pos
        for starts_at, end in _start(text, comma, view):
            if starts_at:
                yield from _tails(text, end, replace(draft, starts_at=starts_at), view)
    yield draft, pos


def _finish(draft: _Draft, view: Viewpoint) -> When:
    if draft.problem:
        return draft.problem
    rules: list[Recurrence] = []
    for rule in draft.choices:
        if not draft.clock:
            rules.append(replace(rule, is_deadline=rule.is_deadline or draft.is_deadline))
            continue
        clocks, must_ask = _clocks(draft.clock)
        if not clocks:
            return Reject(reason=Reason.CONTRADICTION)
        chosen = clocks if must_ask else clocks[:1]
        rules += (
            replace(rule, clock=clock, is_deadline=rule.is_deadline or draft.is_deadline)
            for clock in chosen
        )
    answers = [_anchored(rule, draft, view) for rule in rules]
    must_ask = len(answers) > 1 or bool(draft.clock and draft.clock.is_vague)
    if not must_ask:
        return answers[0]
    choices: list[Choice] = [answer for answer in answers if isinstance(answer, Recurring)]
    return choose(choices) if choices else answers[0]


def _clocks(clock: Clock) -> tuple[list[time], bool]:
    times = [time(one.hour, one.minute, one.second) for one in clock.options if one.hour < 24]
    return times, clock.is_vague or (clock.is_bare and bool(times) and times[0].hour < 7)


def _anchored(rule: Recurrence, draft: _Draft, view: Viewpoint) -> When:
    starts_at = max(view.now, draft.starts_at or view.now)
    rule = replace(rule, starts_at=starts_at, until=draft.until)
    recurring = Recurring(rule=rule, now=view.now, calendar=view.calendar, terms=view.terms)
    is_anchored = rule.interval > 1 and not rule.pick
    if is_anchored:
        recurring = replace(recurring, rule=replace(rule, interval=1))
    first = recurring.first(1)
    if not first:
        needs_terms = rule.filter in (Filter.ODD_WEEK, Filter.EVEN_WEEK) or (
            rule.pick and rule.pick.of is Period.TERM
        )
        if needs_terms:
            return Reject(reason=Reason.NO_TERMS)
        return Reject(reason=Reason.END_BEFORE_START if rule.until else Reason.NO_SUCH_DATE)
    if is_anchored:
        recurring = replace(recurring, rule=replace(rule, starts_at=first[0].at))
    return recurring
