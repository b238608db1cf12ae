"""Deliveries and their parts: what is to be sent, and how far that got.

Within a conversation only the oldest open delivery that is due can be claimed, and only while no
other of it is under a lease. Whatever a sender writes names its ``attempt``: a sender whose lease
ran out and was taken over changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import CursorResult, Integer, Update, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session, aliased

from store.inserting import HotInsert, HotStatement, Plain, insert_many_once
from store.models import Delivery, DeliveryKind, DeliveryState, OnDoubt, Part, PartState
from store.waking import wake

TOPIC = "outbox"


_COLUMNS = (
    "uid", "key", "kind", "on_doubt", "channel", "conversation", "is_group", "accounts",
    "reply_to", "reply_until", "reply", "created_at", "due_at", "retry_at", "attempt", "owner",
    "lease_until", "state", "is_rendered", "failures",
)  # fmt: skip
_ADD = HotInsert("delivery", *_COLUMNS)
_ADD_PART = HotInsert(
    "part", "delivery_id", "n", "bytes", "state", "attempt", "first_try_at", "refused"
)
_RENDERED = HotStatement(
    "UPDATE delivery SET is_rendered = ?, lease_until = ?"
    " WHERE id = ? AND attempt = ? AND state = 'open'"
)
_END = HotStatement(
    "UPDATE delivery SET owner = NULL, lease_until = NULL, state = ?, reason = ?, ended_at = ?"
    " WHERE id = ? AND attempt = ? AND state = 'open'"
)
_PART_SENT = HotStatement(
    "UPDATE part SET state = 'sent', sent_at = ?, provider_id = ?, refused = ?"
    " WHERE delivery_id = ? AND n = ? AND attempt = ?"
)
_IS_MORE = HotStatement("SELECT n FROM part WHERE delivery_id = ? AND state <> 'sent' LIMIT 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A delivery to be made. ``reply`` is JSON that only ``bot.codec`` reads.

    ``key`` makes it once, e.g. ``reply:web:17`` or ``occurrence:9:before:3``.
    """

    key: str
    kind: DeliveryKind
    channel: str
    conversation: str
    reply: str
    is_group: bool = False
    accounts: tuple[str, ...] = ()
    reply_to: str | None = None
    reply_until: datetime | None = None
    on_doubt: OnDoubt = OnDoubt.RESEND
    due_at: datetime | None = None
    """Not before; at once when None."""


def add(
    session: Session,
    draft: Draft,
    *,
    now: datetime,
    owner: str | None = None,
    lease: timedelta = timedelta(),
) -> int | None:
    """Insert a delivery once; its id, or None when ``key`` was there already.

    With an ``owner`` it starts under a lease, as ``attempt`` 1: someone is showing it live.
    """
    values = _values(draft, now)
    if owner is not None:
        values |= {"attempt": 1, "owner": owner, "lease_until": now + lease}
    new_id = _ADD.new_id(session, *values.values())
    if new_id is not None:
        wake(session, TOPIC)
    return new_id


def add_many(session: Session, drafts: Sequence[Draft], *, now: datetime) -> Mapping[str, int]:
    """Insert deliveries once each, in their order; the id of every one by its key."""
    insert_many_once(session, Delivery, [_values(draft, now) for draft in drafts])
    wake(session, TOPIC)
    rows = session.execute(
        select(Delivery.key, Delivery.id).where(Delivery.key.in_([one.key for one in drafts]))
    )
    return {row[0]: row[1] for row in rows}


def _values(draft: Draft, now: datetime) -> dict[str, Plain]:
    """In the order of ``_COLUMNS``."""
    due_at = draft.due_at or now
    return {
        "uid": uuid4().hex,
        "key": draft.key,
        "kind": draft.kind.value,
        "on_doubt": draft.on_doubt.value,
        "channel": draft.channel,
        "conversation": draft.conversation,
        "is_group": draft.is_group,
        "accounts": list(draft.accounts),
        "reply_to": draft.reply_to,
        "reply_until": draft.reply_until,
        "reply": draft.reply,
        "created_at": now,
        "due_at": due_at,
        "retry_at": due_at,
        "attempt": 0,
        "owner": None,
        "lease_until": None,
        "state": DeliveryState.OPEN.value,
        "is_rendered": False,
        "failures": 0,
    }


def sent_with(
    session: Session, channel: str, conversation: str, words: str, since: datetime
) -> tuple[Delivery, str] | None:
    """The newest that arrived in a conversation with ``words`` in its reply.

    With it, how the platform calls its last part.
    """
    found = session.scalars(
        select(Delivery)
        .where(
            Delivery.channel == channel,
            Delivery.conversation == conversation,
            Delivery.created_at >= since,
            Delivery.state == DeliveryState.SENT,
            Delivery.reply.contains(words, autoescape=True),
        )
        .order_by(Delivery.id.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    called = session.scalars(
        select(Part.provider_id).where(Part.delivery_id == found.id).order_by(Part.n.desc())
    )
    return found, next((one for one in called if one), "")


def reword(session: Session, delivery_id: int, reply: str) -> None:
    """Remember what a message that was sent says by now."""
    session.execute(update(Delivery).where(Delivery.id == delivery_id).values(reply=reply))


def claim(
    session: Session,
    *,
    owner: str,
    channels: Collection[str],
    limit: int,
    now: datetime,
    lease: timedelta,
) -> Sequence[Delivery]:
    """Take deliveries that may be worked on now, oldest first, through these channels."""
    found = {"channels": list(channels), "now": now, "most": limit}
    ready = session.scalars(_READY, found).all()
    if not ready:
        return ()
    claimed = session.scalars(_CLAIM, {"ready": ready, "by": owner, "until": now + lease})
    return sorted(claimed, key=lambda delivery: delivery.id)


_OTHER = aliased(Delivery)
_IS_BLOCKED = (
    select(_OTHER.id)
    .where(
        _OTHER.state == DeliveryState.OPEN,
        _OTHER.channel == Delivery.channel,
        _OTHER.conversation == Delivery.conversation,
        or_(
            (_OTHER.id < Delivery.id) & (_OTHER.due_at <= bindparam("now")),
            (_OTHER.id != Delivery.id) & (_OTHER.lease_until >= bindparam("now")),
        ),
    )
    .exists()
)
_READY = (
    select(Delivery.id)
    .where(
        Delivery.state == DeliveryState.OPEN,
        Delivery.channel.in_(bindparam("channels", expanding=True)),
        Delivery.due_at <= bindparam("now"),
        Delivery.retry_at <= bindparam("now"),
        or_(Delivery.lease_until.is_(None), Delivery.lease_until < bindparam("now")),
        ~_IS_BLOCKED,
    )
    .order_by(Delivery.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(Delivery)
    .where(Delivery.id.in_(bindparam("ready", expanding=True)))
    .values(owner=bindparam("by"), lease_until=bindparam("until"), attempt=Delivery.attempt + 1)
    .returning(Delivery)
    .execution_options(synchronize_session=False)
)
"""Built once: a claim follows every message."""


def next_try_at(session: Session, *, channels: Collection[str], now: datetime) -> datetime | None:
    """When the earliest open delivery that waits for a time may be tried."""
    times = [
        session.scalars(
            select(column)
            .where(
                Delivery.state == DeliveryState.OPEN,
                Delivery.channel.in_(channels),
                column > now,
            )
            .order_by(column)
            .limit(1)
        ).first()
        for column in (Delivery.retry_at, Delivery.lease_until)
    ]
    return min((time for time in times if time is not None), default=None)


def parts(session: Session, delivery_id: int) -> Sequence[Part]:
    """The parts in their order; none before it is rendered."""
    return session.scalars(
        select(Part).where(Part.delivery_id == delivery_id).order_by(Part.n)
    ).all()


def store_parts(
    session: Session,
    delivery_id: int,
    *,
    attempt: int,
    rendered: Sequence[bytes],
    now: datetime,
    lease: timedelta,
    starts: bool,
) -> Sequence[Part] | None:
    """Keep the bytes to send, once and for all; None when the delivery is another's by now.

    ``starts``: the first part is about to be sent, as :func:`start_part` would say of it.
    """
    if not _RENDERED.run(session, True, now + lease, delivery_id, attempt).rowcount:
        return None
    kept = [
        Part(
            delivery_id=delivery_id,
            n=n,
            bytes=content,
            state=PartState.CLAIMED if starts and n == 0 else PartState.PENDING,
            attempt=attempt if starts and n == 0 else 0,
            first_try_at=now if starts and n == 0 else None,
            refused={},
        )
        for n, content in enumerate(rendered)
    ]
    for one in kept:
        _ADD_PART.run(
            session, delivery_id, one.n, one.bytes, one.state, one.attempt, one.first_try_at, {}
        )
    return kept


def start_part(
    session: Session, delivery_id: int, n: int, *, attempt: int, now: datetime, lease: timedelta
) -> bool:
    """Say that part ``n`` is about to be sent; False when the delivery is another's by now."""
    if not _hold(session, delivery_id, attempt, lease_until=now + lease):
        return False
    part = session.get_one(Part, (delivery_id, n))
    part.state = PartState.CLAIMED
    part.attempt = attempt
    part.first_try_at = part.first_try_at or now
    return True


def part_sent(
    session: Session,
    delivery_id: int,
    n: int,
    *,
    attempt: int,
    now: datetime,
    provider_id: str | None,
    refused: Mapping[str, str],
) -> bool:
    """Say that part ``n`` arrived; after the last one the delivery is sent."""
    sent = _PART_SENT.run(session, now, provider_id, refused, delivery_id, n, attempt)
    if not sent.rowcount:
        return False
    is_last = _IS_MORE.run(session, delivery_id).first() is None
    if is_last:
        return end(session, delivery_id, attempt=attempt, now=now, state=DeliveryState.SENT)
    return _hold(session, delivery_id, attempt, failures=0)


def part_undecided(
    session: Session, delivery_id: int, n: int, *, attempt: int, state: PartState, error: str
) -> None:
    """Part ``n`` was surely not sent (pending), may have been (uncertain) or never will be."""
    session.execute(
        update(Part)
        .where(Part.delivery_id == delivery_id, Part.n == n, Part.attempt == attempt)
        .values(state=state, last_error=error)
    )


def postpone(
    session: Session, delivery_id: int, *, attempt: int, retry_at: datetime, is_failure: bool
) -> bool:
    """Let go of the lease and try again later."""
    wake(session, TOPIC)
    failures = Delivery.failures + (1 if is_failure else 0)
    return _done(
        session,
        _mine(delivery_id, attempt).values(
            owner=None, lease_until=None, retry_at=retry_at, failures=failures
        ),
    )


def end(
    session: Session,
    delivery_id: int,
    *,
    attempt: int,
    now: datetime,
    state: DeliveryState,
    reason: str | None = None,
) -> bool:
    """Close the delivery; the next of its conversation may go."""
    wake(session, TOPIC)
    return _END.run(session, state.value, reason, now, delivery_id, attempt).rowcount > 0


def renew(session: Session, owner: str, *, until: datetime) -> None:
    """Keep what ``owner`` is showing."""
    session.execute(
        update(Delivery)
        .where(Delivery.state == DeliveryState.OPEN, Delivery.owner == owner)
        .values(lease_until=until)
    )


def release(session: Session, owner: str | None = None) -> None:
    """Give back what ``owner`` claimed; everything, when no owner can be alive."""
    mine = [] if owner is None else [Delivery.owner == owner]
    session.execute(
        update(Delivery)
        .where(Delivery.state == DeliveryState.OPEN, *mine)
        .values(owner=None, lease_until=None)
    )
    wake(session, TOPIC)


def by_key(session: Session, key: str) -> Delivery | None:
    """The delivery made under ``key``."""
    return session.scalars(select(Delivery).where(Delivery.key == key)).one_or_none()


def by_uid(session: Session, uid: str) -> Delivery | None:
    """The delivery that channels know as ``uid``."""
    return session.scalars(select(Delivery).where(Delivery.uid == uid)).one_or_none()


def in_conversation(
    session: Session, channel: str, conversation: str, *, limit: int = 50
) -> Sequence[Delivery]:
    """The latest deliveries to a conversation, oldest first."""
    latest = session.scalars(
        select(Delivery)
        .where(Delivery.channel == channel, Delivery.conversation == conversation)
        .order_by(Delivery.id.desc())
        .limit(limit)
    ).all()
    return latest[::-1]


def sent_since(session: Session, channel: str, since: datetime) -> Sequence[tuple[str, datetime]]:
    """To whom parts went after ``since``, and when: an account, or else the conversation."""
    rows = session.execute(
        select(Delivery.conversation, Delivery.accounts, Part.sent_at)
        .join(Part, Part.delivery_id == Delivery.id)
        .where(Delivery.channel == channel, Part.sent_at > since)
    )
    return [
        (account, sent_at)
        for conversation, accounts, sent_at in rows
        if sent_at is not None
        for account in accounts or [conversation]
    ]


def in_trouble(session: Session, *, limit: int = 100) -> Sequence[Delivery]:
    """What failed, was missed or is uncertain, newest first: none of it is silent."""
    states = (DeliveryState.FAILED, DeliveryState.MISSED, DeliveryState.UNCERTAIN)
    return session.scalars(
        select(Delivery).where(Delivery.state.in_(states)).order_by(Delivery.id.desc()).limit(limit)
    ).all()


def withdraw(session: Session, delivery_id: int, now: datetime, reason: str) -> bool:
    """Take back what nobody has begun to send; False when it is too late."""
    return _done(
        session,
        update(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.state == DeliveryState.OPEN,
            Delivery.owner.is_(None),
            Delivery.is_rendered.is_(False),
        )
        .values(state=DeliveryState.WITHDRAWN, reason=reason, ended_at=now),
    )


def purge(session: Session, *, before: datetime) -> int:
    """Forget closed deliveries, with their parts."""
    gone = session.execute(
        delete(Delivery).where(Delivery.state != DeliveryState.OPEN, Delivery.ended_at < before)
    )
    assert isinstance(gone, CursorResult)  # noqa: S101
    return gone.rowcount


def _mine(delivery_id: int, attempt: int) -> Update:
    return update(Delivery).where(
        Delivery.id == delivery_id,
        Delivery.attempt == attempt,
        Delivery.state == DeliveryState.OPEN,
    )


def _hold(
    session: Session, delivery_id: int, attempt: int, **changes: bool | int | datetime
) -> bool:
    return _done(session, _mine(delivery_id, attempt).values(**changes))


def _done(session: Session, statement: Update) -> bool:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101
    return result.rowcount > 0
