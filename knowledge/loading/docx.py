"""Word documents: paragraphs with their automatic numbers, tables, text boxes, footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from bot.errors import UnreadableDocument
from knowledge.loading.archive import Archive
from knowledge.loading.base import MAX_LINES, Line, LineKind, Loaded
from knowledge.loading.docx_numbering import Numbering, W
from knowledge.loading.tables import table_lines

_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED = frozenset(
    {f"{W}del", f"{W}moveFrom", f"{W}instrText", f"{W}rt", f"{W}pPr", f"{W}rPr", _FALLBACK}
)
_BOX = f"{W}txbxContent"
_MOST_DEPTH = 12


@dataclass(frozen=True, slots=True)
class _Style:
    is_heading: bool
    is_title: bool
    numbering: tuple[str, int] | None


def load_docx(content: bytes) -> Loaded:
    """Raises ``UnreadableDocument`` when the container or its main part is broken."""
    archive = Archive(content)
    document = archive.xml("word/document.xml")
    body = None if document is None else document.find(f"{W}body")
    if body is None:
        raise UnreadableDocument("no body", reply="这个 Word 文件里没有正文，请重新导出后再发。")
    reader = _Reader(archive)
    lines = list(reader.blocks(body, 0))
    return Loaded(lines=tuple(lines), title=reader.title)


class _Reader:
    def __init__(self, archive: Archive) -> None:
        self._numbering = Numbering()
        self._numbering.read(archive.xml("word/numbering.xml"))
        self._styles = _read_styles(archive.xml("word/styles.xml"))
        self._notes = _read_notes(archive)
        self._tables = 0
        self._count = 0
        self._note_number = 0
        self.title: str | None = None

    def blocks(self, parent: etree._Element, depth: int) -> Iterator[Line]:
        if depth > _MOST_DEPTH:
            return
        for child in parent:
            if child.tag == f"{W}p":
                yield from self._paragraph(child, depth)
            elif child.tag == f"{W}tbl":
                yield from self._table(child, depth)
            elif child.tag == f"{W}sdt":
                inner = child.find(f"{W}sdtContent")
                if inner is not None:
                    yield from self.blocks(inner, depth + 1)
            elif child.tag in {f"{W}ins", f"{W}customXml", f"{W}smartTag"}:
                yield from self.blocks(child, depth + 1)

    def _paragraph(self, paragraph: etree._Element, depth: int) -> Iterator[Line]:
        self._count += 1
        if self._count > MAX_LINES:
            raise UnreadableDocument(
                "too many paragraphs", reply="这个文件的段落太多，请拆成几个文件再发。"
            )
        texts: list[str] = []
        boxes: list[etree._Element] = []
        notes: list[str] = []
        self._collect(paragraph, texts, boxes, notes)
        text = "".join(texts).strip()
        style = self._style_of(paragraph)
        label = self._label(paragraph, style) if text else ""
        if style and style.is_title and text and self.title is None:
            self.title = text
        kind = LineKind.HEADING if style and style.is_heading and not label else LineKind.TEXT
        for part in f"{label}{text}".split("\n"):
            if part.strip():
                yield Line(text=part.strip(), kind=kind)
        for box in boxes:
            yield from self.blocks(box, depth + 1)
        for note in notes:
            self._note_number += 1
            yield Line(text=f"注{self._note_number}：{note}")

    def _collect(
        self,
        element: etree._Element,
        texts: list[str],
        boxes: list[etree._Element],
        notes: list[str],
    ) -> None:
        for child in element:
            tag = child.tag
            if tag in _SKIPPED:
                continue
            if tag == f"{W}t":
                texts.append(child.text or "")
            elif tag in {f"{W}tab", f"{W}ptab"}:
                texts.append(" ")
            elif tag in {f"{W}br", f"{W}cr"}:
                texts.append("\n" if child.get(f"{W}type") != "page" else "")
            elif tag == f"{W}noBreakHyphen":
                texts.append("-")
            elif tag == _BOX:
                boxes.append(child)
            elif tag in {f"{W}footnoteReference", f"{W}endnoteReference"}:
                note = self._notes.get((tag, child.get(f"{W}id", "")))
                if note:
                    notes.append(note)
            else:
                self._collect(child, texts, boxes, notes)

    def _style_of(self, paragraph: etree._Element) -> _Style | None:
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        return None if style is None else self._styles.get(style.get(f"{W}val", ""))

    def _label(self, paragraph: etree._Element, style: _Style | None) -> str:
        direct = _number_of(paragraph.find(f"{W}pPr"))
        numbering = direct or (style.numbering if style else None)
        return self._numbering.label(*numbering) if numbering else ""

    def _table(self, table: etree._Element, depth: int) -> Iterator[Line]:
        grid = self._grid(table, depth)
        self._tables += 1
        lines = table_lines(grid, self._tables)
        if not any(line.kind is LineKind.ROW for line in lines):
            self._tables -= 1
        yield from lines

    def _grid(self, table: etree._Element, depth: int) -> list[list[str]]:
        grid: list[list[str]] = []
        for row in table.iter(f"{W}tr"):
            if next(row.iterancestors(f"{W}tbl"), None) is not table:
                continue
            cells: list[str] = []
            for cell in row.iter(f"{W}tc"):
                if next(cell.iterancestors(f"{W}tr"), None) is not row:
                    continue
                width, merge = _spans(cell)
                if merge == "continue" and grid and len(cells) < len(grid[-1]):
                    text = grid[-1][len(cells)]
                else:
                    text = "\n".join(line.text for line in self.blocks(cell, depth + 1))
                cells += [text] * min(width, 64)
            grid.append(cells)
        return grid


def _spans(cell: etree._Element) -> tuple[int, str]:
    span = cell.find(f"{W}tcPr/{W}gridSpan")
    merge = cell.find(f"{W}tcPr/{W}vMerge")
    width = span.get(f"{W}val", "1") if span is not None else "1"
    return (
        int(width) if width.isdecimal() and int(width) > 0 else 1,
        "" if merge is None else merge.get(f"{W}val", "continue"),
    )


def _number_of(properties: etree._Element | None) -> tuple[str, int] | None:
    number = None if properties is None else properties.find(f"{W}numPr/{W}numId")
    if properties is None or number is None:
        return None
    level = properties.find(f"{W}numPr/{W}ilvl")
    depth = level.get(f"{W}val", "0") if level is not None else "0"
    return number.get(f"{W}val", "0"), int(depth) if depth.isdecimal() else 0


def _read_styles(root: etree._Element | None) -> dict[str, _Style]:
    if root is None:
        return {}
    elements = {style.get(f"{W}styleId", ""): style for style in root.iterfind(f"{W}style")}
    return {name: _style(name, elements) for name in elements}


def _style(name: str, elements: dict[str, etree._Element]) -> _Style:
    """A style with what it inherits; a cycle of ``basedOn`` ends the walk."""
    is_heading = is_title = False
    numbering: tuple[str, int] | None = None
    seen: set[str] = set()
    while name in elements and name not in seen:
        seen.add(name)
        element = elements[name]
        label = element.find(f"{W}name")
        words = (label.get(f"{W}val", "") if label is not None else "").lower()
        is_heading = is_heading or bool(re.match(r"(?:heading|标题)\s?\d", words))
        is_heading = is_heading or element.find(f"{W}pPr/{W}outlineLvl") is not None
        is_title = is_title or words in {"title", "标题"}
        numbering = numbering or _number_of(element.find(f"{W}pPr"))
        base = element.find(f"{W}basedOn")
        name = "" if base is None else base.get(f"{W}val", "")
    return _Style(is_heading, is_title, numbering)


def _read_notes(archive: Archive) -> dict[tuple[str, str], str]:
    notes: dict[tuple[str, str], str] = {}
    for part, item in (("footnotes", "footnote"), ("endnotes", "endnote")):
        root = archive.xml(f"word/{part}.xml")
        for note in () if root is None else root.iterfind(f"{W}{item}"):
            text = "".join(piece.text or "" for piece in note.iter(f"{W}t")).strip()
            if text:
                notes[f"{W}{item}Reference", note.get(f"{W}id", "")] = text
    return notes
