"""A report as a workbook that opens clean in Excel and WPS, and in which nothing is executed."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from handlers import inert_cells
from handlers.reports import cells
from handlers.reports.cells import Cell, Table
from handlers.reports.views import Report

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet


_LEDGER = "明细"


def report_workbook(report: Report) -> bytes:
    """A sheet for the whole, one for each table, and the records behind them."""
    from openpyxl import Workbook

    workbook = Workbook()
    first = workbook.worksheets[0]
    first.title = "概况"
    _fill(first, _summary(report))
    lines = {one.id: n for n, one in enumerate(report.records, 2)}
    for table in cells.tables(report):
        if table.rows:
            sheet = workbook.create_sheet(table.title)
            _fill(sheet, table.with_records())
            _link(sheet, table, lines)
    _fill(workbook.create_sheet(_LEDGER), replace(cells.ledger(report), title=_LEDGER))
    return _saved(workbook)


def _link(sheet: Worksheet, table: Table, lines: Mapping[int, int]) -> None:
    """The records behind a row: a click goes to the first of them."""
    from openpyxl.styles import Font
    from openpyxl.worksheet.hyperlink import Hyperlink

    for at, ids in enumerate(table.behind, 2):
        first = min((lines[one] for one in ids if one in lines), default=None)
        if first is not None:
            cell = sheet.cell(row=at, column=len(table.header) + 1)
            cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{_LEDGER}'!A{first}")
            cell.font = Font(color="FF2F6FB2", underline="single")


def ledger_workbook(report: Report) -> bytes:
    """The records alone."""
    return tables_workbook([replace(cells.ledger(report), title="台账")])


def tables_workbook(tables: Sequence[Table]) -> bytes:
    """A sheet for each."""
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for table in tables:
        _fill(workbook.create_sheet(table.title), table)
    return _saved(workbook)


def _summary(report: Report) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("单位", report.unit),
        ("期间", report.period.name),
        ("起", report.period.first),
        ("止", report.period.last),
        ("制表", report.made_at.date()),
        ("活动次数", report.activities),
        ("填报份数", report.forms),
        ("人数", report.members),
        ("参与人数", report.trained),
        ("任务应办", report.due),
        ("任务办结", report.done),
        ("还没有记录的类型", "、".join(report.idle_types)),
    ]
    return Table(title="概况", header=("项目", "内容"), rows=tuple(rows), widths=(20, 44))


def _fill(sheet: Worksheet, table: Table) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    for column, words in enumerate(table.header, 1):
        _put(sheet, 1, column, words)
        cell = sheet.cell(row=1, column=column)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="FFE9EEF6")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    for at, row in enumerate(table.rows, 2):
        for column, value in enumerate(row, 1):
            _put(sheet, at, column, value, is_share=column - 1 in table.shares)
    for column, width in enumerate(table.widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A2"
    if table.rows:
        last = get_column_letter(len(table.header))
        sheet.auto_filter.ref = f"A1:{last}{len(table.rows) + 1}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape" if len(table.header) > 4 else "portrait"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if sheet.oddFooter is not None:
        sheet.oddFooter.center.text = "第 &P 页，共 &N 页"


def _put(sheet: Worksheet, row: int, column: int, value: Cell, *, is_share: bool = False) -> None:
    from openpyxl.styles import Alignment

    cell = sheet.cell(row=row, column=column)
    inert_cells.put(cell, value)
    if isinstance(value, str):
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    elif is_share:
        cell.number_format = "0.0%"


def _saved(workbook: Workbook) -> bytes:
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def read_rows(content: bytes) -> Sequence[Sequence[str]]:
    """The first sheet as text, for imports; merged cells hold their words once."""
    from openpyxl import load_workbook

    workbook = load_workbook(io.BytesIO(content), read_only=False, data_only=True)
    sheet = workbook.worksheets[0]
    return [
        ["" if value is None else str(value).strip() for value in row]
        for row in sheet.iter_rows(values_only=True)
    ]
