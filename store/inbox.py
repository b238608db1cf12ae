"""Messages accepted, and the turns they wait for.

A message is claimed under a lease. Within a turn only the one that was sent first, of those not
yet handled, can be claimed, and only while none of its turn is being worked on, by whichever
replica. A message that arrives late goes before those that were sent after it and still wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Integer, bindparam, delete, func, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from store.inserting import HotInsert, HotStatement
from store.models import InboxMessage, InboxState
from store.waking import wake

TOPIC = "inbox"

_ACCEPT = HotInsert(
    "inbox", "channel", "message_id", "turn", "body", "state", "accepted_at", "attempts",
    "sent_at", "number",
)  # fmt: skip

_FINISH = HotStatement(
    "UPDATE inbox SET state = ?, handled_at = ?, owner = NULL, lease_until = NULL"
    " WHERE id = ? AND attempts = ? AND state = 'accepted'"
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
    sent_at: datetime | None = None,
    number: int = 0,
) -> bool:
    """Store a message once; False when it was there already."""
    is_new = _ACCEPT.run(
        session, channel, message_id, turn, body, state.value, now, 0, sent_at or now, number
    )
    if is_new and state is InboxState.ACCEPTED:
        wake(session, TOPIC)
    return is_new


def claim(
    session: Session, *, owner: str, limit: int, now: datetime, lease: timedelta
) -> Sequence[InboxMessage]:
    """Take messages whose turn it is, by when they arrived."""
    ready = session.execute(_READY, {"now": now, "most": limit}).all()
    if ready and session.get_bind().dialect.name == "postgresql":
        free = _undisputed(session, {turn for _, turn in ready}, now)
        ready = [row for row in ready if row.turn in free]
    if not ready:
        return ()
    ids = [row.id for row in ready]
    claimed = session.scalars(_CLAIM, {"ready": ids, "by": owner, "until": now + lease})
    return sorted(claimed, key=lambda message: message.id)


_OTHER = aliased(InboxMessage)
_IS_BLOCKED = (
    select(_OTHER.id)
    .where(
        _OTHER.state == InboxState.ACCEPTED,
        _OTHER.turn == InboxMessage.turn,
        or_(
            tuple_(_OTHER.sent_at, _OTHER.number, _OTHER.id)
            < tuple_(InboxMessage.sent_at, InboxMessage.number, InboxMessage.id),
            (_OTHER.id != InboxMessage.id) & (_OTHER.lease_until >= bindparam("now")),
        ),
    )
    .exists()
)
_READY = (
    select(InboxMessage.id, InboxMessage.turn)
    .where(
        InboxMessage.state == InboxState.ACCEPTED,
        or_(InboxMessage.lease_until.is_(None), InboxMessage.lease_until < bindparam("now")),
        ~_IS_BLOCKED,
    )
    .order_by(InboxMessage.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(InboxMessage)
    .where(InboxMessage.id.in_(bindparam("ready", expanding=True)))
    .values(
        owner=bindparam("by"), lease_until=bindparam("until"), attempts=InboxMessage.attempts + 1
    )
    .returning(InboxMessage)
    .execution_options(synchronize_session=False)
)
"""Built once: a claim follows every message."""


def _undisputed(session: Session, turns: Set[str], now: datetime) -> Set[str]:
    """Of ``turns``, those of which no other replica is claiming anything at this moment.

    Two replicas may each find a different message to be the first, when one of them arrived in
    between. Whoever holds all rows of a turn, as they are now, may go on; else nobody does.
    """
    waiting = (InboxMessage.state == InboxState.ACCEPTED, InboxMessage.turn.in_(turns))
    held = session.execute(
        select(InboxMessage.turn, InboxMessage.lease_until)
        .where(*waiting)
        .with_for_update(skip_locked=True)
    ).all()
    all_of = Counter(session.scalars(select(InboxMessage.turn).where(*waiting)))
    ours = Counter(turn for turn, _ in held)
    leased = {turn for turn, until in held if until is not None and until >= now}
    return {turn for turn in turns if ours[turn] == all_of[turn]} - leased


def finish(
    session: Session,
    message_id: int,
    *,
    attempt: int,
    now: datetime,
    state: InboxState = InboxState.HANDLED,
) -> bool:
    """Mark as done; False when another owner has claimed it since ``attempt``."""
    wake(session, TOPIC)
    return _FINISH.run(session, state.value, now, message_id, attempt).rowcount > 0


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
