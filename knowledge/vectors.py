"""Vectors kept on disk by chromadb, inside this process: written behind, read once at the start.

Questions never come here: the index scores exactly, in memory, what it was given. All that is here
can be made again, so a folder that chromadb cannot read any more is dropped.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection as Kept

from knowledge.windows import content_hash

logger = logging.getLogger(__name__)
T = TypeVar("T")

_AT_ONCE = 1000


class ChromaVectors:
    """Vectors by model and by the hash of their window's text.

    The first call imports chromadb and opens the folder, which takes seconds: not on the loop.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._collections: dict[str, Kept] = {}
        self._is_broken = False

    def get(self, model: str, hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Those of ``hashes`` that are kept; the rest has to be made."""

        def find(collection: Kept) -> dict[str, NDArray[np.float32]]:
            found: dict[str, NDArray[np.float32]] = {}
            for batch in _batches(hashes):
                rows = collection.get(ids=batch, include=["embeddings"])
                embeddings = rows["embeddings"]
                if embeddings is not None:
                    vectors = np.asarray(embeddings, dtype=np.float32)
                    found.update(zip(rows["ids"], vectors, strict=True))
            return found

        return self._tried(model, find) or {}

    def put(self, model: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        def keep(collection: Kept) -> None:
            for batch in _batches(list(vectors)):
                matrix = np.stack([vectors[key] for key in batch]).astype(np.float32)
                collection.upsert(ids=batch, embeddings=matrix)

        self._tried(model, keep)

    def keep_only(self, model: str, hashes: Collection[str]) -> None:
        """Drop the vectors of windows that no document has any more."""
        wanted = frozenset(hashes)

        def drop(collection: Kept) -> None:
            kept = collection.get(include=[])["ids"]
            for batch in _batches([key for key in kept if key not in wanted]):
                collection.delete(ids=batch)

        self._tried(model, drop)

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            if self._client is not None and not self._is_broken:
                self._client.close()
            self._client = None
            self._collections = {}

    def _tried(self, model: str, work: Callable[[Kept], T]) -> T | None:
        """None once chromadb could not read or write the folder, which is then gone."""
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.errors import ChromaError

        with self._lock:
            if self._is_broken:
                return None
            try:
                return work(self._collection(model))
            except (ChromaError, sqlite3.Error, OSError, ValueError, RuntimeError) as error:
                logger.warning("chromadb cannot use %s, dropping it: %s", self._folder, error)
                self._is_broken = True
                SharedSystemClient.clear_system_cache()
                shutil.rmtree(self._folder, ignore_errors=True)
                return None

    def _collection(self, model: str) -> Kept:
        if model not in self._collections:
            self._collections[model] = self._opened().get_or_create_collection(
                # Its names are short and of few characters; a model's may be a path.
                name=f"windows-{content_hash(model)}",
                embedding_function=None,
                configuration={"hnsw": {"space": "ip"}},
            )
        return self._collections[model]

    def _opened(self) -> Client:
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            self._folder.mkdir(parents=True, exist_ok=True)
            settings = Settings(anonymized_telemetry=False)
            client = chromadb.PersistentClient(path=str(self._folder), settings=settings)
            self._client = cast("Client", client)
        return self._client


def _batches(keys: Sequence[str]) -> Iterator[list[str]]:
    for at in range(0, len(keys), _AT_ONCE):
        yield list(keys[at : at + _AT_ONCE])
