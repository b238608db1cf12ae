"""Lines of the roster: who somebody is, where, and on which platforms."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.messages import Role
from handlers.access import Act, Actor, within
from store import people, roster
from store.models import Account, Member, Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One person with what they are, where."""

    member_id: int
    name: str
    roles: tuple[tuple[str, tuple[Role, ...]], ...]
    """By unit's name."""
    platforms: tuple[str, ...]


def all_listed(session: Session, members: Sequence[Member]) -> list[Listed]:
    """Several, with few queries."""
    ids = [one.id for one in members]
    held, accounts = roster.memberships(session, ids), roster.accounts(session, ids)
    names = {unit.id: unit.name for unit in people.units(session)}
    return [_listed(one, held.get(one.id, ()), accounts.get(one.id, ()), names) for one in members]


def one_listed(session: Session, member: Member) -> Listed:
    """One."""
    return all_listed(session, [member])[0]


def seen_units(session: Session, actor: Actor, unit_id: int | None) -> Collection[int] | None:
    """The unit with all below it, as far as the actor may see their people; None is everywhere."""
    seen = within(actor, Act.SEE_PEOPLE)
    if unit_id is None:
        return seen
    below = people.with_all_below(session, [unit_id])
    return below if seen is None else below & frozenset(seen)


def _listed(
    member: Member,
    held: Sequence[Membership],
    accounts: Sequence[Account],
    units: Mapping[int, str],
) -> Listed:
    roles: dict[int, list[Role]] = {}
    for one in held:
        roles.setdefault(one.unit_id, []).append(Role(one.role))
    return Listed(
        member_id=member.id,
        name=member.name,
        roles=tuple((units.get(unit, ""), tuple(those)) for unit, those in roles.items()),
        platforms=tuple(dict.fromkeys(one.platform for one in accounts)),
    )
