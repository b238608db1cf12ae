"""What proves that something was done: records, their files, and files of due times."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.models import Blob
from store.models_records import RecordFile
from store.models_tasks import OccurrenceFile


def files_of_records(session: Session, record_ids: Collection[int]) -> Sequence[RecordFile]:
    """Attachments of these entries, in the order they were sent."""
    return session.scalars(
        select(RecordFile)
        .where(RecordFile.record_id.in_(list(record_ids)))
        .order_by(RecordFile.record_id, RecordFile.n)
    ).all()


def files_of_occurrences(
    session: Session, occurrence_ids: Collection[int]
) -> Sequence[OccurrenceFile]:
    """What was sent as proof of these due times, oldest first."""
    return session.scalars(
        select(OccurrenceFile)
        .where(OccurrenceFile.occurrence_id.in_(list(occurrence_ids)))
        .order_by(OccurrenceFile.occurrence_id, OccurrenceFile.at, OccurrenceFile.blob)
    ).all()


def size_bytes(session: Session, hashes: Collection[str]) -> int:
    """Of all these together, each once."""
    query = select(func.coalesce(func.sum(Blob.size_bytes), 0)).where(Blob.hash.in_(set(hashes)))
    return int(session.scalar(query) or 0)
