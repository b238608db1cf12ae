"""Understood question -> passages: filtered, found by words and by meaning, fused, ranked."""

from __future__ import annotations

import logging
import math
import re
import statistics
from collections.abc import Mapping
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from knowledge.embedding import Embedder, EmbeddingFailed
from knowledge.index import Index, Scores, Snapshot
from knowledge.model import Document, Hit, Passage
from knowledge.question import Understood
from knowledge.segmentation import folded_terms

logger = logging.getLogger(__name__)

_CANDIDATES = 100
_SHORT_CHARS = 150
_LONG_CHARS = 250
_SHORT_WEIGHT = 0.6
_LONG_WEIGHT = 0.35
_MEAN_SHARE = 0.4
"""A passage counts by its best window and, less, by the mean over its windows."""
_PREFERRED_BONUS = 0.1
_OLDER_PENALTY = 0.08
_SUPERSEDED_PENALTY = 0.3
_NO_VECTOR = -1.0
_YEAR = re.compile(r"(?:19|20)[0-9]{2}|[〇零一二三四五六七八九]{4}")


class Standing(StrEnum):
    """What holds of a document now; one that nothing is said of is in force."""

    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    """A later policy took its place: found after those in force, unless its year is named."""
    EXPIRED = "expired"
    REPLACED = "replaced"
    """A newer upload of the same file took its place: never found."""


class Retriever:
    """Searches what the index holds at the moment of asking. Safe to use from many threads."""

    def __init__(self, index: Index, embedder: Embedder | None = None) -> None:
        self._index = index
        self.embedder = embedder

    def search(
        self,
        understood: Understood,
        *,
        allowed: frozenset[str] | None,
        standing: Mapping[str, Standing] | None = None,
        limit: int = 10,
    ) -> list[Hit]:
        """The best passages, best first.

        Args:
            understood: Its filters restrict the candidates, also where it is refused: then the
                nearest passages are found.
            allowed: Documents the asker may see; None means all.
            standing: Which documents no longer hold.
            limit: Most hits to return, at most 100.
        """
        snapshot = self._index.snapshot()
        standing = standing or {}
        documents = _searched(snapshot, understood, allowed, standing)
        weights = {term.text: term.weight for term in understood.terms}
        within = None if len(documents) == len(snapshot.documents) else documents
        lexical = snapshot.lexical(weights, _CANDIDATES, within)
        dense = self._dense(snapshot, understood.text)
        allowed_rows = _mask(snapshot, documents) if within is not None else None
        fused = _fuse(snapshot, lexical, dense, allowed_rows)
        adjusted = {
            row: score + _adjustment(snapshot, row, understood, standing)
            for row, score in fused.items()
        }
        older = _penalties_of_older(snapshot, adjusted, understood)
        ranked = sorted(adjusted, key=lambda row: (older.get(row, 0.0) - adjusted[row], row))
        ranked = _each_name_first(snapshot, ranked, understood)
        idf = {word: _idf(snapshot, word) for word, weight in weights.items() if weight >= 1}
        hits = []
        for row in ranked[:limit]:
            passage = snapshot.passages[row]
            document = snapshot.documents[passage.document_id]
            hits.append(
                Hit(
                    passage=passage,
                    document=document,
                    score=adjusted[row] - older.get(row, 0.0),
                    lexical=lexical.get(row, 0.0),
                    dense=float(dense[row]) if dense is not None else 0.0,
                    coverage=_coverage(document, passage, idf),
                )
            )
        return hits

    def _dense(self, snapshot: Snapshot, text: str) -> Scores | None:
        if self.embedder is None or not len(snapshot.vectors) or not text.strip():
            return None
        try:
            vector = np.asarray(self.embedder.embed_query(text), dtype=np.float32)
        except EmbeddingFailed as error:
            logger.warning("searching by words alone: %s", error)
            return None
        both = snapshot.dense(vector)
        if both is None:
            return None
        best, mean = both
        return np.where(best > _NO_VECTOR, best + _MEAN_SHARE * (mean - best), best)


def _searched(
    snapshot: Snapshot,
    understood: Understood,
    allowed: frozenset[str] | None,
    standing: Mapping[str, Standing],
) -> frozenset[str]:
    visible = frozenset(
        key for key in snapshot.documents if standing.get(key) is not Standing.REPLACED
    )
    if allowed is not None:
        visible &= allowed
    if understood.documents is None:
        return visible
    return visible & understood.documents


def _mask(snapshot: Snapshot, documents: frozenset[str]) -> NDArray[np.bool_]:
    mask = np.zeros(len(snapshot.passages), dtype=np.bool_)
    for key in documents:
        rows = snapshot.rows[key]
        mask[rows.start : rows.stop] = True
    return mask


def _fuse(
    snapshot: Snapshot,
    lexical: Mapping[int, float],
    dense: Scores | None,
    mask: NDArray[np.bool_] | None,
) -> dict[int, float]:
    """Min-max each list over its best hundred and add them, weighted by how long the units are."""
    by_words = _spread(lexical)
    if dense is None:
        return by_words
    scores = dense if mask is None else np.where(mask, dense, np.float32(-2.0))
    count = min(_CANDIDATES, len(scores))
    top = np.argpartition(-scores, count - 1)[:count]
    meaning = {int(row): float(scores[row]) for row in top if scores[row] > _NO_VECTOR}
    by_meaning = _spread(meaning)
    low, high = (min(meaning.values()), max(meaning.values())) if meaning else (0.0, 1.0)
    weight = _dense_weight(snapshot)
    fused = {}
    for row in by_words.keys() | by_meaning.keys():
        near = by_meaning.get(row)
        if dense[row] <= _NO_VECTOR:
            near = by_words.get(row, 0.0)  # a document added a moment ago stands by its words
        elif near is None:
            near = max(0.0, (float(dense[row]) - low) / ((high - low) or 1.0))
        fused[row] = weight * near + (1 - weight) * by_words.get(row, 0.0)
    return fused


def _spread(scores: Mapping[int, float]) -> dict[int, float]:
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {row: (score - low) / (high - low) for row, score in scores.items()}


def _dense_weight(snapshot: Snapshot) -> float:
    typical = statistics.median(len(passage.text) for passage in snapshot.passages[:2000])
    share = (typical - _SHORT_CHARS) / (_LONG_CHARS - _SHORT_CHARS)
    return _SHORT_WEIGHT + (_LONG_WEIGHT - _SHORT_WEIGHT) * min(1.0, max(0.0, share))


def _adjustment(
    snapshot: Snapshot, row: int, understood: Understood, standing: Mapping[str, Standing]
) -> float:
    key = snapshot.passages[row].document_id
    bonus = _PREFERRED_BONUS if key in understood.preferred else 0.0
    is_past = standing.get(key) in {Standing.SUPERSEDED, Standing.EXPIRED}
    if is_past and _year(snapshot.documents[key]) not in understood.years:
        bonus -= _SUPERSEDED_PENALTY
    return bonus


def _each_name_first(snapshot: Snapshot, ranked: list[int], understood: Understood) -> list[int]:
    """In a comparison the best passage of every named place or body leads."""
    if len(understood.names) < 2:
        return ranked
    first: list[int] = []
    for name in understood.names:
        of_name = (
            row
            for row in ranked
            if snapshot.passages[row].document_id in name.documents and row not in first
        )
        if (row := next(of_name, None)) is not None:
            first.append(row)
    first.sort(key=ranked.index)
    return first + [row for row in ranked if row not in set(first)]


def _penalties_of_older(
    snapshot: Snapshot, scores: Mapping[int, float], understood: Understood
) -> dict[int, float]:
    """Of the same yearly plan, later years come first unless the question names a year."""
    if understood.years:
        return {}
    series = {
        key: (_YEAR.sub("", document.title), _year(document))
        for key in {snapshot.passages[row].document_id for row in scores}
        if _year(document := snapshot.documents[key])
    }
    years_of: dict[str, set[int]] = {}
    for name, year in series.values():
        years_of.setdefault(name, set()).add(year)
    penalties = {}
    for row in scores:
        key = snapshot.passages[row].document_id
        if key in series:
            name, year = series[key]
            newer = sum(1 for other in years_of[name] if other > year)
            penalties[row] = newer * _OLDER_PENALTY
    return penalties


def _year(document: Document) -> int:
    if document.year:
        return document.year
    match = re.search(r"(?:19|20)[0-9]{2}", document.title)
    return int(match.group()) if match else 0


def _idf(snapshot: Snapshot, word: str) -> float:
    count = snapshot.frequency(word)
    total = max(len(snapshot.passages), count)
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


def _coverage(document: Document, passage: Passage, idf: Mapping[str, float]) -> float:
    total = sum(idf.values())
    if not total:
        return 0.0
    held = set(folded_terms(" ".join((document.title, *passage.path, passage.text))))
    return sum(value for word, value in idf.items() if word in held) / total
