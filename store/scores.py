"""The ledger of points, counted from records: withdrawn ones are taken back by a line of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.models_records import ScoreEntry


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
