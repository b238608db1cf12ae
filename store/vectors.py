"""Embeddings by the hash of their text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models import Vector

_AT_ONCE = 500
"""Both databases bound the number of values in one statement."""


def get(session: Session, model: str, hashes: Collection[str]) -> Mapping[str, bytes]:
    """Those of ``hashes`` that are known."""
    found: dict[str, bytes] = {}
    for some in _in_batches(hashes):
        rows = session.execute(
            select(Vector.hash, Vector.bytes).where(Vector.model == model, Vector.hash.in_(some))
        )
        found |= {text_hash: bytes(content) for text_hash, content in rows}
    return found


def put(session: Session, model: str, vectors: Mapping[str, bytes]) -> None:
    """Keep vectors by the hash of their text; those that are known stay as they are."""
    for text_hash, content in vectors.items():
        insert_once(session, Vector, {"model": model, "hash": text_hash, "bytes": content})


def forget_other_models(session: Session, model: str) -> None:
    """Drop what another embedding model made."""
    session.execute(delete(Vector).where(Vector.model != model))


def _in_batches(hashes: Collection[str]) -> Iterator[list[str]]:
    remaining = iter(hashes)
    while some := list(islice(remaining, _AT_ONCE)):
        yield some
