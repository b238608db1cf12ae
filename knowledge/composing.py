"""Clean lines to one text: lines joined, run-together items put on lines of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.frontmatter import Front
from knowledge.loading.base import Line, LineKind
from knowledge.numbering import Scheme
from knowledge.outline import Shape, Span, believed_marks
from knowledge.passages import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    text: str
    shape: Shape
    rows: tuple[Row, ...]


def compose(lines: Sequence[Line], front: Front) -> Composed:
    """Break run-together items onto lines of their own; the offsets are those of the result."""
    first = _joined(lines, front)
    cuts = [
        mark.start
        for mark in believed_marks(first.text, first.shape)
        if not mark.at_line_start and mark.scheme is not Scheme.ONE_IS
    ]
    if not cuts:
        return first
    broken: list[Line] = []
    offset = 0
    title_lines, signature = front.title_lines, front.signature_start
    remaining = iter([*cuts, len(first.text) + 1])
    cut = next(remaining)
    for index, line in enumerate(lines):
        end = offset + len(line.text)
        done = 0
        while cut < end:
            broken.append(Line(text=line.text[done : cut - offset].rstrip(), kind=line.kind))
            if front.signature_start is not None and index < front.signature_start:
                signature = (signature or 0) + 1
            done = cut - offset
            cut = next(remaining)
        broken.append(
            Line(text=line.text[done:], kind=line.kind, locator=line.locator) if done else line
        )
        offset = end + 1
    return _joined_at(broken, title_lines, signature)


def _joined(lines: Sequence[Line], front: Front) -> Composed:
    return _joined_at(lines, front.title_lines, front.signature_start)


def _joined_at(lines: Sequence[Line], title_lines: int, signature: int | None) -> Composed:
    rows: list[Row] = []
    headings: list[Span] = []
    offset = body_start = 0
    body_end: int | None = None
    for index, line in enumerate(lines):
        if index == title_lines:
            body_start = offset
        if index == signature:
            body_end = offset
        span = Span(offset, offset + len(line.text))
        if line.kind is LineKind.ROW:
            rows.append(Row(span=span, locator=line.locator))
        elif line.kind is LineKind.HEADING and index >= title_lines:
            headings.append(span)
        offset = span.end + 1
    text = "\n".join(line.text for line in lines)
    if title_lines >= len(lines):
        body_start = len(text)
    body = Span(body_start, len(text) if body_end is None else body_end)
    shape = Shape(body=body, rows=tuple(row.span for row in rows), headings=tuple(headings))
    return Composed(text=text, shape=shape, rows=tuple(rows))
