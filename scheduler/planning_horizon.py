"""From a task to its due times, and from a due time to its next reminder.

Due times are made some weeks ahead, always from the last one made and never from now, so that an
outage of any length leaves no gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from scheduler.policy import Policy, Stage, snoozed, stages
from scheduler.recurrence import SHANGHAI, Recurrence
from scheduler.school_calendar import QuietHours, Term, WorkdayCalendar
from store.models_tasks import OPEN_STATES, TaskState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from store.models_tasks import Assignment, Occurrence, Task

HORIZON = timedelta(days=60)
AGAIN = timedelta(days=10)
"""How long until the next due times are made; with HORIZON, leads of many weeks are safe."""
AT_ONCE = 100
"""Due times made for one assignment in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDue:
    """A due time to be stored, once."""

    at: datetime
    label: str = ""
    missing_year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Due times up to ``until``; more are to be made at ``again_at``, if ever."""

    dues: tuple[PlannedDue, ...]
    until: datetime
    again_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Working days and quiet hours, of all or of one unit."""

    calendar: WorkdayCalendar = field(repr=False)
    quiet: QuietHours


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Built once, in ``bot.app``; ``standard`` is what a task's own policy is laid over.

    ``of_unit`` holds the units that have days of their own; it follows roster and calendar.
    """

    calendar: WorkdayCalendar = field(repr=False)
    terms: Sequence[Term] = ()
    quiet: QuietHours = field(default_factory=QuietHours)
    standard: Policy = field(default_factory=Policy)
    of_unit: dict[int, Days] = field(default_factory=dict, repr=False)

    def days(self, unit_id: int | None) -> Days:
        """Those of a unit, or those of all."""
        own = None if unit_id is None else self.of_unit.get(unit_id)
        return own or Days(calendar=self.calendar, quiet=self.quiet)

    def policy(self, task: Task) -> Policy:
        """The task's own policy over the standard."""
        return self.standard.with_json(task.policy) if task.policy else self.standard

    def plan(self, task: Task, assignment: Assignment, now: datetime) -> Planned:
        """The next due times after those that were made."""
        if task.rule is None:
            return self._plan_once(task, assignment, now)
        rule = Recurrence.from_json(cast("Mapping[str, str | bool | None]", task.rule))
        until = assignment.planned_until
        dues: list[PlannedDue] = []
        days = self.days(assignment.unit_id or task.unit_id)
        for due in rule.occurrences(until, days.calendar, self.terms):
            is_enough = until > now and due.at > now + HORIZON
            if is_enough or len(dues) == AT_ONCE:
                again_at = now + AGAIN if is_enough else now
                return Planned(dues=tuple(dues), until=until, again_at=again_at)
            dues.append(PlannedDue(at=due.at, missing_year=due.missing_year))
            until = due.at
        is_over = rule.until is not None or rule.count is not None
        return Planned(dues=tuple(dues), until=until, again_at=None if is_over else now + AGAIN)

    def _plan_once(self, task: Task, assignment: Assignment, now: datetime) -> Planned:
        dues = [
            PlannedDue(at=datetime.fromisoformat(str(one["due_at"])), label=str(one["label"]))
            for one in task.milestones
        ]
        if task.due_at is not None:
            day = task.due_at.astimezone(SHANGHAI).date()
            calendar = self.days(assignment.unit_id or task.unit_id).calendar
            missing = calendar.missing_year(day) if task.when_words else None
            dues.append(PlannedDue(at=task.due_at, missing_year=missing))
        return Planned(dues=tuple(dues), until=assignment.planned_until, again_at=None)

    def stages(self, task: Task, occurrence: Occurrence) -> Sequence[Stage]:
        """Every reminder not settled yet, earliest first; none while nobody is to be reminded."""
        if task.state != TaskState.ACTIVE or occurrence.state not in OPEN_STATES:
            return ()
        after, first = occurrence.noticed_until, []
        if occurrence.snoozed_until is not None and occurrence.snoozed_until > after:
            after = occurrence.snoozed_until
            first = [snoozed(after)]
        days = self.days(task.unit_id)
        later = stages(self.policy(task), occurrence.due_at, days.calendar, days.quiet)
        return [*first, *(stage for stage in later if stage.at > after)]

    def next_notice_at(self, task: Task, occurrence: Occurrence) -> datetime | None:
        """When the occurrence has its next reminder."""
        return next((stage.at for stage in self.stages(task, occurrence)), None)

    def first_notice_at(self, task: Task, due_at: datetime, after: datetime) -> datetime | None:
        """When an occurrence that is being made has its first reminder."""
        if task.state != TaskState.ACTIVE:
            return None
        days = self.days(task.unit_id)
        found = stages(self.policy(task), due_at, days.calendar, days.quiet)
        return next((stage.at for stage in found if stage.at > after), None)
