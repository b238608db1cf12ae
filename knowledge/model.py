"""The nouns of ``knowledge``: document, section, passage, hit, citation, answer, draft task.

Pure data. Spans are character offsets into ``Document.text`` (half open), so that every quote is
verbatim by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Genre(StrEnum):
    """What kind of text a document is; decides whether its clauses are duties of the reader."""

    POLICY = "policy"
    """工作要点, 通知, 方案, 办法, 责任清单 …: its clauses ask the reader to do things."""
    NEWS = "news"
    """A report of what others do or decided."""
    EXPERIENCE = "experience"
    """经验材料: what the writer's own organisation did."""


class PassageKind(StrEnum):
    """How a passage stands in its document."""

    ITEM = "item"
    """A numbered item, article or 一是… clause with its heading."""
    PARAGRAPH = "paragraph"
    ROW = "row"
    """A table row; its text carries the header: ``序号：1；重点任务：…``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, without its number; ``level`` 1 is the top; the offsets span its section."""

    locator: str
    heading: str
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A citable piece of a document: never a cut of a numbered item.

    ``locator`` is what a reader can find by eye: ``二、4.``, ``第三条第二款``, ``导语 第2段``,
    ``表1 第7行``. ``path`` is the headings above it, outermost first, with their numbers.
    """

    id: str
    """``<document id>#<n>``, n from 1 in reading order."""
    document_id: str
    locator: str
    path: tuple[str, ...]
    kind: PassageKind
    start: int
    end: int
    text: str
    """``document.text[start:end]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A cleaned file. Nothing in the metadata is inferred that the text does not print."""

    id: str
    """First 12 hex digits of the SHA-256 of the file's bytes."""
    file: str
    title: str
    title_derived: bool = False
    subtitle: str | None = None
    issuer: str | None = None
    publisher: str | None = None
    authors: tuple[str, ...] = ()
    issued_on: date | None = None
    effective_on: date | None = None
    expires_on: date | None = None
    document_number: str | None = None
    index_number: str | None = None
    year: int | None = None
    genre: Genre = Genre.POLICY
    url: str | None = None
    replaces: tuple[str, ...] = ()
    """Titles or 文号 this document says it replaces (同时废止)."""
    cautions: tuple[str, ...] = ()
    """Short Chinese lines: incomplete, anonymised, machine-rewritten, title derived …"""
    names: tuple[str, ...] = ()
    """Places and bodies the document speaks for or about, as printed (for filters)."""
    text: str
    outline: tuple[Section, ...] = ()
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage found for a question. ``score`` is comparable only within one search."""

    passage: Passage
    document: Document
    score: float
    lexical: float = 0.0
    dense: float = 0.0
    coverage: float = 0.0
    """Share (0–1, idf-weighted) of the question's content words that the passage contains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A verbatim quote and where it stands; ``start``/``end`` are offsets in the text."""

    document_id: str
    document: str
    """The document's title."""
    file: str
    locator: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One earlier exchange of a conversation."""

    user: str
    bot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``text`` is shown above the sources. Unanswered: ``citations`` hold the nearest clause."""

    question: str
    """The question as understood (a follow-up made whole)."""
    answered: bool
    text: str
    citations: tuple[Citation, ...] = ()
    cautions: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    """What was asked for, as printed: no other wording of the answer may leave it out."""
    confidence: float = 0.0
    elapsed_ms: float = 0.0


class TaskKind(StrEnum):
    """Whether a task ends, comes back or goes on."""

    ONE_OFF = "one-off"
    RECURRING = "recurring"
    ONGOING = "ongoing"


class Basis(StrEnum):
    """Whether a clause binds the reader or tells what others do."""

    REQUIREMENT = "requirement"
    REPORTED_PRACTICE = "reported-practice"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftTask:
    """A task a document asks for, not yet confirmed; ``quote`` is ``document.text[start:end]``."""

    title: str
    quote: str
    locator: str
    responsible: str | None
    kind: TaskKind
    rrule: str | None
    """RFC 5545 without DTSTART, only when the text prints an interval."""
    due_on: date | None
    basis: Basis
    evidence_types: tuple[str, ...]
    asks_for_time: bool = False
    """The text says 定期, 及时, 常态化 …: a person has to say how often."""
    start: int
    end: int
