"""Writes .docx and .xlsx files with what makes them hard to read: merged cells, list numbering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docx.document import Document

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Cells of one column that become one; rows count from 0 and include both ends."""

    column: int
    first_row: int
    last_row: int


class OutlineNumbering:
    """A two-level list whose numbers exist only as list formatting: 一、二、三、 over 1. 2. 3.

    Args:
        document: Gets the list definition at once, and every paragraph that is added.
        first: Pattern of level 0, e.g. ``%1、``; counts 一、二、三.
        second: Pattern of level 1, e.g. ``%2.``; counts 1, 2, 3 and starts anew under each level 0.
    """

    def __init__(self, document: Document, first: str, second: str) -> None:
        from docx.oxml import parse_xml

        self._document = document
        root = document.part.numbering_part.element
        used = [int(number) for number in root.xpath("w:abstractNum/@w:abstractNumId")]
        self._id = max([*used, *(int(n) for n in root.xpath("w:num/@w:numId"))], default=0) + 1
        levels = "".join(
            f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{style}"/>'
            f'<w:lvlText w:val="{pattern}"/><w:lvlJc w:val="left"/></w:lvl>'
            for level, (style, pattern) in enumerate(
                [("chineseCounting", first), ("decimal", second)]
            )
        )
        abstract = parse_xml(
            f'<w:abstractNum xmlns:w="{WORD}" w:abstractNumId="{self._id}">'
            f'<w:multiLevelType w:val="multilevel"/>{levels}</w:abstractNum>'
        )
        instance = parse_xml(
            f'<w:num xmlns:w="{WORD}" w:numId="{self._id}">'
            f'<w:abstractNumId w:val="{self._id}"/></w:num>'
        )
        root.insert(0, abstract)
        root.append(instance)

    def add(self, text: str, *, level: int) -> None:
        """Append a paragraph whose number Word computes."""
        from docx.oxml import parse_xml

        paragraph = self._document.add_paragraph(text)
        paragraph._p.get_or_add_pPr().append(
            parse_xml(
                f'<w:numPr xmlns:w="{WORD}"><w:ilvl w:val="{level}"/>'
                f'<w:numId w:val="{self._id}"/></w:numPr>'
            )
        )


def save_table_docx(
    document: Document, rows: Sequence[Sequence[str]], *, merges: Sequence[Merge] = ()
) -> None:
    """Append ``rows`` as a table; a merged cell holds the text of its first row only."""
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    hidden = {(r, m.column) for m in merges for r in range(m.first_row + 1, m.last_row + 1)}
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            if (at, column) not in hidden:
                table.cell(at, column).text = text
    for merge in merges:
        table.cell(merge.first_row, merge.column).merge(table.cell(merge.last_row, merge.column))


def save_workbook(
    path: Path, sheet: str, rows: Sequence[Sequence[str]], *, merges: Sequence[Merge] = ()
) -> None:
    """Write one sheet; a row of a single cell becomes a title merged over the whole width."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    workbook = Workbook()
    page = workbook.create_sheet(sheet, 0)
    workbook.remove(workbook.worksheets[1])
    width = max(len(row) for row in rows)
    for at, row in enumerate(rows, 1):
        for column, text in enumerate(row, 1):
            cell = page.cell(row=at, column=column, value=text or None)
            cell.alignment = Alignment(wrap_text=True, vertical="center")
        if len(row) == 1 < width:
            page.cell(row=at, column=1).font = Font(bold=True, size=14 if at == 1 else 11)
            page.merge_cells(start_row=at, end_row=at, start_column=1, end_column=width)
    for merge in merges:
        page.merge_cells(
            start_row=merge.first_row + 1,
            end_row=merge.last_row + 1,
            start_column=merge.column + 1,
            end_column=merge.column + 1,
        )
    for column in range(width):
        longest = max(len(row[column]) for row in rows if len(row) == width)
        page.column_dimensions[get_column_letter(column + 1)].width = min(46, max(8, longest * 2))
    workbook.save(path)


def repeated_below(rows: Sequence[Sequence[str]], *, column: int, first_row: int) -> list[Merge]:
    """The runs of equal cells in ``column`` from ``first_row`` down, to be merged."""
    merges: list[Merge] = []
    start = first_row
    for row in range(first_row + 1, len(rows) + 1):
        if row == len(rows) or rows[row][column] != rows[start][column]:
            if row - start > 1:
                merges.append(Merge(column=column, first_row=start, last_row=row - 1))
            start = row
    return merges
