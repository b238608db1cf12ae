"""Figures over a question file: evidence cited, answers complete, silence admitted."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import TypedDict

from knowledge.model import Answer, Citation, Turn

Ask = Callable[[str, Sequence[Turn]], Answer]
TextOf = Callable[[str], str]

LONG_EVIDENCE_SENTENCES = 2
LONG_EVIDENCE_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question of the file; ``must_include`` entries may hold alternatives: ``5名|五名``."""

    id: str
    question: str
    previous: tuple[Turn, ...] = ()
    answerable: bool
    seeds: tuple[str, ...] = ()
    """Files that hold the answer; every one of them has to be cited."""
    evidence: tuple[str, ...] = ()
    must_include: tuple[str, ...] = ()
    must_not_include: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of one case; ``missing`` are the ``must_include`` entries the answer lacks."""

    id: str
    question: str
    answerable: bool
    answered: bool
    evidence_cited: bool
    missing: tuple[str, ...]
    forbidden: tuple[str, ...]
    quotes: int
    verbatim_quotes: int
    tags: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of ``answerable`` and ``unanswerable`` cases; quotes over all of them."""

    answerable: int
    evidence_cited: int
    all_included: int
    refused_wrongly: int
    unanswerable: int
    refused_rightly: int
    with_forbidden: int
    quotes: int
    verbatim_quotes: int


class ReportJson(TypedDict):
    """``Report.to_json``; the rows are ``Row`` as objects."""

    counts: dict[str, int]
    rows: list[dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures and the rows they are counted from."""

    counts: Counts
    rows: tuple[Row, ...]

    def to_json(self) -> ReportJson:
        return {"counts": asdict(self.counts), "rows": [asdict(row) for row in self.rows]}


def read_cases(items: Iterable[Mapping[str, object]]) -> tuple[Case, ...]:
    """Check the parsed question file; ``ValueError`` names the entry and the field at fault."""
    return tuple(_case(item, number) for number, item in enumerate(items, 1))


def evaluate(cases: Iterable[Case], ask: Ask, text_of: TextOf | None = None) -> Report:
    """Ask every case and count.

    Args:
        cases: From ``read_cases``.
        ask: The question and the turns before it.
        text_of: The cleaned text of a document id, to check quotes against; without it quotes
            are counted as verbatim when their span is as long as they are.
    """
    rows = tuple(_judge(case, ask(case.question, case.previous), text_of) for case in cases)
    answerable = [row for row in rows if row.answerable]
    unanswerable = [row for row in rows if not row.answerable]
    counts = Counts(
        answerable=len(answerable),
        evidence_cited=sum(row.evidence_cited for row in answerable),
        all_included=sum(row.answered and not row.missing for row in answerable),
        refused_wrongly=sum(not row.answered for row in answerable),
        unanswerable=len(unanswerable),
        refused_rightly=sum(not row.answered for row in unanswerable),
        with_forbidden=sum(bool(row.forbidden) for row in rows),
        quotes=sum(row.quotes for row in rows),
        verbatim_quotes=sum(row.verbatim_quotes for row in rows),
    )
    return Report(counts=counts, rows=rows)


def normalised(text: str) -> str:
    """NFKC without white space: how texts are compared."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def longest_common(left: str, right: str) -> int:
    """Length of the longest run of characters that both texts contain."""
    best, above = 0, [0] * (len(right) + 1)
    for character in left:
        row = [0]
        for at, other in enumerate(right):
            row.append(above[at] + 1 if character == other else 0)
        best, above = max(best, *row), row
    return best


def is_evidence_met(evidence: str, quotes: Iterable[str]) -> bool:
    """A quote contains it; of more than two sentences it covers at least 80 % of the characters."""
    span = normalised(evidence)
    is_long = sum(span.count(stop) for stop in "。!?;") > LONG_EVIDENCE_SENTENCES
    for quote in map(normalised, quotes):
        if span in quote:
            return True
        if is_long and longest_common(span, quote) >= LONG_EVIDENCE_SHARE * len(span):
            return True
    return False


def _judge(case: Case, answer: Answer, text_of: TextOf | None) -> Row:
    said = normalised(answer.text)
    return Row(
        id=case.id,
        question=case.question,
        answerable=case.answerable,
        answered=answer.answered,
        evidence_cited=answer.answered and _cites_every_seed(case, answer.citations),
        missing=tuple(entry for entry in case.must_include if not _is_said(entry, said)),
        forbidden=tuple(entry for entry in case.must_not_include if _is_said(entry, said)),
        quotes=len(answer.citations),
        verbatim_quotes=sum(_is_verbatim(citation, text_of) for citation in answer.citations),
        tags=case.tags,
        answer=answer.text,
    )


def _cites_every_seed(case: Case, citations: Sequence[Citation]) -> bool:
    by_file: dict[str, list[str]] = {PurePath(seed).name: [] for seed in case.seeds}
    for citation in citations:
        by_file.setdefault(PurePath(citation.file).name, []).append(citation.quote)
    return bool(case.seeds) and all(
        any(is_evidence_met(span, by_file[PurePath(seed).name]) for span in case.evidence)
        for seed in case.seeds
    )


def _is_said(entry: str, said: str) -> bool:
    return any(normalised(choice) in said for choice in entry.split("|") if choice.strip())


def _is_verbatim(citation: Citation, text_of: TextOf | None) -> bool:
    if text_of is None:
        return len(citation.quote) == citation.end - citation.start
    return text_of(citation.document_id)[citation.start : citation.end] == citation.quote


def _case(item: Mapping[str, object], number: int) -> Case:
    case_id, question, answerable = item.get("id"), item.get("question"), item.get("answerable")
    if not isinstance(case_id, str) or not isinstance(question, str):
        raise ValueError(f"entry {number}: id and question must be text")
    if not isinstance(answerable, bool):
        raise ValueError(f"entry {case_id}: answerable must be true or false")
    return Case(
        id=case_id,
        question=question,
        previous=_turns(item.get("previous", []), case_id),
        answerable=answerable,
        seeds=_texts(item.get("seed", []), case_id, "seed"),
        evidence=_texts(item.get("evidence", []), case_id, "evidence"),
        must_include=_texts(item.get("must_include", []), case_id, "must_include"),
        must_not_include=_texts(item.get("must_not_include", []), case_id, "must_not_include"),
        tags=_texts(item.get("tags", []), case_id, "tags"),
    )


def _texts(value: object, case_id: str, field: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"entry {case_id}: {field} must be a list of texts")
    return tuple(value)


def _turns(value: object, case_id: str) -> tuple[Turn, ...]:
    if not isinstance(value, list):
        raise ValueError(f"entry {case_id}: previous must be a list of turns")
    turns = []
    for turn in value:
        if not isinstance(turn, dict) or not isinstance(turn.get("user"), str):
            raise ValueError(f"entry {case_id}: a turn needs the user's words")
        turns.append(Turn(user=turn["user"], bot=str(turn.get("bot", ""))))
    return tuple(turns)
