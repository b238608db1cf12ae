"""Stretches of days: 5月, 下周三, 第10周, 国庆节前一天. Each as the options that it leaves open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from scheduler.recurrence import Period, period_of
from scheduler.school_calendar import DAY, Term, term_at
from scheduler.viewpoint import Viewpoint
from scheduler.when import Reason


class Scale(StrEnum):
    """How long a stretch is; decides what may be said of it (第二个周二 of a month, of no day)."""

    DAY = "day"
    EVENT = "event"
    """A day that something happens on (国庆, 开学): 前 may leave the day itself out."""
    WEEK = "week"
    TEN_DAYS = "ten_days"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    BREAK = "break"
    TERM = "term"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days in a row, uncertain while ``missing_year`` is not published."""

    first: date
    last: date
    missing_year: int | None = None

    @classmethod
    def day(cls, day: date, missing_year: int | None = None) -> Stretch:
        return cls(first=day, last=day, missing_year=missing_year)


Change = Callable[[Stretch], Stretch | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretches:
    """What one expression may mean, ascending; more than one option only where it ``rolls``.

    ``is_vague``: 月初, 周末: the ends are offered and the person chooses. ``is_spoken``: 明天, as
    after midnight it may mean the day that has begun. ``weekday`` was said beside a date and has to
    agree. ``is_open_weekday``: a bare 周三.
    """

    options: tuple[Stretch, ...]
    scale: Scale
    rolls: bool = False
    is_vague: bool = False
    is_spoken: bool = False
    is_open_weekday: bool = False
    weekday: int | None = None
    problem: Reason | None = None

    @property
    def is_day(self) -> bool:
        return self.scale in (Scale.DAY, Scale.EVENT) and not self.is_vague

    def map(self, change: Change, scale: Scale, *, is_vague: bool = False) -> Stretches:
        """Narrow or move every option; those for which there is no such day fall away."""
        changed = [changed for option in self.options if (changed := change(option))]
        problem = self.problem or (None if changed else Reason.NO_SUCH_DATE)
        return replace(
            self,
            options=tuple(changed),
            scale=scale,
            is_vague=self.is_vague or is_vague,
            is_spoken=self.is_spoken and scale is Scale.DAY,
            is_open_weekday=False,
            problem=problem,
        )


_WINDOWS = {
    Scale.WEEK: range(-2, 3),
    Scale.MONTH: range(-14, 15),
    Scale.QUARTER: range(-5, 6),
    Scale.HALF: range(-3, 4),
    Scale.YEAR: range(-8, 10),
}


def fixed(scale: Scale, offset: int, view: Viewpoint) -> Stretches:
    """本, 下, 上: the unit that today is in, or one counted from it."""
    if scale is Scale.TERM:
        term = term_at(view.today, view.terms, offset)
        if not term:
            return Stretches(options=(), scale=scale, problem=Reason.NO_TERMS)
        return Stretches(options=(_of_term(term),), scale=scale)
    unit = _unit(view.today, scale, offset)
    return Stretches(options=(unit,) if unit else (), scale=scale)


def rolling(scale: Scale, view: Viewpoint) -> Stretches:
    """No unit said: all around the floor, of which the first that fits will be taken."""
    if scale is Scale.TERM:
        options = tuple(_of_term(term) for term in view.terms)
        problem = None if options else Reason.NO_TERMS
        return Stretches(options=options, scale=scale, rolls=True, problem=problem)
    day = view.floor.date()
    units = (_unit(day, scale, offset) for offset in _WINDOWS[scale])
    return Stretches(options=tuple(filter(None, units)), scale=scale, rolls=True)


def breaks(months: range, view: Viewpoint) -> Stretches:
    """The days between two terms that lie around ``months`` (寒假, 暑假)."""
    gaps = [
        Stretch(first=before.ends_on + DAY, last=after.starts_on - DAY)
        for before, after in zip(view.terms, view.terms[1:], strict=False)
    ]
    fitting = tuple(
        gap for gap in gaps if gap.first <= gap.last and (gap.first + 10 * DAY).month in months
    )
    problem = None if fitting else Reason.NO_TERMS
    return Stretches(options=fitting, scale=Scale.BREAK, rolls=True, problem=problem)


def _of_term(term: Term) -> Stretch:
    return Stretch(first=term.starts_on, last=term.ends_on)


def _unit(day: date, scale: Scale, offset: int) -> Stretch | None:
    try:
        if scale is Scale.WEEK:
            first, last = period_of(day + 7 * offset * DAY, Period.WEEK)
        elif scale is Scale.HALF:
            start = add_months(date(day.year, 1 if day.month < 7 else 7, 1), 6 * offset)
            first, last = start, add_months(start, 6) - DAY
        else:
            months = {Scale.MONTH: 1, Scale.QUARTER: 3, Scale.YEAR: 12}[scale]
            there = add_months(day.replace(day=1), months * offset)
            of = {1: Period.MONTH, 3: Period.QUARTER, 12: Period.YEAR}[months]
            first, last = period_of(there, of)
    except (OverflowError, ValueError):
        return None
    return Stretch(first=first, last=last)


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later; ValueError where that month has none."""
    index = day.year * 12 + day.month - 1 + months
    return day.replace(year=index // 12, month=index % 12 + 1)


def last_day(stretch: Stretch) -> Stretch:
    """月底, 年底."""
    return Stretch.day(stretch.last, stretch.missing_year)


def nth_day(n: int) -> Change:
    """The ``n``-th day of a stretch, from its end when negative."""

    def change(stretch: Stretch) -> Stretch | None:
        day = stretch.first + (n - 1) * DAY if n > 0 else stretch.last + (n + 1) * DAY
        return Stretch.day(day) if stretch.first <= day <= stretch.last else None

    return change


def moved(days: int) -> Change:
    """The day ``days`` after the first, before it when negative."""
    return lambda stretch: Stretch.day(stretch.first + days * DAY, stretch.missing_year)


def nth_weekday(n: int, weekday: int) -> Change:
    """The ``n``-th Monday, Tuesday … that lies in a stretch, from its end when negative."""

    def change(stretch: Stretch) -> Stretch | None:
        if n > 0:
            start = stretch.first + (weekday - stretch.first.weekday()) % 7 * DAY
            day = start + (n - 1) * 7 * DAY
        else:
            end = stretch.last - (stretch.last.weekday() - weekday) % 7 * DAY
            day = end + (n + 1) * 7 * DAY
        return Stretch.day(day) if stretch.first <= day <= stretch.last else None

    return change


def nth_workday(n: int, view: Viewpoint) -> Change:
    """The ``n``-th workday of a stretch, from its end when negative."""

    def change(stretch: Stretch) -> Stretch | None:
        found = view.calendar.nth_workday(stretch.first, stretch.last, n)
        return Stretch.day(found.day, found.missing_year) if found else None

    return change


def workdays_from(steps: int, view: Viewpoint) -> Change:
    """The ``steps``-th workday after a stretch, or before it when negative."""

    def change(stretch: Stretch) -> Stretch | None:
        start = stretch.last if steps > 0 else stretch.first
        found = view.calendar.count_workdays(start, steps)
        return Stretch.day(found.day, stretch.missing_year or found.missing_year)

    return change


def week_of_term(n: int) -> Change:
    """The ``n``-th teaching week of a term, its last one for -1."""

    def change(stretch: Stretch) -> Stretch | None:
        term = Term(name="", starts_on=stretch.first, ends_on=stretch.last)
        week = n if n > 0 else term.weeks + 1 + n
        if not 1 <= week <= term.weeks:
            return None
        return Stretch(first=term.monday_of(week), last=term.monday_of(week) + 6 * DAY)

    return change


def month_of(n: int) -> Change:
    """The ``n``-th month of a year, half or quarter; the last one for -1."""

    def change(stretch: Stretch) -> Stretch | None:
        first = add_months(stretch.first, n - 1) if n > 0 else stretch.last.replace(day=1)
        if not stretch.first <= first <= stretch.last:
            return None
        return Stretch(first=first, last=add_months(first, 1) - DAY)

    return change


def part_of(months: int, n: int) -> Change:
    """The ``n``-th quarter (3 months) or half (6 months) of a year."""

    def change(stretch: Stretch) -> Stretch | None:
        first = add_months(stretch.first, months * (n - 1))
        if first > stretch.last:
            return None
        return Stretch(first=first, last=add_months(first, months) - DAY)

    return change


def days_of(first: int, last: int) -> Change:
    """Days ``first`` to ``last`` of a month; ``last`` 0 is the month's last day."""

    def change(stretch: Stretch) -> Stretch | None:
        end = stretch.first + (last - 1) * DAY if last else stretch.last
        return Stretch(first=stretch.first + (first - 1) * DAY, last=end)

    return change
