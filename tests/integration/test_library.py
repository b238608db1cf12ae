"""The async door: what is found before, while and after vectors are made."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.library import Known, Library
from knowledge.model import Document
from knowledge.reading import read_bytes

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TOPICS = ("阅读", "陪餐", "安全", "家访", "心理", "劳动")


class SlowEmbedder:
    """Counts topics; its vectors wait until ``gate`` opens."""

    name = "topics"
    dimensions = len(TOPICS) + 1

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.embedded = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.gate.wait(timeout=30)
        self.embedded += len(texts)
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        counts = [float(text.count(topic)) for topic in TOPICS] + [0.1]
        length = sum(count * count for count in counts) ** 0.5
        return [count / length for count in counts]


class Cache:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    async def get(self, model: str, hashes: Sequence[str]) -> Mapping[str, bytes]:
        return {key: self.kept[model, key] for key in hashes if (model, key) in self.kept}

    async def put(self, model: str, vectors: Mapping[str, bytes]) -> None:
        self.kept |= {(model, key): vector for key, vector in vectors.items()}


def document(topic: str, words: str) -> Document:
    text = f"云溪县{topic}工作方案\n\n一、总体要求\n做好{topic}工作。\n二、主要任务\n{words}\n"
    return read_bytes(text.encode(), f"{topic}.txt")


READING = document("阅读", "每个班级设图书角，藏书不少于80册。")
OTHERS = [document(topic, f"每月检查一次{topic}情况。") for topic in TOPICS[1:]]


@pytest.fixture
def embedder() -> SlowEmbedder:
    return SlowEmbedder()


@pytest.fixture
def cache() -> Cache:
    return Cache()


@pytest.fixture
async def library(embedder: SlowEmbedder, cache: Cache) -> AsyncIterator[Library]:
    library = Library(make_embedder=lambda: embedder, vectors=cache)
    await library.open()
    yield library
    embedder.gate.set()
    await library.close()


async def top(library: Library, question: str, allowed: frozenset[str] | None = None) -> str:
    hits = await library.search(question, allowed=allowed, now=NOW)
    return hits[0].document.file if hits else ""


async def test_a_new_document_is_found_by_its_words_while_its_vectors_wait(
    library: Library, embedder: SlowEmbedder
) -> None:
    embedder.gate.set()
    await library.load([Known(document=one) for one in OTHERS])
    await library.settled()
    embedder.gate.clear()
    await library.add(Known(document=READING))

    assert library.missing_vectors > 0
    assert await top(library, "图书角藏书多少册") == "阅读.txt"
    embedder.gate.set()
    await library.settled()
    assert library.missing_vectors == 0
    assert await top(library, "图书角藏书多少册") == "阅读.txt"


async def test_no_vector_is_made_twice(
    library: Library, embedder: SlowEmbedder, cache: Cache
) -> None:
    embedder.gate.set()
    await library.load([Known(document=one) for one in OTHERS])
    await library.settled()
    made = embedder.embedded
    again = Library(make_embedder=lambda: embedder, vectors=cache)
    await again.open()
    await again.load([Known(document=one) for one in OTHERS])
    await again.settled()
    await again.close()

    assert made > 0
    assert embedder.embedded == made


async def test_only_permitted_documents_are_found_or_answered_from(library: Library) -> None:
    await library.load([Known(document=one) for one in (READING, *OTHERS)])
    allowed = frozenset(one.id for one in OTHERS)

    assert await top(library, "图书角藏书多少册", allowed) != "阅读.txt"
    answer = await library.answer("图书角藏书多少册", allowed=allowed, now=NOW)
    assert "80" not in answer.text
    assert all(citation.file != "阅读.txt" for citation in answer.citations)


async def test_what_is_removed_is_gone(library: Library) -> None:
    await library.load([Known(document=READING)])
    await library.remove(READING.id)

    assert await top(library, "图书角藏书多少册") == ""
    assert dict(library.documents) == {}


async def test_without_a_model_everything_is_settled() -> None:
    library = Library(make_embedder=lambda: None, vectors=Cache())
    await library.open()
    await library.load([Known(document=READING)])
    await library.settled(at_most_s=10)

    assert library.is_settled
    assert await top(library, "图书角藏书多少册") == "阅读.txt"
    await library.close()


async def test_chromadb_in_the_folder_spares_making_them_again(
    embedder: SlowEmbedder, tmp_path: Path
) -> None:
    embedder.gate.set()
    first = await reopened(embedder, Cache(), tmp_path)
    made = embedder.embedded
    second = await reopened(embedder, Cache(), tmp_path)

    assert (tmp_path / "vectors" / "chroma.sqlite3").exists()
    assert made > 0
    assert embedder.embedded == made
    assert first == second == "阅读.txt"


async def test_a_replica_fills_its_folder_from_what_another_made(
    embedder: SlowEmbedder, cache: Cache, tmp_path: Path
) -> None:
    embedder.gate.set()
    await reopened(embedder, cache, tmp_path / "one")
    made = embedder.embedded
    await reopened(embedder, cache, tmp_path / "two")
    await reopened(embedder, Cache(), tmp_path / "two")

    assert embedder.embedded == made


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"\xff" * 5000, b"no database"])
async def test_a_folder_that_chromadb_cannot_read_is_filled_again(
    embedder: SlowEmbedder, cache: Cache, tmp_path: Path, content: bytes
) -> None:
    embedder.gate.set()
    await reopened(embedder, cache, tmp_path)
    made = embedder.embedded
    for found in (tmp_path / "vectors").rglob("*"):
        if found.is_file():
            found.write_bytes(content)

    assert await reopened(embedder, cache, tmp_path) == "阅读.txt"
    assert await reopened(embedder, cache, tmp_path) == "阅读.txt"
    assert await reopened(embedder, Cache(), tmp_path) == "阅读.txt"
    assert embedder.embedded == made


async def test_what_no_document_has_any_more_is_dropped_at_the_next_start(
    embedder: SlowEmbedder, tmp_path: Path
) -> None:
    embedder.gate.set()
    await reopened(embedder, Cache(), tmp_path)
    await reopened(embedder, Cache(), tmp_path, documents=OTHERS)
    made = embedder.embedded
    await reopened(embedder, Cache(), tmp_path)

    assert embedder.embedded > made


async def reopened(
    embedder: SlowEmbedder,
    cache: Cache,
    folder: Path,
    documents: Sequence[Document] = (READING, *OTHERS),
) -> str:
    """Open, have all vectors, ask, close: as one run of a server does."""
    library = Library(make_embedder=lambda: embedder, vectors=cache, folder=folder)
    await library.open()
    try:
        await library.load([Known(document=one) for one in documents])
        await library.settled(at_most_s=60)
        assert library.missing_vectors == 0
        return await top(library, "图书角藏书多少册")
    finally:
        await library.close()
