"""Long lists of ids a few thousand at a time: a statement holds at most 32,766 values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
PIECE = 5_000


def pieces(values: Iterable[T]) -> Iterator[Sequence[T]]:
    """Each value once, in pieces of at most ``PIECE``; none for nothing."""
    whole = list(dict.fromkeys(values))
    for start in range(0, len(whole), PIECE):
        yield whole[start : start + PIECE]
