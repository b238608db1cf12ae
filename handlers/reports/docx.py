"""A report as a document: in words, with tables, the picture, and the clauses it answers to."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from bot.errors import UsageError
from handlers.inert_cells import clean
from handlers.reports import cells, wording
from handlers.reports.cells import Cell, Table, share
from handlers.reports.chart import report_chart
from handlers.reports.views import Report

if TYPE_CHECKING:
    from docx.document import Document

_FONT = "宋体"
_HEADINGS = "一二三四五六七"


def report_document(report: Report) -> bytes:
    """Open in Word and WPS; the font is the one every such office has."""
    from docx import Document
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    document = Document()
    normal = document.styles["Normal"]
    normal.font.name = _FONT
    normal.font.size = Pt(11)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _FONT)
    section = document.sections[0]
    section.left_margin = section.right_margin = Cm(2.2)
    title = document.add_heading(clean(wording.title(report)), level=0)
    title.alignment = 1
    for line in wording.paragraphs(report):
        document.add_paragraph(clean(line))
    try:
        picture = report_chart(report)
    except UsageError:
        picture = None
    if picture is not None:
        document.add_picture(io.BytesIO(picture), width=Cm(15.5))
    shown = [table for table in cells.tables(report) if table.rows]
    for n, table in enumerate(shown):
        document.add_heading(f"{_HEADINGS[n]}、{table.title}", level=1)
        _add(document, table)
    _cite(document, report, len(shown))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _cite(document: Document, report: Report, n: int) -> None:
    cited = [one for one in report.tasks if one.document]
    if not cited:
        return
    document.add_heading(f"{_HEADINGS[n]}、依据", level=1)
    for number, one in enumerate(cited, 1):
        words = f"[{number}] {one.title}——《{one.document}》{one.locator}：{one.quote}"
        document.add_paragraph(clean(words))


def _add(document: Document, table: Table) -> None:
    from docx.oxml import OxmlElement
    from docx.shared import Pt

    made = document.add_table(rows=1, cols=len(table.header), style="Table Grid")
    for cell, words in zip(made.rows[0].cells, table.header, strict=True):
        cell.text = words
        cell.paragraphs[0].runs[0].bold = True
    made.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row in table.rows:
        for at, (cell, value) in enumerate(zip(made.add_row().cells, row, strict=True)):
            cell.text = _shown(value, is_share=at in table.shares)
    for line in made.rows:
        for cell in line.cells:
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(9)


def _shown(value: Cell, *, is_share: bool) -> str:
    if is_share:
        return share(value if isinstance(value, float) else None)
    return "" if value is None else clean(str(value))
