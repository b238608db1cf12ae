"""Terms, teaching weeks, working days: what a date is at a school."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from chinese_calendar.constants import holidays as published_holidays
from chinese_calendar.constants import workdays as published_workdays

from bot.errors import ConfigError

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A semester; both days belong to it. Week 1 is the week of ``starts_on``, from its Monday."""

    name: str
    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        if self.ends_on < self.starts_on:
            raise ConfigError(
                f"term {self.name} ends before it starts",
                reply=f"学期“{self.name}”的结束日期早于开始日期。",
            )

    @property
    def first_monday(self) -> date:
        return self.starts_on - self.starts_on.weekday() * DAY

    @property
    def weeks(self) -> int:
        return self.week_of(self.ends_on)

    def monday_of(self, week: int) -> date:
        return self.first_monday + (week - 1) * 7 * DAY

    def week_of(self, day: date) -> int:
        """The number of the teaching week ``day`` is in; meaningless outside the term."""
        return (day - self.first_monday).days // 7 + 1

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on


def term_at(day: date, terms: Sequence[Term], offset: int = 0) -> Term | None:
    """The term ``day`` is in, or the next one during a break; ``offset`` counts terms from it."""
    ordered = sorted(terms, key=lambda term: term.starts_on)
    here = next((n for n, term in enumerate(ordered) if day <= term.ends_on), len(ordered))
    inside = here < len(ordered) and day in ordered[here]
    if not inside and offset > 0:
        offset -= 1  # in a break 下学期 is the one about to begin
    wanted = here + offset
    return ordered[wanted] if 0 <= wanted < len(ordered) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkHours:
    """When work begins and ends on a working day (上班, 下班)."""

    start: time = time(8)
    end: time = time(17, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """No reminders between ``start`` and ``end``; the night may run over midnight."""

    start: time = time(21, 30)
    end: time = time(7)

    def covers(self, at: datetime) -> bool:
        clock = at.time()
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def next_allowed(self, at: datetime) -> datetime:
        """``at`` itself, or the first moment after it at which the night is over."""
        if not self.covers(at):
            return at
        morning = datetime.combine(at.date(), self.end, at.tzinfo)
        return morning if morning > at else morning + DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Whether a day is worked; ``missing_year`` says that this is only Monday-to-Friday's guess."""

    is_workday: bool
    missing_year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A day found by counting workdays, provisional while ``missing_year`` is not published."""

    day: date
    missing_year: int | None = None


@dataclass(slots=True, kw_only=True)
class WorkdayCalendar:
    """Working days with three answers. ``off`` and ``on`` are exceptions to Monday-to-Friday.

    Changed by :meth:`take_over` alone, when a year is brought in while the program runs.
    """

    years: frozenset[int]
    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()
    extra: Mapping[date, bool] = field(default_factory=dict)

    @classmethod
    def official(cls) -> WorkdayCalendar:
        """What chinesecalendar knows of the State Council's yearly notices."""
        return cls(
            years=frozenset(day.year for day in published_holidays),
            off=frozenset(day for day in published_holidays if day.weekday() < 5),
            on=frozenset(day for day in published_workdays if day.weekday() >= 5),
        )

    def with_year_file(self, content: Mapping[str, object]) -> WorkdayCalendar:
        """Add or replace a year.

        Args:
            content: The parsed JSON of a holiday-cn year file (``year``, ``days`` of ``date`` and
                ``isOffDay``), or ``year``, ``off_on_weekdays`` and ``work_on_weekends``, also one
                or two levels down under ``fixtures`` and ``workday_calendar``.

        Raises:
            ConfigError: It is neither.
        """
        for level in ("fixtures", "workday_calendar"):
            inner = content.get(level)
            if isinstance(inner, dict):
                content = inner
        year, off, on = _exceptions(content)
        if not off and not on:
            return self  # a year that is not announced yet has an empty file
        told = off | on
        return WorkdayCalendar(
            years=self.years | {year},
            off=_outside(self.off, year, told) | {day for day in off if day.weekday() < 5},
            on=_outside(self.on, year, told) | {day for day in on if day.weekday() >= 5},
            extra=self.extra,
        )

    def take_over(self, other: WorkdayCalendar) -> None:
        """Know what another knows, for all who look at this one."""
        self.years, self.off, self.on, self.extra = other.years, other.off, other.on, other.extra

    def of_year(self, year: int) -> tuple[frozenset[date], frozenset[date]]:
        """The exceptions of one year."""
        return (
            frozenset(day for day in self.off if day.year == year),
            frozenset(day for day in self.on if day.year == year),
        )

    def with_extra(
        self, holidays: Iterable[date] = (), workdays: Iterable[date] = ()
    ) -> WorkdayCalendar:
        """Days a school or one of its units adds; they win over the official ones."""
        extra = dict(self.extra) | dict.fromkeys(holidays, False) | dict.fromkeys(workdays, True)
        return WorkdayCalendar(years=self.years, off=self.off, on=self.on, extra=extra)

    def missing_year(self, day: date) -> int | None:
        """The year whose notice would have to be known to be sure of ``day``.

        Source:
            The notice for a year may move days of the last week of December before it.
        """
        if day in self.extra:
            return None
        if day.year not in self.years:
            return day.year
        if (day.month, day.day) >= (12, 24) and day.year + 1 not in self.years:
            return day.year + 1
        return None

    def judge(self, day: date) -> Judged:
        if day in self.extra:
            return Judged(is_workday=self.extra[day])
        is_workday = day in self.on or (day.weekday() < 5 and day not in self.off)
        return Judged(is_workday=is_workday, missing_year=self.missing_year(day))

    def is_workday(self, day: date) -> bool | None:
        """None while nobody can know: an unpublished year, or late December before one."""
        judged = self.judge(day)
        return None if judged.missing_year else judged.is_workday

    @property
    def calendar_ends(self) -> date:
        """The last day this calendar is sure of."""
        return date(max(self.years), 12, 23) if self.years else date.min

    def warning(self, today: date) -> str | None:
        """From 1 November: next year's notice is missing. Earlier: this year's is."""
        year = today.year + 1 if today.month >= 11 else today.year
        if year in self.years:
            return None
        return f"还没有{year}年的节假日安排，涉及{year}年的工作日都是暂定的，请上传年度文件。"

    def next_workday(self, day: date) -> Counted:
        """The first workday after ``day``."""
        return self.count_workdays(day, 1)

    def previous_workday(self, day: date) -> Counted:
        """The last workday before ``day``."""
        return self.count_workdays(day, -1)

    def count_workdays(self, day: date, steps: int) -> Counted:
        """The ``steps``-th workday after ``day``, or before it when negative."""
        missing: int | None = None
        step = DAY if steps > 0 else -DAY
        left = abs(steps)
        while left:
            day += step
            judged = self.judge(day)
            missing = missing or judged.missing_year
            left -= judged.is_workday
        return Counted(day=day, missing_year=missing)

    def nth_workday(self, first: date, last: date, n: int) -> Counted | None:
        """The ``n``-th workday from ``first`` to ``last``; negative counts from the end."""
        found = self.count_workdays(first - DAY if n > 0 else last + DAY, n)
        return found if first <= found.day <= last else None

    def workdays_between(self, first: date, last: date) -> Iterator[Counted]:
        """Every workday from ``first`` to ``last``, both included."""
        for offset in range((last - first).days + 1):
            day = first + offset * DAY
            judged = self.judge(day)
            if judged.is_workday:
                yield Counted(day=day, missing_year=judged.missing_year)

    def break_around(self, day: date) -> tuple[date, date, int | None]:
        """First and last of the days off in a row that ``day`` is one of, and a missing year."""
        if self.judge(day).is_workday:
            return day, day, self.missing_year(day)
        before, after = self.previous_workday(day), self.next_workday(day)
        return before.day + DAY, after.day - DAY, before.missing_year or after.missing_year


def _outside(days: frozenset[date], year: int, told: set[date]) -> frozenset[date]:
    return frozenset(day for day in days if day.year != year and day not in told)


def _exceptions(content: Mapping[str, object]) -> tuple[int, set[date], set[date]]:
    try:
        year = int(str(content["year"]))
        if "days" in content:
            rows = content["days"]
            if not isinstance(rows, list):
                raise TypeError("days is no list")
            off = {date.fromisoformat(row["date"]) for row in rows if row["isOffDay"] is True}
            on = {date.fromisoformat(row["date"]) for row in rows if row["isOffDay"] is False}
            return year, off, on
        return year, _dates(content["off_on_weekdays"]), _dates(content["work_on_weekends"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"not a calendar year file: {type(error).__name__}",
            reply="这个文件不是年度节假日文件，需要有 year 和 days（date、isOffDay）。",
        ) from error


def _dates(listed: object) -> set[date]:
    if not isinstance(listed, list):
        raise TypeError("no list of dates")
    return {date.fromisoformat(str(day)) for day in listed}
