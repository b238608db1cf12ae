"""Cells of every sheet that leaves the house: words stay words, whatever they begin with.

Source: OWASP ASVS 1.2.10. A workbook keeps the type of a cell, so nothing has to be put before the
words; ``quotePrefix`` holds Excel and WPS to it when somebody edits the cell or saves as CSV.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as SheetCell
    from openpyxl.cell.cell import MergedCell

_MOST_CHARS = 32_000
"""Excel holds 32,767 UTF-16 units in a cell."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def clean(text: str) -> str:
    """Without what an XML file cannot hold."""
    return _CONTROL.sub("", text)


def put(cell: SheetCell | MergedCell, value: str | int | float | date | None) -> None:
    """Fill a cell; text is never read as a formula, a number or a link, dates are dates."""
    if value is None or value == "":
        return
    if isinstance(value, float) and not math.isfinite(value):
        value = str(value)
    if not isinstance(value, str):
        cell.value = value
        if isinstance(value, date):
            cell.number_format = "yyyy-mm-dd"
        return
    words = _within(clean(value))
    cell.value = words
    cell.data_type = "s"
    cell.quotePrefix = words.startswith(_FORMULA)


def _within(words: str) -> str:
    """Cut to what a cell holds, by UTF-16 units; no character is cut in half."""
    if len(words) <= _MOST_CHARS // 2:
        return words
    return words.encode("utf-16-le")[: _MOST_CHARS * 2].decode("utf-16-le", "ignore")
