"""The ledger looked through page by page, as far as somebody may see it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from store import records
from store.models_records import Record
from store.records import Wanted

_FIRST = aliased(Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Some records: of these types, where they are, in which state.

    ``unit_ids`` None is everywhere; 0 among them stands for records of no unit. ``states`` None is
    every state. ``own``: those that this member handed in, or that count for them, wherever.
    """

    types: Collection[str]
    unit_ids: Collection[int] | None = ()
    states: Collection[str] | None = None
    own: int | None = None


def sought(
    session: Session,
    wanted: Wanted,
    reach: Sequence[Reach],
    turn: Sequence[Reach] | None = None,
    *,
    offset: int = 0,
    limit: int = 30,
) -> tuple[int, Sequence[Record]]:
    """How many there are within ``reach`` (and ``turn``), and some of them, the newest first."""
    conditions = records.conditions(wanted)
    conditions += [_any_of(one) for one in (reach, turn) if one is not None]
    total = session.scalar(select(func.count(Record.id)).where(*conditions)) or 0
    query = select(Record).where(*conditions).order_by(Record.on_date.desc(), Record.id.desc())
    return total, session.scalars(query.offset(offset).limit(limit)).all()


def _any_of(reach: Sequence[Reach]) -> ColumnElement[bool]:
    return or_(false(), *(_within(one) for one in reach))


def _within(reach: Reach) -> ColumnElement[bool]:
    where: list[ColumnElement[bool]] = []
    if reach.unit_ids is not None:
        where.append(Record.unit_id.in_(reach.unit_ids))
        if 0 in reach.unit_ids:
            where.append(Record.unit_id.is_(None))
    if reach.own is not None:
        where += [Record.member_id == reach.own, _entered_first_by(reach.own)]
    conditions: list[ColumnElement[bool]] = [Record.type.in_(reach.types)]
    if reach.states is not None:
        conditions.append(Record.state.in_(reach.states))
    if reach.unit_ids is not None:
        conditions.append(or_(*where))
    return and_(*conditions)


def _entered_first_by(member_id: int) -> ColumnElement[bool]:
    roots = select(_FIRST.id).where(_FIRST.entered_by == member_id, _FIRST.root_id.is_(None))
    return func.coalesce(Record.root_id, Record.id).in_(roots)
