"""Keeps the library's vectors in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store import vectors
from store.engine import Store


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """The library's ``VectorCache``."""

    store: Store

    async def get(self, model: str, hashes: Sequence[str]) -> Mapping[str, bytes]:
        return await self.store.read(lambda session: vectors.get(session, model, hashes))

    async def put(self, model: str, made: Mapping[str, bytes]) -> None:
        await self.store.write(lambda session: vectors.put(session, model, made))
