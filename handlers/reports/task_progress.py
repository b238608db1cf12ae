"""How far a task is, assignee by assignee, with the clause that asks for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound
from handlers.access import Act, Actor
from store import occurrences, people, records
from store import tasks as task_rows
from store.models_tasks import Assignment, OccurrenceState, Task
from store.occurrences import Entry
from store.records import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class AssigneeRow:
    """One assignee's due times up to now, and the records that prove them."""

    name: str
    due: int
    done: int
    late: int
    record_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """A task as far as the actor may see it."""

    task_id: int
    title: str
    document_id: str | None
    document: str
    locator: str
    quote: str
    rows: tuple[AssigneeRow, ...]

    @property
    def due(self) -> int:
        return sum(one.due for one in self.rows)

    @property
    def done(self) -> int:
        return sum(one.done for one in self.rows)

    @property
    def late(self) -> int:
        return sum(one.late for one in self.rows)


def progress(session: Session, actor: Actor, task_id: int, now: datetime) -> TaskProgress:
    """Due times that are still to come are counted once they are done.

    Raises:
        NotFound: There is no such task.
        NotAllowed: The actor may not see what is done for it.
    """
    task, entries = seen_entries(session, actor, task_id)
    by_assignment: dict[int, list[Entry]] = defaultdict(list)
    for one in entries:
        if one.occurrence.state != OccurrenceState.CANCELLED:
            by_assignment[one.assignment.id].append(one)
    return TaskProgress(
        task_id=task.id,
        title=task.title,
        document_id=task.document_id,
        document=task.document_title,
        locator=task.locator,
        quote=task.quote,
        rows=tuple(_row(session, own, now) for own in by_assignment.values()),
    )


def _row(session: Session, own: Sequence[Entry], now: datetime) -> AssigneeRow:
    due = [one.occurrence for one in own]
    done = [one for one in due if one.state == OccurrenceState.DONE]
    open_late = [one for one in due if one not in done and one.due_at < now]
    proving = records.find(session, Wanted(occurrence_ids=[one.id for one in due]))
    return AssigneeRow(
        name=assignee(session, own[0].assignment),
        due=len(done) + len(open_late),
        done=len(done),
        late=len(open_late)
        + sum(one.done_at is not None and one.done_at > one.due_at for one in done),
        record_ids=tuple(one.id for one in proving),
    )


def seen_entries(session: Session, actor: Actor, task_id: int) -> tuple[Task, list[Entry]]:
    """A task with those of its due times that the actor may see.

    Raises:
        NotFound: There is no such task.
        NotAllowed: There is nothing of it that the actor may see.
    """
    task = task_rows.task(session, task_id)
    if task is None:
        raise NotFound("no such task", reply="没有这项任务，请核对编号，发 /任务 可以看到。")
    is_theirs = task.unit_id is not None and actor.may(Act.SEE_TASKS, task.unit_id)
    may_all = actor.is_operator or is_theirs
    seen = [
        one
        for one in occurrences.of_task(session, task_id)
        if may_all or _sees(actor, one.assignment)
    ]
    if not seen and not may_all:
        raise NotAllowed(f"member {actor.member_id} may not see task {task_id}")
    return task, seen


def assignee(session: Session, assignment: Assignment) -> str:
    """A person's or a unit's name; a chat's task has none."""
    of = assignment
    member = people.member(session, of.member_id) if of.member_id is not None else None
    if member is not None:
        return member.name
    unit = people.unit(session, of.unit_id) if of.unit_id is not None else None
    return unit.name if unit is not None else "群里的人"


def _sees(actor: Actor, assignment: Assignment) -> bool:
    if assignment.unit_id is not None and actor.may(Act.SEE_TASKS, assignment.unit_id):
        return True
    return actor.member_id is not None and assignment.member_id == actor.member_id
