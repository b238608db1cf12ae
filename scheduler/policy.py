"""Which reminders an occurrence gets, and when: before it is due, on the day, late, to superiors.

Pure. Days before and after are working days; reminders go out in the morning, outside quiet hours,
but for the one at the due time itself, which comes when somebody asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import DAY, QuietHours, WorkdayCalendar

WEEK = 7 * DAY
SUPERIOR = "superior"
"""An escalation to the officers of the unit above."""


class StageKind(StrEnum):
    """Why a reminder comes."""

    ASSIGNED = "assigned"
    BEFORE = "before"
    DAY = "day"
    DUE = "due"
    LATE = "late"
    ESCALATED = "escalated"
    SNOOZED = "snoozed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One reminder; ``name`` is unique within an occurrence and never changes its meaning."""

    name: str
    kind: StageKind
    at: datetime
    days: int = 0
    """Working days before or after the due day."""
    to: str | None = None
    """Whom an escalation goes to: a role, ``superior`` or ``member:姓名``."""
    missing_year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """After ``days_late`` working days ``to`` is told."""

    days_late: int
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a task reminds. ``late_days`` working days in a row, then ``late_weeks`` times weekly."""

    leads: tuple[int, ...] = (7, 3, 1)
    on_day: bool = True
    at_due: bool = False
    late_days: int = 5
    late_weeks: int = 12
    escalations: tuple[Escalation, ...] = (
        Escalation(days_late=3, to="officer"),
        Escalation(days_late=7, to=SUPERIOR),
    )
    morning: time = time(8, 30)
    catch_up: timedelta = timedelta(hours=48)
    """A reminder that is older when the bot comes back is missed, and counted."""
    coalesces: bool = True
    """Of several that were due meanwhile, only the last is told."""

    @classmethod
    def plain(cls) -> Policy:
        """提醒我明天下午三点…: once, at that time."""
        return cls(leads=(), on_day=False, at_due=True, late_days=0, late_weeks=0, escalations=())

    def to_json(self) -> dict[str, object]:
        """Only what differs from the default, so that tasks follow the configuration."""
        standard = Policy()
        return {
            field.name: _to_plain(getattr(self, field.name))
            for field in fields(self)
            if getattr(self, field.name) != getattr(standard, field.name)
        }

    def with_json(self, stored: Mapping[str, object]) -> Policy:
        """These settings, where ``stored`` has no others."""
        read: dict[str, object] = {name: _READ[name](value) for name, value in stored.items()}
        return replace(self, **read)  # type: ignore[arg-type]  # each by its own reader


def stages(
    policy: Policy, due_at: datetime, calendar: WorkdayCalendar, quiet: QuietHours
) -> Sequence[Stage]:
    """Every reminder of an occurrence, earliest first."""
    due = due_at.astimezone(SHANGHAI)
    found = [
        *_before(policy, due, calendar, quiet),
        *_after(policy, due, calendar, quiet),
        *_escalated(policy, due, calendar, quiet),
    ]
    if policy.at_due:
        found.append(Stage(name="due", kind=StageKind.DUE, at=due))
    return sorted(found, key=lambda stage: stage.at)


def snoozed(until: datetime) -> Stage:
    """The reminder somebody put off."""
    return Stage(name=f"snoozed-{until:%Y%m%d%H%M%S}", kind=StageKind.SNOOZED, at=until)


def _morning(policy: Policy, day: date, quiet: QuietHours) -> datetime:
    return quiet.next_allowed(datetime.combine(day, policy.morning, SHANGHAI))


def _before(
    policy: Policy, due: datetime, calendar: WorkdayCalendar, quiet: QuietHours
) -> Iterator[Stage]:
    for days in policy.leads:
        found = calendar.count_workdays(due.date(), -days)
        at = _morning(policy, found.day, quiet)
        yield Stage(
            name=f"before-{days}",
            kind=StageKind.BEFORE,
            at=at,
            days=days,
            missing_year=found.missing_year,
        )
    morning = _morning(policy, due.date(), quiet)
    if policy.on_day and morning < due:
        yield Stage(name="day", kind=StageKind.DAY, at=morning)


def _after(
    policy: Policy, due: datetime, calendar: WorkdayCalendar, quiet: QuietHours
) -> Iterator[Stage]:
    day = due.date()
    for days in range(1, policy.late_days + 1):
        found = calendar.next_workday(day)
        day = found.day
        yield Stage(
            name=f"late-{days}",
            kind=StageKind.LATE,
            at=_morning(policy, day, quiet),
            days=days,
            missing_year=found.missing_year,
        )
    for weeks in range(1, policy.late_weeks + 1):
        found = calendar.next_workday(day + weeks * WEEK - DAY)
        yield Stage(
            name=f"late-week-{weeks}",
            kind=StageKind.LATE,
            at=_morning(policy, found.day, quiet),
            days=policy.late_days,
            missing_year=found.missing_year,
        )


def _escalated(
    policy: Policy, due: datetime, calendar: WorkdayCalendar, quiet: QuietHours
) -> Iterator[Stage]:
    for n, escalation in enumerate(policy.escalations, 1):
        found = calendar.count_workdays(due.date(), escalation.days_late)
        yield Stage(
            name=f"escalated-{n}",
            kind=StageKind.ESCALATED,
            at=_morning(policy, found.day, quiet),
            days=escalation.days_late,
            to=escalation.to,
            missing_year=found.missing_year,
        )


def _to_plain(value: object) -> object:
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple):
        return [[one.days_late, one.to] if isinstance(one, Escalation) else one for one in value]
    return value


def _numbers(value: object) -> tuple[int, ...]:
    return tuple(int(one) for one in value) if isinstance(value, list) else ()


def _escalations(value: object) -> tuple[Escalation, ...]:
    pairs = value if isinstance(value, list) else []
    return tuple(Escalation(days_late=int(days), to=str(to)) for days, to in pairs)


_READ: Mapping[str, Callable[[object], object]] = {
    "leads": _numbers,
    "on_day": bool,
    "at_due": bool,
    "late_days": lambda value: int(str(value)),
    "late_weeks": lambda value: int(str(value)),
    "escalations": _escalations,
    "morning": lambda value: time.fromisoformat(str(value)),
    "catch_up": lambda value: timedelta(seconds=float(str(value))),
    "coalesces": bool,
}
