"""The grammar of ranges: 明天上午9点到11点半, 4月27日至29日, 8:30-10:00."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.clock_grammar import Clock, read_clock
from scheduler.day_grammar import read_days
from scheduler.school_calendar import DAY
from scheduler.settling import (
    choose,
    days_problem,
    end_of,
    settle_at,
    settle_clock,
    settle_day,
    start_of,
)
from scheduler.stretches import Scale, Stretch, Stretches
from scheduler.viewpoint import Viewpoint
from scheduler.when import (
    Ambiguous,
    CalendarUnknown,
    Choice,
    Day,
    Instant,
    Interval,
    NoTime,
    Reason,
    Reject,
    When,
)

_FROM = re.compile("(?:从|自)")
_TO = re.compile("[起开始]{0,2}(?:-+|直?[到至])")
_AFTERWARDS = re.compile("(?:期间|之间|这段时间|为?止)")
_AT_ONCE = re.compile("(?:即日|今日|现在)起?")
_SMALL_HOURS = 5
_LONGEST_BEGUN = timedelta(days=183)
_EndOf = Callable[[datetime], list[datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edge:
    """One end of a range as said; at least one of both is there."""

    days: Stretches | None
    clock: Clock | None


def read_range(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[When, int]]:
    """Every reading of a range at ``pos`` with its end."""
    said_from = _FROM.match(text, pos)
    start = said_from.end() if said_from else pos
    if (at_once := _AT_ONCE.match(text, start)) and (to := _TO.match(text, at_once.end())):
        today = _Edge(days=_only(Stretch.day(view.today)), clock=None)
        yield from _ended(text, to.end(), today, view)
    for edge, end in _edges(text, start, view):
        if to := _TO.match(text, end):
            yield from _ended(text, to.end(), edge, view)


def _only(stretch: Stretch) -> Stretches:
    return Stretches(options=(stretch,), scale=Scale.DAY)


def _ended(text: str, pos: int, start: _Edge, view: Viewpoint) -> Iterator[tuple[When, int]]:
    part = start.clock.part if start.clock else ""
    for first in _firsts(start, view):
        later = replace(view, floor=start_of(first.first), looks_back=False)
        for edge, end in _edges(text, pos, later, part):
            settled = _settle(start, first, edge, later, view)
            if settled:
                after = _AFTERWARDS.match(text, end)
                yield settled, after.end() if after else end
    if not start.days:
        for clock, end in read_clock(text, pos, part):
            if start.clock:
                yield _between_clocks(start.clock, clock, view), end


def _edges(text: str, pos: int, view: Viewpoint, part: str = "") -> Iterator[tuple[_Edge, int]]:
    for days, end in read_days(text, pos, view):
        start = end + 1 if text[end : end + 1] in (",", "的", " ") else end
        for clock, clock_end in read_clock(text, start):
            yield _Edge(days=days, clock=clock), clock_end
        yield _Edge(days=days, clock=None), end
    for clock, end in read_clock(text, pos, part):
        yield _Edge(days=None, clock=clock), end


def _firsts(start: _Edge, view: Viewpoint) -> list[Stretch]:
    """The options of the start, the best first: a range that has begun may go on."""
    if not start.days or not start.days.options:
        return []
    options = list(start.days.options)
    if not start.days.rolls:
        return options
    if view.looks_back:
        settled = settle_day(start.days, view)
        first = _start(settled)
        return [one for one in options if first and one.first == first.date()] or options[:1]
    if start.days.is_open_weekday:
        return [one for one in options if one.first >= view.today]
    return [one for one in options if one.last >= view.today - timedelta(days=370)]


def _start(settled: When) -> datetime | None:
    match settled:
        case Day(on=on):
            return start_of(on)
        case Interval(start=start):
            return start
        case _:
            return None


def _settle(
    start: _Edge, first: Stretch, end: _Edge, later: Viewpoint, view: Viewpoint
) -> When | None:
    """The range from one option of the start; None to try the next option, or another reading."""
    if start.days is None or bool(start.clock) is not bool(end.clock):
        return None
    if (end.days and end.days.is_vague) or start.days.is_vague:
        return NoTime()
    if end.days and (problem := days_problem(end.days)):
        return problem
    if start.days.weekday is not None and first.first.weekday() != start.days.weekday:
        return Reject(reason=Reason.WEEKDAY_MISMATCH, meant=Day(on=first.first))
    last = _last(end.days, first, later)
    if isinstance(last, Reject):
        return last
    if start.clock and end.clock:
        settled = _with_clocks(start, first, end, last, later)
    else:
        settled = _interval(start_of(first.first), end_of(last.last))
    missing_year = first.missing_year or last.missing_year
    if isinstance(settled, Interval):
        if settled.end <= view.now and not view.looks_back:
            return None if start.days.rolls else Reject(reason=Reason.PAST, meant=settled)
        is_begun = settled.start < view.now and start.days.rolls and not view.looks_back
        if is_begun and settled.end - settled.start > _LONGEST_BEGUN:
            return None  # 9月至6月 in April is the coming school year, not the one that ends
        if missing_year:
            return CalendarUnknown(missing_year=missing_year, provisional=settled)
        if start.days.is_spoken and view.now.hour < _SMALL_HOURS:
            is_end_moved = end.days is None or end.days.is_spoken
            earlier = replace(
                settled,
                start=settled.start - DAY,
                end=settled.end - DAY if is_end_moved else settled.end,
            )
            return choose([earlier, settled])
    return settled


def _last(days: Stretches | None, first: Stretch, later: Viewpoint) -> Stretch | Reject:
    if not days:
        return first
    fitting = [one for one in days.options if one.last >= first.first]
    if not fitting:
        return Reject(reason=Reason.END_BEFORE_START)
    if days.weekday is not None and fitting[0].first.weekday() != days.weekday:
        return Reject(reason=Reason.WEEKDAY_MISMATCH, meant=Day(on=fitting[0].first))
    return fitting[0]


def _interval(start: datetime, end: datetime) -> When:
    if end <= start:
        return Reject(reason=Reason.END_BEFORE_START)
    return Interval(start=start, end=end)


def _with_clocks(
    start: _Edge, first: Stretch, end: _Edge, last: Stretch, view: Viewpoint
) -> When | None:
    if not start.days or not start.days.is_day or (end.days and not end.days.is_day):
        return None
    if not start.clock or not end.clock:
        return None
    begun = settle_at(_only(Stretch.day(first.first)), start.clock, replace(view, looks_back=True))
    closing = end.clock
    if not end.days:
        return _each(begun, lambda at: _end_on_same_day(at, closing))
    ended = settle_at(_only(Stretch.day(last.first)), end.clock, replace(view, looks_back=True))
    if isinstance(begun, Instant) and isinstance(ended, Instant):
        return _interval(begun.at, ended.at)
    if isinstance(begun, Reject):
        return begun
    if isinstance(ended, Reject):
        return ended
    choices = [
        Interval(start=one.at, end=other.at)
        for one in _instants(begun)
        for other in _instants(ended)
        if other.at > one.at
    ]
    return choose(choices) if choices else Reject(reason=Reason.END_BEFORE_START)


def _between_clocks(start: Clock, end: Clock, view: Viewpoint) -> When:
    return _each(settle_clock(start, view), lambda at: _end_on_same_day(at, end))


def _end_on_same_day(start: datetime, clock: Clock) -> list[datetime]:
    """When a clock that ends a range comes after its start; all of them if that is in doubt."""
    ends = [at for one in clock.options if (at := one.on(start.date())) > start]
    if not ends and clock.part in ("凌晨", "早上", "夜里"):
        ends = [one.on(start.date() + DAY) for one in clock.options]
    return ends if clock.is_vague else ends[:1]


def _instants(settled: When) -> list[Instant]:
    if isinstance(settled, Ambiguous):
        return [one for one in settled.candidates if isinstance(one, Instant)]
    return [settled] if isinstance(settled, Instant) else []


def _each(settled: When, end: _EndOf) -> When:
    if isinstance(settled, Reject):
        return settled
    answers = [(one.at, end(one.at)) for one in _instants(settled)]
    choices: list[Choice] = [
        Interval(start=at, end=last) for at, lasts in answers for last in lasts if last > at
    ]
    if not choices:
        return Reject(reason=Reason.END_BEFORE_START)
    if len(choices) == 1 and isinstance(settled, Instant):
        only = choices[0]
        if isinstance(only, Interval):
            return only
    return choose(choices)
