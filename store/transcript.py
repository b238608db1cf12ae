"""One person's conversation, read back: what they said and what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from store.models import Delivery, DeliveryState, InboxMessage
from store.outbox import TOPIC
from store.waking import wake


def said(
    session: Session, channel: str, conversation: str, *, limit: int
) -> Sequence[InboxMessage]:
    """The latest messages accepted in a conversation, oldest first."""
    latest = session.scalars(
        select(InboxMessage)
        .where(
            InboxMessage.channel == channel,
            InboxMessage.turn.startswith(f"{channel}\n{conversation}\n", autoescape=True),
        )
        .order_by(InboxMessage.id.desc())
        .limit(limit)
    ).all()
    return latest[::-1]


def replies_after(
    session: Session, channel: str, conversation: str, uid: str, *, limit: int
) -> Sequence[Delivery]:
    """What was sent after the delivery ``uid``, oldest first; the latest when it is unknown."""
    sent = select(Delivery).where(
        Delivery.channel == channel,
        Delivery.conversation == conversation,
        Delivery.state == DeliveryState.SENT,
    )
    seen = session.scalars(select(Delivery.id).where(Delivery.uid == uid)).one_or_none()
    if seen is not None:
        sent = sent.where(Delivery.id > seen)
    latest = session.scalars(sent.order_by(Delivery.id.desc()).limit(limit)).all()
    return latest[::-1]


def hurry(session: Session, channel: str, conversation: str, now: datetime) -> None:
    """Try what waits for this conversation at once: somebody is there to read it."""
    session.execute(
        update(Delivery)
        .where(
            Delivery.channel == channel,
            Delivery.conversation == conversation,
            Delivery.state == DeliveryState.OPEN,
            Delivery.retry_at > now,
            Delivery.due_at <= now,
        )
        .values(retry_at=now)
    )
    wake(session, TOPIC)
