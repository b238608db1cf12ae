"""Tasks, to whom they were given, and their history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models_tasks import (
    Assignment,
    Occurrence,
    Postponement,
    PostponementState,
    Task,
    TaskEvent,
    TaskState,
)


def by_key(session: Session, key: str) -> Task | None:
    """The task that was made under ``key``."""
    return session.scalars(select(Task).where(Task.key == key)).one_or_none()


def task(session: Session, task_id: int) -> Task | None:
    """One task, in any state."""
    return session.get(Task, task_id)


def tasks(
    session: Session,
    *,
    unit_ids: Collection[int] | None = None,
    document_id: str | None = None,
    label: str | None = None,
    is_open: bool = True,
) -> Sequence[Task]:
    """Tasks that belong to these units, newest last; ``is_open`` without what gave way."""
    query = select(Task).order_by(Task.id)
    if unit_ids is not None:
        query = query.where(Task.unit_id.in_(unit_ids))
    if document_id is not None:
        query = query.where(Task.document_id == document_id)
    if is_open:
        query = query.where(Task.state != TaskState.CANCELLED, Task.superseded_by.is_(None))
    found = session.scalars(query).all()
    return found if label is None else [one for one in found if label in one.labels]


def assign(
    session: Session,
    task_id: int,
    assignee: str,
    *,
    now: datetime,
    planned_until: datetime,
    member_id: int | None = None,
    unit_id: int | None = None,
    role: str | None = None,
) -> Assignment | None:
    """Give a task to someone; None when they have it already."""
    is_new = insert_once(
        session,
        Assignment,
        {
            "task_id": task_id,
            "assignee": assignee,
            "member_id": member_id,
            "unit_id": unit_id,
            "role": role,
            "assigned_at": now,
            "planned_until": planned_until,
            "plan_at": now,
        },
    )
    if not is_new:
        return None
    return session.scalars(
        select(Assignment).where(Assignment.task_id == task_id, Assignment.assignee == assignee)
    ).one()


def assignments(session: Session, task_id: int) -> Sequence[Assignment]:
    """Everyone a task was given to."""
    return session.scalars(
        select(Assignment).where(Assignment.task_id == task_id).order_by(Assignment.id)
    ).all()


def to_plan(session: Session, now: datetime, limit: int) -> Sequence[tuple[Assignment, Task]]:
    """Assignments whose next due times are to be made."""
    rows = session.execute(
        select(Assignment, Task)
        .join(Task, Task.id == Assignment.task_id)
        .where(Assignment.plan_at <= now)
        .order_by(Assignment.plan_at)
        .limit(limit)
        .with_for_update(of=Assignment, skip_locked=True)
    )
    return [(row[0], row[1]) for row in rows]


def is_any_to_plan(session: Session, now: datetime) -> bool:
    """Whether due times are to be made."""
    query = select(Assignment.id).where(Assignment.plan_at <= now).limit(1)
    return session.scalars(query).first() is not None


def record(
    session: Session,
    task_id: int,
    what: str,
    *,
    now: datetime,
    member_id: int | None,
    occurrence_id: int | None = None,
    note: str = "",
) -> None:
    """Append to the history."""
    session.add(
        TaskEvent(
            task_id=task_id,
            occurrence_id=occurrence_id,
            at=now,
            member_id=member_id,
            what=what,
            note=note,
        )
    )


def reported_lately(session: Session, member_id: int, since: datetime) -> int | None:
    """The occurrence that a member last reported done after ``since``."""
    query = (
        select(TaskEvent.occurrence_id)
        .where(
            TaskEvent.member_id == member_id,
            TaskEvent.what == "report",
            TaskEvent.at >= since,
        )
        .order_by(TaskEvent.id.desc())
        .limit(1)
    )
    return session.scalars(query).first()


def history(
    session: Session, task_id: int, occurrence_id: int | None = None
) -> Sequence[TaskEvent]:
    """What happened to a task; to one occurrence and to the task as a whole when it is named."""
    query = select(TaskEvent).where(TaskEvent.task_id == task_id).order_by(TaskEvent.id)
    if occurrence_id is not None:
        query = query.where(
            or_(TaskEvent.occurrence_id == occurrence_id, TaskEvent.occurrence_id.is_(None))
        )
    return session.scalars(query).all()


def ask_postponement(
    session: Session,
    occurrence_id: int,
    *,
    until: datetime,
    reason: str,
    asked_by: int | None,
    now: datetime,
) -> Postponement:
    """Keep a wish for more time; an earlier one that is undecided is replaced by it."""
    for earlier in session.scalars(
        select(Postponement).where(
            Postponement.occurrence_id == occurrence_id,
            Postponement.state == PostponementState.ASKED,
        )
    ):
        session.delete(earlier)
    asked = Postponement(
        occurrence_id=occurrence_id, until=until, reason=reason, asked_by=asked_by, asked_at=now
    )
    session.add(asked)
    session.flush()
    return asked


def postponement(session: Session, postponement_id: int) -> Postponement | None:
    """One wish, under a lock: it is decided once."""
    return session.get(Postponement, postponement_id, with_for_update=True)


def undecided(session: Session) -> Sequence[tuple[Postponement, Occurrence, Task]]:
    """Wishes that wait for a decision, oldest first."""
    rows = session.execute(
        select(Postponement, Occurrence, Task)
        .join(Occurrence, Occurrence.id == Postponement.occurrence_id)
        .join(Task, Task.id == Occurrence.task_id)
        .where(Postponement.state == PostponementState.ASKED)
        .order_by(Postponement.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]
