"""From a settled wish to the task that reminds: what is due, and when it is said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time

from handlers.times import Times
from scheduler.echo import echo, say
from scheduler.policy import Policy, stages
from scheduler.recurrence import END_OF_DAY, SHANGHAI, Recurrence
from scheduler.when import Day, Deadline, Instant, Interval, Recurring, When

_MORNING = Policy().morning


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """``says`` is read back as the same time; ``note`` tells when the reminder comes."""

    says: str
    echo: str
    note: str
    policy: Policy
    due_at: datetime | None = None
    rule: Recurrence | None = None


def timed(when: When, times: Times) -> Timed | None:
    """When it falls due and how it reminds; None when no reminder could come any more."""
    match when:
        case Instant(at=at):
            return _once(when, at, Policy.plain(), "到时候提醒")
        case Day(on=on):
            return _in_the_morning(datetime.combine(on, _MORNING, SHANGHAI), when, times)
        case Interval(start=start):
            at = start if start.time() != time() else _at(start, _MORNING)
            return _in_the_morning(at, when, times)
        case Deadline(at=at):
            return _deadline(when, at, times)
        case Recurring(rule=rule):
            return _recurring(when, rule)
        case _:
            return None


def _once(
    when: Instant | Day | Interval | Deadline, at: datetime, policy: Policy, note: str
) -> Timed:
    return Timed(says=say(when), echo=echo(when), note=note, policy=policy, due_at=at)


def _in_the_morning(at: datetime, when: Day | Interval, times: Times) -> Timed | None:
    if at <= times.now():
        return None
    return _once(when, at, Policy.plain(), f"当天 {at:%H:%M} 提醒")


def _deadline(when: Deadline, at: datetime, times: Times) -> Timed | None:
    policy = replace(Policy.plain(), leads=(1,), on_day=True, at_due=False)
    planner = times.planner
    coming = stages(policy, at, planner.calendar, planner.quiet)
    if any(stage.at > times.now() for stage in coming):
        return _once(when, at, policy, f"前一个工作日和当天 {_MORNING:%H:%M} 提醒")
    if at.astimezone(SHANGHAI).time() == END_OF_DAY:
        return None
    return _once(when, at, Policy.plain(), "到点提醒")


def _recurring(when: Recurring, rule: Recurrence) -> Timed:
    says = say(when)
    if rule.is_deadline:
        policy = replace(Policy.plain(), on_day=True, at_due=False)
        return Timed(
            says=says,
            echo=echo(when),
            note=f"每次到期当天 {_MORNING:%H:%M} 提醒",
            policy=policy,
            rule=rule,
        )
    if rule.clock is None:
        when = replace(when, rule=rule.at_clock(_MORNING))
    return Timed(says=says, echo=echo(when), note="", policy=Policy.plain(), rule=when.rule)


def _at(day: datetime, clock: time) -> datetime:
    return datetime.combine(day.date(), clock, SHANGHAI)
