"""Evaluation sets (corpus.jsonl, queries.jsonl) as documents, and a cache of their vectors."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.embedding import Embedder
from knowledge.model import Document, Passage, PassageKind
from knowledge.windows import Window

_BATCH = 32


def read_documents(folder: Path) -> tuple[list[Document], dict[str, str]]:
    """Lines with one title are one document. Also answers which line each passage came from."""
    by_title: dict[str, list[dict[str, str]]] = defaultdict(list)
    for line in _lines(folder / "corpus.jsonl"):
        by_title[line["title"]].append(line)
    line_of: dict[str, str] = {}
    documents = []
    for title, lines in by_title.items():
        document_id = hashlib.sha256(title.encode()).hexdigest()[:12]
        passages: list[Passage] = []
        at = 0
        for number, line in enumerate(lines, 1):
            passage_id = f"{document_id}#{number}"
            line_of[passage_id] = line["id"]
            path = tuple(line[key] for key in ("chapter", "section") if line.get(key))
            passages.append(
                Passage(
                    id=passage_id,
                    document_id=document_id,
                    locator=path[-1] if path else "",
                    path=path,
                    kind=PassageKind.ITEM,
                    start=at,
                    end=at + len(line["text"]),
                    text=line["text"],
                )
            )
            at += len(line["text"]) + 1
        text = "\n".join(line["text"] for line in lines)
        documents.append(
            Document(
                id=document_id,
                file=f"{title}.txt",
                title=title,
                text=text,
                passages=tuple(passages),
            )
        )
    return documents, line_of


def read_queries(folder: Path) -> list[tuple[str, str]]:
    return [(line["id"], line["text"]) for line in _lines(folder / "queries.jsonl")]


class VectorCache:
    """Vectors by the hash of their text and the embedder's name, in one SQLite file."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._embedder = embedder
        self._db = sqlite3.connect(folder / "vectors.sqlite", timeout=60)
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS vectors"
            " (model TEXT, hash TEXT, vector BLOB, PRIMARY KEY (model, hash))"
        )

    def vectors(self, windows: Sequence[Window]) -> Mapping[str, NDArray[np.float32]]:
        """Every window's vector; what the cache lacks is made, in batches that are kept at once."""
        found = self._load()
        missing = list({w.hash: w for w in windows if w.hash not in found}.values())
        # Windows of like length make the quickest batches.
        missing.sort(key=lambda window: len(window.text))
        started = time.perf_counter()
        for at in range(0, len(missing), _BATCH):
            batch = missing[at : at + _BATCH]
            made = self._embedder.embed_documents([window.text for window in batch])
            rows = []
            for window, numbers in zip(batch, made, strict=True):
                vector = np.asarray(numbers, dtype=np.float32)
                found[window.hash] = vector
                rows.append((self._embedder.name, window.hash, vector.tobytes()))
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            done = at + len(batch)
            if done // _BATCH % 20 == 0 or done == len(missing):
                seconds = time.perf_counter() - started
                print(f"embedded {done}/{len(missing)} windows, {seconds:.0f} s", file=sys.stderr)
        return found

    def _load(self) -> dict[str, NDArray[np.float32]]:
        rows = self._db.execute(
            "SELECT hash, vector FROM vectors WHERE model = ?", (self._embedder.name,)
        )
        return {key: np.frombuffer(blob, dtype=np.float32) for key, blob in rows}


def default_cache() -> Path:
    """Where vectors of evaluation sets are kept between runs."""
    chosen = os.environ.get("YAODIAN_BENCH_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yaodian-bench"


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)
