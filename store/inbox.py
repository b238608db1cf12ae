"""Messages accepted, and the turns they wait for.

A message is claimed under a lease. Within a turn only the oldest that is not yet handled can be
claimed, and only while none of its turn is being worked on, by whichever replica.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from store.inserting import HotInsert
from store.models import InboxMessage, InboxState
from store.waking import wake

TOPIC = "inbox"

_ACCEPT = HotInsert(
    "inbox", "channel", "message_id", "turn", "body", "state", "accepted_at", "attempts"
)


def accept(
    session: Session,
    *,
    channel: str,
    message_id: str,
    turn: str,
    body: str,
    now: datetime,
    state: InboxState = InboxState.ACCEPTED,
) -> bool:
    """Store a message once; False when it was there already."""
    is_new = _ACCEPT.run(session, channel, message_id, turn, body, state.value, now, 0)
    if is_new and state is InboxState.ACCEPTED:
        wake(session, TOPIC)
    return is_new


def claim(
    session: Session, *, owner: str, limit: int, now: datetime, lease: timedelta
) -> Sequence[InboxMessage]:
    """Take messages whose turn it is, oldest first."""
    other = aliased(InboxMessage)
    is_blocked = (
        select(other.id)
        .where(
            other.state == InboxState.ACCEPTED,
            other.turn == InboxMessage.turn,
            or_(
                other.id < InboxMessage.id,
                (other.id > InboxMessage.id) & (other.lease_until >= now),
            ),
        )
        .exists()
    )
    ready = session.scalars(
        select(InboxMessage.id)
        .where(
            InboxMessage.state == InboxState.ACCEPTED,
            or_(InboxMessage.lease_until.is_(None), InboxMessage.lease_until < now),
            ~is_blocked,
        )
        .order_by(InboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not ready:
        return ()
    claimed = session.scalars(
        update(InboxMessage)
        .where(InboxMessage.id.in_(ready))
        .values(owner=owner, lease_until=now + lease, attempts=InboxMessage.attempts + 1)
        .returning(InboxMessage)
    )
    return sorted(claimed, key=lambda message: message.id)


def finish(
    session: Session,
    message_id: int,
    *,
    attempt: int,
    now: datetime,
    state: InboxState = InboxState.HANDLED,
) -> bool:
    """Mark as done; False when another owner has claimed it since ``attempt``."""
    done = session.execute(
        update(InboxMessage)
        .where(
            InboxMessage.id == message_id,
            InboxMessage.attempts == attempt,
            InboxMessage.state == InboxState.ACCEPTED,
        )
        .values(state=state, handled_at=now, owner=None, lease_until=None)
    )
    assert isinstance(done, CursorResult)  # noqa: S101
    wake(session, TOPIC)
    return done.rowcount > 0


def renew(session: Session, owner: str, *, until: datetime) -> None:
    """Keep what ``owner`` is working on."""
    session.execute(
        update(InboxMessage)
        .where(InboxMessage.state == InboxState.ACCEPTED, InboxMessage.owner == owner)
        .values(lease_until=until)
    )


def release(session: Session, owner: str | None = None) -> None:
    """Give back what ``owner`` claimed; everything, when no owner can be alive."""
    mine = [] if owner is None else [InboxMessage.owner == owner]
    session.execute(
        update(InboxMessage)
        .where(InboxMessage.state == InboxState.ACCEPTED, *mine)
        .values(owner=None, lease_until=None)
    )
    wake(session, TOPIC)


def waiting(session: Session) -> Mapping[str, int]:
    """How many messages of each turn are not handled yet."""
    rows = session.execute(
        select(InboxMessage.turn, func.count())
        .where(InboxMessage.state == InboxState.ACCEPTED)
        .group_by(InboxMessage.turn)
    )
    return {turn: count for turn, count in rows}  # noqa: C416 rows are not pairs to mypy


def purge(session: Session, *, before: datetime) -> int:
    """Forget what was done with before; keep keys for a day at least, platforms repeat."""
    gone = session.execute(
        delete(InboxMessage).where(
            InboxMessage.state != InboxState.ACCEPTED, InboxMessage.accepted_at < before
        )
    )
    assert isinstance(gone, CursorResult)  # noqa: S101
    return gone.rowcount
