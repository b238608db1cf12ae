"""What should stand in people's to-do lists, and what is known to stand there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models import Account
from store.models_tasks import OPEN_STATES, Assignment, Occurrence, OccurrenceState, Task, TaskState
from store.models_todos import Todo
from store.occurrences import Entry


def open_entries(session: Session, since: datetime, until: datetime, limit: int) -> Sequence[Entry]:
    """What is still to be done and due between the two, earliest first; no group's own."""
    rows = session.execute(
        select(Occurrence, Assignment, Task)
        .join(Assignment, Assignment.id == Occurrence.assignment_id)
        .join(Task, Task.id == Occurrence.task_id)
        .where(
            Occurrence.state.in_(OPEN_STATES),
            Occurrence.due_at.between(since, until),
            Task.state == TaskState.ACTIVE,
            Assignment.is_active,
            or_(Task.conversation.is_(None), Task.is_group.is_(False)),
        )
        .order_by(Occurrence.due_at, Occurrence.id)
        .limit(limit)
    )
    return [Entry(*row) for row in rows]


def accounts(session: Session, platform: str, member_ids: Collection[int]) -> Mapping[int, str]:
    """One account there of each who has any, the one last used."""
    rows = session.scalars(
        select(Account)
        .where(Account.platform == platform, Account.member_id.in_(member_ids))
        .order_by(Account.seen_at.is_not(None), Account.seen_at, Account.account)
    )
    return {row.member_id: row.account for row in rows if row.member_id is not None}


def known(session: Session, sources: Collection[str]) -> Mapping[str, Todo]:
    """Those of ``sources`` that were begun, and all that are open."""
    rows = session.scalars(select(Todo).where(or_(Todo.is_open, Todo.source.in_(sources))))
    return {row.source: row for row in rows}


def begin(session: Session, values: Mapping[str, object]) -> bool:
    """Remember that it is about to be made; False when it was begun before."""
    return insert_once(session, Todo, values)


def made(session: Session, source: str, owner: str, remote_id: str, shown: str) -> None:
    """The platform has it, and it shows this."""
    session.execute(
        update(Todo)
        .where(Todo.source == source)
        .values(owner=owner, remote_id=remote_id, shown=shown, is_open=True)
    )


def closed(session: Session, source: str) -> None:
    """It is done, or gone; whose it was there need not be known any more."""
    session.execute(
        update(Todo).where(Todo.source == source).values(shown="", owner="", is_open=False)
    )


def are_done(session: Session, occurrence_ids: Collection[int]) -> Collection[int]:
    """Those of which the assignee has done their part."""
    ended = (OccurrenceState.REPORTED, OccurrenceState.DONE)
    return set(
        session.scalars(
            select(Occurrence.id).where(
                Occurrence.id.in_(occurrence_ids), Occurrence.state.in_(ended)
            )
        )
    )


def forget(session: Session, before: datetime) -> None:
    """Drop what was closed and begun before ``before``."""
    session.execute(delete(Todo).where(Todo.is_open.is_(False), Todo.begun_at < before))
