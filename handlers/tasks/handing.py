"""转交: what one member has left to do becomes another's; what is done stays whose it was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import UsageError
from handlers.access import Act, Actor
from handlers.tasks import rights, steps
from handlers.tasks.telling import Telling
from scheduler.planning_horizon import Planner
from store import occurrences, people, tasks
from store.models import Member
from store.models_tasks import OPEN_STATES, Assignment, OccurrenceState
from store.occurrences import Entry

_UNSETTLED = (*OPEN_STATES, OccurrenceState.REPORTED, OccurrenceState.DECLINED)


def hand_over(
    session: Session,
    planner: Planner,
    actor: Actor,
    occurrence_id: int,
    to: Member,
    now: datetime,
    *,
    telling: Telling,
) -> bool:
    """The occurrence, with all that is open and to come of the same assignment.

    False when it went along with another one of its assignment before.

    Raises:
        NotFound: There is no such occurrence.
        NotAllowed: It is not the actor's to give away, or to give to this member.
        UsageError: It is not one person's, or this person has it.
    """
    entry = steps.entry_of(session, occurrence_id)
    old, task = entry.assignment, entry.task
    if old.member_id is None:
        raise UsageError("not one person's", reply="这件任务是交给单位的，不用转交给个人。")
    rights.must(_may_take(session, actor, entry), actor, "take a task from them")
    rights.must(rights.may_give(session, actor, to.id, None), actor, "give a task to them")
    if old.member_id == to.id:
        return False
    new = _assignment(session, old, to, now)
    theirs = {_due(one): one.occurrence for one in occurrences.of_assignment(session, new.id)}
    names = f"{_name(session, old.member_id)} → {to.name}"
    for row in occurrences.of_assignment(session, old.id, _UNSETTLED):
        occurrence = row.occurrence
        same = theirs.get(_due(row))
        if same is None:
            occurrence.assignment_id = new.id
            occurrence.noticed_until = max(occurrence.noticed_until, now)
        else:  # they have this one themselves
            if same.state == OccurrenceState.CANCELLED:
                same.state = OccurrenceState.ASSIGNED
                same.next_notice_at = planner.next_notice_at(task, same)
            occurrence.state = OccurrenceState.CANCELLED
        occurrence.version += 1
        occurrence.next_notice_at = planner.next_notice_at(task, occurrence)
        steps.record(session, actor, row, "hand_over", now, names)
    old.is_active, old.plan_at = False, None
    session.flush()
    telling.handed_over(session, actor, task, occurrence_id, to.id, now)
    return True


def _may_take(session: Session, actor: Actor, entry: Entry) -> bool:
    """Who commands the task, or is in charge where the member is and does not have it."""
    if rights.commands(session, actor, entry.task):
        return True
    member_id = entry.assignment.member_id or 0
    units = {one.unit_id for one in people.memberships(session, member_id)}
    is_own = member_id == actor.member_id
    return not is_own and any(actor.may(Act.MANAGE_TASKS, one) for one in units)


def _assignment(session: Session, old: Assignment, to: Member, now: datetime) -> Assignment:
    """Theirs, which goes on where the old one stops."""
    assignee = f"member:{to.id}"
    new = tasks.assign(
        session,
        old.task_id,
        assignee,
        now=now,
        planned_until=old.planned_until,
        member_id=to.id,
    )
    if new is not None:
        new.plan_at = old.plan_at
        return new
    known = next(one for one in tasks.assignments(session, old.task_id) if one.assignee == assignee)
    if not known.is_active:
        known.is_active, known.assigned_at = True, now
        known.planned_until, known.plan_at = old.planned_until, old.plan_at
    return known


def _due(entry: Entry) -> tuple[datetime, str]:
    return entry.occurrence.planned_at, entry.occurrence.label


def _name(session: Session, member_id: int) -> str:
    member = people.member(session, member_id)
    return member.name if member else ""
