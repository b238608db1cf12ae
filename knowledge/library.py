"""The async door to everything that is known. Owns the threads that search and embed.

Words are searchable as soon as a document is added; vectors are made behind. chromadb keeps them in
the folder; whoever gave the ``VectorCache`` keeps them for the replicas, too, so that none is made
twice, and a folder that is lost is filled again from there.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.errors import ConfigError
from knowledge.answers import Answerer, Thresholds
from knowledge.embedding import Embedder, EmbeddingFailed
from knowledge.index import Index, Snapshot
from knowledge.model import Answer, Document, Hit, Turn
from knowledge.question import Understood, understand
from knowledge.retrieval import Retriever, Standing
from knowledge.vectors import ChromaVectors
from knowledge.windows import Window
from knowledge.writer import Writer
from knowledge.writer_limits import NOBODY, Asker

logger = logging.getLogger(__name__)
T = TypeVar("T")

SEARCHERS = 2
EMBEDDED_AT_ONCE = 8
"""Small, so that a question never waits long for its own vector behind a batch."""
PUBLISHED_AT_ONCE = 256
"""Every publication takes a snapshot of the whole index."""
HITS = 12
TRY_AGAIN_S = 60.0


class VectorCache(Protocol):
    """Keeps vectors (float32, little endian) by model and hash of the text."""

    async def get(self, model: str, hashes: Sequence[str]) -> Mapping[str, bytes]: ...
    async def put(self, model: str, vectors: Mapping[str, bytes]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A document as the library holds it."""

    document: Document
    standing: Standing = Standing.IN_FORCE


class Library:
    """Open it, ``load`` it, ask it; every method may be called from the event loop only."""

    def __init__(
        self,
        *,
        make_embedder: Callable[[], Embedder | None],
        vectors: VectorCache,
        folder: Path | None = None,
        thresholds: Thresholds | None = None,
        writer: Writer | None = None,
        try_again_s: float = TRY_AGAIN_S,
    ) -> None:
        self._writer = writer
        self._try_again_s = try_again_s
        self._trouble = ""
        self._make_embedder = make_embedder
        self._hang_up: Callable[[], None] | None = None
        """Lets go of connections to a server of embeddings."""
        self._cache = vectors
        self._folder = folder
        self._kept = None if folder is None else ChromaVectors(folder / "vectors")
        self._thresholds = thresholds or Thresholds()
        self._searching = ThreadPoolExecutor(SEARCHERS, "search")
        self._embedding = ThreadPoolExecutor(1, "embed", initializer=_be_nice)
        self._has_work = asyncio.Event()
        self._settled = asyncio.Event()
        self._standing: dict[str, Standing] = {}
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the word index and begin to load the model, which takes seconds."""
        self._index = await self._in_search(lambda: Index(self._folder))
        self._retriever = Retriever(self._index)
        self._task = asyncio.create_task(self._make_vectors(), name="vectors")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._embedding.shutdown(cancel_futures=True)
        self._searching.shutdown()
        if self._hang_up is not None:
            self._hang_up()
        if self._kept is not None:
            self._kept.close()
        self._index.close()

    @property
    def documents(self) -> Mapping[str, Document]:
        return self._index.snapshot().documents

    @property
    def missing_vectors(self) -> int:
        """How many windows are found by their words only, as yet."""
        if self._settled.is_set() and not self._trouble:
            return 0
        return len(self._index.missing_windows())

    @property
    def trouble(self) -> str:
        """Why there are no vectors, in Chinese; empty as long as all is well."""
        return self._trouble

    async def load(self, known: Sequence[Known]) -> None:
        """Hold exactly these; for the start."""
        documents = [one.document for one in known]
        await self._in_search(lambda: self._index.load(documents))
        self._standing = {one.document.id: one.standing for one in known}
        self._wake()

    async def add(self, known: Known) -> None:
        """Make a document findable; replaces one of the same id."""
        await self._in_search(lambda: self._index.add(known.document))
        self._standing[known.document.id] = known.standing
        self._wake()

    async def remove(self, document_id: str) -> None:
        await self._in_search(lambda: self._index.remove(document_id))
        self._standing.pop(document_id, None)

    @property
    def is_settled(self) -> bool:
        """Whether every window has its vector, or no model makes them now."""
        return self._settled.is_set()

    async def settled(self, at_most_s: float | None = None) -> None:
        """Wait until then, or for ``at_most_s``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._settled.wait()

    async def search(
        self, question: str, *, allowed: frozenset[str] | None, now: datetime, limit: int = 10
    ) -> list[Hit]:
        """Passages for a question, best first, only from ``allowed`` documents (None: all)."""

        def find() -> list[Hit]:
            understood = understand(question, (), self._index.vocabulary, now)
            return self._find(understood, allowed, limit)

        return await self._in_search(find)

    async def answer(
        self,
        question: str,
        previous: Sequence[Turn] = (),
        *,
        allowed: frozenset[str] | None,
        now: datetime,
        asker: Asker = NOBODY,
    ) -> Answer:
        """Answer from ``allowed`` documents (None: all), or say that they are silent.

        In the writer's words where there is one; ``asker`` is who pays for it.
        """
        started = time.perf_counter()
        answer = await self.quoted(question, previous, allowed=allowed, now=now, asker=asker)
        async with aclosing(self.written(answer, asker)) as states:
            async for state in states:
                answer = state
        return replace(answer, elapsed_ms=(time.perf_counter() - started) * 1000)

    async def quoted(
        self,
        question: str,
        previous: Sequence[Turn] = (),
        *,
        allowed: frozenset[str] | None,
        now: datetime,
        asker: Asker = NOBODY,
    ) -> Answer:
        """As :meth:`answer`, in the documents' own words.

        The writer may propose a follow-up made whole where it was not understood without; the
        same search then decides about that.
        """
        answer = await self._in_search(lambda: self._answer(question, previous, allowed, now))
        if answer.answered or not previous or self._writer is None:
            return answer
        whole = await self._writer.whole(question, previous, asker)
        if whole is None:
            return answer
        again = await self._in_search(lambda: self._answer(whole, (), allowed, now))
        return again if again.answered else answer

    def is_written(self, answer: Answer) -> bool:
        """Whether there is more to come than the quoted answer."""
        return self._writer is not None and answer.answered and bool(answer.citations)

    async def written(self, answer: Answer, asker: Asker = NOBODY) -> AsyncGenerator[Answer, None]:
        """A quoted answer in the writer's words, growing; the last one holds."""
        if self._writer is None or not self.is_written(answer):
            return
        async with aclosing(self._writer.write(answer, asker)) as states:
            async for state in states:
                yield state

    def _answer(
        self,
        question: str,
        previous: Sequence[Turn],
        allowed: frozenset[str] | None,
        now: datetime,
    ) -> Answer:
        started = time.perf_counter()
        understood = understand(question, previous, self._index.vocabulary, now)
        hits = self._find(understood, allowed, HITS)
        weigh = _idf(self._index.snapshot())
        answer = Answerer(weigh=weigh, thresholds=self._thresholds).answer(understood, hits)
        return replace(answer, elapsed_ms=(time.perf_counter() - started) * 1000)

    def _find(
        self, understood: Understood, allowed: frozenset[str] | None, limit: int
    ) -> list[Hit]:
        return self._retriever.search(
            understood, allowed=allowed, standing=dict(self._standing), limit=limit
        )

    async def _in_search(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._searching, work)

    async def _in_embedding(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._embedding, work)

    def _wake(self) -> None:
        self._settled.clear()
        self._has_work.set()

    async def _make_vectors(self) -> None:
        try:
            embedder = await self._in_embedding(self._make_embedder)
        except ConfigError as error:
            logger.error("searching by words alone: %s", error)
            self._trouble = error.reply
            embedder = None
        self._hang_up = getattr(embedder, "close", None)
        self._retriever = Retriever(self._index, embedder)
        is_tidy = False
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            if embedder is not None and await self._embed_all(embedder) and not is_tidy:
                await self._tidy(embedder)
                is_tidy = True
            if not self._has_work.is_set():
                self._settled.set()

    async def _embed_all(self, embedder: Embedder) -> bool:
        """False: a model on a server fails, and is asked again later."""
        try:
            await self._embed_missing(embedder)
        except EmbeddingFailed as error:
            logger.warning("%s; again in %.0f s", error, self._try_again_s)
            self._trouble = "向量服务连不上或不答复，先按字词查找。"
            asyncio.get_running_loop().call_later(self._try_again_s, self._has_work.set)
            return False
        self._trouble = ""
        return True

    async def _embed_missing(self, embedder: Embedder) -> None:
        for group in _groups(await self._still_missing(embedder), PUBLISHED_AT_ONCE):
            made: dict[str, NDArray[np.float32]] = {}
            for batch in _groups(group, EMBEDDED_AT_ONCE):
                texts = [window.text for window in batch]
                vectors = await self._in_embedding(partial(embedder.embed_documents, texts))
                for window, vector in zip(batch, vectors, strict=True):
                    made[window.hash] = np.asarray(vector, dtype="<f4")
            await self._in_embedding(partial(self._index.put_vectors, made))
            stored = {key: vector.tobytes() for key, vector in made.items()}
            await self._cache.put(embedder.name, stored)
            await self._keep(embedder, made)

    async def _still_missing(self, embedder: Embedder) -> Sequence[Window]:
        """Windows that neither folder nor cache has a vector for; the index takes the rest."""
        missing = await self._in_embedding(self._index.missing_windows)
        kept = self._kept
        if kept is not None and missing:
            hashes = [window.hash for window in missing]
            held = await self._in_embedding(partial(kept.get, embedder.name, hashes))
            await self._in_embedding(partial(self._index.put_vectors, held))
            missing = [window for window in missing if window.hash not in held]
        cached = await self._cache.get(embedder.name, [window.hash for window in missing])
        vectors = {key: np.frombuffer(vector, dtype="<f4") for key, vector in cached.items()}
        await self._in_embedding(partial(self._index.put_vectors, vectors))
        await self._keep(embedder, vectors)
        return [window for window in missing if window.hash not in cached]

    async def _keep(self, embedder: Embedder, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        if self._kept is not None and vectors:
            await self._in_embedding(partial(self._kept.put, embedder.name, vectors))

    async def _tidy(self, embedder: Embedder) -> None:
        """Once, at the start: let go of what no document has any more."""
        kept, index = self._kept, self._index
        if kept is not None and index.snapshot().documents:
            await self._in_embedding(lambda: kept.keep_only(embedder.name, index.window_hashes()))


def _groups(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _idf(snapshot: Snapshot) -> Callable[[str], float]:
    """How telling a term is among the passages there are."""
    total = len(snapshot.passages)

    def weigh(term: str) -> float:
        frequency = snapshot.frequency(term)
        return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))

    return weigh


def _be_nice() -> None:
    """Making vectors may take all that nobody else wants; Linux has a niceness per thread."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
