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
    """A document's text with what is known about its lines."""

    text: str
    shape: Shape
    rows: tuple[Row, ...]


def compose(lines: Sequence[Line], front: Front) -> Composed:
    """Break run-together items onto lines of their own; the offsets are those of the result."""
    first = _joined(lines, front.title_lines)
    cuts = [
        mark.start
        for mark in believed_marks(first.text, first.shape)
        if not mark.at_line_start and mark.scheme is not Scheme.ONE_IS
    ]
    if not cuts:
        return first
    broken: list[Line] = []
    offset = 0
    remaining = iter([*cuts, len(first.text) + 1])
    cut = next(remaining)
    for line in lines:
        end = offset + len(line.text)
        done = 0
        while cut < end:
            broken.append(Line(text=line.text[done : cut - offset].rstrip(), kind=line.kind))
            done = cut - offset
            cut = next(remaining)
        broken.append(
            Line(text=line.text[done:], kind=line.kind, locator=line.locator) if done else line
        )
        offset = end + 1
    return _joined(broken, front.title_lines)


def _joined(lines: Sequence[Line], title_lines: int) -> Composed:
    rows: list[Row] = []
    headings: list[Span] = []
    asides: list[Span] = []
    annexes: list[Span] = []
    offset = body_start = 0
    before: LineKind | None = None
    for index, line in enumerate(lines):
        if index == title_lines:
            body_start = offset
        span = Span(offset, offset + len(line.text))
        if line.kind is LineKind.ROW:
            rows.append(Row(span=span, locator=line.locator))
        elif line.kind is LineKind.HEADING and index >= title_lines:
            headings.append(span)
        elif line.kind in {LineKind.ASIDE, LineKind.ANNEX}:
            spans = asides if line.kind is LineKind.ASIDE else annexes
            if before is line.kind:
                span = Span(spans.pop().start, span.end)
            spans.append(span)
        before = line.kind
        offset = span.end + 1
    text = "\n".join(line.text for line in lines)
    if title_lines >= len(lines):
        body_start = len(text)
    shape = Shape(
        body=Span(body_start, len(text)),
        rows=tuple(row.span for row in rows),
        headings=tuple(headings),
        asides=tuple(asides),
        annexes=tuple(annexes),
    )
    return Composed(text=text, shape=shape, rows=tuple(rows))
