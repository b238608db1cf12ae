"""Times as people here say them: today, the school's calendar and its hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from scheduler.echo import echo
from scheduler.phrases import find_when, read_when
from scheduler.planning_horizon import Planner
from scheduler.recurrence import END_OF_DAY, SHANGHAI, Recurrence
from scheduler.school_calendar import WorkHours
from scheduler.when import (
    CalendarUnknown,
    Day,
    Deadline,
    Instant,
    Interval,
    Recurring,
    When,
)


@dataclass(frozen=True, slots=True)
class Times:
    """Built once, in ``bot.app``."""

    planner: Planner
    clock: Callable[[], datetime]
    work_hours: WorkHours = field(default_factory=WorkHours)

    def now(self) -> datetime:
        """Now, in local time."""
        return self.clock().astimezone(SHANGHAI)

    def find(self, text: str) -> Sequence[tuple[int, int, When]]:
        """Every time in a sentence."""
        return find_when(
            text,
            now=self.now(),
            calendar=self.planner.calendar,
            terms=self.planner.terms,
            work_hours=self.work_hours,
        )

    def read(self, text: str) -> When:
        """One time, whole."""
        return read_when(
            text,
            now=self.now(),
            calendar=self.planner.calendar,
            terms=self.planner.terms,
            work_hours=self.work_hours,
        )

    def provisional(self, words: str) -> str:
        """``words`` where they hang on working days that are not published; else nothing."""
        return words if isinstance(self.read(words), CalendarUnknown) else ""

    def due(self, words: str) -> tuple[datetime | None, Recurrence | None, str]:
        """A due time or a rule; with neither, what is wrong with ``words`` in Chinese."""
        when = self.read(words)
        if isinstance(when, CalendarUnknown):
            when = when.provisional
        match when:
            case Recurring(rule=rule):
                return None, rule if rule.clock else replace(rule, is_deadline=True), ""
            case Deadline(at=at) | Instant(at=at) | Interval(end=at):
                return at, None, ""
            case Day(on=on):
                return datetime.combine(on, END_OF_DAY, SHANGHAI), None, ""
            case _:
                return None, None, f"期限“{words}”：{echo(when).rstrip('。')}"


def is_settled(when: When) -> bool:
    """Whether it says a time, once and for all."""
    return isinstance(when, Instant | Day | Deadline | Interval | Recurring)
