"""Occurrences: made once each, found when a reminder is due, listed for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models import Membership, Notice
from store.models_tasks import (
    OPEN_STATES,
    Assignment,
    Occurrence,
    OccurrenceState,
    Task,
    TaskState,
)


class Entry(NamedTuple):
    """An occurrence with what it belongs to."""

    occurrence: Occurrence
    assignment: Assignment
    task: Task


class Guess(NamedTuple):
    """A due time that was made before its year's calendar was known."""

    occurrence_id: int
    planned_at: datetime
    is_told: bool


def add_once(session: Session, values: Mapping[str, object]) -> bool:
    """False when this due time of the assignment is there already."""
    return insert_once(session, Occurrence, values)


def due(session: Session, now: datetime, limit: int) -> Sequence[Entry]:
    """Occurrences with a reminder due, earliest first, locked."""
    query = _entries().where(Occurrence.next_notice_at <= now)
    query = query.order_by(Occurrence.next_notice_at).limit(limit)
    return _listed(session, query.with_for_update(of=Occurrence))


def is_any_due(session: Session, now: datetime) -> bool:
    """Whether a reminder is still to be taken."""
    query = select(Occurrence.id).where(Occurrence.next_notice_at <= now).limit(1)
    return session.scalars(query).first() is not None


def entry(session: Session, occurrence_id: int, *, is_locked: bool = False) -> Entry | None:
    """One occurrence."""
    query = _entries().where(Occurrence.id == occurrence_id)
    if is_locked:
        query = query.with_for_update(of=Occurrence)
    return next(iter(_listed(session, query)), None)


def entries(session: Session, occurrence_ids: Collection[int]) -> Mapping[int, Entry]:
    """Several, by id."""
    found = _listed(session, _entries().where(Occurrence.id.in_(occurrence_ids)))
    return {one.occurrence.id: one for one in found}


def of_task(session: Session, task_id: int, *, is_open: bool = False) -> Sequence[Entry]:
    """All occurrences of a task by due time."""
    query = _entries().where(Occurrence.task_id == task_id)
    if is_open:
        query = query.where(Occurrence.state.in_(OPEN_STATES))
    return _listed(session, query.order_by(Occurrence.due_at, Occurrence.id))


def of_assignment(
    session: Session, assignment_id: int, states: Collection[str] = ()
) -> Sequence[Entry]:
    """Those of one assignment by due time; in any state when ``states`` is empty."""
    query = _entries().where(Occurrence.assignment_id == assignment_id)
    if states:
        query = query.where(Occurrence.state.in_(states))
    return _listed(session, query.order_by(Occurrence.due_at, Occurrence.id))


def of_people(
    session: Session,
    *,
    member_ids: Collection[int] = (),
    unit_ids: Collection[int] = (),
    account: str | None = None,
    is_open: bool = True,
    due_from: datetime | None = None,
    due_until: datetime | None = None,
    limit: int = 200,
) -> Sequence[Entry]:
    """What these members have, what these units have, or what an account asked for itself."""
    whose: list[ColumnElement[bool]] = [
        Assignment.member_id.in_(member_ids),
        Assignment.unit_id.in_(unit_ids),
    ]
    if account is not None:
        whose.append((Task.created_account == account) & (Assignment.assignee == "chat"))
    query = _entries().where(or_(*whose), Task.state != TaskState.CANCELLED)
    return _between(session, query, is_open, due_from, due_until, limit)


def of_units(
    session: Session,
    unit_ids: Collection[int] | None,
    *,
    is_open: bool = True,
    due_from: datetime | None = None,
    due_until: datetime | None = None,
    limit: int = 500,
) -> Sequence[Entry]:
    """What belongs to units, whoever has it; everything when None."""
    query = _entries().where(Task.state != TaskState.CANCELLED)
    if unit_ids is not None:
        query = query.where(belongs_to(unit_ids))
    return _between(session, query, is_open, due_from, due_until, limit)


def belongs_to(unit_ids: Collection[int]) -> ColumnElement[bool]:
    """Of a task of these units, or given to one of them or to somebody there."""
    here = select(Membership.member_id).where(Membership.unit_id.in_(unit_ids))
    return or_(
        Task.unit_id.in_(unit_ids),
        Assignment.unit_id.in_(unit_ids),
        Assignment.member_id.in_(here),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which occurrences a list is about; ``unit_ids`` None: of all units."""

    unit_ids: Collection[int] | None = None
    states: Collection[str] = ()
    """Any, when empty."""
    document: str = ""
    words: str = ""
    """A part of the title."""
    due_from: datetime | None = None
    due_until: datetime | None = None
    task_id: int | None = None
    """Of this task alone, also when it is cancelled."""
    occurrence_id: int | None = None


def sought(
    session: Session, wanted: Sought, *, offset: int = 0, limit: int = 50
) -> tuple[int, Sequence[Entry]]:
    """How many there are, and some of them by due time."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.task_id is None:
        conditions.append(Task.state != TaskState.CANCELLED)
    else:
        conditions.append(Occurrence.task_id == wanted.task_id)
    if wanted.occurrence_id is not None:
        conditions.append(Occurrence.id == wanted.occurrence_id)
    if wanted.words:
        conditions.append(Task.title.contains(wanted.words, autoescape=True))
    if wanted.unit_ids is not None:
        conditions.append(belongs_to(wanted.unit_ids))
    if wanted.states:
        conditions.append(Occurrence.state.in_(wanted.states))
    if wanted.document:
        conditions.append(Task.document_title == wanted.document)
    if wanted.due_from is not None:
        conditions.append(Occurrence.due_at >= wanted.due_from)
    if wanted.due_until is not None:
        conditions.append(Occurrence.due_at < wanted.due_until)
    total = session.scalar(
        select(func.count(Occurrence.id))
        .join(Assignment, Assignment.id == Occurrence.assignment_id)
        .join(Task, Task.id == Occurrence.task_id)
        .where(*conditions)
    )
    query = _entries().where(*conditions).order_by(Occurrence.due_at, Occurrence.id)
    return total or 0, _listed(session, query.offset(offset).limit(limit))


def documents(session: Session, unit_ids: Collection[int] | None) -> Sequence[str]:
    """Titles of the documents that these units' tasks come from."""
    query = (
        select(Task.document_title)
        .join(Assignment, Assignment.task_id == Task.id)
        .where(Task.document_title != "", Task.state != TaskState.CANCELLED)
    )
    if unit_ids is not None:
        query = query.where(belongs_to(unit_ids))
    return session.scalars(query.distinct().order_by(Task.document_title)).all()


def open_since(session: Session, since: datetime) -> Sequence[Entry]:
    """Open occurrences that are due after ``since``, for counting their reminders anew."""
    query = _entries().where(Occurrence.due_at >= since, Occurrence.state.in_(OPEN_STATES))
    return _listed(session, query.order_by(Occurrence.id))


def forget_provisional(session: Session, assignment_id: int, year: int) -> Sequence[Guess]:
    """Untouched guesses about ``year``, earliest first; dropped unless someone was told."""
    is_told = select(Notice.id).where(Notice.subject == _subject()).exists()
    rows = session.execute(
        select(Occurrence.id, Occurrence.planned_at, is_told)
        .where(
            Occurrence.assignment_id == assignment_id,
            Occurrence.missing_year == year,
            Occurrence.state == OccurrenceState.ASSIGNED,
            Occurrence.due_at == Occurrence.planned_at,
        )
        .order_by(Occurrence.planned_at)
    )
    guesses = [Guess(row[0], row[1], row[2]) for row in rows]
    untold = [guess.occurrence_id for guess in guesses if not guess.is_told]
    session.execute(delete(Occurrence).where(Occurrence.id.in_(untold)))
    return guesses


def withdraw(session: Session, occurrence_id: int) -> None:
    """A due time that is none any more: dropped, or cancelled when someone was told of it."""
    is_told = select(Notice.id).where(Notice.subject == f"occurrence:{occurrence_id}")
    if session.scalars(is_told.limit(1)).first() is None:
        session.execute(delete(Occurrence).where(Occurrence.id == occurrence_id))
        return
    session.execute(
        update(Occurrence)
        .where(Occurrence.id == occurrence_id)
        .values(state=OccurrenceState.CANCELLED, next_notice_at=None)
    )


def provisional_assignments(session: Session, year: int) -> Sequence[tuple[Assignment, Task]]:
    """Assignments with due times that wait for a year's calendar."""
    waiting = select(Occurrence.assignment_id).where(Occurrence.missing_year == year)
    rows = session.execute(
        select(Assignment, Task)
        .join(Task, Task.id == Assignment.task_id)
        .where(Assignment.id.in_(waiting))
        .order_by(Assignment.id)
    )
    return [(row[0], row[1]) for row in rows]


def doubt_year(session: Session, year: int, now: datetime) -> None:
    """What is ahead of rules in a year, and at the end of the one before, is provisional again."""
    since = max(now, datetime(year - 1, 12, 20, tzinfo=UTC))
    with_rule = select(Task.id).where(Task.rule.is_not(None))
    session.execute(
        update(Occurrence)
        .where(
            Occurrence.due_at >= since,
            Occurrence.due_at < datetime(year + 1, 1, 1, tzinfo=UTC),
            Occurrence.state == OccurrenceState.ASSIGNED,
            Occurrence.task_id.in_(with_rule),
        )
        .values(missing_year=year)
    )


def settle_year(session: Session, year: int) -> None:
    """What is left that was provisional for ``year`` is so no longer."""
    session.execute(
        update(Occurrence).where(Occurrence.missing_year == year).values(missing_year=None)
    )


def _subject() -> ColumnElement[str]:
    return literal("occurrence:").concat(cast(Occurrence.id, String))


_Entries = Select[Occurrence, Assignment, Task]


def _entries() -> _Entries:
    return (
        select(Occurrence, Assignment, Task)
        .join(Assignment, Assignment.id == Occurrence.assignment_id)
        .join(Task, Task.id == Occurrence.task_id)
    )


def _listed(session: Session, query: _Entries) -> Sequence[Entry]:
    return [Entry(row[0], row[1], row[2]) for row in session.execute(query)]


def _between(
    session: Session,
    query: _Entries,
    is_open: bool,
    due_from: datetime | None,
    due_until: datetime | None,
    limit: int,
) -> Sequence[Entry]:
    if is_open:
        query = query.where(Occurrence.state.in_(OPEN_STATES))
    if due_from is not None:
        query = query.where(Occurrence.due_at >= due_from)
    if due_until is not None:
        query = query.where(Occurrence.due_at < due_until)
    return _listed(session, query.order_by(Occurrence.due_at, Occurrence.id).limit(limit))
