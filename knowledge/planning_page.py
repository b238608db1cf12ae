"""One passage of prose being read: its duties made into draft tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.bodies import Bodies
from knowledge.cadence import read_cadence, read_due, read_period_end
from knowledge.clauses import Clause
from knowledge.duties import Duty
from knowledge.evidence import evidence_types
from knowledge.kinds import basis_of, kind_of, tells_of_a_rule, year_end_deliverable, year_of
from knowledge.model import Basis, Document, DraftTask, Genre, Passage
from knowledge.responsible import responsible_of
from knowledge.segmentation import normalise
from knowledge.titles import NUMBERING, clause_with, title_of

_PAST_DAYS = 60
"""A due date longer before the date of issue is meant for the year after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A document with what is known of it as a whole."""

    document: Document
    bodies: Bodies
    headings: frozenset[str]
    year: int | None
    is_report: bool
    tells_of_a_rule: bool

    @classmethod
    def of(cls, document: Document) -> Plan:
        """Look at the whole once, for all its passages."""
        return cls(
            document=document,
            bodies=Bodies.of(document),
            headings=frozenset(normalise(section.heading) for section in document.outline),
            year=year_of(document),
            is_report=document.genre is not Genre.POLICY,
            tells_of_a_rule=tells_of_a_rule(document),
        )

    def basis_of(self, sentence: str) -> Basis:
        return basis_of(self.document.genre, sentence, tells_of_a_rule=self.tells_of_a_rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A passage being read; ``places`` are where the characters of ``text`` stand in it."""

    plan: Plan
    passage: Passage
    text: str
    places: Sequence[int]

    def draft(self, duty: Duty, title: str | None, before: str, period: date | None) -> DraftTask:
        start, end = duty.start, duty.end
        if title is not None:
            start, end = clause_with(self.text, duty.core, title)
        number = NUMBERING.match(self.text[start:end])
        if number and start + number.end() < end:
            start += number.end()
        quote = self.text[start:end]
        sentence = sentence_around(self.text, start, end)
        cadence = read_cadence(title or duty.when)
        basis = self.plan.basis_of(sentence)
        if _is_told_as_done(duty.core) and not self.plan.is_report:
            basis = Basis.REPORTED_PRACTICE
        due = None if cadence.rule else self._due(duty, basis, period)
        first, last = self.places[start], self.places[end - 1] + 1
        return DraftTask(
            title=title_of(title, None) if title else title_of(quote, duty.core),
            quote=self.passage.text[first:last],
            locator=self.passage.locator,
            responsible=responsible_of(quote, sentence, before, self.plan.bodies),
            kind=kind_of(quote, cadence, due),
            rrule=cadence.rule,
            due_on=due,
            basis=basis,
            evidence_types=evidence_types(title or quote),
            asks_for_time=cadence.is_vague and cadence.rule is None,
            start=self.passage.start + first,
            end=self.passage.start + last,
        )

    def _due(self, duty: Duty, basis: Basis, period: date | None) -> date | None:
        if basis is not Basis.REQUIREMENT:
            return read_due(duty.when, None)
        year = self.plan.year
        stated = read_due(duty.when, year, is_plan=not self.plan.is_report)
        if stated is not None:
            return _not_before(self.plan.document, stated)
        earlier = self.text[_sentence_start(self.text, duty.start) : duty.start]
        act = self.text[duty.start : duty.core.end]
        quote = self.text[duty.start : duty.end]
        return (
            read_period_end(earlier, year)
            or period
            or year_end_deliverable(self.plan.document, act, quote)
        )


def _is_told_as_done(core: Clause) -> bool:
    """``开展了``: what has been done asks nobody for anything."""
    return bool(core.verb) and core.text[core.verb_at + len(core.verb) :].startswith("了")


def _not_before(document: Document, due: date) -> date:
    """A document without a year of its own that is issued in December means next January."""
    issued_on = document.issued_on
    if document.year is None and issued_on and (issued_on - due).days > _PAST_DAYS:
        day = 28 if (due.month, due.day) == (2, 29) else due.day
        return due.replace(year=due.year + 1, day=day)
    return due


def sentence_around(text: str, start: int, end: int) -> str:
    """The whole sentence that ``text[start:end]`` is a part of."""
    first = _sentence_start(text, start)
    ends = [at for mark in "。！？；\n" if (at := text.find(mark, end)) >= 0]
    return text[first : min(ends, default=len(text))]


def _sentence_start(text: str, position: int) -> int:
    return max(text.rfind(mark, 0, position) for mark in "。！？；\n") + 1
