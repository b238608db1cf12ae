"""Points, counted from records, and indicator trees with what raters gave."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from store.models_records import Indicator, Rating, ScoreEntry


def enter(
    session: Session,
    *,
    record_id: int,
    type: str,
    member_id: int | None,
    unit_id: int | None,
    on: date,
    hundredths: int,
    now: datetime,
) -> None:
    """A line of the ledger for one entry of a record; nothing for nothing."""
    if hundredths:
        session.add(
            ScoreEntry(
                record_id=record_id,
                type=type,
                member_id=member_id,
                unit_id=unit_id,
                on_date=on,
                hundredths=hundredths,
                entered_at=now,
            )
        )


def ledger(
    session: Session,
    *,
    member_id: int | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Sequence[ScoreEntry]:
    """The lines, oldest first."""
    query = select(ScoreEntry).order_by(ScoreEntry.record_id)
    if member_id is not None:
        query = query.where(ScoreEntry.member_id == member_id)
    if first_day is not None:
        query = query.where(ScoreEntry.on_date >= first_day)
    if last_day is not None:
        query = query.where(ScoreEntry.on_date <= last_day)
    return session.scalars(query).all()


def totals(
    session: Session,
    *,
    unit_ids: Collection[int] | None = None,
    first_day: date,
    last_day: date,
) -> Mapping[int, int]:
    """Hundredths of points by member."""
    query = (
        select(ScoreEntry.member_id, func.sum(ScoreEntry.hundredths))
        .where(
            ScoreEntry.member_id.is_not(None),
            ScoreEntry.on_date >= first_day,
            ScoreEntry.on_date <= last_day,
        )
        .group_by(ScoreEntry.member_id)
    )
    if unit_ids is not None:
        query = query.where(ScoreEntry.unit_id.in_(unit_ids))
    return {
        member_id: int(total)
        for member_id, total in session.execute(query)
        if member_id is not None
    }


def replace_tree(session: Session, tree: str, nodes: Sequence[Indicator]) -> None:
    """Put a tree in place of an earlier one of its name; ``parent_id`` holds the parent's place.

    Its place in ``nodes``, counted from 0; parents come before their children.
    """
    session.execute(delete(Indicator).where(Indicator.tree == tree))
    kept: list[int] = []
    for node in nodes:
        if node.parent_id is not None:
            node.parent_id = kept[node.parent_id]
        session.add(node)
        session.flush()
        kept.append(node.id)


def indicators(session: Session, tree: str) -> Sequence[Indicator]:
    """A tree from the top down."""
    return session.scalars(
        select(Indicator).where(Indicator.tree == tree).order_by(Indicator.position)
    ).all()


def trees(session: Session) -> Sequence[str]:
    """Their names."""
    return session.scalars(select(Indicator.tree).distinct().order_by(Indicator.tree)).all()


def rate(
    session: Session,
    *,
    indicator_id: int,
    unit_id: int,
    hundredths: int,
    by: int | None,
    now: datetime,
) -> None:
    """Keep what a rater gives; what was given before stays in the history."""
    session.add(
        Rating(
            indicator_id=indicator_id,
            unit_id=unit_id,
            hundredths=hundredths,
            rated_by=by,
            rated_at=now,
        )
    )


def ratings(session: Session, tree: str, unit_id: int) -> Mapping[int, int]:
    """The newest rating of a unit by indicator."""
    rows = session.execute(
        select(Rating.indicator_id, Rating.hundredths)
        .join(Indicator, Indicator.id == Rating.indicator_id)
        .where(Indicator.tree == tree, Rating.unit_id == unit_id)
        .order_by(Rating.id)
    )
    return {row.indicator_id: row.hundredths for row in rows}
