"""How much of a question a piece of text covers: weighted character pairs and Latin words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from knowledge.facts import FactKind
from knowledge.segmentation import normalise

Weigh = Callable[[str], float]
"""The idf of a term in the corpus; a term no document has weighs the most."""

ACTION_SHARE = 0.6
ABSENT_THING_SHARE = 0.7
ABSENT_ACTION_SHARE = 0.25

_MONEY_WORDS = frozenset(
    {"钱", "经费", "资金", "费用", "补助", "补贴", "款", "款项", "拨款", "开支"}
)
_RUN = re.compile(r"[\u4e00-\u9fff]+|[a-z0-9.%]+")


@lru_cache(maxsize=4096)
def _normal(text: str) -> str:
    return normalise(text)


def terms_of(text: str) -> list[str]:
    """Character pairs of every Chinese run (a lone character stays); Latin words and numbers."""
    terms: list[str] = []
    for run in _RUN.findall(_normal(text)):
        if "\u4e00" <= run[0] <= "\u9fff":
            terms += [run[at : at + 2] for at in range(len(run) - 1)] if len(run) > 1 else [run]
        else:
            terms.append(run)
    return terms


@dataclass(frozen=True, slots=True)
class Overlap:
    """Weights of what is asked; ``coverage`` is the share of them (0–1) that a text contains."""

    weights: Mapping[str, float]
    means: Mapping[str, FactKind] = field(default_factory=dict)
    """Terms of words that a fact of a kind stands for: 经费 is met by 1.5万元."""
    total: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", sum(self.weights.values()))

    @classmethod
    def of(cls, words: Iterable[tuple[str, bool]], weigh: Weigh, holds: str = "") -> Overlap:
        """Weigh the terms of ``words``; pairs across two words do not count.

        Args:
            words: Each with whether it names a thing; other words (搞, 打到) weigh less.
            weigh: The corpus' idf.
            holds: All that was found; a word none of it prints weighs less still, as people
                rarely use a document's own verbs. Empty: not looked at.
        """
        weights: dict[str, float] = {}
        means: dict[str, FactKind] = {}
        everything = _normal(holds)
        for word, is_thing in words:
            share = 1.0 if is_thing else ACTION_SHARE
            if holds and _normal(word) not in everything:
                share *= ABSENT_THING_SHARE if is_thing else ABSENT_ACTION_SHARE
            for term in terms_of(word):
                weights[term] = max(weights.get(term, 0.0), weigh(term) * share)
                if word in _MONEY_WORDS:
                    means[term] = FactKind.MONEY
        return cls(weights, means)

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
            elif context_share and term in around:
                covered += weight * context_share
        return covered / self.total
