"""Spreadsheets: .xlsx and .csv, a row per line."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from bot.errors import UnreadableDocument
from knowledge.loading.archive import Archive
from knowledge.loading.base import MAX_LINES, Line, LineKind, Loaded
from knowledge.loading.tables import table_lines
from knowledge.loading.text import decode

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_MOST_SHEET_BYTES = 30 * 1024 * 1024
_MOST_COLUMNS = 200
_TOO_LARGE = "这张表格太大，请只保留需要的行再发。"


def load_csv(content: bytes) -> Loaded:
    """Raises ``UnreadableDocument`` for too many rows or a broken quotation."""
    text = decode(content).lstrip("\ufeff")
    sample = text[:4000]
    delimiter = max(",\t;", key=sample.count)
    if delimiter not in sample and "，" in sample:
        delimiter = "，"
    csv.field_size_limit(1_000_000)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            rows.append(row[:_MOST_COLUMNS])
            if len(rows) > MAX_LINES:
                raise UnreadableDocument("too many rows", reply=_TOO_LARGE)
    except csv.Error as error:
        raise UnreadableDocument(
            "broken csv", reply="这个 CSV 文件格式有误，请用 Excel 打开后另存再发。"
        ) from error
    return Loaded(lines=tuple(_sheet_lines(rows, 1)))


def load_xlsx(content: bytes) -> Loaded:
    """Raises ``UnreadableDocument`` for a bomb, a lock, or a broken workbook."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    archive = Archive(content)
    for name in archive.names:
        if name.startswith("xl/worksheets/") and len(archive.read(name) or b"") > _MOST_SHEET_BYTES:
            raise UnreadableDocument("sheet too large", reply=_TOO_LARGE)
    try:
        book = load_workbook(io.BytesIO(content), data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise UnreadableDocument(
            "broken workbook", reply="这个表格文件已损坏，打不开，请重新导出后再发。"
        ) from error
    lines: list[Line] = []
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    for number, sheet in enumerate(sheets, 1):
        found = _sheet_lines(_grid(sheet), number)
        has_title = number == 1 and found and found[0].kind is LineKind.TEXT
        if (
            found
            and not has_title
            and len(sheets) > 1
            and not sheet.title.lower().startswith("sheet")
        ):
            lines.append(Line(text=sheet.title, kind=LineKind.HEADING))
        lines += found
        if len(lines) > MAX_LINES:
            raise UnreadableDocument("too many rows", reply=_TOO_LARGE)
    book.close()
    return Loaded(lines=tuple(lines))


def _sheet_lines(rows: list[list[str]], number: int) -> list[Line]:
    return table_lines(rows, number)


def _grid(sheet: Worksheet) -> list[list[str]]:
    width = min(sheet.max_column or 0, _MOST_COLUMNS)
    rows = [
        [_cell_text(value) for value in row]
        for row in sheet.iter_rows(max_col=width or None, values_only=True)
    ]
    for merged in sheet.merged_cells.ranges:
        top, left = merged.min_row - 1, merged.min_col - 1
        if top >= len(rows) or left >= width:
            continue
        value = rows[top][left]
        for row in rows[top : merged.max_row]:
            for column in range(left, min(merged.max_col, width)):
                row[column] = value
    return rows


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        day = f"{value.year}年{value.month}月{value.day}日"
        return day if value.time() == time(0) else f"{day}{value:%H:%M}"
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.10g}"
    return str(value)
