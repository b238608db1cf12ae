"""What cleaning takes out of the text but does not throw away."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(slots=True, kw_only=True)
class Findings:
    """Filled while cleaning; the first value found for a field is kept."""

    title: str | None = None
    issuer: str | None = None
    publisher: str | None = None
    authors: list[str] = field(default_factory=list)
    issued_on: date | None = None
    effective_on: date | None = None
    expires_on: date | None = None
    document_number: str | None = None
    index_number: str | None = None
    genre_word: str | None = None
    url: str | None = None
    is_preview: bool = False
    """The text is the free part of a longer document."""
    machine_signs: int = 0
    """Kinds of traces of mechanical rewriting: broken entities, stops before commas …"""
    byline_at: int | None = None
    """Index in the cleaned lines before which the by-line stood: the title is above it."""
