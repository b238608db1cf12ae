"""The roster as a list: looked through page by page, with what stands on a line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from store.models import Account, Member, Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtPeople:
    """Who is looked for; ``unit_ids`` None: in any unit, and in none."""

    unit_ids: Collection[int] | None = None
    words: str = ""
    """A part of the name."""
    role: str = ""
    is_active: bool = True


def sought(
    session: Session, wanted: SoughtPeople, *, offset: int = 0, limit: int = 30
) -> tuple[int, Sequence[Member]]:
    """How many there are, and some of them by the first of their units, then by name."""
    conditions = _conditions(wanted)
    total = session.scalar(select(func.count(Member.id)).where(*conditions)) or 0
    first = select(func.min(Membership.unit_id)).where(Membership.member_id == Member.id)
    order = (first.scalar_subquery(), Member.name, Member.id)
    query = select(Member).where(*conditions).order_by(*order)
    return total, session.scalars(query.offset(offset).limit(limit)).all()


def memberships(
    session: Session, member_ids: Collection[int]
) -> Mapping[int, Sequence[Membership]]:
    """What each of them is, and where."""
    found: defaultdict[int, list[Membership]] = defaultdict(list)
    query = select(Membership).where(Membership.member_id.in_(member_ids))
    for row in session.scalars(query.order_by(Membership.unit_id, Membership.role)):
        found[row.member_id].append(row)
    return found


def accounts(session: Session, member_ids: Collection[int]) -> Mapping[int, Sequence[Account]]:
    """The accounts of each of them."""
    found: defaultdict[int, list[Account]] = defaultdict(list)
    query = select(Account).where(Account.member_id.in_(member_ids))
    for row in session.scalars(query.order_by(Account.platform, Account.account)):
        if row.member_id is not None:
            found[row.member_id].append(row)
    return found


def _conditions(wanted: SoughtPeople) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Member.is_active.is_(wanted.is_active)]
    if wanted.words:
        conditions.append(Member.name.contains(wanted.words, autoescape=True))
    here = select(Membership.member_id)
    if wanted.unit_ids is not None:
        here = here.where(Membership.unit_id.in_(wanted.unit_ids))
    if wanted.role:
        here = here.where(Membership.role == wanted.role)
    if wanted.role or wanted.unit_ids is not None:
        conditions.append(Member.id.in_(here))
    return conditions
