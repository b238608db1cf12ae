"""A grid of cells to lines: each row carries its header, ``表头：值；表头：值``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from knowledge.bylines import is_field_label
from knowledge.loading.base import Line, LineKind

Grid = Sequence[Sequence[str]]
_NUMBERISH = re.compile(r"^[\d.,%％/年月日:：\s-]+$")
_MOST_HEADER_ROWS = 3


def table_lines(grid: Grid, number: int) -> list[Line]:
    """Lines of one table; merged cells hold their value in every place they cover.

    Args:
        grid: Rows of equal or unequal width; empty cells are empty strings.
        number: Which table of the document, from 1; it stands in the locators.
    """
    rows = [[_tidy(cell) for cell in row] for row in grid]
    rows = _without_empty(rows)
    if not rows:
        return []
    if _is_layout(rows):
        return _as_text(rows)
    if fields := _as_fields(rows):
        return fields
    titles = _title_rows(rows)
    lines = [Line(text=next(cell for cell in row if cell)) for row in rows[:titles]]
    header, height = _header(rows[titles:])
    values = rows[titles + height :]
    printed = "\n".join(_row_text(header, row) for row in values)
    if any(name not in printed for name in header):
        text = "；".join(dict.fromkeys(cell for cell in header if cell))
        lines.append(Line(text=text, kind=LineKind.ROW, locator=f"表{number} 表头"))
    for offset, row in enumerate(values, 1):
        locator = f"表{number} 第{offset}行"
        lines.append(Line(text=_row_text(header, row), kind=LineKind.ROW, locator=locator))
    return lines


def _tidy(cell: str) -> str:
    parts = [" ".join(part.split()) for part in cell.splitlines()]
    return " ".join(part for part in parts if part)


def _without_empty(rows: list[list[str]]) -> list[list[str]]:
    rows = [row for row in rows if any(row)]
    width = max((len(row) for row in rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    used = [column for column in range(width) if any(row[column] for row in rows)]
    return [[row[column] for column in used] for row in rows]


def _is_layout(rows: list[list[str]]) -> bool:
    """One column, or one row of long texts: a table used to place text."""
    if len(rows[0]) == 1:
        return True
    return all(_is_one_value(row) for row in rows)


def _as_text(rows: list[list[str]]) -> list[Line]:
    return [Line(text=cell) for row in rows for cell in dict.fromkeys(row) if cell]


def _as_fields(rows: list[list[str]]) -> list[Line]:
    """``索引号 | … | 发布机构 | …``: the portal's own block, name and value in turn."""
    pairs = [
        (row[i].rstrip("：:"), row[i + 1])
        for row in rows
        for i in range(0, len(row) - 1, 2)
        if row[i] != row[i + 1] or row[i] == ""
    ]
    named = [(name, value) for name, value in pairs if name]
    labelled = sum(is_field_label(name) for name, _ in named)
    if len(named) < 2 or labelled * 2 < len(named):
        return []
    return [Line(text=f"{name}：{value}") for name, value in named]


def _is_one_value(row: list[str]) -> bool:
    return len({cell for cell in row if cell}) == 1


def _title_rows(rows: list[list[str]]) -> int:
    count = 0
    while count < len(rows) - 1 and _is_one_value(rows[count]) and count < 5:
        count += 1
    return count


def _header(rows: list[list[str]]) -> tuple[list[str], int]:
    """The names of the columns and the number of rows they take; none for a table of numbers."""
    if len(rows) == 1 or any(_NUMBERISH.match(cell) for cell in rows[0] if cell):
        return [""] * len(rows[0]), 0
    header = rows[0]
    height = 1
    while (
        height < min(_MOST_HEADER_ROWS, len(rows) - 1)
        and _has_spread(rows[height - 1])
        and _fills_spread(rows[height - 1], rows[height])
    ):
        header = [_joined(upper, lower) for upper, lower in zip(header, rows[height], strict=True)]
        height += 1
    return header, height


def _has_spread(row: list[str]) -> bool:
    return any(left and left == right for left, right in pairwise(row))


def _fills_spread(upper: list[str], lower: list[str]) -> bool:
    """Columns under a spread cell differ, the others repeat the cell above (merged downwards)."""
    spread = [
        column
        for column, cell in enumerate(upper)
        if cell and (cell in upper[:column] or cell in upper[column + 1 :])
    ]
    others = [column for column in range(len(upper)) if column not in spread]
    names = [lower[column] for column in spread]
    return (
        len(set(names)) == len(names)
        and all(lower[column] in {upper[column], ""} for column in others)
        and all(len(name) <= 12 for name in names)
    )


def _joined(upper: str, lower: str) -> str:
    return upper if not lower or lower == upper else f"{upper}{lower}"


def _row_text(header: Sequence[str], row: Sequence[str]) -> str:
    if _is_one_value(list(row)) and len(row) > 2:
        return next(cell for cell in row if cell)
    cells: list[str] = []
    for name, value in zip(header, row, strict=False):
        if value:
            cells.append(f"{name}：{value}" if name else value)
    return "；".join(dict.fromkeys(cells))
