"""A unit's standing on a tree, counted within one view of the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from sqlalchemy.orm import Session

from handlers.records.types import RecordTypes
from handlers.reports.indicator_views import IndicatorRow, Standing, Way
from store import indicators, people, records
from store.models import Unit
from store.models_indicators import IndicatorTree
from store.models_records import Indicator, RecordKind
from store.records import Wanted

_COUNTED = (RecordKind.ACTIVITY, RecordKind.FORM)
"""A meeting counts once, however many signed in."""


def standing(
    session: Session, tree: IndicatorTree, unit: Unit, types: RecordTypes, now: datetime
) -> Standing:
    """Nothing confidential is counted."""
    nodes = indicators.nodes_of(session, tree.name)
    given = indicators.ratings(session, tree.name, [unit.id])
    found = _records(session, tree, unit, types, {one.type for one in nodes if one.type})
    ways = ways_of(nodes)
    rows = []
    for node in nodes:
        ids = found.get(node.type or "", ())
        rows.append(_row(node, ways[node.id], given.get((node.id, unit.id)), ids, types))
    return Standing(
        tree=tree.name,
        unit_id=unit.id,
        unit=unit.name,
        first=tree.first_day,
        last=tree.last_day,
        made_at=now,
        rows=tuple(_summed(nodes, rows)),
    )


def ways_of(nodes: Sequence[Indicator]) -> Mapping[int, Way]:
    """The deepest nodes that have a full score are filled; those above are their sums."""
    scored_below: set[int] = set()
    by_id = {one.id: one for one in nodes}
    for node in nodes:
        above = node.parent_id
        while node.hundredths is not None and above is not None and above not in scored_below:
            scored_below.add(above)
            above = by_id[above].parent_id
    found = {}
    for node in nodes:
        if node.id in scored_below:
            found[node.id] = Way.SUMMED
        elif node.hundredths is None:
            found[node.id] = Way.UNSCORED
        else:
            found[node.id] = Way.COUNTED if node.type and node.target else Way.RATED
    return found


def _records(
    session: Session,
    tree: IndicatorTree,
    unit: Unit,
    types: RecordTypes,
    wanted: Collection[str],
) -> dict[str, tuple[int, ...]]:
    """Ids of what was recorded in the unit and below it in the tree's time, by what it proves."""
    if not wanted:
        return {}
    proving = {one.id: one.proven & set(wanted) for one in types if one.proven & set(wanted)}
    rows = records.find(
        session,
        Wanted(
            types=list(proving),
            kinds=_COUNTED,
            unit_ids=people.with_all_below(session, [unit.id]),
            first_day=tree.first_day,
            last_day=tree.last_day,
        ),
    )
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for type_id in proving[row.type]:
            found[type_id].append(row.id)
    return {type_id: tuple(ids) for type_id, ids in found.items()}


def _row(
    node: Indicator, way: Way, given: int | None, ids: tuple[int, ...], types: RecordTypes
) -> IndicatorRow:
    score = given if way is Way.RATED else None
    if way is Way.COUNTED and ids and node.target and node.hundredths is not None:
        score = round(Fraction(min(len(ids), node.target), node.target) * node.hundredths)
    type_ = types.get(node.type) if node.type else None
    return IndicatorRow(
        id=node.id,
        level=node.level,
        title=node.title,
        criterion=node.criterion or "",
        way=way,
        full=node.hundredths,
        score=score,
        type_name=type_.name if type_ else "",
        target=node.target,
        count=len(ids) if node.type else None,
        record_ids=ids,
    )


def _summed(nodes: Sequence[Indicator], rows: Sequence[IndicatorRow]) -> list[IndicatorRow]:
    """Sums of what there is; None where nothing below has a score."""
    scores: dict[int, int | None] = {one.id: one.score for one in rows}
    by_parent: dict[int, list[int]] = defaultdict(list)
    for node in nodes:
        if node.parent_id is not None:
            by_parent[node.parent_id].append(node.id)
    for row in reversed(rows):
        if row.way is Way.SUMMED:
            parts = [scores[one] for one in by_parent[row.id]]
            known = [one for one in parts if one is not None]
            scores[row.id] = sum(known) if known else None
    return [replace(row, score=scores[row.id]) for row in rows]
