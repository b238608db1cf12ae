"""Everyday words <-> official words: what a question may also have said."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("synonyms.toml")


def alternatives(question: str) -> frozenset[str]:
    """Words that may stand in a document for words of ``question``, and are not in it."""
    found: set[str] = set()
    for group in _groups():
        if any(word in question for word in group):
            found.update(word for word in group if word not in question)
    return frozenset(found)


@cache
def stand_ins_of(word: str) -> frozenset[str]:
    """Other words of the groups that ``word`` itself is in."""
    return frozenset(
        other for group in _groups() if word in group for other in group if other != word
    )


@cache
def _groups() -> tuple[tuple[str, ...], ...]:
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(tuple(group) for group in table["groups"])
