"""Deliveries that wait for one conversation become one, while none of them has left.

The one that is under its owner's lease takes the others in: its reply becomes theirs too, they end
as coalesced, and what they covered is covered by it. All of that is one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from store.models import Delivery, DeliveryKind, DeliveryState, Notice


def beside(
    session: Session,
    delivery: Delivery,
    kinds: Collection[DeliveryKind],
    *,
    now: datetime,
    at_most: int,
) -> Sequence[Delivery]:
    """What is of these kinds, due for the same conversation and not begun, oldest first."""
    query = (
        select(Delivery)
        .where(
            Delivery.state == DeliveryState.OPEN,
            Delivery.channel == delivery.channel,
            Delivery.conversation == delivery.conversation,
            Delivery.id != delivery.id,
            Delivery.kind.in_(kinds),
            Delivery.on_doubt == delivery.on_doubt,
            Delivery.due_at <= now,
            Delivery.is_rendered.is_(False),
            or_(Delivery.lease_until.is_(None), Delivery.lease_until < now),
        )
        .order_by(Delivery.id)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def take_in(
    session: Session, delivery: Delivery, reply: str, others: Collection[int], now: datetime
) -> bool:
    """Let ``delivery`` say ``reply`` for all of them; False when it is another's by now."""
    held = session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            Delivery.attempt == delivery.attempt,
            Delivery.state == DeliveryState.OPEN,
        )
        .values(reply=reply)
    )
    assert isinstance(held, CursorResult)  # noqa: S101
    if not held.rowcount:
        return False
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(others))
        .values(state=DeliveryState.COALESCED, ended_at=now, reason="和别的消息合成一条发出。")
    )
    session.execute(
        update(Notice).where(Notice.delivery_id.in_(others)).values(delivery_id=delivery.id)
    )
    return True
