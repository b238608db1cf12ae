"""The 责任清单 as a sheet: rows out, rows in. Pure; what a row means is judged elsewhere."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from bot.errors import UsageError
from handlers import inert_cells
from handlers.workbook_limits import check_workbook

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

COLUMNS = (
    ("序号", 6),
    ("重点任务", 36),
    ("工作要求", 44),
    ("责任人", 24),
    ("完成时限", 26),
    ("状态", 16),
    ("清单", 14),
    ("节点", 26),
    ("依据文件", 30),
    ("条款", 14),
    ("原文", 44),
    ("系统编号", 10),
)
_NAMES = {
    "title": "重点任务 工作任务 任务名称 任务 重点工作 工作事项 事项 项目内容 工作内容".split(),
    "duty": "工作要求 具体措施 工作措施 主要措施 具体要求 具体任务 具体内容 措施 要求".split(),
    "who": "责任人 责任科室 责任单位 牵头单位 牵头科室 责任部门 牵头部门 负责人 牵头 责任".split(),
    "when": "完成时限 完成时间 时限 时间要求 截止时间 截止日期 期限 时间 时间节点 频次".split(),
    "labels": "清单 标签 项目 类别".split(),
    "milestones": "节点 里程碑".split(),
    "document": "依据文件 依据 文件".split(),
    "locator": "条款 出处".split(),
    "quote": ["原文"],
    "id": ["系统编号"],
}
_HEADER_WITHIN = 15
_MOST_ROWS = 5000
_CELL_CHARS = 2000
_TITLE_CHARS = 60
_LIMIT_BYTES = 5 * 2**20
_COMPUTED = "\0"
"""Stands for a formula; a text that only looks like one is a text."""


class SheetKind(StrEnum):
    """What a workbook is, by its header."""

    OURS = "ours"
    """Exported from here: its rows have our numbers."""
    TASKS = "tasks"
    """Somebody's list of tasks."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One line of the list, as text."""

    title: str
    duty: str = ""
    who: str = ""
    when: str = ""
    state: str = ""
    labels: str = ""
    milestones: str = ""
    document: str = ""
    locator: str = ""
    quote: str = ""
    task_id: int | None = None
    number: int = 0
    """Its row in the sheet, from 1; 0 for one of ours."""


def write_sheet(rows: Sequence[SheetRow], title: str) -> bytes:
    """An .xlsx whose every cell is text: what looks like a formula stays one's words."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    workbook = Workbook()
    page = cast("Worksheet", workbook.active)
    page.title = "责任清单"
    inert_cells.put(page.cell(row=1, column=1), title)
    page.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(COLUMNS))
    page["A1"].font = Font(bold=True, size=14)
    page.append([name for name, _ in COLUMNS])
    for n, row in enumerate(rows, 1):
        values = (
            row.title, row.duty, row.who, row.when, row.state, row.labels, row.milestones,
            row.document, row.locator, row.quote,
        )  # fmt: skip
        page.append([n])
        at = page.max_row
        for column, value in enumerate(values, 2):
            cell = page.cell(row=at, column=column)
            inert_cells.put(cell, value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        page.cell(row=at, column=len(COLUMNS), value=row.task_id)
    for column, (_, width) in enumerate(COLUMNS, 1):
        page.column_dimensions[get_column_letter(column)].width = width
        page.cell(row=2, column=column).font = Font(bold=True)
    page.freeze_panes = "A3"
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def kind_of(content: bytes) -> SheetKind:
    """Look at the header; opens the workbook, so not for the event loop."""
    try:
        _, columns = _header(_cells(content))
    except UsageError:
        return SheetKind.OTHER
    if "id" in columns:
        return SheetKind.OURS
    return SheetKind.TASKS if {"who", "when"} <= columns.keys() else SheetKind.OTHER


def read_sheet(content: bytes) -> tuple[list[SheetRow], list[str]]:
    """Rows, and a sentence for each that cannot be used.

    Raises:
        UsageError: It is no sheet, too large, or has no header that names tasks.
    """
    cells = _cells(content)
    header, columns = _header(cells)
    rows: list[SheetRow] = []
    errors: list[str] = []
    for number, line in enumerate(cells[header + 1 :], header + 2):
        values = {name: line[at] for name, at in columns.items() if at < len(line)}
        said = {name: value for name, value in values.items() if name != "id" and value}
        if not said or not (said.keys() & {"title", "duty", "who"}):
            continue
        problem = _problem(said)
        if problem:
            errors.append(f"第 {number} 行：{problem}")
            continue
        rows.append(_row(values, number))
    return rows, errors


def _row(values: dict[str, str], number: int) -> SheetRow:
    title, duty = values.get("title", ""), values.get("duty", "")
    task_id = values.get("id", "")
    return SheetRow(
        title=title or _first_words(duty),
        duty=duty,
        who=values.get("who", ""),
        when=values.get("when", ""),
        labels=values.get("labels", ""),
        milestones=values.get("milestones", ""),
        document=values.get("document", "").strip("《》"),
        locator=values.get("locator", ""),
        quote=values.get("quote", ""),
        task_id=int(task_id) if task_id.isdecimal() and len(task_id) < 12 else None,
        number=number,
    )


def _problem(said: dict[str, str]) -> str | None:
    for value in said.values():
        if value.startswith(_COMPUTED):
            return "单元格里是公式，请改成文字再导"
        if len(value) > _CELL_CHARS:
            return f"有一格超过 {_CELL_CHARS} 字，请缩短"
    missing = []
    if "who" not in said:
        missing.append("责任人")
    if not said.keys() & {"title", "duty"}:
        missing.append("任务")
    if not said.keys() & {"when", "milestones"}:
        missing.append("完成时限")
    return f"缺{'、'.join(missing)}" if missing else None


def _first_words(duty: str) -> str:
    first = re.split(r"[。；;\n]", re.sub(r"^[\s（(0-9一二三四五六七八九十）)、.．]+", "", duty))[0]
    return first if len(first) <= _TITLE_CHARS else first[: _TITLE_CHARS - 1] + "…"


def _header(cells: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    for n, line in enumerate(cells[:_HEADER_WITHIN]):
        columns = _columns(line)
        if columns.keys() & {"title", "duty"} and columns.keys() & {"who", "when"}:
            return n, columns
    reply = "没找到表头。表里要有“重点任务”“责任人”“完成时限”这几列，可以先 /任务 导出 一张照着填。"
    raise UsageError("no header", reply=reply)


def _columns(line: Sequence[str]) -> dict[str, int]:
    bare = [re.sub(r"[\s（(].*$|\s", "", cell) for cell in line]
    found: dict[str, int] = {}
    for field, names in _NAMES.items():
        for name in names:
            at = next((n for n, cell in enumerate(bare) if cell == name), None)
            if at is not None and at not in found.values():
                found[field] = at
                break
    return found


def _cells(content: bytes) -> list[list[str]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    if len(content) > _LIMIT_BYTES:
        raise UsageError("too large", reply="表格超过 5 MB，请拆成几张再导。")
    try:
        check_workbook(content)
        workbook = load_workbook(io.BytesIO(content))
    except (InvalidFileException, KeyError, ValueError, OSError, TypeError) as error:
        reply = "这个文件读不了，请另存为 .xlsx 再导。"
        raise UsageError("no workbook", reply=reply) from error
    for page in workbook.worksheets:
        if page.max_row > _MOST_ROWS + _HEADER_WITHIN:
            raise UsageError("too many rows", reply=f"表格超过 {_MOST_ROWS} 行，请拆成几张再导。")
        lines = _lines(page)
        if any(_columns(line).keys() & {"title", "duty"} for line in lines[:_HEADER_WITHIN]):
            return lines
    return _lines(workbook.worksheets[0]) if workbook.worksheets else []


def _lines(page: Worksheet) -> list[list[str]]:
    """Every cell as text; a merged one stands in each place it covers."""
    lines = [
        [_COMPUTED if cell.data_type == "f" else _text(cell.value) for cell in line]
        for line in page.iter_rows()
    ]
    for merged in page.merged_cells.ranges:
        value = (
            lines[merged.min_row - 1][merged.min_col - 1] if merged.min_row <= len(lines) else ""
        )
        if merged.size["columns"] > 1:
            continue
        for at in range(merged.min_row - 1, min(merged.max_row, len(lines))):
            lines[at][merged.min_col - 1] = value
    return lines


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        day = f"{value.year}年{value.month}月{value.day}日"
        return f"{day}前" if value.time() == time() else f"{day}{value:%H:%M}"
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日前"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
