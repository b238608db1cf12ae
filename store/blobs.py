"""Bytes by their hash, in the store so that replicas and backups have them."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, Text, cast, delete, exists, or_, select
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models import Blob, Delivery, InboxMessage, Setting, StoredDocument
from store.models_records import PendingForm, RecordFile
from store.models_tasks import OccurrenceFile

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def put(session: Session, content: bytes, *, media_type: str, now: datetime) -> str:
    """Keep ``content`` once; its id."""
    blob_hash = sha256(content).hexdigest()
    insert_once(
        session,
        Blob,
        {
            "hash": blob_hash,
            "bytes": content,
            "media_type": media_type,
            "size_bytes": len(content),
            "added_at": now,
        },
    )
    return blob_hash


def get(session: Session, blob_hash: str) -> Blob | None:
    """The bytes with their type, or None when they were never kept."""
    return session.get(Blob, blob_hash)


def forget_unused(session: Session, hashes: Collection[str]) -> int:
    """Let go of those that nothing refers to any more; how many."""
    unused = [one for one in dict.fromkeys(hashes) if not _is_used(session, one)]
    for one in unused:
        session.execute(delete(Blob).where(Blob.hash == one))
    return len(unused)


def named_in(text: str) -> list[str]:
    """What looks like the hash of a blob in a stored message."""
    return _HASH.findall(text)


def is_filed(session: Session, blob_hash: str) -> bool:
    """Whether a document, a record or a task has it."""
    return (
        _is_any(session, StoredDocument.blob == blob_hash)
        or _is_any(session, or_(RecordFile.blob == blob_hash, RecordFile.thumbnail == blob_hash))
        or _is_any(
            session,
            or_(OccurrenceFile.blob == blob_hash, OccurrenceFile.thumbnail == blob_hash),
        )
    )


def _is_used(session: Session, blob_hash: str) -> bool:
    session.flush()
    users: tuple[ColumnElement[bool], ...] = (
        Delivery.reply.contains(blob_hash),
        InboxMessage.body.contains(blob_hash),
        Setting.value.contains(blob_hash),
        cast(PendingForm.body, Text).contains(blob_hash),
    )
    return is_filed(session, blob_hash) or any(_is_any(session, one) for one in users)


def _is_any(session: Session, condition: ColumnElement[bool]) -> bool:
    return session.scalar(select(exists().where(condition))) is True
