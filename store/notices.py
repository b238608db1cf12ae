"""Reminders: each once, gathered into deliveries, with what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, CursorResult, Table, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from store import outbox
from store.inserting import insert_many_once
from store.models import Delivery, DeliveryState, Notice, OnDoubt, Part, PartState
from store.models_tasks import NoticeOutcome
from store.waking import wake

TOPIC = "reminders"
_SUBJECT = "occurrence:"
_ONE_AT_A_TIME = text("SELECT pg_try_advisory_xact_lock(792115)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """A reminder that is due. ``recipient`` None: nobody can be told."""

    occurrence_id: int
    due_at: datetime
    """As it was when the reminder was made; put off, an occurrence is reminded of anew."""
    stage: str
    scheduled_at: datetime
    recipient: str | None
    member_id: int | None
    outcome: NoticeOutcome


class Receipt(NamedTuple):
    """A reminder with the delivery that covers it, if any."""

    notice: Notice
    delivery: Delivery | None


def may_fire(session: Session) -> bool:
    """Whether this transaction is the only one that turns what is due into reminders."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.execute(_ONE_AT_A_TIME).scalar_one())


def add_once(session: Session, new: Sequence[NewNotice], now: datetime) -> None:
    """Keep reminders; one that was kept before is left as it is."""
    insert_many_once(
        session,
        Notice,
        [
            {
                "key": _key(one),
                "member_id": one.member_id,
                "subject": f"{_SUBJECT}{one.occurrence_id}",
                "created_at": now,
                "recipient": one.recipient,
                "stage": one.stage,
                "scheduled_at": one.scheduled_at,
                "outcome": one.outcome,
            }
            for one in new
        ],
    )


def _key(one: NewNotice) -> str:
    due = f"{one.due_at.astimezone(UTC):%Y%m%dT%H%M%S}"
    return f"{_SUBJECT}{one.occurrence_id}:{due}:{one.stage}:{one.recipient}"


def is_any_waiting(session: Session) -> bool:
    """Whether reminders wait to be gathered."""
    query = select(Notice.id).where(_is_waiting(), Notice.recipient.is_not(None)).limit(1)
    return session.scalars(query).first() is not None


def waiting_recipients(session: Session, limit: int) -> Sequence[str]:
    """Who has reminders waiting, longest first."""
    first = func.min(Notice.id)
    rows = session.execute(
        select(Notice.recipient)
        .where(_is_waiting(), Notice.recipient.is_not(None))
        .group_by(Notice.recipient)
        .order_by(first)
        .limit(limit)
    )
    return [recipient for (recipient,) in rows if recipient is not None]


def waiting_for(session: Session, recipients: Collection[str]) -> Mapping[str, Sequence[Notice]]:
    """Everything that waits for these, by recipient."""
    found: dict[str, list[Notice]] = defaultdict(list)
    for notice in session.scalars(
        select(Notice).where(_is_waiting(), Notice.recipient.in_(recipients)).order_by(Notice.id)
    ):
        found[notice.recipient or ""].append(notice)
    return found


def occurrence_of(notice: Notice) -> int:
    """The occurrence a reminder is about."""
    return int(notice.subject.removeprefix(_SUBJECT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a reminder that waited."""

    notice_id: int
    outcome: NoticeOutcome
    delivery_id: int | None = None


def settle(session: Session, settled: Sequence[Settled]) -> None:
    """Say what became of reminders that waited."""
    if not settled:
        return
    table = Notice.__table__
    assert isinstance(table, Table)  # noqa: S101
    statement = (
        update(table)
        .where(table.c.id == bindparam("notice"), table.c.outcome == NoticeOutcome.WAITING)
        .values(outcome=bindparam("became"), delivery_id=bindparam("delivery"))
    )
    session.execute(
        statement,
        [
            {"notice": one.notice_id, "became": one.outcome, "delivery": one.delivery_id}
            for one in settled
        ],
    )


def receipts(session: Session, occurrence_id: int) -> Sequence[Receipt]:
    """Every reminder of an occurrence, and how far each got."""
    rows = session.execute(
        select(Notice, Delivery)
        .outerjoin(Delivery, Delivery.id == Notice.delivery_id)
        .where(Notice.subject == f"{_SUBJECT}{occurrence_id}")
        .order_by(Notice.id)
    )
    return [Receipt(row[0], row[1]) for row in rows]


def received(session: Session, occurrence_id: int, member_id: int | None, now: datetime) -> None:
    """Somebody has seen the reminders of an occurrence."""
    whose = [] if member_id is None else [Notice.member_id == member_id]
    session.execute(
        update(Notice)
        .where(
            Notice.subject == f"{_SUBJECT}{occurrence_id}",
            Notice.received_at.is_(None),
            *whose,
        )
        .values(received_at=now)
    )


def outcomes(session: Session) -> Mapping[str, int]:
    """How many reminders ended how, for the metrics."""
    rows = session.execute(
        select(Notice.outcome, func.count())
        .where(Notice.outcome.is_not(None))
        .group_by(Notice.outcome)
    )
    return {str(outcome): count for outcome, count in rows}


def not_told(session: Session, *, limit: int = 100) -> Sequence[Notice]:
    """Reminders that were missed or reached nobody, newest first."""
    outcomes = (NoticeOutcome.MISSED, NoticeOutcome.UNREACHABLE)
    return session.scalars(
        select(Notice).where(Notice.outcome.in_(outcomes)).order_by(Notice.id.desc()).limit(limit)
    ).all()


def of_delivery(session: Session, delivery_id: int) -> Sequence[Notice]:
    """The reminders a delivery covers."""
    return session.scalars(
        select(Notice)
        .where(Notice.delivery_id == delivery_id, Notice.subject.startswith(_SUBJECT))
        .order_by(Notice.id)
    ).all()


def of_conversation(
    session: Session, channel: str, conversation: str, *, limit: int = 50
) -> Sequence[Notice]:
    """The latest reminders that went to a conversation, newest first."""
    return session.scalars(
        select(Notice)
        .join(Delivery, Delivery.id == Notice.delivery_id)
        .where(
            Delivery.channel == channel,
            Delivery.conversation == conversation,
            Notice.subject.startswith(_SUBJECT),
        )
        .order_by(Notice.id.desc())
        .limit(limit)
    ).all()


def undecided(session: Session, *, limit: int = 100) -> Sequence[Delivery]:
    """Deliveries of which nobody knows whether they arrived, oldest first."""
    return session.scalars(
        select(Delivery)
        .where(Delivery.state == DeliveryState.UNCERTAIN)
        .order_by(Delivery.id)
        .limit(limit)
    ).all()


def resend(session: Session, delivery_id: int, now: datetime) -> bool:
    """Send what is uncertain again, marked; False when it is not uncertain any more."""
    reopened = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == DeliveryState.UNCERTAIN)
        .values(
            state=DeliveryState.OPEN,
            on_doubt=OnDoubt.RESEND,
            reason=None,
            ended_at=None,
            retry_at=now,
            failures=0,
        )
    )
    assert isinstance(reopened, CursorResult)  # noqa: S101
    wake(session, outbox.TOPIC)
    return reopened.rowcount > 0


def trust(session: Session, delivery_id: int, reason: str) -> bool:
    """Somebody knows that what was uncertain has arrived; False when it is not uncertain."""
    ended = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == DeliveryState.UNCERTAIN)
        .values(state=DeliveryState.SENT, reason=reason)
    )
    assert isinstance(ended, CursorResult)  # noqa: S101
    if ended.rowcount:
        session.execute(
            update(Part)
            .where(Part.delivery_id == delivery_id, Part.state == PartState.UNCERTAIN)
            .values(state=PartState.SENT)
        )
    return ended.rowcount > 0


def give_up(session: Session, delivery_id: int, reason: str) -> bool:
    """Let what is uncertain be; False when it is not uncertain any more."""
    ended = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == DeliveryState.UNCERTAIN)
        .values(state=DeliveryState.FAILED, reason=reason)
    )
    assert isinstance(ended, CursorResult)  # noqa: S101
    if ended.rowcount:
        session.execute(
            update(Part)
            .where(Part.delivery_id == delivery_id, Part.state == PartState.UNCERTAIN)
            .values(state=PartState.FAILED)
        )
    return ended.rowcount > 0


def _is_waiting() -> ColumnElement[bool]:
    return Notice.outcome == text("'waiting'")
