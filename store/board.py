"""Counts for the board: what is due, what waits, how much was asked and answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, case, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from store.instant import to_microseconds
from store.models import Membership
from store.models_questions import Question
from store.models_records import RollCall
from store.models_tasks import OPEN_STATES, Assignment, Occurrence, OccurrenceState, Task, TaskState
from store.occurrences import belongs_to
from store.questions import QuestionState

_DAY = timedelta(days=1) // timedelta(microseconds=1)
_OPEN = (QuestionState.UNANSWERED, QuestionState.ROUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Questions of one day; ``day`` counts from the first that is asked for."""

    day: int
    count: int
    unanswered: int


def due_by_day(
    session: Session, units: Collection[int] | None, since: datetime, days: int
) -> Mapping[int, int]:
    """How many open occurrences fall due on each of the days after ``since``, a midnight."""
    day = (type_coerce(Occurrence.due_at, BigInteger) - to_microseconds(since)) // _DAY
    query = (
        select(day, func.count())
        .join(Assignment, Assignment.id == Occurrence.assignment_id)
        .join(Task, Task.id == Occurrence.task_id)
        .where(
            Occurrence.due_at >= since,
            Occurrence.due_at < since + timedelta(days=days),
            Occurrence.state.in_(OPEN_STATES),
            *_of_units(units),
        )
        .group_by(day)
    )
    return {int(row[0]): row[1] for row in session.execute(query)}


def by_state(
    session: Session, units: Collection[int] | None, since: datetime, until: datetime
) -> Mapping[OccurrenceState, int]:
    """Occurrences that fall due in a stretch of time, by state."""
    query = (
        select(Occurrence.state, func.count())
        .join(Assignment, Assignment.id == Occurrence.assignment_id)
        .join(Task, Task.id == Occurrence.task_id)
        .where(Occurrence.due_at >= since, Occurrence.due_at < until, *_of_units(units))
        .group_by(Occurrence.state)
    )
    return {OccurrenceState(row[0]): row[1] for row in session.execute(query)}


def late(session: Session, units: Collection[int] | None, now: datetime) -> int:
    """Open occurrences whose time is over."""
    query = (
        select(func.count(Occurrence.id))
        .join(Assignment, Assignment.id == Occurrence.assignment_id)
        .join(Task, Task.id == Occurrence.task_id)
        .where(Occurrence.due_at < now, Occurrence.state.in_(OPEN_STATES), *_of_units(units))
    )
    return session.scalar(query) or 0


def asked_by_day(
    session: Session, units: Collection[int] | None, since: datetime, days: int
) -> Sequence[Asked]:
    """Questions on each of the days after ``since``, a midnight; days without any are left out."""
    day = (type_coerce(Question.asked_at, BigInteger) - to_microseconds(since)) // _DAY
    unanswered = func.sum(case((Question.answered.is_(False), 1), else_=0))
    query = (
        select(day, func.count(), unanswered)
        .where(
            Question.asked_at >= since,
            Question.asked_at < since + timedelta(days=days),
            *_asked_in(units),
        )
        .group_by(day)
        .order_by(day)
    )
    return [
        Asked(day=int(row[0]), count=row[1], unanswered=int(row[2] or 0))
        for row in session.execute(query)
    ]


def open_questions(
    session: Session, units: Collection[int] | None, member_id: int | None, *, sees_guests: bool
) -> int:
    """Questions that wait for a person's answer."""
    query = select(func.count(Question.id)).where(
        Question.state.in_(_OPEN), waits_for(units, member_id, sees_guests=sees_guests)
    )
    return session.scalar(query) or 0


def waits_for(
    units: Collection[int] | None, member_id: int | None, *, sees_guests: bool
) -> ColumnElement[bool]:
    """Questions of those in ``units`` (None: of all), of guests, or handed to ``member_id``."""
    if units is None:
        return Question.id.is_not(None)
    whose = [*_asked_in(units)]
    if member_id is not None:
        whose.append(Question.routed_to == member_id)
    if sees_guests:
        whose.append(Question.asked_by.is_(None))
    return or_(*whose)


def open_roll_calls(
    session: Session, units: Collection[int] | None, now: datetime, limit: int
) -> Sequence[RollCall]:
    """Check-ins that are open, those that close first at the front."""
    query = select(RollCall).where(RollCall.closed_at.is_(None), RollCall.closes_at > now)
    if units is not None:
        query = query.where(RollCall.unit_id.in_(units), RollCall.is_confidential.is_(False))
    return session.scalars(query.order_by(RollCall.closes_at, RollCall.id).limit(limit)).all()


def _of_units(units: Collection[int] | None) -> list[ColumnElement[bool]]:
    of_task = [Task.state != TaskState.CANCELLED]
    return of_task if units is None else [*of_task, belongs_to(units)]


def _asked_in(units: Collection[int] | None) -> list[ColumnElement[bool]]:
    if units is None:
        return []
    here = select(Membership.member_id).where(Membership.unit_id.in_(units))
    return [Question.asked_by.in_(here)]
