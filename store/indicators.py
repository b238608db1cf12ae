"""Indicator trees, and what raters gave: the newest rating counts, the older stay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from store.inserting import put
from store.models_indicators import IndicatorTree
from store.models_records import Indicator, Rating

_Path = tuple[tuple[str, int], ...]
"""Titles from the top down, each with how many of the same name stand before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTree:
    """As :class:`IndicatorTree`."""

    name: str
    unit_id: int | None
    first_day: date
    last_day: date
    file: str
    by: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNode:
    """``parent`` is a place in the list of nodes, counted from 0; parents come first."""

    level: int
    title: str
    parent: int | None
    hundredths: int | None
    criterion: str = ""
    type: str | None = None
    target: int | None = None


def take_over(session: Session, tree: NewTree, nodes: Sequence[NewNode]) -> list[str]:
    """Put a tree in place of an earlier one of its name; nodes of the same path keep their ratings.

    Returns:
        Titles of nodes that have ratings and are gone from the new one: then nothing was done.
    """
    before = nodes_of(session, tree.name)
    old = dict(zip(_paths([(one.id, one.parent_id, one.title) for one in before]), before,
                   strict=True))  # fmt: skip
    paths = _paths([(at, one.parent, one.title) for at, one in enumerate(nodes)])
    gone = [one for path, one in old.items() if path not in set(paths)]
    rated = _rated(session, [one.id for one in gone])
    if rated:
        return [one.title for one in gone if one.id in rated]
    put(
        session,
        IndicatorTree,
        {
            "name": tree.name,
            "unit_id": tree.unit_id,
            "first_day": tree.first_day,
            "last_day": tree.last_day,
            "file": tree.file,
            "imported_by": tree.by,
            "imported_at": tree.at,
        },
    )
    # Places are unique: out of the way first, then to where they belong.
    session.execute(
        update(Indicator).where(Indicator.tree == tree.name).values(position=-Indicator.id)
    )
    kept: list[int] = []
    for position, (path, node) in enumerate(zip(paths, nodes, strict=True)):
        row = old.get(path) or Indicator(tree=tree.name)
        row.parent_id = None if node.parent is None else kept[node.parent]
        row.position, row.level, row.title = position, node.level, node.title
        row.hundredths, row.criterion = node.hundredths, node.criterion
        row.type, row.target = node.type, node.target
        session.add(row)
        session.flush()
        kept.append(row.id)
    session.execute(delete(Indicator).where(Indicator.id.in_([one.id for one in gone])))
    session.expire_all()
    return []


def _paths(nodes: Sequence[tuple[int, int | None, str]]) -> list[_Path]:
    found: dict[int, _Path] = {}
    seen: dict[tuple[int | None, str], int] = defaultdict(int)
    for id, parent, title in nodes:
        above = () if parent is None else found[parent]
        found[id] = (*above, (title, seen[(parent, title)]))
        seen[(parent, title)] += 1
    return list(found.values())


def _rated(session: Session, ids: Collection[int]) -> frozenset[int]:
    return frozenset(
        session.scalars(select(Rating.indicator_id).where(Rating.indicator_id.in_(ids)))
    )


def trees(session: Session) -> Sequence[IndicatorTree]:
    """The newest first."""
    return session.scalars(
        select(IndicatorTree).order_by(IndicatorTree.imported_at.desc(), IndicatorTree.name)
    ).all()


def tree(session: Session, name: str) -> IndicatorTree | None:
    """One tree by its name."""
    return session.get(IndicatorTree, name)


def node(session: Session, indicator_id: int) -> Indicator | None:
    """One indicator."""
    return session.get(Indicator, indicator_id)


def nodes_of(session: Session, tree: str) -> Sequence[Indicator]:
    """From the top down, as the sheet lists them."""
    return session.scalars(
        select(Indicator).where(Indicator.tree == tree).order_by(Indicator.position)
    ).all()


def rate(
    session: Session,
    *,
    indicator_id: int,
    unit_id: int,
    hundredths: int,
    by: int | None,
    note: str = "",
    now: datetime,
) -> None:
    """Keep what a rater gives; what was given before stays in the history."""
    session.add(
        Rating(
            indicator_id=indicator_id,
            unit_id=unit_id,
            hundredths=hundredths,
            note=note,
            rated_by=by,
            rated_at=now,
        )
    )
    session.flush()


def ratings(
    session: Session, tree: str, unit_ids: Collection[int]
) -> Mapping[tuple[int, int], int]:
    """The newest rating by indicator and unit."""
    newest = (
        select(func.max(Rating.id))
        .join(Indicator, Indicator.id == Rating.indicator_id)
        .where(Indicator.tree == tree, Rating.unit_id.in_(list(unit_ids)))
        .group_by(Rating.indicator_id, Rating.unit_id)
    )
    rows = session.execute(
        select(Rating.indicator_id, Rating.unit_id, Rating.hundredths).where(Rating.id.in_(newest))
    )
    return {(row.indicator_id, row.unit_id): row.hundredths for row in rows}


def rating_history(session: Session, indicator_id: int, unit_id: int) -> Sequence[Rating]:
    """Everything that was given, oldest first."""
    return session.scalars(
        select(Rating)
        .where(Rating.indicator_id == indicator_id, Rating.unit_id == unit_id)
        .order_by(Rating.id)
    ).all()
