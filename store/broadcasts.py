"""Broadcasts, and how far each of their readers got."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models import Delivery, Notice
from store.models_running import Broadcast

_SUBJECT = "broadcast:"


class Reader(NamedTuple):
    """``delivery`` None: there was no account to send to."""

    notice: Notice
    delivery: Delivery | None


def add(
    session: Session,
    *,
    text: str,
    audience: str,
    made_by: int | None,
    made_account: str,
    now: datetime,
    due_at: datetime,
) -> Broadcast:
    """Keep a text that goes to many."""
    row = Broadcast(
        text=text,
        audience=audience,
        made_by=made_by,
        made_account=made_account,
        made_at=now,
        due_at=due_at,
    )
    session.add(row)
    session.flush()
    return row


def get(session: Session, broadcast_id: int) -> Broadcast | None:
    """One broadcast."""
    return session.get(Broadcast, broadcast_id)


def recent(session: Session, *, limit: int = 50) -> Sequence[Broadcast]:
    """Newest first."""
    return session.scalars(select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)).all()


def note(
    session: Session,
    broadcast_id: int,
    recipient: str,
    *,
    member_id: int | None,
    delivery_id: int | None,
    now: datetime,
) -> bool:
    """Say that somebody is to read it, once."""
    row = {
        "key": f"{_SUBJECT}{broadcast_id}:{recipient}",
        "member_id": member_id,
        "subject": f"{_SUBJECT}{broadcast_id}",
        "delivery_id": delivery_id,
        "created_at": now,
        "recipient": recipient,
    }
    return insert_once(session, Notice, row)


def readers(session: Session, broadcast_id: int) -> Sequence[Reader]:
    """Everybody it went to, in order."""
    rows = session.execute(
        select(Notice, Delivery)
        .outerjoin(Delivery, Delivery.id == Notice.delivery_id)
        .where(Notice.subject == f"{_SUBJECT}{broadcast_id}")
        .order_by(Notice.id)
    )
    return [Reader(row[0], row[1]) for row in rows]


def receive(session: Session, broadcast_id: int, member_id: int, now: datetime) -> bool:
    """Somebody has read it; False when it was not for them."""
    row = session.scalars(
        select(Notice).where(
            Notice.subject == f"{_SUBJECT}{broadcast_id}", Notice.member_id == member_id
        )
    ).first()
    if row is None:
        return False
    row.received_at = row.received_at or now
    return True


def latest_notice(session: Session, member_id: int, since: datetime) -> Notice | None:
    """The newest thing a member was told, of whatever kind."""
    return session.scalars(
        select(Notice)
        .where(
            Notice.member_id == member_id,
            Notice.created_at >= since,
            Notice.delivery_id.is_not(None),
        )
        .order_by(Notice.id.desc())
        .limit(1)
    ).first()


def broadcast_of(notice: Notice) -> int | None:
    """The broadcast a notice is about, if it is about one."""
    if not notice.subject.startswith(_SUBJECT):
        return None
    return int(notice.subject.removeprefix(_SUBJECT))


def members_of(session: Session, broadcast_id: int, *, is_unread: bool) -> Collection[int]:
    """Whom it went to; with ``is_unread`` those who have not said that they read it."""
    query = select(Notice.member_id).where(
        Notice.subject == f"{_SUBJECT}{broadcast_id}", Notice.member_id.is_not(None)
    )
    if is_unread:
        query = query.where(Notice.received_at.is_(None))
    return [member_id for member_id in session.scalars(query) if member_id is not None]
