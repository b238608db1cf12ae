"""Sentences that somebody else picked as duties, read again: a draft only where our reader agrees.

The reader of plans passes over what it cannot tell from a wish. A model or a person may point at
such a sentence; what it says (when, who, how often) is still read here, from its own words.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.clauses import Clause, ClauseRole, clauses_of, sentences_of, unwrapped
from knowledge.duties import Duty
from knowledge.model import Basis, Document, DraftTask, Passage, PassageKind
from knowledge.planning import is_closing, is_preamble, is_set_aside
from knowledge.planning_page import Page, Plan
from knowledge.titles import NUMBERING

LEAST_CHARS = 12
_CORES = (
    ClauseRole.SPECIFIC,
    ClauseRole.OUTCOME,
    ClauseRole.GENERAL,
    ClauseRole.MEASURE,
    ClauseRole.VERBAL,
)
"""What says that something is done, best first."""
_ASKS = re.compile(r"[要须应]|不得|不准|由.{1,20}(?:负责|牵头|承担|办理)")


def silent_passages(document: Document, drafts: Sequence[DraftTask]) -> Iterator[Passage]:
    """Passages of prose with a sentence that no draft quotes from, in reading order."""
    plan = Plan.of(document)
    if plan.is_report:
        return
    for passage in document.passages:
        if passage.kind is PassageKind.ROW or _is_set_aside(plan, passage):
            continue
        sentences = [Span.of(passage, at, words) for at, words in sentences_of(passage.text)]
        if any(one.end - one.start >= LEAST_CHARS and one.is_new(drafts) for one in sentences):
            yield passage


def picked_draft(document: Document, start: int, end: int) -> DraftTask | None:
    """What ``document.text[start:end]`` asks for.

    None where it stands in no passage of its own, says nothing that is done, or tells what others
    did.
    """
    passage = next((p for p in document.passages if p.start <= start < end <= p.end), None)
    if passage is None or passage.kind is PassageKind.ROW:
        return None
    plan = Plan.of(document)
    text, places = unwrapped(passage.text)
    first = bisect_left(places, start - passage.start)
    last = bisect_left(places, end - passage.start)
    if first >= last or _is_set_aside(plan, passage):
        return None
    core = _core(clauses_of(text[first:last], first))
    if core is None:
        return None
    duty = Duty(start=first, end=last, core=core, when=text[first:last])
    if is_closing(text, duty):
        return None
    draft = Page(plan=plan, passage=passage, text=text, places=places).draft(duty, None, "", None)
    return draft if draft.basis is Basis.REQUIREMENT else None


def _is_set_aside(plan: Plan, passage: Passage) -> bool:
    heading = NUMBERING.sub("", passage.text.partition("\n")[0])
    return is_preamble(heading) or is_set_aside(plan, passage)


def _core(clauses: Sequence[Clause]) -> Clause | None:
    for role in _CORES:
        for clause in clauses:
            if clause.role is role:
                return clause
    return next((clause for clause in clauses if _ASKS.search(clause.text)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A sentence of a document by its offsets in the text."""

    start: int
    end: int

    @classmethod
    def of(cls, passage: Passage, at: int, words: str) -> Span:
        """Of ``words``, ``at`` so many characters into a passage; white space is left out."""
        start = passage.start + at + len(words) - len(words.lstrip())
        return cls(start=start, end=start + len(words.strip()))

    def is_new(self, drafts: Sequence[DraftTask]) -> bool:
        """Whether no draft quotes from it."""
        return not any(one.start < self.end and self.start < one.end for one in drafts)


def spans_of(passage: Passage, sentences: Sequence[str]) -> Iterator[Span]:
    """Where sentences stand in a passage; one that does not stand there word for word is left."""
    for sentence in sentences:
        at = passage.text.find(sentence)
        if sentence and at >= 0:
            yield Span.of(passage, at, sentence)
