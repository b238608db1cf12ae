"""Passage -> short windows: what is turned into vectors. A window answers for its passage."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.model import Document, Passage

WINDOW_CHARS = 120
_HEAD_CHARS = 40
_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]+[”』」）)]*|[^。！？!?；;\n]+$")
_CLAUSE = re.compile(r"[^，,、：:]*[，,、：:]+|[^，,、：:]+$")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """``hash`` names ``text`` whatever document it stands in, so equal windows share a vector."""

    hash: str
    text: str


def windows_of(document: Document, passage: Passage) -> tuple[Window, ...]:
    """Cut a passage into windows, each under the document's title and the nearest headings."""
    head = _head(document.title, passage.path)
    texts = (f"{head}\n{body}" for body in cut(passage.text))
    return tuple(Window(hash=content_hash(text), text=text) for text in texts)


def content_hash(text: str) -> str:
    """Name a text by its content: 32 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def cut(text: str, limit: int = WINDOW_CHARS) -> list[str]:
    """Pack whole sentences into windows of at most ``limit`` characters.

    A longer sentence is cut at commas, and only then anywhere. Nothing but white space is lost.
    """
    windows: list[str] = []
    current = ""
    for piece in _pieces(text, limit):
        if current and len(current) + len(piece) > limit:
            windows.append(current)
            current = ""
        current += piece
    if current:
        windows.append(current)
    return windows


def _pieces(text: str, limit: int) -> Iterator[str]:
    for sentence in _SENTENCE.findall(text):
        tidy = _SPACES.sub(" ", sentence).strip()
        if len(tidy) <= limit:
            yield tidy
            continue
        for clause in _CLAUSE.findall(tidy):
            yield from (clause[at : at + limit] for at in range(0, len(clause), limit))


def _head(title: str, path: tuple[str, ...]) -> str:
    kept: list[str] = []
    room = _HEAD_CHARS
    for heading in reversed(path):
        if len(heading) > room:
            break
        kept.insert(0, heading)
        room -= len(heading)
    return " ".join((title, *kept))
