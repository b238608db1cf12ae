"""Vectors kept on disk by chromadb, inside this process: written behind, read once at the start.

Questions never come here: the index scores the vectors it was given in memory.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

from knowledge.windows import content_hash

logger = logging.getLogger(__name__)

_AT_ONCE = 1000


class ChromaVectors:
    """Vectors by model and by the hash of their window's text.

    The first call imports chromadb and opens the folder, which takes seconds: not on the loop.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._collections: dict[str, Collection] = {}

    def get(self, model: str, hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Those of ``hashes`` that are kept; the rest has to be made."""
        found: dict[str, NDArray[np.float32]] = {}
        with self._lock:
            collection = self._collection(model)
            for at in range(0, len(hashes), _AT_ONCE):
                rows = collection.get(ids=list(hashes[at : at + _AT_ONCE]), include=["embeddings"])
                embeddings = rows["embeddings"]
                if embeddings is not None:
                    vectors = np.asarray(embeddings, dtype=np.float32)
                    found.update(zip(rows["ids"], vectors, strict=True))
        return found

    def put(self, model: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        keys = list(vectors)
        with self._lock:
            collection = self._collection(model)
            for at in range(0, len(keys), _AT_ONCE):
                batch = keys[at : at + _AT_ONCE]
                matrix = np.stack([vectors[key] for key in batch]).astype(np.float32)
                collection.upsert(ids=batch, embeddings=matrix)

    def keep_only(self, model: str, hashes: frozenset[str]) -> None:
        """Drop the vectors of windows that no document has any more."""
        with self._lock:
            collection = self._collection(model)
            stale = [key for key in collection.get(include=[])["ids"] if key not in hashes]
            for at in range(0, len(stale), _AT_ONCE):
                collection.delete(ids=stale[at : at + _AT_ONCE])

    def _collection(self, model: str) -> Collection:
        if model not in self._collections:
            import chromadb
            from chromadb.config import Settings

            self._folder.mkdir(parents=True, exist_ok=True)
            client = chromadb.PersistentClient(
                path=str(self._folder), settings=Settings(anonymized_telemetry=False)
            )
            self._collections[model] = client.get_or_create_collection(
                # Its names are short and of few characters; a model's may be a path.
                name=f"windows-{content_hash(model)}",
                embedding_function=None,
                configuration={"hnsw": {"space": "ip"}},
            )
            logger.info("vectors of %s are kept by chromadb", model)
        return self._collections[model]
