"""How much waits, how long, and what became of the rest: for whoever watches the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, case, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from store import instant
from store.models import Delivery, DeliveryState, InboxMessage, InboxState, Notice
from store.models_questions import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """Counts by what they are about; ages in seconds."""

    messages: Sequence[tuple[str, int]]
    """By state."""
    inbox_lag_s: float
    """Since the oldest message that is not handled was accepted."""
    handling_s: tuple[int, float]
    """Messages handled, and the seconds from accepting to handling, together."""
    deliveries: Sequence[tuple[str, str, str, int]]
    """By channel, kind and state."""
    outbox_depth: Sequence[tuple[str, int]]
    """Due and not sent, by channel."""
    outbox_lag_s: float
    """Since the oldest of those was due."""
    reminders: Sequence[tuple[str, int]]
    """Notices of reminders, by outcome."""
    questions: Sequence[tuple[str, int]]
    """By state."""
    answers: tuple[int, float, Sequence[int]]
    """How many, seconds together, and how many took at most each of the bounds given."""


def gauges(session: Session, answer_bounds_s: Sequence[float]) -> Gauges:
    """Everything, as of one moment."""
    now = instant.now(session)
    is_due = (Delivery.state == DeliveryState.OPEN) & (Delivery.due_at <= now)
    waiting = InboxMessage.state == InboxState.ACCEPTED
    return Gauges(
        messages=_by(session, InboxMessage.state),
        inbox_lag_s=_since(
            session.scalar(select(func.min(InboxMessage.accepted_at)).where(waiting)), now
        ),
        handling_s=_handling(session),
        deliveries=[
            (row[0], row[1], row[2], row[3])
            for row in session.execute(
                select(Delivery.channel, Delivery.kind, Delivery.state, func.count()).group_by(
                    Delivery.channel, Delivery.kind, Delivery.state
                )
            )
        ],
        outbox_depth=[
            (row[0], row[1])
            for row in session.execute(
                select(Delivery.channel, func.count()).where(is_due).group_by(Delivery.channel)
            )
        ],
        outbox_lag_s=_since(session.scalar(select(func.min(Delivery.due_at)).where(is_due)), now),
        reminders=[
            (str(row[0]), row[1])
            for row in session.execute(
                select(Notice.outcome, func.count())
                .where(Notice.outcome.is_not(None))
                .group_by(Notice.outcome)
            )
        ],
        questions=_by(session, Question.state),
        answers=_answers(session, answer_bounds_s),
    )


def _by(session: Session, column: InstrumentedAttribute[str]) -> Sequence[tuple[str, int]]:
    found = session.execute(select(column, func.count()).group_by(column))
    return [(row[0], row[1]) for row in found]


def _since(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())


def _handling(session: Session) -> tuple[int, float]:
    """Instants are microseconds in the database."""
    handled, accepted = (
        type_coerce(one, BigInteger) for one in (InboxMessage.handled_at, InboxMessage.accepted_at)
    )
    micros = handled - accepted
    row = session.execute(
        select(func.count(), func.sum(micros)).where(InboxMessage.handled_at.is_not(None))
    ).one()
    return row[0], float(row[1] or 0) / 1_000_000


def _answers(session: Session, bounds_s: Sequence[float]) -> tuple[int, float, Sequence[int]]:
    within = [
        func.sum(case((Question.elapsed_ms <= bound * 1000, 1), else_=0)) for bound in bounds_s
    ]
    row = session.execute(select(func.count(), func.sum(Question.elapsed_ms), *within)).one()
    return row[0], float(row[1] or 0) / 1000, [int(one or 0) for one in row[2:]]
