from __future__ import annotations

from datetime import date, datetime

from scheduler.phrases import read_when
from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import Term, WorkdayCalendar
from scheduler.when import When

OFFICIAL = WorkdayCalendar.official()
TERMS = (
    Term(name="春季", starts_on=date(2026, 3, 2), ends_on=date(2026, 7, 10)),
    Term(name="秋季", starts_on=date(2026, 9, 1), ends_on=date(2027, 1, 22)),
)
NOW = datetime(2026, 4, 14, 10, 20, tzinfo=SHANGHAI)  # a Tuesday of teaching week 7


def read(text: str, now: datetime = NOW, *, allow_past: bool = False) -> When:
    return read_when(text, now=now, calendar=OFFICIAL, terms=TERMS, allow_past=allow_past)


def at(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def by(month: int, day: int, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, 23, 59, 59, tzinfo=SHANGHAI)
