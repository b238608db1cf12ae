"""What proves that something was done: records, their files, and files of due times."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models import Blob
from store.models_records import RecordFile
from store.models_tasks import OccurrenceFile
from store.pieces import pieces


def files_of_records(session: Session, record_ids: Collection[int]) -> Sequence[RecordFile]:
    """Attachments of these entries, in the order they were sent."""
    found = [
        one
        for some in pieces(record_ids)
        for one in session.scalars(select(RecordFile).where(RecordFile.record_id.in_(some)))
    ]
    return sorted(found, key=lambda one: (one.record_id, one.n))


def files_of_occurrences(
    session: Session, occurrence_ids: Collection[int]
) -> Sequence[OccurrenceFile]:
    """What was sent as proof of these due times, oldest first."""
    found = [
        one
        for some in pieces(occurrence_ids)
        for one in session.scalars(
            select(OccurrenceFile).where(OccurrenceFile.occurrence_id.in_(some))
        )
    ]
    return sorted(found, key=lambda one: (one.occurrence_id, one.at, one.blob))


def add_to_occurrence(
    session: Session,
    occurrence_id: int,
    blob: str,
    *,
    name: str,
    thumbnail: str | None,
    member_id: int | None,
    now: datetime,
) -> bool:
    """Keep a file as proof of a due time; False when it is kept there already."""
    values = {
        "occurrence_id": occurrence_id,
        "blob": blob,
        "name": name,
        "thumbnail": thumbnail,
        "member_id": member_id,
        "at": now,
    }
    return insert_once(session, OccurrenceFile, values)


def kinds(session: Session, hashes: Collection[str]) -> Mapping[str, tuple[str, int]]:
    """Media type and size of each blob that is there."""
    rows = session.execute(
        select(Blob.hash, Blob.media_type, Blob.size_bytes).where(Blob.hash.in_(hashes))
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def size_bytes(session: Session, hashes: Collection[str]) -> int:
    """Of all these together, each once."""
    size = func.coalesce(func.sum(Blob.size_bytes), 0)
    sums = (session.scalar(select(size).where(Blob.hash.in_(some))) for some in pieces(hashes))
    return sum(int(one or 0) for one in sums)
