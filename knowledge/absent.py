"""Things a question names that nothing found prints: a false premise, or what is not said at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.asked import Part, Want, content_words, tagged_words
from knowledge.facts import FactKind, facts_in
from knowledge.segmentation import normalise
from knowledge.sentences import Sentence

_NAME_TAGS = ("ns", "nr", "nt")
_KIN = 2
"""So many names of the same kind in one sentence make it a list to compare with."""
_EXISTENCE = re.compile(r"有没有|有无|有(?=[^，,。]{1,8}[吗么没嘛])")


def absent_things(question: str, sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Content nouns of the question that no found sentence or its heading holds."""
    holds = normalise("\n".join(f"{one.context}\n{one.text}" for one in sentences))
    return tuple(
        word
        for word, is_thing in tagged_words(question)
        if is_thing and len(word) > 1 and normalise(word) not in holds
    )


def asks_for_absent(parts: Sequence[Part], absent: Sequence[str]) -> bool:
    """Whether all that is asked is if there is something that nothing found mentions."""
    return all(
        part.want is Want.YES_NO
        and (match := _EXISTENCE.search(part.text)) is not None
        and any(word in part.text[match.end() :] for word in absent)
        for part in parts
    )


def lists_alternatives(sentence: Sentence) -> bool:
    """Whether the sentence lists what there is, so that what is missing from it is an answer."""
    return any(
        fact.kind is FactKind.SERIES and len(fact.items) > _KIN for fact in facts_in(sentence.text)
    )


def strange_names(question: str, holds: str) -> frozenset[str]:
    """Tags (place, person, body) of names in the question that nothing found prints."""
    import rjieba

    everything = normalise(holds)
    content = set(content_words(question))
    return frozenset(
        tag
        for word, tag in rjieba.tag(question)
        if tag in _NAME_TAGS and word in content and normalise(word) not in everything
    )


def kin_of(tags: frozenset[str], text: str) -> bool:
    """Whether ``text`` lists names of the same kind as a strange one: other places, other people."""
    if not tags:
        return False
    import rjieba

    return len({word for word, tag in rjieba.tag(text) if tag in tags}) >= _KIN
