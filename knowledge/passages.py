"""Sections to passages: whole items, paragraphs, table rows, each with a locator found by eye."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.model import Passage, PassageKind, Section
from knowledge.numbering import Scheme, marks
from knowledge.outline import Shape, Span

_WHOLE_MOST_CHARS = 700
_LIST_MOST_CHARS = 500
_TINY_LIST_CHARS = 300
_ARTICLE_MOST_CHARS = 150
_TINY_ITEM_CHARS = 40
_SUB_ITEM = re.compile(r"[（(]\d|\d{1,2}[)）]|[①-⑳]")
_ARTICLE = re.compile(r"^第[一二三四五六七八九十百零〇\d]{1,6}条$")
_NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A table row's span and its locator."""

    span: Span
    locator: str


@dataclass(frozen=True, slots=True)
class _Piece:
    span: Span
    locator: str
    path: tuple[str, ...]
    kind: PassageKind


def passages_of(
    text: str,
    outline: Sequence[Section],
    shape: Shape,
    rows: Sequence[Row] = (),
    document_id: str = "",
) -> tuple[Passage, ...]:
    """Everything in the body, cut so that no numbered item is cut."""
    cutter = _Cutter(text, outline, shape, rows)
    pieces = [*cutter.pieces()]
    pieces += cutter.left_over(pieces)
    return tuple(
        Passage(
            id=f"{document_id}#{number}",
            document_id=document_id,
            locator=piece.locator,
            path=piece.path,
            kind=piece.kind,
            start=piece.span.start,
            end=piece.span.end,
            text=text[piece.span.start : piece.span.end],
        )
        for number, piece in enumerate(sorted(pieces, key=lambda piece: piece.span.start), 1)
    )


class _Cutter:
    def __init__(
        self, text: str, outline: Sequence[Section], shape: Shape, rows: Sequence[Row]
    ) -> None:
        self._text = text
        self._outline = outline
        self._shape = shape
        self._rows = rows
        self._row_starts = {row.span.start for row in rows}
        self._aside_starts = [aside.start for aside in shape.asides]
        self._lead_name = "导语" if outline else "正文"

    def pieces(self) -> Iterator[_Piece]:
        first = self._outline[0].start if self._outline else self._shape.body.end
        yield from self._paragraphs(Span(self._shape.body.start, first), self._lead_name, ())
        yield from self._sections()
        for aside in self._shape.asides:
            yield _Piece(aside, "落款", (), PassageKind.PARAGRAPH)
        for row in self._rows:
            yield _Piece(row.span, row.locator, self._path_at(row.span.start), PassageKind.ROW)

    def left_over(self, pieces: Sequence[_Piece]) -> Iterator[_Piece]:
        """Lines that no section holds: behind a signature, behind inline items."""
        ends = sorted((piece.span.start, piece.span.end) for piece in pieces)
        starts = [start for start, _ in ends]
        headings = [
            (section.start, section.start + len(self._title(section)) + 2)
            for section in self._outline
        ]
        heading_starts = [start for start, _ in headings]
        for line in self._lines(self._shape.body):
            held = bisect_right(starts, line.end - 1) - 1
            heading = bisect_right(heading_starts, line.start) - 1
            if held >= 0 and ends[held][1] > line.start:
                continue
            if heading >= 0 and line.start < headings[heading][1]:
                continue
            locator = f"{self._outline[heading].locator} 之后" if heading >= 0 else "附"
            yield _Piece(line, locator, (), PassageKind.PARAGRAPH)

    def _sections(self) -> Iterator[_Piece]:
        open_sections: list[Section] = []
        index = 0
        while index < len(self._outline):
            section = self._outline[index]
            while open_sections and open_sections[-1].level >= section.level:
                open_sections.pop()
            path = tuple(self._title(other) for other in open_sections)
            children = self._descendants(index)
            if children and self._is_short_list(section, children):
                yield self._item(Span(section.start, section.end), section, path)
                index += len(children) + 1
                continue
            own_end = children[0].start if children else section.end
            yield from self._own(section, Span(section.start, own_end), path, bool(children))
            yield from self._after_children(section, children, path)
            open_sections.append(section)
            index += 1

    def _descendants(self, index: int) -> Sequence[Section]:
        stop = index + 1
        while stop < len(self._outline) and self._outline[stop].level > self._outline[index].level:
            stop += 1
        return self._outline[index + 1 : stop]

    def _is_short_list(self, section: Section, children: Sequence[Section]) -> bool:
        """``有下列情形之一的：`` with its few short items is one thought."""
        lead = self._text[section.start : children[0].start].rstrip()
        size = section.end - section.start
        is_tiny = size <= _TINY_LIST_CHARS and all(
            _SUB_ITEM.match(self._text, child.start) and child.end - child.start <= _TINY_ITEM_CHARS
            for child in children
        )
        return (
            is_tiny or (size <= _LIST_MOST_CHARS and lead.endswith(("：", ":")))
        ) and not self._has_rows(Span(section.start, section.end))

    def _own(
        self, section: Section, span: Span, path: tuple[str, ...], has_children: bool
    ) -> Iterator[_Piece]:
        lines = [line for line in self._lines(span) if line.start not in self._row_starts]
        if not lines:
            return
        heading_lines = section.locator.count("\n") + 1
        is_plain = section.heading == section.locator
        if is_plain:
            heading_end = self._plain_heading_end(section, lines)
            inner = (*path, section.heading)
            body = Span(heading_end, span.end)
            found = [*self._paragraphs(body, section.locator, inner)]
            yield from found
            if not found and not has_children and not self._is_followed(section):
                yield self._item(Span(lines[0].start, lines[-1].end), section, path)
            return
        if has_children and self._is_heading_only(section, lines, heading_lines):
            return
        if _ARTICLE.match(section.locator) and len(lines) > 1:
            yield from self._article_paragraphs(section, lines, path)
            return
        total = lines[-1].end - lines[0].start
        if len(lines) >= 3 and total > _WHOLE_MOST_CHARS and self._is_heading_line(lines[0]):
            body = Span(lines[1].start, span.end)
            yield from self._paragraphs(body, section.locator, (*path, self._title(section)))
            return
        yield from self._runs(section, lines, path)

    def _is_followed(self, section: Section) -> bool:
        return any(0 < other.start - section.end <= 2 for other in self._outline)

    def _runs(
        self, section: Section, lines: Sequence[Span], path: tuple[str, ...]
    ) -> Iterator[_Piece]:
        """One item; table rows in its middle cut it into what stands before and after."""
        run: list[Span] = []
        number = 0
        for line in lines:
            if run and self._has_rows(Span(run[-1].end, line.start)):
                yield self._item(Span(run[0].start, run[-1].end), section, path, number)
                number += 1
                run = []
            run.append(line)
        yield self._item(Span(run[0].start, run[-1].end), section, path, number)

    def _item(self, span: Span, section: Section, path: tuple[str, ...], number: int = 0) -> _Piece:
        locator = f"{section.locator} 第{number + 1}段" if number else section.locator
        return _Piece(span, locator, path, PassageKind.ITEM)

    def _article_paragraphs(
        self, section: Section, lines: Sequence[Span], path: tuple[str, ...]
    ) -> Iterator[_Piece]:
        """款: the unnumbered paragraphs of an article; a short article stays whole."""
        if lines[-1].end - lines[0].start <= _ARTICLE_MOST_CHARS:
            yield self._item(Span(lines[0].start, lines[-1].end), section, path)
            return
        for number, line in enumerate(lines, 1):
            locator = f"{section.locator}第{_numeral(number)}款"
            yield _Piece(line, locator, path, PassageKind.ITEM)

    def _after_children(
        self, section: Section, children: Sequence[Section], path: tuple[str, ...]
    ) -> Iterator[_Piece]:
        """Paragraphs between or after inline items that none of them holds."""
        if not children:
            return
        direct = [child for child in children if child.level == children[0].level]
        inner = (*path, self._title(section))
        bounds = [child.start for child in direct[1:]] + [section.end]
        number = 1 if self._text[section.start : direct[0].start].count("\n") else 0
        for child, bound in zip(direct, bounds, strict=True):
            if child.end < bound and self._text[child.end : bound].strip():
                gap = Span(child.end, bound)
                yield from self._paragraphs(gap, section.locator, inner, first=number + 1)
                number += 1

    def _paragraphs(
        self, span: Span, name: str, path: tuple[str, ...], first: int = 1
    ) -> Iterator[_Piece]:
        number = first
        for line in self._lines(span):
            if line.start in self._row_starts or self._is_aside(line.start):
                continue
            locator = f"{name} 第{number}段"
            yield _Piece(line, locator, path, PassageKind.PARAGRAPH)
            number += 1

    def _is_aside(self, position: int) -> bool:
        index = bisect_right(self._aside_starts, position) - 1
        return index >= 0 and position < self._shape.asides[index].end

    def _lines(self, span: Span) -> list[Span]:
        lines: list[Span] = []
        start = span.start
        while start < span.end:
            end = self._text.find("\n", start, span.end)
            end = span.end if end < 0 else end
            line = self._text[start:end]
            stripped = line.strip()
            if stripped:
                lead = len(line) - len(line.lstrip())
                lines.append(Span(start + lead, start + lead + len(stripped)))
            start = end + 1
        return lines

    def _has_rows(self, span: Span) -> bool:
        return any(span.start <= row.span.start < span.end for row in self._rows)

    def _is_heading_only(self, section: Section, lines: Sequence[Span], heading_lines: int) -> bool:
        if len(lines) > heading_lines:
            return False
        words = self._text[lines[0].start : lines[-1].end].rstrip("：:。")
        return len(words) <= len(section.heading) + 8

    def _is_heading_line(self, line: Span) -> bool:
        words = self._text[line.start : line.end]
        return len(words) <= 60 and not words.endswith(("。", "；", ";"))

    def _plain_heading_end(self, section: Section, lines: Sequence[Span]) -> int:
        words = ""
        for line in lines:
            words = f"{words} {self._text[line.start : line.end]}".strip()
            if words == section.heading:
                return line.end
        return lines[0].end

    def _title(self, section: Section) -> str:
        if section.heading == section.locator:
            return section.heading
        for mark in marks(self._text[section.start : section.start + 16]):
            joint = "" if mark.scheme >= Scheme.COMMA else " "
            return f"{mark.label}{joint}{section.heading}"
        return section.heading

    def _path_at(self, position: int) -> tuple[str, ...]:
        return tuple(
            self._title(section)
            for section in self._outline
            if section.start <= position < section.end
        )


def _numeral(number: int) -> str:
    if number <= 10:
        return _NUMERALS[number - 1]
    tens, ones = divmod(number, 10)
    return f"{_NUMERALS[tens - 1] if tens > 1 else ''}十{_NUMERALS[ones - 1] if ones else ''}"
