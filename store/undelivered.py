"""Deliveries as somebody looks after them: those of a unit's people, and those to be sent again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_lowercase

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, defer

from store import outbox
from store.models import (
    Account,
    ConversationRow,
    Delivery,
    DeliveryState,
    Member,
    Membership,
    Notice,
    OnDoubt,
    Part,
    PartState,
)
from store.waking import wake

TROUBLED = (DeliveryState.FAILED, DeliveryState.MISSED, DeliveryState.UNCERTAIN)
ERASED = "erased"
"""The conversation of what an erased person was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Empty and None: any. ``name`` is in the name of a member it goes to."""

    states: Collection[DeliveryState]
    units: Collection[int] | None
    platform: str = ""
    kind: str = ""
    name: str = ""


def listed(
    session: Session, sought: Sought, *, offset: int = 0, limit: int = 30
) -> tuple[int, Sequence[Delivery]]:
    """How many there are, and some of them, newest first."""
    conditions = [_in(sought.states), *_to(sought.units)]
    if sought.platform:
        conditions.append(or_(Delivery.channel == sought.platform, _platform() == sought.platform))
    if sought.kind:
        conditions.append(Delivery.kind == sought.kind)
    if sought.name:
        named = Member.name.contains(sought.name, autoescape=True)
        conditions.append(_to_members(select(Member.id).where(named)))
    total = session.scalar(select(func.count()).select_from(Delivery).where(*conditions)) or 0
    query = select(Delivery).where(*conditions).order_by(Delivery.id.desc())
    return total, session.scalars(query.offset(offset).limit(limit)).all()


def count(
    session: Session,
    states: Collection[DeliveryState],
    units: Collection[int] | None,
    *,
    since: datetime | None = None,
) -> int:
    """How many ``listed`` would give, of those that ended after ``since``."""
    conditions = [_in(states), *_to(units)]
    if since is not None:
        conditions.append(Delivery.ended_at >= since)
    return session.scalar(select(func.count()).select_from(Delivery).where(*conditions)) or 0


def is_to(session: Session, delivery_id: int, units: Collection[int] | None) -> bool:
    """Whether it goes to somebody of these units."""
    query = select(Delivery.id).where(Delivery.id == delivery_id, *_to(units))
    return session.scalars(query).first() is not None


def get(session: Session, delivery_id: int) -> Delivery | None:
    """One delivery, without what it says."""
    query = select(Delivery).where(Delivery.id == delivery_id).options(defer(Delivery.reply))
    return session.scalars(query).one_or_none()


def reopen(session: Session, delivery_id: int, now: datetime) -> bool:
    """Send what ended badly again; False when it did not, or is nobody's any more.

    Where nothing has arrived for sure or perhaps, it is rendered anew; else what is left goes out
    as it is, what may have arrived with a mark.
    """
    row = session.get(Delivery, delivery_id, with_for_update=True)
    if row is None or row.state not in TROUBLED or row.conversation == ERASED:
        return False
    row.state, row.on_doubt, row.reason = DeliveryState.OPEN, OnDoubt.RESEND, None
    row.ended_at, row.retry_at, row.failures = None, now, 0
    parts = outbox.parts(session, delivery_id)
    if all(part.state in (PartState.FAILED, PartState.PENDING) for part in parts):
        session.execute(delete(Part).where(Part.delivery_id == delivery_id))
        row.is_rendered = False
    else:
        session.execute(
            update(Part)
            .where(Part.delivery_id == delivery_id, Part.state == PartState.FAILED)
            .values(state=PartState.PENDING)
        )
    session.flush()
    wake(session, outbox.TOPIC)
    return True


def names(session: Session, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    """Whom each goes to, where the roster or the chat's name says it."""
    private = {(one.channel.partition(".")[0], one.conversation) for one in deliveries}
    rows = session.execute(
        select(Account.platform, Account.account, Member.name)
        .join(Member, Member.id == Account.member_id)
        .where(tuple_(Account.platform, Account.account).in_(sorted(private)))
    )
    people = {(platform, account): name for platform, account, name in rows}
    groups = {(one.channel, one.conversation) for one in deliveries if one.is_group}
    chats = session.execute(
        select(ConversationRow.channel, ConversationRow.id, ConversationRow.name).where(
            tuple_(ConversationRow.channel, ConversationRow.id).in_(sorted(groups))
        )
    )
    named = {(channel, chat): name for channel, chat, name in chats}
    found = {}
    for one in deliveries:
        if one.is_group:
            found[one.id] = named.get((one.channel, one.conversation)) or "群聊"
        else:
            platform = one.channel.partition(".")[0]
            found[one.id] = people.get((platform, one.conversation), "")
    return found


def _in(states: Collection[DeliveryState]) -> ColumnElement[bool]:
    """With the states written out: an index over some of them is used for these alone."""
    return Delivery.state.in_([literal_column(f"'{state.value}'") for state in states])


def _to(units: Collection[int] | None) -> list[ColumnElement[bool]]:
    """To a person of ``units``, or to a chat that is bound to one of them."""
    if units is None:
        return []
    is_bound = exists().where(
        ConversationRow.channel == Delivery.channel,
        ConversationRow.id == Delivery.conversation,
        ConversationRow.unit_id.in_(units),
    )
    here = select(Membership.member_id).where(Membership.unit_id.in_(units))
    return [or_(_to_members(here), and_(Delivery.is_group, is_bound))]


def _to_members(members: Select[int]) -> ColumnElement[bool]:
    """One of them is told something by it, or it goes to an account of theirs."""
    noticed = select(Notice.delivery_id).where(Notice.member_id.in_(members))
    held = select(Account.platform, Account.account).where(Account.member_id.in_(members))
    is_account = tuple_(_platform(), Delivery.conversation).in_(held)
    return or_(Delivery.id.in_(noticed), and_(Delivery.is_group.is_(False), is_account))


def _platform() -> ColumnElement[str]:
    """``wecom`` of ``wecom.app``, on both databases."""
    with_dot = func.rtrim(Delivery.channel, ascii_lowercase + "_")
    is_one_of_several = Delivery.channel.contains(".")
    return case((is_one_of_several, func.rtrim(with_dot, ".")), else_=Delivery.channel)
