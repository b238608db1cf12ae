"""How much of a question a piece of text covers: weighted character pairs and Latin words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from knowledge.asked import content_words, tagged_words
from knowledge.facts import FactKind
from knowledge.segmentation import fold
from knowledge.synonyms import stand_ins_of

Weigh = Callable[[str], float]
"""The idf of a term in the corpus; a term no document has weighs the most."""

ACTION_SHARE = 0.6
SEAM_SHARE = 0.5
LONE_SHARE = 0.25
"""A lone character (角) stands in many words that have nothing to do with it."""
STAND_IN_SHARE = 0.8
ABSENT_THING_SHARE = 0.7
ABSENT_ACTION_SHARE = 0.25

_MONEY_WORDS = frozenset(
    {"钱", "经费", "资金", "费用", "补助", "补贴", "款", "款项", "拨款", "开支"}
)
_QUOTED = re.compile(r"[“「『\"《]([^”」』\"》]{2,30})[”」』\"》]")
_COUNTED = re.compile(r"(?:[0-9][\u4e00-\u9fff]+){2,}")
_RUN = re.compile(r"[\u4e00-\u9fff]+|[a-z0-9.%]+")


@lru_cache(maxsize=4096)
def _normal(text: str) -> str:
    return fold(text)


def terms_of(text: str) -> list[str]:
    """Character pairs of every Chinese run (a lone character stays); Latin words and numbers.

    A set phrase of counted things (三会一课) is one term.
    """
    whole = _normal(text)
    if _COUNTED.fullmatch(whole):
        return [whole]
    terms: list[str] = []
    for run in _RUN.findall(whole):
        if "\u4e00" <= run[0] <= "\u9fff":
            terms += [run[at : at + 2] for at in range(len(run) - 1)] if len(run) > 1 else [run]
        else:
            terms.append(run)
    return terms


def _seams(question: str) -> set[str]:
    """Pairs of characters across the words of a question; function words are left alone."""
    content = content_words(question)
    pairs: set[str] = set()
    for left, right in pairwise(content):
        if min(len(left), len(right)) == 1 and left + right in question:
            pairs.add(_normal(left[-1] + right[0]))
    return pairs


@dataclass(frozen=True, slots=True)
class Overlap:
    """Weights of what is asked; ``coverage`` is the share of them (0–1) that a text contains."""

    weights: Mapping[str, float]
    means: Mapping[str, FactKind] = field(default_factory=dict)
    """Terms of words that a fact of a kind stands for: 经费 is met by 1.5万元."""
    stand_ins: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Terms of words that official words stand for: 老师 is met by 教师."""
    total: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", sum(self.weights.values()))

    @classmethod
    def of(cls, question: str, weigh: Weigh, holds: str) -> Overlap:
        """Weigh the terms of the content words of ``question``.

        Args:
            question: Simplified; words that name no thing (搞, 打到) weigh less.
            weigh: The corpus' idf.
            holds: All that was found; a word none of it prints weighs less still, as people
                rarely use a document's own verbs. A pair of characters that segmentation took
                apart (发现|金) counts where it prints them together.
        """
        weights: dict[str, float] = {}
        means: dict[str, FactKind] = {}
        stand_ins: dict[str, frozenset[str]] = {}
        everything = _normal(holds)
        for word, is_thing in tagged_words(question):
            share = 1.0 if is_thing else ACTION_SHARE
            others = frozenset(
                other for other in map(_normal, stand_ins_of(word)) if other in everything
            )
            if len(word) == 1 and "\u4e00" <= word <= "\u9fff":
                share *= LONE_SHARE
            if _normal(word) not in everything and not others:
                share *= ABSENT_THING_SHARE if is_thing else ABSENT_ACTION_SHARE
            for term in terms_of(word):
                weights[term] = max(weights.get(term, 0.0), weigh(term) * share)
                if others:
                    stand_ins[term] = others
                if word in _MONEY_WORDS:
                    means[term] = FactKind.MONEY
        for pair in _seams(question):
            if pair in everything:
                weights.setdefault(pair, weigh(pair) * SEAM_SHARE)
        for phrase in _QUOTED.findall(question):
            for term in terms_of(phrase):
                weights[term] = max(weights.get(term, 0.0), weigh(term))
        return cls(weights, means, stand_ins)

    def coverage(
        self,
        text: str,
        context: str = "",
        context_share: float = 0.0,
        kinds: frozenset[FactKind] = frozenset(),
    ) -> float:
        """Covered share; a term only ``context`` holds counts ``context_share`` of its weight.

        ``kinds`` are the facts that ``text`` states: they meet the words that stand for them.
        """
        if not self.total:
            return 0.0
        low, around = _normal(text), _normal(context) if context_share else ""
        covered = 0.0
        for term, weight in self.weights.items():
            if term in low or self.means.get(term) in kinds:
                covered += weight
            elif any(other in low for other in self.stand_ins.get(term, ())):
                covered += weight * STAND_IN_SHARE
            elif context_share and term in around:
                covered += weight * context_share
        return covered / self.total
