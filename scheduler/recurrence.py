"""A rule and a calendar give due times: RFC 5545, and beside it working days and terms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dateutil import rrule as rfc5545

from bot.errors import UnreadableTime
from scheduler.school_calendar import DAY, Term, WorkdayCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
END_OF_DAY = time(23, 59, 59)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_HORIZON = timedelta(days=366 * 30)
_LOOK_BACK = timedelta(days=40)
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()


class Frequency(StrEnum):
    """How often; the FREQ of RFC 5545."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class Filter(StrEnum):
    """Which days of a rule count; the others fall away."""

    WORKDAY = "workday"
    ODD_WEEK = "odd_teaching_week"
    EVEN_WEEK = "even_teaching_week"


class Shift(StrEnum):
    """Where an occurrence goes that falls on a day off."""

    NEXT = "next_workday"
    PREVIOUS = "previous_workday"


class Period(StrEnum):
    """What a pick picks from."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TERM = "term"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One day of each period: its ``n``-th workday or day, or a weekday of its ``n``-th week.

    Negative ``n`` counts from the end. Days and weeks are picked of terms only.
    """

    n: int
    of: Period
    weekday: int | None = None
    is_workday: bool = True

    def __str__(self) -> str:
        ordinal = (
            _ORDINALS[abs(self.n) - 1] if abs(self.n) <= len(_ORDINALS) else f"{abs(self.n)}th"
        )
        if self.n < 0:
            ordinal = "last" if self.n == -1 else f"{ordinal}_last"
        if self.weekday is not None:
            return f"{ordinal}_week_{WEEKDAYS[self.weekday]}_of_{self.of}"
        return f"{ordinal}_{'workday' if self.is_workday else 'day'}_of_{self.of}"

    @classmethod
    def parse(cls, text: str) -> Pick:
        for of in Period:
            for n in (*range(1, 32), *range(-31, 0)):
                for weekday in (None, *range(7)):
                    for is_workday in (False, True):
                        pick = cls(n=n, of=of, weekday=weekday, is_workday=is_workday)
                        if str(pick) == text:
                            return pick
        raise UnreadableTime(f"no pick: {text!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One due time. While ``missing_year`` is not published it is provisional."""

    at: datetime
    missing_year: int | None = None

    @property
    def is_provisional(self) -> bool:
        return self.missing_year is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """A rule. ``week_days`` are (ordinal or 0, weekday from Monday 0).

    ``clock`` is None where only days were said: due at the end of the day, until a person or a
    default gives a time. ``starts_at`` bounds the due times from below, and is the anchor of rules
    with an interval: there it lies on the day of the first one.
    """

    freq: Frequency
    starts_at: datetime
    interval: int = 1
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    week_days: tuple[tuple[int, int], ...] = ()
    clock: time | None = None
    until: datetime | None = None
    count: int | None = None
    filter: Filter | None = None
    shift: Shift | None = None
    pick: Pick | None = None
    is_deadline: bool = False

    @property
    def rrule(self) -> str:
        """RFC 5545 text without DTSTART; what the RFC cannot say is in filter, shift and pick."""
        parts = [f"FREQ={self.freq}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.months:
            parts.append("BYMONTH=" + ",".join(map(str, self.months)))
        if self.month_days:
            parts.append("BYMONTHDAY=" + ",".join(map(str, self.month_days)))
        if self.week_days:
            named = ((f"{n:+d}" if n else "") + WEEKDAYS[day] for n, day in self.week_days)
            parts.append("BYDAY=" + ",".join(named))
        if self.clock:
            hour, minute, second = self.clock.hour, self.clock.minute, self.clock.second
            parts.append(f"BYHOUR={hour};BYMINUTE={minute};BYSECOND={second}")
        if self.until:
            parts.append(f"UNTIL={self.until.astimezone(UTC):%Y%m%dT%H%M%SZ}")
        if self.count:
            parts.append(f"COUNT={self.count}")
        return ";".join(parts)

    @classmethod
    def from_rrule(cls, text: str, *, starts_at: datetime) -> Recurrence:
        """Read the RFC 5545 subset that ``rrule`` writes.

        Raises:
            UnreadableTime: Another part, or a value out of bounds.
        """
        try:
            parts = dict(part.split("=", 1) for part in text.removeprefix("RRULE:").split(";"))
            clock = None
            if "BYHOUR" in parts:
                hour, minute, second = (
                    int(parts.pop(key, "0")) for key in ("BYHOUR", "BYMINUTE", "BYSECOND")
                )
                clock = time(hour, minute, second)
            until = parts.pop("UNTIL", None)
            read = cls(
                freq=Frequency(parts.pop("FREQ")),
                starts_at=starts_at.astimezone(SHANGHAI),
                interval=int(parts.pop("INTERVAL", "1")),
                months=_numbers(parts.pop("BYMONTH", ""), 1, 12),
                month_days=_numbers(parts.pop("BYMONTHDAY", ""), -31, 31),
                week_days=_week_days(parts.pop("BYDAY", "")),
                clock=clock,
                until=_until(until) if until else None,
                count=int(parts.pop("COUNT", "0")) or None,
            )
        except (KeyError, ValueError) as error:
            raise UnreadableTime(f"no recurrence rule: {text!r}") from error
        if parts or not 1 <= read.interval <= 1000:
            raise UnreadableTime(f"not supported in a recurrence rule: {sorted(parts)}")
        return read

    def to_json(self) -> dict[str, str | bool | None]:
        """Everything, for the store; :meth:`from_json` reads it back."""
        return {
            "rrule": self.rrule,
            "starts_at": self.starts_at.isoformat(),
            "filter": self.filter,
            "shift": self.shift,
            "pick": str(self.pick) if self.pick else None,
            "is_deadline": self.is_deadline,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, str | bool | None]) -> Recurrence:
        plain = cls.from_rrule(
            str(stored["rrule"]), starts_at=datetime.fromisoformat(str(stored["starts_at"]))
        )
        named = {key: str(stored[key]) for key in ("filter", "shift", "pick") if stored.get(key)}
        return replace(
            plain,
            filter=Filter(named["filter"]) if "filter" in named else None,
            shift=Shift(named["shift"]) if "shift" in named else None,
            pick=Pick.parse(named["pick"]) if "pick" in named else None,
            is_deadline=bool(stored.get("is_deadline")),
        )

    @classmethod
    def birthday(
        cls, month: int, day: int, *, starts_at: datetime, clock: time | None = None
    ) -> Recurrence:
        """Every year on a date. 29 February is kept on the last day of February."""
        return cls(
            freq=Frequency.YEARLY,
            starts_at=starts_at,
            months=(month,),
            month_days=(-1 if (month, day) == (2, 29) else day,),
            clock=clock,
        )

    @property
    def names_day(self) -> bool:
        """False for a bare rhythm such as FREQ=MONTHLY;INTERVAL=3, which leaves the day open."""
        return bool(self.pick or self.freq is Frequency.DAILY or self.week_days or self.month_days)

    def by_period_end(self) -> Recurrence:
        """A bare rhythm as what it asks for: done by the last day of each period."""
        if self.names_day:
            return self
        closed = replace(self, is_deadline=True, interval=1)
        months = self.months
        if self.freq is Frequency.WEEKLY and self.interval == 1:
            return replace(closed, week_days=((0, 6),))
        if not months and self.freq is Frequency.MONTHLY and 12 % self.interval == 0:
            months = tuple(range(self.interval, 13, self.interval))
        elif not months and self.freq is Frequency.YEARLY and self.interval == 1:
            months = (12,)
        elif not months or self.interval > 1:
            return self
        if len(months) == 12:
            return replace(closed, freq=Frequency.MONTHLY, month_days=(-1,))
        return replace(closed, freq=Frequency.YEARLY, months=months, month_days=(-1,))

    def at_clock(self, clock: time) -> Recurrence:
        """The same days at a time of day."""
        return replace(self, clock=clock)

    def occurrences(
        self, after: datetime, calendar: WorkdayCalendar, terms: Sequence[Term] = ()
    ) -> Iterator[Due]:
        """Due times strictly after ``after``, ascending, for at most thirty years.

        Rules over terms or teaching weeks end with the last term that is known.
        """
        after = after.astimezone(SHANGHAI)
        made = 0
        last: date | None = None
        for day, missing_year in self._days(after, calendar, terms):
            if day == last:
                continue
            last = day
            at = datetime.combine(day, self.clock or END_OF_DAY, SHANGHAI)
            if at < self.starts_at:
                continue
            made += 1
            if (self.until and at > self.until) or (self.count and made > self.count):
                return
            if at > after:
                yield Due(at=at, missing_year=missing_year)

    def _days(
        self, after: datetime, calendar: WorkdayCalendar, terms: Sequence[Term]
    ) -> Iterator[tuple[date, int | None]]:
        plain: Iterator[tuple[date, int | None]] = (
            _picked(self.pick, max(after, self.starts_at).date() - _LOOK_BACK, calendar, terms)
            if self.pick
            else ((day, None) for day in self._plain_days(after))
        )
        for day, missing_year in plain:
            if self.filter in (Filter.ODD_WEEK, Filter.EVEN_WEEK):
                if all(day > term.ends_on for term in terms):
                    return
                term = next((term for term in terms if day in term), None)
                if not term or (term.week_of(day) % 2 == 1) is not (self.filter is Filter.ODD_WEEK):
                    continue
            if not self.shift and self.filter is not Filter.WORKDAY:
                yield day, missing_year
                continue
            judged = calendar.judge(day)
            missing_year = missing_year or judged.missing_year
            if judged.is_workday:
                yield day, missing_year
            elif self.shift:
                step = 1 if self.shift is Shift.NEXT else -1
                moved = calendar.count_workdays(day, step)
                yield moved.day, missing_year or moved.missing_year

    def _plain_days(self, after: datetime) -> Iterator[date]:
        start = self.starts_at.astimezone(SHANGHAI).date()
        if self.names_day and self.interval == 1 and not self.count:
            start = max(start, after.date()) - _LOOK_BACK
        rule = rfc5545.rrule(
            getattr(rfc5545, self.freq),
            dtstart=datetime.combine(start, time()),
            interval=self.interval,
            bymonth=self.months or None,
            bymonthday=self.month_days or None,
            byweekday=[_RFC_DAYS[day](n) if n else _RFC_DAYS[day] for n, day in self.week_days]
            or None,
            until=datetime.combine(max(start, after.date()), time()) + _HORIZON,
        )
        for moment in rule:
            yield moment.date()


_RFC_DAYS = (
    rfc5545.MO,
    rfc5545.TU,
    rfc5545.WE,
    rfc5545.TH,
    rfc5545.FR,
    rfc5545.SA,
    rfc5545.SU,
)


def _picked(
    pick: Pick, since: date, calendar: WorkdayCalendar, terms: Sequence[Term]
) -> Iterator[tuple[date, int | None]]:
    if pick.of is Period.TERM:
        for term in sorted(terms, key=lambda term: term.starts_on):
            if not pick.is_workday:
                yield _picked_of_term(pick, term), None
            elif found := calendar.nth_workday(term.starts_on, term.ends_on, pick.n):
                yield found.day, found.missing_year
        return
    first, last = period_of(since, pick.of)
    while first < since + _HORIZON:
        found = calendar.nth_workday(first, last, pick.n)
        if found:
            yield found.day, found.missing_year
        first, last = period_of(last + DAY, pick.of)


def _picked_of_term(pick: Pick, term: Term) -> date:
    if pick.weekday is not None:
        week = pick.n if pick.n > 0 else term.weeks + 1 + pick.n
        return term.monday_of(week) + pick.weekday * DAY
    return (
        (term.starts_on + (pick.n - 1) * DAY) if pick.n > 0 else term.ends_on + (pick.n + 1) * DAY
    )


def period_of(day: date, of: Period) -> tuple[date, date]:
    """First and last day of the calendar week, month, quarter or year that ``day`` is in."""
    if of is Period.WEEK:
        monday = day - day.weekday() * DAY
        return monday, monday + 6 * DAY
    months = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}[of]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    following = first.month + months
    next_first = date(first.year + (following > 12), (following - 1) % 12 + 1, 1)
    return first, next_first - DAY


def _numbers(text: str, low: int, high: int) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(",") if part)
    if any(not low <= n <= high or n == 0 for n in numbers):
        raise ValueError(text)
    return numbers


def _week_days(text: str) -> tuple[tuple[int, int], ...]:
    days = []
    for part in filter(None, text.split(",")):
        match = re.fullmatch("([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)", part)
        if not match:
            raise ValueError(part)
        days.append((int(match[1] or 0), WEEKDAYS.index(match[2])))
    return tuple(days)


def _until(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
