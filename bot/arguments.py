"""What was typed after a command. A leaf: handlers take it, routing makes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """``words`` are cut at spaces, quoted ones kept whole; ``mentions`` are the names after @.

    For plain text and phrases all three are empty but ``text``, which is the whole message.
    """

    text: str = ""
    """As typed, without the command."""
    words: tuple[str, ...] = ()
    """Without mentions and quotation marks."""
    mentions: tuple[str, ...] = ()

    def word(self, n: int, default: str = "") -> str:
        """The word at ``n``, counted from 0, or ``default``."""
        return self.words[n] if n < len(self.words) else default
