"""From where an expression is read: now, and what the school has configured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import Term, WorkdayCalendar, WorkHours


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """``floor`` is what open expressions (周三, 5月8日) come after; ``now`` unless in a range.

    ``looks_back`` is for records: what was done, so 周三 is the last one and the past is no error.
    """

    now: datetime
    floor: datetime
    calendar: WorkdayCalendar = field(repr=False)
    terms: Sequence[Term] = ()
    work_hours: WorkHours = field(default_factory=WorkHours)
    looks_back: bool = False

    @classmethod
    def of(
        cls,
        now: datetime,
        calendar: WorkdayCalendar,
        terms: Sequence[Term],
        work_hours: WorkHours,
        *,
        looks_back: bool = False,
    ) -> Viewpoint:
        local = now.astimezone(SHANGHAI).replace(microsecond=0)
        return cls(
            now=local,
            floor=local,
            calendar=calendar,
            terms=tuple(sorted(terms, key=lambda term: term.starts_on)),
            work_hours=work_hours,
            looks_back=looks_back,
        )

    @property
    def today(self) -> date:
        return self.now.date()
