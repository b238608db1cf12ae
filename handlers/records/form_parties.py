"""Of whom a form is asked: of people, of units, or of schools, as its type declares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.messages import Role
from handlers.records.types import Party, Per, RecordType
from store import people
from store.models import Member, Membership, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One who is asked; ``members`` may hand in for it."""

    key: str
    """``12`` of a person, ``u7`` of a unit."""
    name: str
    members: tuple[int, ...]
    unit_id: int | None


def all_asked(session: Session, type_: RecordType, top: int | None) -> list[Asked]:
    """Everybody that is asked below a unit (None: everywhere), by name."""
    tops = people.root_units(session) if top is None else frozenset({top})
    rows = _holding(session, type_, people.with_all_below(session, tops))
    if type_.per is Per.PERSON:
        return _persons(rows)
    units = {one.id: one for one in people.units(session)}
    members: dict[int, list[int]] = {}
    for member, unit_id in rows:
        if (party := _party_unit(type_.per, unit_id, tops, units)) is not None:
            members.setdefault(party, []).append(member.id)
    below = {unit_id: ids for unit_id, ids in members.items() if unit_id not in tops}
    return [
        Asked(
            key=f"u{unit_id}",
            name=units[unit_id].name,
            members=tuple(dict.fromkeys(ids)),
            unit_id=unit_id,
        )
        for unit_id, ids in (below or members).items()
    ]


def asked_of(
    session: Session, type_: RecordType, member_id: int | None, top: int | None
) -> tuple[str, int | None]:
    """Who a member hands in for: the key, and the unit."""
    if member_id is None:
        return "0", None
    own = [one.unit_id for one in people.memberships(session, member_id)]
    first = own[0] if own else None
    if type_.per is Per.PERSON:
        return str(member_id), first
    tops = people.root_units(session) if top is None else frozenset({top})
    units = {one.id: one for one in people.units(session)}
    allowed = {
        unit_id
        for member, unit_id in _holding(session, type_, frozenset(own))
        if member.id == member_id
    }
    for unit_id in [*(one for one in own if one in allowed), *own]:
        party = _party_unit(type_.per, unit_id, tops, units)
        if party is not None:
            return f"u{party}", party
    return f"u{first}", first


def _persons(rows: Collection[tuple[Member, int]]) -> list[Asked]:
    found: dict[int, Asked] = {}
    for member, unit_id in rows:
        asked = Asked(key=str(member.id), name=member.name, members=(member.id,), unit_id=unit_id)
        found.setdefault(member.id, asked)
    return list(found.values())


def _holding(
    session: Session, type_: RecordType, unit_ids: Collection[int]
) -> list[tuple[Member, int]]:
    """Members who hold in one of these units what the type asks of those who hand it in."""
    rows = session.execute(
        select(Member, Membership.unit_id, Membership.role)
        .join(Membership, Membership.member_id == Member.id)
        .where(Member.is_active, Membership.unit_id.in_(unit_ids))
        .order_by(Member.name, Member.id)
    )
    everybody = Party.ANYONE in type_.submit or Role.TEACHER in type_.submit
    return [
        (member, unit_id)
        for member, unit_id, role in rows
        if role in type_.submit or (everybody and role != Role.GUEST)
    ]


def _party_unit(
    per: Per, unit_id: int, tops: Collection[int], units: Mapping[int, Unit]
) -> int | None:
    """The unit that counts; for a school the one right below a top, or the top itself."""
    if per is Per.UNIT:
        return unit_id
    here: int | None = unit_id
    while here is not None and here in units:
        parent = units[here].parent_id
        if here in tops or parent in tops:
            return here
        here = parent
    return None
