"""Who may do what with a task."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.errors import NotAllowed
from bot.messages import Conversation
from handlers.access import Act, Actor
from scheduler.recipients import CHAT, Addresses
from store import people, tasks
from store.models_tasks import Assignment, Task
from store.occurrences import Entry


def account_of(actor: Actor) -> str:
    """``platform:account``."""
    return f"{actor.sender.channel.platform}:{actor.sender.account}"


def is_maker(actor: Actor, task: Task) -> bool:
    """Whether the actor made the task."""
    by_member = task.created_by is not None and task.created_by == actor.member_id
    return by_member or task.created_account == account_of(actor)


def manages(actor: Actor, task: Task) -> bool:
    """Whoever made it, and those in charge of its unit."""
    if actor.is_operator or is_maker(actor, task):
        return True
    return task.unit_id is not None and actor.may(Act.MANAGE_TASKS, task.unit_id)


def commands(session: Session, actor: Actor, task: Task) -> bool:
    """办结, 退回重办, another time, 取消: nobody does it to a task that they were given.

    But who made it, those in charge of its unit who have no part in it, and at the very top, where
    nobody is above.
    """
    if actor.is_operator or is_maker(actor, task):
        return True
    if not manages(actor, task):
        return False
    given = tasks.assignments(session, task.id)
    is_given = any(has(session, actor, one, task, None) for one in given)
    return not is_given or task.unit_id in people.root_units(session)


def decides(session: Session, actor: Actor, assignment: Assignment, task: Task) -> bool:
    """Whether the actor grants more time: nobody grants it to themselves but who made the task."""
    if actor.is_operator or is_maker(actor, task):
        return True
    return manages(actor, task) and not has(session, actor, assignment, task, None)


def has(
    session: Session, actor: Actor, assignment: Assignment, task: Task, here: Conversation | None
) -> bool:
    """Whether the actor is one of those who have it; a chat's is everybody's who writes there."""
    if assignment.assignee == CHAT:
        is_there = here is not None and (here.channel, here.id) == (task.channel, task.conversation)
        return is_maker(actor, task) or (task.is_group and is_there)
    return actor.member_id in Addresses(session, ()).people_of(assignment)


def sees(session: Session, actor: Actor, task: Task, entries: list[Entry]) -> bool:
    """Whoever has it, gave it, or may see what their unit does."""
    if manages(actor, task):
        return True
    if task.unit_id is not None and actor.may(Act.SEE_TASKS, task.unit_id):
        return True
    assignments = {one.assignment.id: one.assignment for one in entries}
    return any(has(session, actor, one, task, None) for one in assignments.values())


def sees_proofs(session: Session, actor: Actor, entry: Entry) -> bool:
    """Photos show people: only whose they are, who gave the task, and who looks after the unit.

    Others who were given the same task see that it is done, not how.
    """
    task, assignment = entry.task, entry.assignment
    if actor.is_operator or is_maker(actor, task) or has(session, actor, assignment, task, None):
        return True
    units = {assignment.unit_id, None if assignment.unit_id else task.unit_id}
    if assignment.member_id is not None:
        units = {one.unit_id for one in people.memberships(session, assignment.member_id)}
    return any(unit is not None and actor.may(Act.SEE_TASKS, unit) for unit in units)


def must(is_allowed: bool, actor: Actor, what: str) -> None:
    """Refuse politely.

    Raises:
        NotAllowed: It is not.
    """
    if not is_allowed:
        raise NotAllowed(f"member {actor.member_id} may not {what}")


def may_give(session: Session, actor: Actor, member_id: int | None, unit_id: int | None) -> bool:
    """To oneself anyone; to others who are in charge of their unit."""
    if actor.is_operator or (member_id is not None and member_id == actor.member_id):
        return True
    if unit_id is not None:
        return actor.may(Act.MANAGE_TASKS, unit_id)
    units = {one.unit_id for one in people.memberships(session, member_id or 0)}
    return any(actor.may(Act.MANAGE_TASKS, unit) for unit in units)


def may_use(session: Session, actor: Actor, conversation: Conversation) -> bool:
    """A private chat is its owner's; a group's reminders are those in charge of its unit."""
    if not conversation.is_group:
        is_own = conversation.id == actor.sender.account
        return actor.is_operator or is_own or conversation.channel is actor.sender.channel
    row = people.conversation(session, conversation.channel, conversation.id)
    if row is None or row.unit_id is None:
        return True
    return actor.may(Act.MANAGE_TASKS, row.unit_id)
