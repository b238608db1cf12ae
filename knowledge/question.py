"""A question as typed -> what to look for, where, and whether the documents can know it at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from knowledge.filters import NameFilter, Refused, read_filters
from knowledge.model import Turn
from knowledge.segmentation import query_terms
from knowledge.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """An index term of the question; ``weight`` multiplies its share of the score."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What retrieval and answers work from."""

    question: str
    """As typed."""
    text: str
    """Made whole: simplified, slips of the pen mended, what a follow-up leaves out put back."""
    terms: tuple[Term, ...]
    years: tuple[int, ...] = ()
    names: tuple[NameFilter, ...] = ()
    """Places and bodies asked about; several are alternatives (a comparison), not conditions."""
    documents: frozenset[str] | None = None
    """Only these can answer; None means any."""
    preferred: frozenset[str] = frozenset()
    """Documents that the conversation is about, or that print the name in passing."""
    corrections: tuple[tuple[str, str], ...] = ()
    """What was typed and what it was read as."""
    refused: Refused | None = None
    asks_back: tuple[NameFilter, ...] = ()


def understand(
    question: str, previous: Sequence[Turn], vocabulary: Vocabulary, now: datetime
) -> Understood:
    """Read a question against what is indexed.

    Args:
        question: As typed; may be empty, traditional, misspelt or half a sentence.
        previous: Earlier turns, oldest first.
        vocabulary: The index's own.
        now: Aware; what 今年 and 去年 count from.
    """
    text = question
    filters = read_filters(text, vocabulary, now.year)
    counted = Counter(query_terms(text))
    return Understood(
        question=question,
        text=text,
        terms=tuple(Term(text=word, weight=float(count)) for word, count in counted.items()),
        years=filters.years,
        names=filters.names,
        documents=filters.documents,
        preferred=filters.preferred,
        refused=filters.refused,
        asks_back=filters.asks_back,
    )
