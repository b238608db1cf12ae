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

_FONT, _HEAD = "宋体", "黑体"
_WIDTH_CM = 17.4
_MOST_ROWS = 400
_WIDE = 8
_HEADINGS = "一二三四五六七八九"


def report_document(report: Report) -> bytes:
    """Open in Word and WPS; the fonts are those every such office has."""
    from docx import Document
    from docx.enum.text import WD_PARAGRAPH_ALIGNMENT
    from docx.shared import Cm, Pt

    document = Document()
    _dress(document)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm((21 - _WIDTH_CM) / 2)
    _number_pages(document)
    title = document.add_paragraph(clean(wording.title(report)), style="Title")
    title.alignment = WD_PARAGRAPH_ALIGNMENT.CENTER
    for line in wording.paragraphs(report):
        document.add_paragraph(clean(line)).paragraph_format.first_line_indent = Pt(22)
    try:
        picture = report_chart(report)
    except UsageError:
        picture = None
    if picture is not None:
        document.add_picture(io.BytesIO(picture), width=Cm(_WIDTH_CM - 1))
    every = [*cells.tables(report)[:-1], cells.missing_together(report)]
    shown = [_for_paper(table) for table in every if table.rows]
    for n, table in enumerate(shown):
        document.add_heading(f"{_HEADINGS[n]}、{table.title}", level=1)
        _add(document, table)
    _cite(document, report, len(shown))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _for_paper(table: Table) -> Table:
    """The wide one has no room for numbers of records; its sheet has."""
    return table if len(table.header) > _WIDE else table.with_records()


def _dress(document: Document) -> None:
    """Plain and black, as offices print."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    for name, font, size in (("Normal", _FONT, 11), ("Title", _HEAD, 18), ("Heading 1", _HEAD, 13)):
        style = document.styles[name]
        style.font.name, style.font.size = font, Pt(size)
        style.font.color.rgb = RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("w:eastAsia", "w:ascii", "w:hAnsi"):
            fonts.set(qn(script), font)
        for theme in ("w:asciiTheme", "w:eastAsiaTheme", "w:hAnsiTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
    border = document.styles["Title"].element.find(f"{qn('w:pPr')}/{qn('w:pBdr')}")
    if border is not None:
        border.getparent().remove(border)


def _number_pages(document: Document) -> None:
    from docx.enum.text import WD_PARAGRAPH_ALIGNMENT
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    line = document.sections[0].footer.paragraphs[0]
    line.alignment = WD_PARAGRAPH_ALIGNMENT.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    line._p.append(field)


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
    from docx.shared import Cm, Pt

    made = document.add_table(rows=1, cols=len(table.header), style="Table Grid")
    made.autofit = False
    for cell, words in zip(made.rows[0].cells, table.header, strict=True):
        cell.text = clean(words)
        cell.paragraphs[0].runs[0].bold = True
    made.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row in table.rows[:_MOST_ROWS]:
        for at, (cell, value) in enumerate(zip(made.add_row().cells, row, strict=True)):
            cell.text = _shown(value, is_share=at in table.shares)
    total = sum(table.widths)
    widths = [Cm(_WIDTH_CM * width / total) for width in table.widths]
    small = Pt(9) if len(table.header) <= _WIDE else Pt(8)
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width
    for line in made.rows:
        for cell, width in zip(line.cells, widths, strict=True):
            cell.width = width
            for run in cell.paragraphs[0].runs:
                run.font.size = small
    if len(table.rows) > _MOST_ROWS:
        more = len(table.rows) - _MOST_ROWS
        document.add_paragraph(f"另有 {more} 行，见同名的 Excel 表格。")


def _shown(value: Cell, *, is_share: bool) -> str:
    if is_share:
        return share(value if isinstance(value, float) else None)
    return "" if value is None else clean(str(value))
