"""Bytes by their hash, in the store so that replicas and backups have them."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models import Blob


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
