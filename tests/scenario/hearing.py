"""What a person hears, on whatever channel."""

from __future__ import annotations

from dataclasses import dataclass

PATIENCE_S = 60.0
"""For a machine that has much else to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A reply as its reader sees it."""

    text: str
    sources: tuple[tuple[str, str], ...] = ()
    """Title and locator."""
    files: tuple[str, ...] = ()
    feedback_id: str | None = None
    card: str = ""
    """Title, words and facts of a card."""
    links: tuple[str, ...] = ()
    """Where the page's card leads to."""
