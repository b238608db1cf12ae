"""Units, members, what they are in them, their accounts, and the chats the bot is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import BindParameter, Select, bindparam, delete, select, update
from sqlalchemy.orm import Session

from store.inserting import insert_once, put
from store.models import Account, ConversationRow, Member, Membership, Unit
from store.models_running import UnitGroup


def unit_at(session: Session, path: Sequence[str]) -> Unit:
    """The unit at ``path`` from the root down; what is missing of it is made."""
    if not path:
        raise ValueError("a unit has a name")
    parent: Unit | None = None
    for name in path:
        parent = _child(session, parent, name)
    assert parent is not None  # noqa: S101
    return parent


def existing_unit(session: Session, path: Sequence[str]) -> Unit | None:
    """The unit at ``path``, or the nearest above it that exists."""
    found: Unit | None = None
    for name in path:
        parent_id = None if found is None else found.id
        below = session.scalars(
            select(Unit).where(Unit.name == name, Unit.parent_id.is_not_distinct_from(parent_id))
        ).first()
        if below is None:
            break
        found = below
    return found


def _child(session: Session, parent: Unit | None, name: str) -> Unit:
    parent_id = None if parent is None else parent.id
    found = session.scalars(
        select(Unit).where(Unit.name == name, Unit.parent_id.is_not_distinct_from(parent_id))
    ).first()
    if found is None:
        found = Unit(name=name, parent_id=parent_id)
        session.add(found)
        session.flush()
    return found


def unit(session: Session, unit_id: int) -> Unit | None:
    """One unit."""
    return session.get(Unit, unit_id)


def units(session: Session) -> Sequence[Unit]:
    """The whole tree, parents not necessarily first."""
    return session.scalars(select(Unit).order_by(Unit.position, Unit.id)).all()


def units_named(session: Session, name: str) -> Sequence[Unit]:
    """Units with this name; a name may stand in several places of the tree."""
    return session.scalars(select(Unit).where(Unit.name == name).order_by(Unit.id)).all()


def with_all_above(session: Session, unit_ids: Collection[int]) -> frozenset[int]:
    """These units and every unit they are part of."""
    return frozenset(session.scalars(_ABOVE, {"units": list(unit_ids)}))


def with_all_below(session: Session, unit_ids: Collection[int]) -> frozenset[int]:
    """These units and every unit that is part of them."""
    rows = session.execute(_BELOW, {"units": list(unit_ids)})
    return frozenset(row.id for row in rows)


def each_with_all_below(
    session: Session, unit_ids: Collection[int]
) -> Mapping[int, Collection[int]]:
    """For each of these units, itself and every unit that is part of it."""
    found: dict[int, list[int]] = defaultdict(list)
    for row in session.execute(_BELOW, {"units": list(unit_ids)}):
        found[row.top].append(row.id)
    return found


def _above() -> Select[tuple[int]]:
    here = select(Unit.id, Unit.parent_id).where(Unit.id.in_(_UNITS)).cte(recursive=True)
    here = here.union(select(Unit.id, Unit.parent_id).join(here, Unit.id == here.c.parent_id))
    return select(here.c.id)


def _below() -> Select[tuple[int, int]]:
    top = select(Unit.id.label("top"), Unit.id.label("id")).where(Unit.id.in_(_UNITS))
    here = top.cte(recursive=True)
    here = here.union(select(here.c.top, Unit.id).join(here, Unit.parent_id == here.c.id))
    return select(here.c.top, here.c.id)


# Asked several times for every message: put together once.
_UNITS: BindParameter[int] = bindparam("units", expanding=True)
_ABOVE = _above()
_BELOW = _below()


def add_member(
    session: Session,
    *,
    name: str,
    now: datetime,
    pinyin: str = "",
    mobile: str | None = None,
    joined_party_on: date | None = None,
) -> Member:
    """Put someone on the roster; same names are different people."""
    member = Member(
        name=name, pinyin=pinyin, mobile=mobile, joined_party_on=joined_party_on, added_at=now
    )
    session.add(member)
    session.flush()
    return member


def member(session: Session, member_id: int) -> Member | None:
    """One member, active or not."""
    return session.get(Member, member_id)


def members(session: Session, unit_ids: Collection[int] | None = None) -> Sequence[Member]:
    """Active members, of these units or of all, by name."""
    query = select(Member).where(Member.is_active).order_by(Member.name, Member.id)
    if unit_ids is not None:
        here = select(Membership.member_id).where(Membership.unit_id.in_(unit_ids))
        query = query.where(Member.id.in_(here))
    return session.scalars(query).all()


def members_named(session: Session, name: str) -> Sequence[Member]:
    """Active members of this name: namesakes are all there."""
    return session.scalars(
        select(Member).where(Member.name == name, Member.is_active).order_by(Member.id)
    ).all()


def give_role(session: Session, member_id: int, unit_id: int, role: str) -> bool:
    """False when it was given before."""
    row = {"member_id": member_id, "unit_id": unit_id, "role": role}
    return insert_once(session, Membership, row)


def take_role(session: Session, member_id: int, unit_id: int, role: str) -> None:
    """Undo ``give_role``."""
    session.execute(
        delete(Membership).where(
            Membership.member_id == member_id,
            Membership.unit_id == unit_id,
            Membership.role == role,
        )
    )


def memberships(session: Session, member_id: int) -> Sequence[Membership]:
    """Everything a member is, in every unit."""
    return session.scalars(
        select(Membership)
        .where(Membership.member_id == member_id)
        .order_by(Membership.unit_id, Membership.role)
    ).all()


def link(
    session: Session, platform: str, account: str, member_id: int, *, display_name: str = ""
) -> None:
    """Say whose account this is; an account has one member, a member may have several accounts."""
    row = {
        "platform": platform,
        "account": account,
        "member_id": member_id,
        "display_name": display_name,
    }
    put(session, Account, row)


def unlink(session: Session, platform: str, account: str) -> None:
    """Undo ``link``: the account is nobody's."""
    session.execute(
        update(Account)
        .where(Account.platform == platform, Account.account == account)
        .values(member_id=None, seen_at=None)
    )


def member_of(session: Session, platform: str, account: str) -> Member | None:
    """Whose account this is; None for someone unknown or no longer active."""
    return session.scalars(
        select(Member)
        .join(Account, Account.member_id == Member.id)
        .where(Account.platform == platform, Account.account == account, Member.is_active)
    ).one_or_none()


def member_with_roles(
    session: Session, platform: str, account: str
) -> tuple[Member, Sequence[Membership]] | None:
    """``member_of`` and ``memberships`` in one question: it is asked for every message."""
    rows = session.execute(_WITH_ROLES, {"platform": platform, "account": account}).all()
    if not rows:
        return None
    return rows[0][0], [row[1] for row in rows if row[1] is not None]


_WITH_ROLES = (
    select(Member, Membership)
    .join(Account, Account.member_id == Member.id)
    .outerjoin(Membership, Membership.member_id == Member.id)
    .where(
        Account.platform == bindparam("platform"),
        Account.account == bindparam("account"),
        Member.is_active,
    )
    .order_by(Membership.unit_id, Membership.role)
)


def accounts(session: Session, member_id: int) -> Sequence[Account]:
    """Every account linked to a member."""
    return session.scalars(
        select(Account)
        .where(Account.member_id == member_id)
        .order_by(Account.platform, Account.account)
    ).all()


def seen_in(
    session: Session, channel: str, conversation: str, *, is_group: bool, now: datetime
) -> None:
    """Remember that the bot is in a conversation; what it is bound to stays."""
    row = {"channel": channel, "id": conversation, "is_group": is_group, "seen_at": now}
    put(session, ConversationRow, row)


def bind(session: Session, channel: str, conversation: str, unit_id: int | None) -> bool:
    """Bind a known conversation to a unit; False when the bot was never in it."""
    row = session.get(ConversationRow, (channel, conversation))
    if row is None:
        return False
    row.unit_id = unit_id
    return True


def conversation(session: Session, channel: str, conversation_id: str) -> ConversationRow | None:
    """A conversation the bot was in."""
    return session.get(ConversationRow, (channel, conversation_id))


def chats_of(session: Session, unit_ids: Collection[int]) -> Sequence[ConversationRow]:
    """Group chats that are bound to one of these units."""
    return session.scalars(
        select(ConversationRow)
        .where(ConversationRow.unit_id.in_(unit_ids), ConversationRow.is_group)
        .order_by(ConversationRow.channel, ConversationRow.id)
    ).all()


def holders(
    session: Session, role: str, unit_ids: Collection[int] | None = None
) -> Sequence[Member]:
    """Active members who are ``role`` in one of these units, or anywhere."""
    query = (
        select(Member)
        .join(Membership, Membership.member_id == Member.id)
        .where(Member.is_active, Membership.role == role)
        .distinct()
        .order_by(Member.id)
    )
    if unit_ids is not None:
        query = query.where(Membership.unit_id.in_(unit_ids))
    return session.scalars(query).all()


def root_units(session: Session) -> frozenset[int]:
    """Units that are part of no other."""
    return frozenset(session.scalars(select(Unit.id).where(Unit.parent_id.is_(None))))


def parent_of(session: Session, unit_id: int) -> int | None:
    """The unit it is part of."""
    return session.scalars(select(Unit.parent_id).where(Unit.id == unit_id)).one_or_none()


def leavers_named(session: Session, name: str) -> Sequence[Member]:
    """Former members of this name, the last to join first."""
    return session.scalars(
        select(Member)
        .where(Member.name == name, Member.is_active.is_(False))
        .order_by(Member.id.desc())
    ).all()


def put_in_group(session: Session, group: str, unit_id: int) -> bool:
    """False when the unit was in it."""
    return insert_once(session, UnitGroup, {"name": group, "unit_id": unit_id})


def take_out_of_group(session: Session, group: str, unit_id: int) -> None:
    """Undo ``put_in_group``."""
    session.execute(delete(UnitGroup).where(UnitGroup.name == group, UnitGroup.unit_id == unit_id))


def group_units(session: Session, group: str) -> frozenset[int]:
    """The units of a group."""
    return frozenset(session.scalars(select(UnitGroup.unit_id).where(UnitGroup.name == group)))


def groups(session: Session) -> Sequence[UnitGroup]:
    """Every group with its units."""
    return session.scalars(select(UnitGroup).order_by(UnitGroup.name, UnitGroup.unit_id)).all()
