"""What a loader hands on: lines in reading order, and what the format itself says about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MAX_BYTES = 50 * 1024 * 1024
MAX_CHARS = 5_000_000
MAX_LINES = 200_000


class LineKind(StrEnum):
    """What a line is, as far as the format tells."""

    TEXT = "text"
    HEADING = "heading"
    """The format's own markup calls it a heading (docx style, h1–h6, ``#``)."""
    ASIDE = "aside"
    """Signature, day, distribution list: part of the text, of no section. Set after cleaning."""
    ANNEX = "annex"
    """The title of an annex, where numbering begins anew. Set after cleaning."""
    ROW = "row"
    """A table row, already written as ``表头：值；表头：值``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One paragraph, heading or table row; ``locator`` is given for rows only."""

    text: str
    kind: LineKind = LineKind.TEXT
    locator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A file as read, before cleaning; the hints come from the format's own metadata."""

    lines: tuple[Line, ...]
    title: str | None = None
    url: str | None = None
    authors: tuple[str, ...] = ()
    publisher: str | None = None
    issued_on: date | None = None
    cautions: tuple[str, ...] = ()


def text_lines(text: str) -> tuple[Line, ...]:
    """One line of text each, empty ones too."""
    return tuple(Line(text=part) for part in text.split("\n"))
