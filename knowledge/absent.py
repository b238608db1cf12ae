"""Things a question names that nothing found prints: a false premise, or what is not said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.asked import Part, Want, content_words, tagged_words
from knowledge.facts import FactKind, facts_in
from knowledge.segmentation import normalise
from knowledge.sentences import Sentence
from knowledge.synonyms import stand_ins_of

_NAME_TAGS = ("ns", "nr", "nt")
_KIN = 2
"""So many names of the same kind in one sentence make it a list to compare with."""
_MEMBERSHIP = re.compile(
    r"在不在|是不是|属不属于|包不包括|包括|算不算|算|在[^，。]{0,12}[里中内]|里头?面?有"
)
_NAMED_KIND = "省|市|县|区|镇|乡|村|学校|小学|中学|局"
_WHICH_NAME = re.compile(rf"(?:哪个?|什么|啥)(?P<kind>{_NAMED_KIND})")
_BLANKED = re.compile(rf"(?:[×xX＊*]{{1,3}}|某某?)(?P<kind>{_NAMED_KIND})")
_EXISTENCE = re.compile(r"有没有|有无|有(?=[^，,。]{1,8}[吗么没嘛])")


def absent_things(question: str, sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Content nouns of the question that no found sentence or its heading holds."""
    holds = normalise("\n".join(f"{one.context}\n{one.text}" for one in sentences))
    return tuple(
        word
        for word, is_thing in tagged_words(question)
        if is_thing
        and len(word) > 1
        and not any(normalise(one) in holds for one in (word, *stand_ins_of(word)))
    )


def asks_for_absent(parts: Sequence[Part], absent: Sequence[str]) -> bool:
    """Whether all that is asked is if there is something that nothing found mentions."""
    return all(
        part.want is Want.YES_NO
        and (match := _EXISTENCE.search(part.text)) is not None
        and any(word in part.text[match.end() :] for word in absent)
        for part in parts
    )


def asks_membership(parts: Sequence[Part], sentence: Sentence) -> bool:
    """Whether it is asked if something is one of those that the sentence names."""
    asks = all(
        part.want is Want.YES_NO and _MEMBERSHIP.search(part.text) is not None for part in parts
    )
    tags = frozenset(_NAME_TAGS)
    return asks and (kin_of(tags, sentence.text) or lists_alternatives(sentence.text))


def lists_alternatives(text: str) -> bool:
    """Whether ``text`` lists what there is, so that what is missing from it is an answer."""
    facts = facts_in(text)
    quoted = sum(fact.kind is FactKind.QUOTED for fact in facts)
    series = (len(fact.items) for fact in facts if fact.kind is FactKind.SERIES)
    return max(quoted, *series, 0) > _KIN


def is_hidden(parts: Sequence[Part], sentence: Sentence) -> bool:
    """Whether what is asked by name (which county, which school) is blanked out in the source."""
    asked = [match["kind"] for part in parts if (match := _WHICH_NAME.search(part.text))]
    return any(match["kind"] in asked for match in _BLANKED.finditer(sentence.text))


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
    """Whether ``text`` lists names of the same kind as a strange one: other places, people."""
    if not tags:
        return False
    import rjieba

    return len({word for word, tag in rjieba.tag(text) if tag in tags}) >= _KIN
