"""Every passage of every document: its words in tantivy, its windows' vectors in one matrix.

One thread writes; any number read. A reader works on a ``Snapshot``, which never changes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from knowledge.model import Document, Passage
from knowledge.segmentation import terms
from knowledge.vocabulary import Vocabulary
from knowledge.windows import Window, windows_of

_WORDS = "words"
_SOURCE = "source"
_KEY = "key"
_WRITER_BYTES = 32_000_000
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one search sees. A row is a passage; the rows of a document stand together."""

    documents: Mapping[str, Document]
    passages: Sequence[Passage]
    rows: Mapping[str, range]
    row_of_key: Mapping[int, int]
    slots: NDArray[np.int32]
    """Window -> row of ``vectors``, -1 as long as it has none."""
    first_window: NDArray[np.int64]
    """Row -> its first window; every row has at least one."""
    vectors: NDArray[np.float32]
    searcher: tantivy.Searcher

    def lexical(
        self, weights: Mapping[str, float], limit: int, documents: Iterable[str] | None
    ) -> dict[int, float]:
        """BM25 of the best ``limit`` rows, only within ``documents`` unless that is None."""
        should = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(_term(word), weight))
            for word, weight in weights.items()
        ]
        if not should or not self.passages:
            return {}
        query = tantivy.Query.boolean_query(should)
        if documents is not None:
            sources = [_source(self.documents[one]) for one in documents]
            if not sources:
                return {}
            only = tantivy.Query.term_set_query(_schema(), _SOURCE, sources)
            query = tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Must, query),
                    (tantivy.Occur.Must, tantivy.Query.const_score_query(only, 0.0)),
                ]
            )
        hits = self.searcher.search(query, limit=limit, count=False).hits
        keys = self.searcher.fast_field_values(_KEY, [address for _, address in hits])
        return {
            self.row_of_key[key]: float(score)
            for (score, _), key in zip(hits, keys, strict=True)
            if isinstance(key, int) and key in self.row_of_key
        }

    def dense(self, vector: Scores) -> tuple[Scores, Scores] | None:
        """Cosine of every row's best window, and the mean over its windows; None without vectors.

        A window that has no vector yet counts as -1 (best) and 0 (mean).
        """
        if not len(self.vectors) or not len(self.slots) or (self.slots < 0).all():
            return None
        cosines = np.append(self.vectors @ vector, np.float32(-1.0))
        by_window = cosines[self.slots]
        best = np.maximum.reduceat(by_window, self.first_window)
        counts = np.diff(np.append(self.first_window, len(self.slots)))
        total = np.add.reduceat(np.maximum(by_window, 0.0), self.first_window)
        return best, (total / counts).astype(np.float32)

    def frequency(self, word: str) -> int:
        """How many passages hold this index term."""
        return self.searcher.doc_freq(_WORDS, word)


@dataclass(slots=True)
class _Entry:
    document: Document
    windows: list[tuple[Window, ...]] = field(default_factory=list)


class Index:
    """Documents in, snapshots out. ``folder`` None keeps it in memory.

    The folder holds the words only; documents and vectors come from whoever keeps them.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._index = _open(folder)
        self._writer = self._index.writer(_WRITER_BYTES, 1)
        self._entries: dict[str, _Entry] = {}
        self._slot_of: dict[str, int] = {}
        self._places: dict[str, list[int]] = {}
        self._vectors: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self.vocabulary = Vocabulary()
        self._snapshot = self._take_snapshot()

    def snapshot(self) -> Snapshot:
        return self._snapshot

    def add(self, document: Document) -> None:
        """Make a document findable by its words, at once; replaces one of the same id."""
        self.add_all([document])

    def add_all(self, documents: Iterable[Document]) -> None:
        """Add many with one commit. What the folder holds already is not written again."""
        with self._lock:
            new = {document.id: document for document in documents}
            for document in new.values():
                self._drop(document.id, document)
                self._entries[document.id] = _Entry(
                    document, [windows_of(document, passage) for passage in document.passages]
                )
                self._write(document)
            self.vocabulary.add_all(new.values())
            self._publish()

    def load(self, documents: Iterable[Document]) -> None:
        """Hold exactly ``documents``; for the start. Repairs a folder that holds anything else."""
        with self._lock:
            wanted = {document.id: document for document in documents}
            for stale in self._entries.keys() - wanted.keys():
                self._drop(stale, None)
            self.add_all(wanted.values())
            passages = sum(len(document.passages) for document in wanted.values())
            if self._index.searcher().num_docs != passages:
                self._writer.delete_all_documents()
                self._writer.commit()
                self._index.reload()
                for document in wanted.values():
                    self._write(document)
                self._publish()

    def replace(self, old_id: str, document: Document) -> None:
        """Put ``document`` in the place of ``old_id``: no search sees both or neither."""
        with self._lock:
            self._drop(old_id, document)
            self.add_all([document])

    def remove(self, document_id: str) -> None:
        with self._lock:
            self._drop(document_id, None)
            self._publish()

    def missing_windows(self) -> list[Window]:
        """Windows that have no vector yet, each once."""
        with self._lock:
            missing = {
                window.hash: window
                for entry in self._entries.values()
                for windows in entry.windows
                for window in windows
                if window.hash not in self._slot_of
            }
        return list(missing.values())

    def window_hashes(self) -> frozenset[str]:
        """The windows of every document, whether they have a vector or not."""
        with self._lock:
            return frozenset(self._places)

    def put_vectors(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Take vectors of length 1 by their window's hash; all of one number of dimensions."""
        new = {key: vector for key, vector in vectors.items() if key not in self._slot_of}
        if not new:
            return
        with self._lock:
            added = np.stack([np.asarray(vector, dtype=np.float32) for vector in new.values()])
            used = len(self._slot_of)
            if used + len(added) > len(self._vectors) or not used:
                # A new array: snapshots keep reading the old one.
                grown = np.zeros(
                    (max(1024, 2 * used, used + len(added)), added.shape[1]), np.float32
                )
                if used:
                    grown[:used] = self._vectors[:used]
                self._vectors = grown
            self._vectors[used : used + len(added)] = added
            slots = self._snapshot.slots.copy()
            for number, key in enumerate(new, used):
                self._slot_of[key] = number
                slots[self._places.get(key, [])] = number
            matrix = self._vectors[: len(self._slot_of)]
            self._snapshot = replace(self._snapshot, slots=slots, vectors=matrix)

    def clear_vectors(self) -> None:
        """Forget all vectors: another embedder makes the next ones."""
        with self._lock:
            self._slot_of = {}
            self._vectors = np.zeros((0, 0), dtype=np.float32)
            self._snapshot = self._take_snapshot()

    def close(self) -> None:
        with self._lock:
            self._writer.commit()
            self._writer.wait_merging_threads()

    def _write(self, document: Document) -> None:
        source = _source(document)
        # Matches are counted, since a term's frequency still includes what was deleted.
        found = self._index.searcher().search(_of_source(source), limit=len(document.passages) + 1)
        if len(found.hits) == len(document.passages):
            return
        self._writer.delete_documents_by_term(_SOURCE, source)
        for passage in document.passages:
            row = tantivy.Document()
            row.add_text(_WORDS, " ".join(_passage_terms(document, passage)))
            row.add_text(_SOURCE, source)
            row.add_unsigned(_KEY, _key(passage.id))
            self._writer.add_document(row)

    def _drop(self, document_id: str, successor: Document | None) -> None:
        entry = self._entries.pop(document_id, None)
        if entry is None:
            return
        self.vocabulary.remove(document_id)
        if successor is None or _source(successor) != _source(entry.document):
            self._writer.delete_documents_by_term(_SOURCE, _source(entry.document))

    def _publish(self) -> None:
        self._writer.commit()
        self._index.reload()
        self._snapshot = self._take_snapshot()

    def _take_snapshot(self) -> Snapshot:
        passages: list[Passage] = []
        rows: dict[str, range] = {}
        slots: list[int] = []
        places: dict[str, list[int]] = {}
        first_window: list[int] = []
        for document_id, entry in self._entries.items():
            start = len(passages)
            passages.extend(entry.document.passages)
            rows[document_id] = range(start, len(passages))
            for windows in entry.windows:
                first_window.append(len(slots))
                for window in windows:
                    places.setdefault(window.hash, []).append(len(slots))
                    slots.append(self._slot_of.get(window.hash, -1))
        self._places = places
        return Snapshot(
            documents={key: entry.document for key, entry in self._entries.items()},
            passages=passages,
            rows=rows,
            row_of_key={_key(passage.id): row for row, passage in enumerate(passages)},
            slots=np.array(slots, dtype=np.int32),
            first_window=np.array(first_window, dtype=np.int64),
            vectors=self._vectors[: len(self._slot_of)],
            searcher=self._index.searcher(),
        )


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(_WORDS, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field(_SOURCE, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(_KEY, fast=True)
    return builder.build()


def _open(folder: Path | None) -> tantivy.Index:
    if folder is None:
        return tantivy.Index(_schema())
    folder.mkdir(parents=True, exist_ok=True)
    return tantivy.Index(_schema(), path=str(folder))


def _term(word: str) -> tantivy.Query:
    return tantivy.Query.term_query(_schema(), _WORDS, word, "freq")


def _of_source(source: str) -> tantivy.Query:
    return tantivy.Query.term_query(_schema(), _SOURCE, source, "basic")


def _source(document: Document) -> str:
    """Names a document's indexed words: another title, path or text is another source."""
    digest = hashlib.sha256()
    for part in (document.title, str(document.year), *(p.text for p in document.passages)):
        digest.update(part.encode("utf-8", "replace") + b"\0")
    for passage in document.passages:
        digest.update("/".join(passage.path).encode("utf-8", "replace") + b"\0")
    return f"{document.id}:{digest.hexdigest()[:16]}"


def _key(passage_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(passage_id.encode(), digest_size=7).digest(), "big")


def _passage_terms(document: Document, passage: Passage) -> list[str]:
    year = (
        f"{document.year}年" if document.year and str(document.year) not in document.title else ""
    )
    head = " ".join((document.title, year, *passage.path))
    return [*terms(head), *terms(passage.text)]
