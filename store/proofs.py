"""What proves that something was done: records, their files, and files of due times."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

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


def size_bytes(session: Session, hashes: Collection[str]) -> int:
    """Of all these together, each once."""
    size = func.coalesce(func.sum(Blob.size_bytes), 0)
    sums = (session.scalar(select(size).where(Blob.hash.in_(some))) for some in pieces(hashes))
    return sum(int(one or 0) for one in sums)
