"""Question + hits -> an answer made of the documents' own words, or "the documents do not say".

The answer is whole sentences of at most three passages; each is cited with its passage, so that
the reader sees the whole thought. What a question asks for as a fact (a number, a date, a name,
an interval) has to be printed near what it is about, or the answer is a refusal that names the
nearest clause.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge import answer_wording as wording
from knowledge.absent import (
    absent_things,
    asks_for_absent,
    asks_for_unmentioned,
    asks_membership,
    is_hidden,
    kin_of,
    lists_alternatives,
    strange_names,
)
from knowledge.asked import Part, Want, parts_of, tagged_words
from knowledge.facts import kinds_in
from knowledge.lists import (
    asks_for_list,
    citation_of,
    is_list_itself,
    lines_of,
    section_of_items,
)
from knowledge.model import Answer, Citation, Hit
from knowledge.overlap import Overlap, Weigh
from knowledge.question import Understood
from knowledge.sentences import Sentence, sentences_of
from knowledge.settling import Settled, needs_fact, settle
from knowledge.simplify import simplify

MAX_CITATIONS = 3
MAX_QUOTE_CHARS = 420
MAX_TEXT_CHARS = 320
HITS_READ = 12
CONTEXT_SHARE = 0.5
_CHANGES = re.compile(
    r"变成|变为|改成|变化|比|不同|区别|两年|[和跟与]去年|各(?:是|有)?多少|分别|哪年"
)
KIN_BONUS = 0.2
_POINTS_BACK = re.compile(r"(?:这些?|其|该|此|上述|以上|它们?|他们)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Calibrated on question files; see ``bench/README.md``."""

    answer: float = 0.3
    """Least coverage of the question by the best sentence with its context."""
    nearest: float = 0.2
    """Below this even the nearest clause is about something else, and is not named."""
    companion: float = 0.75
    """Least score of a further passage, as a share of the best one's."""
    helper: float = 0.7
    """Least score of a further sentence of the same passage, as a share of the best one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A sentence with how well it answers; ``coverage`` counts its context at half weight."""

    sentence: Sentence
    score: float
    coverage: float
    settled: tuple[Settled, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Pure; ``weigh`` is the corpus' idf."""

    weigh: Weigh
    thresholds: Thresholds = field(default_factory=Thresholds)

    def answer(self, understood: Understood, hits: Sequence[Hit]) -> Answer:
        """Compose the answer.

        Args:
            understood: The question made whole, with the names and years it compares.
            hits: Best first, already permitted and filtered.
        """
        question = understood.text
        groups = _compared(understood, hits)
        parts = _own_parts(understood)
        scored = self._score(understood, parts, hits[:HITS_READ])
        if not scored:
            return wording.nothing_found(question)
        best = scored[0]
        if best.coverage < self.thresholds.nearest and not understood.refused:
            return wording.nothing_found(question)
        nearest = self._cite([best])
        if understood.refused and not asks_membership(parts, best.sentence):
            return wording.unknown(understood, nearest)
        if understood.asks_back and not understood.refused:
            return wording.which_one(understood, nearest)
        absent = absent_things(question, [one.sentence for one in scored])
        if why := self._why_silent(question, parts, scored, absent):
            return wording.not_said(question, why, nearest, best.coverage)
        if listed := self._listed(understood, parts, hits, best):
            return listed
        chosen = self._choose(scored, groups)
        return Answer(
            question=question,
            answered=True,
            text=wording.premise(parts, absent)
            + wording.compose(
                [(one, self._sentences(one, scored)) for one in chosen],
                by_document=len({one.sentence.hit.document.id for one in chosen}) > 1,
            ),
            citations=self._cite(chosen),
            cautions=wording.cautions(chosen),
            facts=_facts(chosen),
            confidence=best.coverage,
        )

    def _score(
        self, understood: Understood, parts: Sequence[Part], hits: Sequence[Hit]
    ) -> list[Scored]:
        holds = _holds(hits)
        whole = Overlap.of(_without_filters(understood), self.weigh, holds)
        foci = [Overlap.of(part.focus, self.weigh, holds) for part in parts]
        strangers = strange_names(understood.text, holds)
        top = max((hit.score for hit in hits), default=0.0) or 1.0
        scored: list[Scored] = []
        for sentence in sentences_of(hits):
            kinds = kinds_in(sentence.text)
            own = whole.coverage(sentence.text, kinds=kinds)
            coverage = whole.coverage(sentence.text, sentence.context, CONTEXT_SHARE, kinds)
            by_part = max(focus.coverage(sentence.text, kinds=kinds) for focus in foci)
            settled = tuple(
                found
                for part, focus in zip(parts, foci, strict=True)
                if (found := settle(part, sentence, focus, self.weigh))
            )
            kin = KIN_BONUS if kin_of(strangers, sentence.text) else 0.0
            score = (
                kin
                + 0.45 * own
                + 0.2 * coverage
                + 0.15 * by_part
                + 0.3 * max(sentence.hit.score, 0) / top
                + 0.25 * len(settled) / len(parts)
            )
            scored.append(
                Scored(sentence=sentence, score=score, coverage=coverage, settled=settled)
            )
        return sorted(scored, key=lambda one: -one.score)

    def _why_silent(
        self, question: str, parts: Sequence[Part], scored: Sequence[Scored], absent: Sequence[str]
    ) -> str:
        """The sentence that says what the documents do not say; "" when they do."""
        best = scored[0]
        if missing := self._missing(parts, scored):
            return wording.why_missing(missing)
        if is_hidden(parts, best.sentence):
            return wording.HIDDEN
        if asks_for_absent(parts, absent) and not lists_alternatives(
            best.sentence.hit.passage.text
        ):
            return wording.why_absent(absent)
        found = "\n".join(one.sentence.text for one in scored)
        if unmentioned := asks_for_unmentioned(question, parts, absent, found):
            return wording.why_absent(unmentioned)
        return wording.why_missing(()) if best.coverage < self.thresholds.answer else ""

    def _missing(self, parts: Sequence[Part], scored: Sequence[Scored]) -> tuple[Part, ...]:
        """Parts that ask for a fact nobody prints; empty when enough else is answered."""
        settled = {found.part for one in scored for found in one.settled}
        missing = tuple(part for part in parts if needs_fact(part) and part not in settled)
        if not missing:
            return ()
        answered = [part for part in parts if part not in missing and part.want is not Want.YES_NO]
        return () if answered else missing

    def _listed(
        self, understood: Understood, parts: Sequence[Part], hits: Sequence[Hit], best: Scored
    ) -> Answer | None:
        if not asks_for_list(parts) or best.settled or is_list_itself(best.sentence.text):
            return None
        focus = Overlap.of(_without_filters(understood), self.weigh, _holds(hits))
        section = section_of_items(hits[:HITS_READ], focus)
        if section is None:
            return None
        return Answer(
            question=understood.text,
            answered=True,
            text=lines_of(section[1]),
            citations=(citation_of(*section),),
            cautions=section[0].cautions,
            facts=tuple(lines_of(section[1]).strip("。").split("；")),
            confidence=best.coverage,
        )

    def _choose(self, scored: Sequence[Scored], groups: Sequence[frozenset[str]]) -> list[Scored]:
        """The best sentence of each passage worth showing, at most three passages, best first."""
        chosen: list[Scored] = []
        for group in groups[:MAX_CITATIONS]:
            heard = (one for one in scored if one.sentence.hit.document.id in group)
            if first := next(heard, None):
                chosen.append(first)
        for one in scored:
            if len(chosen) >= MAX_CITATIONS:
                break
            if any(
                one.sentence.hit.passage.id == other.sentence.hit.passage.id for other in chosen
            ):
                continue
            if not chosen or one.score >= scored[0].score * self.thresholds.companion:
                chosen.append(one)
        if all(one.sentence.hit.document.year for one in chosen):
            chosen.sort(key=lambda one: -(one.sentence.hit.document.year or 0))
        return chosen

    def _sentences(self, best: Scored, scored: Sequence[Scored]) -> list[Sentence]:
        """The sentences of the best one's passage that help answer, in reading order."""
        passage = best.sentence.hit.passage.id
        siblings = [one for one in scored if one.sentence.hit.passage.id == passage]
        kept = [best.sentence]
        room = MAX_TEXT_CHARS - len(best.sentence.text)
        numbers = {best.sentence.number}
        for one in siblings:
            follows = one.sentence.number - 1 in numbers and _POINTS_BACK.match(one.sentence.text)
            helps = one.score >= best.score * self.thresholds.helper
            if one is not best and (helps or follows) and len(one.sentence.text) <= room:
                kept.append(one.sentence)
                numbers.add(one.sentence.number)
                room -= len(one.sentence.text)
        return sorted(kept, key=lambda sentence: sentence.start)

    def _cite(self, chosen: Sequence[Scored]) -> tuple[Citation, ...]:
        return tuple(_citation(one.sentence) for one in chosen)


def _own_parts(understood: Understood) -> tuple[Part, ...]:
    """What is asked now; a subject carried over from the turn before asks for nothing itself."""
    parts = parts_of(_without_filters(understood))
    typed = simplify(understood.question)
    own = tuple(part for part in parts if part.text in typed)
    return own or parts


def _facts(chosen: Sequence[Scored]) -> tuple[str, ...]:
    """Of every document that is heard, so that a comparison keeps both sides."""
    by_document: dict[str, list[Scored]] = {}
    for one in chosen:
        by_document.setdefault(one.sentence.hit.document.id, []).append(one)
    facts = [fact for group in by_document.values() for fact in wording.facts_of(group)]
    return tuple(dict.fromkeys(facts))


def _holds(hits: Sequence[Hit]) -> str:
    return "\n".join(f"{hit.document.title}\n{hit.passage.text}" for hit in hits)


def _without_filters(understood: Understood) -> str:
    """What is asked beside the place and the year, which the filters have dealt with."""
    text = understood.text
    for name in understood.names:
        if name.documents:
            text = text.replace(name.name, " ")
    return text if tagged_words(text) else understood.text


def _compared(understood: Understood, hits: Sequence[Hit]) -> list[frozenset[str]]:
    """Documents per thing the question sets side by side; each of them has to be heard."""
    groups = [name.documents for name in understood.names if name.documents]
    if len(groups) > 1:
        return groups
    if len(understood.years) > 1:
        found = {hit.document.id: hit.document.year for hit in hits}
        by_year = (
            frozenset(document for document, year in found.items() if year == wanted)
            for wanted in understood.years
        )
        return [group for group in by_year if group]
    if groups and 1 < len(groups[0]) <= MAX_CITATIONS and _CHANGES.search(understood.text):
        return [frozenset({document}) for document in sorted(groups[0])]
    return groups


def _citation(sentence: Sentence) -> Citation:
    """The whole passage, or of a long one the sentences around the one that answers."""
    passage, document = sentence.hit.passage, sentence.hit.document
    start, end = passage.start, passage.end
    if end - start > MAX_QUOTE_CHARS:
        start, end = _around(sentence)
    return Citation(
        document_id=document.id,
        document=document.title,
        file=document.file,
        locator=passage.locator,
        quote=document.text[start:end],
        start=start,
        end=end,
    )


def _around(sentence: Sentence) -> tuple[int, int]:
    """Whole sentences on both sides until the quote is long enough, the later ones first."""
    siblings = list(sentences_of([sentence.hit]))
    at = next(n for n, other in enumerate(siblings) if other.start == sentence.start)
    first = last = at
    while True:
        grown = False
        for step_first, step_last in ((0, 1), (-1, 0)):
            left, right = first + step_first, last + step_last
            if left < 0 or right >= len(siblings):
                continue
            if siblings[right].end - siblings[left].start <= MAX_QUOTE_CHARS:
                first, last, grown = left, right, True
        if not grown:
            return siblings[first].start, siblings[last].end
