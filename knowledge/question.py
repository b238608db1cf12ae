"""A question as typed -> what to look for, where, and whether the documents can know it at all."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from knowledge.filters import NameFilter, Refused, read_filters
from knowledge.followups import make_whole
from knowledge.model import Turn
from knowledge.segmentation import query_terms, terms
from knowledge.simplify import simplify
from knowledge.spelling import mend
from knowledge.synonyms import alternatives
from knowledge.vocabulary import Vocabulary

SYNONYM_WEIGHT = 0.3


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
    typed = simplify(unicodedata.normalize("NFKC", question)).strip()
    whole = make_whole(typed, previous, vocabulary, now.year)
    text, corrections = mend(whole.text, vocabulary)
    filters = read_filters(text, vocabulary, now.year)
    return Understood(
        question=question,
        text=text,
        terms=_terms(text, vocabulary),
        years=filters.years,
        names=filters.names,
        documents=filters.documents,
        preferred=filters.preferred | whole.preferred,
        corrections=corrections,
        refused=filters.refused,
        asks_back=filters.asks_back,
    )


def _terms(text: str, vocabulary: Vocabulary) -> tuple[Term, ...]:
    weights = dict.fromkeys(query_terms(text), 1.0)
    for words in alternatives(text):
        if vocabulary.knows(words):
            for term in terms(words):
                if len(term) > 1:
                    weights.setdefault(term, SYNONYM_WEIGHT)
    return tuple(Term(text=term, weight=weight) for term, weight in weights.items())
