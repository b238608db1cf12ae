"""Days and a time of day become one answer: the first that fits, a question, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from scheduler.clock_grammar import Clock, Time
from scheduler.recurrence import END_OF_DAY, SHANGHAI
from scheduler.school_calendar import DAY
from scheduler.stretches import Scale, Stretch, Stretches
from scheduler.viewpoint import Viewpoint
from scheduler.when import (
    Ambiguous,
    CalendarUnknown,
    Choice,
    Day,
    Deadline,
    Instant,
    Interval,
    Reason,
    Reject,
    When,
)

_SMALL_HOURS = 5
"""Until this hour 明天 may mean the day that has begun."""
_EVENING_TOO = 7
"""Below this hour a bare clock beside a date may be in the afternoon: 明天3点."""

Make = Callable[[datetime], Choice]


def instant(at: datetime) -> Choice:
    """At a moment."""
    return Instant(at=at)


def deadline(at: datetime) -> Choice:
    """By a moment."""
    return Deadline(at=at)


def start_of(day: date) -> datetime:
    """Its first moment in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


def end_of(day: date) -> datetime:
    """Its last second in Shanghai."""
    return datetime.combine(day, END_OF_DAY, SHANGHAI)


def choose(choices: Iterable[Choice]) -> When:
    """Ask, offering each choice once."""
    return Ambiguous(candidates=tuple(dict.fromkeys(choices)))


def settle_clock(clock: Clock, view: Viewpoint, make: Make = instant) -> When:
    """A time of day without a day: its next moment, or with ``looks_back`` its last."""
    if not clock.options:
        return Reject(reason=Reason.CONTRADICTION)
    moments = [_nearest(option, view) for option in clock.options]
    if clock.is_vague:
        return choose(make(at) for at in sorted(moments))
    if clock.is_bare:
        literal = clock.options[0]
        today = literal.on(view.floor.date())
        if view.looks_back and literal.hour >= _EVENING_TOO and today <= view.floor:
            return make(today)
        if today > view.floor and literal.hour >= _EVENING_TOO and not view.looks_back:
            return make(today)
        return choose(make(at) for at in sorted(moments))
    return make(moments[0])


def _nearest(clock: Time, view: Viewpoint) -> datetime:
    """The first such moment after the floor; the last up to it when looking back."""
    days = range(1, -3, -1) if view.looks_back else range(-1, 3)
    for offset in days:
        at = clock.on(view.floor.date() + offset * DAY)
        if (at <= view.floor) if view.looks_back else (at > view.floor):
            return at
    raise AssertionError("three days hold every time of day")


def settle_day(days: Stretches, view: Viewpoint) -> When:
    """A day or period without a time of day: a date, an interval, or a question."""
    return _settle(days, view, _whole, end_of)


def settle_deadline(days: Stretches, view: Viewpoint) -> When:
    """To be done by the end of a day or period."""
    return _settle(days, view, lambda stretch: Deadline(at=end_of(stretch.last)), end_of)


def settle_at(days: Stretches, clock: Clock, view: Viewpoint, make: Make = instant) -> When:
    """A day with a time of day."""
    if not clock.options:
        return days_problem(days) or Reject(reason=Reason.CONTRADICTION)
    times = clock.options
    must_ask = clock.is_vague or (clock.is_bare and times[0].hour < _EVENING_TOO)
    if not must_ask:
        times = times[:1]
    answers = [_settle_at_time(days, one, view, make) for one in times]
    if len(answers) == 1 and not must_ask:
        return answers[0]
    choices = [choice for answer in answers for choice in _choices(answer)]
    return choose(sorted(choices, key=_moment)) if choices else answers[-1]


def _settle_at_time(days: Stretches, clock: Time, view: Viewpoint, make: Make) -> When:
    return _settle(days, view, lambda stretch: make(clock.on(stretch.first)), clock.on)


def _choices(answer: When) -> Sequence[Choice]:
    match answer:
        case Ambiguous(candidates=candidates):
            return candidates
        case CalendarUnknown(provisional=provisional):
            return (provisional,)
        case Instant() | Day() | Deadline() | Interval():
            return (answer,)
        case _:
            return ()


def _moment(choice: Choice) -> datetime:
    match choice:
        case Instant(at=at) | Deadline(at=at) | Interval(start=at):
            return at
        case Day(on=on):
            return start_of(on)
        case _:
            raise AssertionError("rules are not sorted")


def _whole(stretch: Stretch) -> Choice:
    if stretch.first == stretch.last:
        return Day(on=stretch.first)
    return Interval(start=start_of(stretch.first), end=end_of(stretch.last))


def days_problem(days: Stretches) -> Reject | None:
    """Why no option is left, if none is."""
    if days.options:
        return None
    return Reject(reason=days.problem or Reason.NO_SUCH_DATE)


def _settle(
    days: Stretches,
    view: Viewpoint,
    make: Callable[[Stretch], Choice],
    ends: Callable[[date], datetime],
) -> When:
    """Choose the option; ``ends`` is the moment on its last day until which it is still to come."""
    if problem := days_problem(days):
        return problem
    option, is_past = _pick(days, view, ends)
    if days.weekday is not None and option.first.weekday() != days.weekday:
        return Reject(reason=Reason.WEEKDAY_MISMATCH, meant=Day(on=option.first))
    choices = _alternatives(days, option, view)
    if len(choices) > 1 or days.is_vague:
        future = [one for one in choices if view.looks_back or ends(one.last) > view.now]
        return choose(make(one) for one in future or choices)
    meant = make(option)
    if is_past and not isinstance(meant, Interval) and not view.looks_back:
        return _past(meant)
    if is_past and not view.looks_back and isinstance(meant, Interval):
        return Reject(reason=Reason.PAST, meant=meant)
    if option.missing_year is not None:
        return CalendarUnknown(missing_year=option.missing_year, provisional=meant)
    return meant


def _past(meant: Choice) -> Reject:
    match meant:
        case Instant() | Day() | Deadline():
            return Reject(reason=Reason.PAST, meant=meant)
        case _:
            return Reject(reason=Reason.PAST)


def _pick(
    days: Stretches, view: Viewpoint, ends: Callable[[date], datetime]
) -> tuple[Stretch, bool]:
    if view.looks_back and days.rolls:
        return _pick_back(days, view, ends), False
    for option in days.options:
        if ends(option.last) > view.floor:
            return option, False
    return days.options[-1], True


def _pick_back(days: Stretches, view: Viewpoint, ends: Callable[[date], datetime]) -> Stretch:
    """What was done: the last one begun for weekdays, otherwise the one nearest to now."""
    begun = [one for one in days.options if start_of(one.first) <= view.floor]
    if days.is_open_weekday and begun:
        return begun[-1]
    half_year = timedelta(days=183)
    near = [one for one in days.options if start_of(one.first) <= view.floor + half_year]
    return min(near or days.options, key=lambda one: abs(ends(one.last) - view.floor))


def _alternatives(days: Stretches, option: Stretch, view: Viewpoint) -> list[Stretch]:
    """What else a person may have meant by the same words."""
    if days.is_vague:
        return _ends(option)
    if days.is_spoken and view.now.hour < _SMALL_HOURS and not view.looks_back:
        earlier = replace(option, first=option.first - DAY, last=option.last - DAY)
        return [earlier, option]
    return [option]


def _ends(option: Stretch) -> list[Stretch]:
    first, last = option.first, option.last
    return [Stretch.day(day, option.missing_year) for day in dict.fromkeys((first, last))]


def settle_open_weekday(days: Stretches, view: Viewpoint, settled: When, make: Make) -> When:
    """A bare weekday said on that day: today, or in a week?"""
    match settled:
        case Day(on=on) if days.is_open_weekday and on == view.floor.date() and not view.looks_back:
            return choose([Day(on=on), Day(on=on + 7 * DAY)])
        case Deadline(at=at) if (
            days.is_open_weekday and at.date() == view.floor.date() and not view.looks_back
        ):
            return choose([make(at), make(at + 7 * DAY)])
        case _:
            return settled


def settle_before(days: Stretches, view: Viewpoint) -> When:
    """X前. A day is included; for an event or a whole period the person says which end is meant."""
    settled = settle_deadline(days, view)
    if days.is_day and days.scale is not Scale.EVENT:
        return settle_open_weekday(days, view, settled, deadline)
    if days.is_vague or days_problem(days):
        return settled
    option, _is_past = _pick(days, view, lambda last: end_of(last - DAY))
    choices = [
        Deadline(at=at)
        for at in (end_of(option.first - DAY), end_of(option.last))
        if at > view.now or view.looks_back
    ]
    return choose(choices) if choices else settled
