"""An indicator tree as a sheet: its levels side by side, upper ones merged or left blank. Pure.

Two ways to give scores are read: full scores (分值) beside the level they belong to, and weights
(权重) as shares of the parent or of the whole. What the sheet does not say is not made up.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from bot.errors import UsageError
from handlers.reports.indicator_weights import Full, Weighed, from_scores, from_weights
from handlers.workbook_limits import check_workbook

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

_HEADER_WITHIN = 15
_MOST_ROWS = 3000
_MOST_NODES = 1500
_TITLE_CHARS, _CRITERION_CHARS = 200, 4000
_LEVEL = re.compile(
    r"([一二三四五1-5A-Ea-e])级(?:考核|评价|评估|评分)?指标|(?:考核|评价|评估)?指标(?:名称)?"
)
_NUMERALS = {one: n for n, ones in enumerate(("一1Aa", "二2Bb", "三3Cc", "四4Dd", "五5Ee"), 1)
             for one in ones}  # fmt: skip
_SCORE = re.compile(r".{0,4}(?:分值|满分|标准分|分数|赋分)")
_WEIGHT = re.compile(r".{0,4}权重")
_CRITERION = re.compile(
    r"(?:(?:评分|评价|考核|评估|计分|赋分)(?:标准|细则|办法|要点|内容|方法)"
    r"|主要内容|指标内涵|观测点|具体要求|工作要求|考察要点)"
)
_TYPE = re.compile(r"(?:记录类型|计分来源|取数方式|取数来源|计数记录|按什么记录)")
_TARGET = re.compile(r"(?:目标次数|目标值|要求次数|应做次数|目标|次数)")
_TOTAL = re.compile(r"(?:合计|总计|总分|小计)")
_IN_TITLE = re.compile(r"[（(]\s*(\d{1,4}(?:\.\d{1,2})?)\s*分\s*[)）]\s*$")
_NUMBER = re.compile(r"(\d{1,5}(?:\.\d{1,4})?)\s*(分|%)?")
_FORMULA = "\0"
"""Stands for a formula; what it would compute is not known here."""


@dataclass(slots=True, kw_only=True)
class Node:
    """``parent`` is a place in the list of nodes; ``hundredths`` the full score times 100."""

    level: int
    title: str
    parent: int | None
    row: int
    said: Fraction | None = None
    """As printed: points, or a share."""
    is_share: bool = False
    """Printed with a per cent sign."""
    hundredths: int | None = None
    criterion: str = ""
    type_words: str = ""
    target: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A tree, or what is wrong with it, a sentence for each."""

    title: str
    nodes: tuple[Node, ...]
    errors: tuple[str, ...]

    @property
    def levels(self) -> tuple[int, ...]:
        """How many there are of each level, from the top: 6, 20, 70."""
        deepest = max((one.level for one in self.nodes), default=0)
        return tuple(sum(one.level == n for one in self.nodes) for n in range(1, deepest + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A cell: its words, and the row where what it is merged into begins."""

    text: str
    top: int


_Line = Sequence[_Place]


@dataclass(slots=True, kw_only=True)
class _Columns:
    levels: dict[int, int] = field(default_factory=dict)
    """Column by level."""
    scores: dict[int, int] = field(default_factory=dict)
    weights: dict[int, int] = field(default_factory=dict)
    """Column by the level that it is about."""
    criteria: list[int] = field(default_factory=list)
    type: int | None = None
    target: int | None = None


def read_indicators(content: bytes) -> Sheet:
    """The first sheet that has indicators.

    Raises:
        UsageError: It is no workbook, too large, or has no header that names levels.
    """
    check_workbook(content)
    for lines in _sheets(content):
        for at, line in enumerate(lines[:_HEADER_WITHIN]):
            columns = _columns(line)
            if columns is not None:
                return _tree(lines, at, columns)
    reply = "没找到表头。第一行要有“一级指标”“二级指标”这样的列名，分值写在“分值”列。"
    raise UsageError("no header", reply=reply)


def has_indicators(content: bytes) -> bool:
    """Whether the file is such a sheet at all."""
    try:
        read_indicators(content)
    except UsageError:
        return False
    return True


def _columns(line: _Line) -> _Columns | None:
    """None when the line is no header."""
    found = _Columns()
    last_level = 0
    for at, place in enumerate(line):
        words = re.sub(r"[\s]|[（(].*?[)）]", "", place.text)
        if level := _LEVEL.fullmatch(words):
            n = _NUMERALS[level[1]] if level[1] else last_level + 1
            if n in found.levels:
                continue
            last_level = n
            found.levels[n] = at
        elif _WEIGHT.fullmatch(words):
            found.weights.setdefault(_about(words, last_level), at)
        elif _SCORE.fullmatch(words):
            found.scores.setdefault(_about(words, last_level), at)
        elif _CRITERION.fullmatch(words):
            found.criteria.append(at)
        elif _TYPE.fullmatch(words):
            found.type = at
        elif _TARGET.fullmatch(words):
            found.target = at
    is_header = len(found.levels) >= 2 or (found.levels and (found.scores or found.weights))
    if not is_header or sorted(found.levels) != list(range(1, len(found.levels) + 1)):
        return None
    return found


def _about(words: str, last_level: int) -> int:
    return _NUMERALS.get(words[:1], last_level) if words[1:2] == "级" else last_level


def _tree(lines: Sequence[_Line], header: int, columns: _Columns) -> Sheet:
    title = _title(lines[:header])
    nodes: list[Node] = []
    errors: list[str] = []
    current: dict[int, tuple[int, int]] = {}  # level: the node's place, the row its cell begins in
    for row in range(header + 1, len(lines)):
        line = lines[row]
        words = {level: _at(line, column).text for level, column in columns.levels.items()}
        if any(_TOTAL.fullmatch(re.sub(r"\s", "", one)) for one in words.values()):
            continue
        for level in sorted(words):
            _take(nodes, errors, current, level, _at(line, columns.levels[level]), row)
        _fill(nodes, errors, current, columns, line, row)
        if len(nodes) > _MOST_NODES:
            errors.append(f"指标超过 {_MOST_NODES} 项，请拆成几张表。")
            break
    if not nodes and not errors:
        errors.append("表头下面没有指标。")
    if not errors:
        full, errors = _scored(nodes, columns)
        for node, hundredths in zip(nodes, full, strict=True):
            node.hundredths = hundredths
    return Sheet(title=title, nodes=tuple(nodes), errors=tuple(errors))


def _scored(nodes: Sequence[Node], columns: _Columns) -> tuple[Full, list[str]]:
    weighed = [Weighed(one.parent, one.level, one.title, one.row, one.said) for one in nodes]
    shares = [one.is_share for one in nodes if one.said is not None]
    if (columns.weights and columns.scores) or (any(shares) and not all(shares)):
        problem = "分值和权重只能用一种：要么都写分数，要么都写百分比，请删去一列。"
        return [None] * len(nodes), [problem]
    return from_weights(weighed) if columns.weights or any(shares) else from_scores(weighed)


def _take(
    nodes: list[Node],
    errors: list[str],
    current: dict[int, tuple[int, int]],
    level: int,
    place: _Place,
    row: int,
) -> None:
    """Begin a node, unless the cell goes on with the one above."""
    if not place.text:
        return
    if place.text == _FORMULA:
        errors.append(f"第 {row + 1} 行：指标名称是公式，请改成文字。")
        return
    bare, said = _named(place.text)
    if level in current:
        before, top = current[level]
        is_same_cell = place.top == top
        is_repeated = nodes[before].title == bare and level != max(current)
        if is_same_cell or is_repeated:
            return
    if level > 1 and level - 1 not in current:
        errors.append(f"第 {row + 1} 行：“{bare[:20]}”没有上一级指标。")
        return
    if len(bare) > _TITLE_CHARS:
        errors.append(f"第 {row + 1} 行：指标名称超过 {_TITLE_CHARS} 字，请缩短。")
        return
    parent = current[level - 1][0] if level > 1 else None
    nodes.append(Node(level=level, title=bare, parent=parent, row=row + 1, said=said))
    for deeper in [one for one in current if one >= level]:
        del current[deeper]
    current[level] = len(nodes) - 1, place.top


def _named(text: str) -> tuple[str, Fraction | None]:
    """组织建设（20分）: the name, and the score that stands behind it."""
    if found := _IN_TITLE.search(text):
        return text[: found.start()].strip(), Fraction(found[1])
    return text, None


def _fill(
    nodes: list[Node],
    errors: list[str],
    current: Mapping[int, tuple[int, int]],
    columns: _Columns,
    line: _Line,
    row: int,
) -> None:
    """What stands beside the names belongs to the node whose row it is, or goes on with it."""
    if not current:
        return
    leaf = nodes[current[max(current)][0]]
    for at in columns.criteria:
        place = _at(line, at)
        if place.text and place.top == row and place.text != _FORMULA:
            joined = f"{leaf.criterion}\n{place.text}" if leaf.criterion else place.text
            leaf.criterion = joined[:_CRITERION_CHARS]
    for by_level in (columns.scores, columns.weights):
        for level, at in by_level.items():
            place = _at(line, at)
            if not place.text or place.top != row:
                continue
            held = current.get(min(level, max(current)))
            if held is None:
                continue
            said = _number(place.text)
            if said is None:
                errors.append(f"第 {row + 1} 行：分值“{_shown(place.text)}”看不懂，请只写数字。")
            elif nodes[held[0]].said not in (None, said):
                errors.append(f"第 {row + 1} 行：同一项指标写了两个分值。")
            else:
                nodes[held[0]].said, nodes[held[0]].is_share = said, place.text.endswith("%")
    _count_by(leaf, errors, columns, line, row)


def _count_by(leaf: Node, errors: list[str], columns: _Columns, line: _Line, row: int) -> None:
    kind = _at(line, columns.type) if columns.type is not None else None
    if kind is not None and kind.text and kind.top == row:
        leaf.type_words = _shown(kind.text)
    target = _at(line, columns.target) if columns.target is not None else None
    if target is None or not target.text or target.top != row:
        return
    found = re.fullmatch(r"(\d{1,4})\s*[次场份人项个]?", target.text)
    if found is None or not int(found[1]):
        errors.append(f"第 {row + 1} 行：目标“{_shown(target.text)}”看不懂，请写次数，例如 12。")
        return
    leaf.target = int(found[1])


def _number(text: str) -> Fraction | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    value = Fraction(found[1])
    return value / 100 if found[2] == "%" else value


def _shown(text: str) -> str:
    return "公式" if text == _FORMULA else text[:20]


def _title(above: Sequence[_Line]) -> str:
    """The words over the header, where a line has nothing else."""
    for line in above:
        words = list(dict.fromkeys(one.text for one in line if one.text))
        if len(words) == 1 and 4 <= len(words[0]) <= 60 and words[0] != _FORMULA:
            return words[0]
    return ""


def _at(line: _Line, column: int) -> _Place:
    return line[column] if column < len(line) else _Place(text="", top=-1)


def _sheets(content: bytes) -> Sequence[Sequence[_Line]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        workbook = load_workbook(io.BytesIO(content))
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError, TypeError,
            AttributeError, SyntaxError) as error:  # fmt: skip
        reply = "这个文件读不了，请另存为 .xlsx 再发。"
        raise UsageError("no workbook", reply=reply) from error
    return [_lines(sheet) for sheet in workbook.worksheets[:10]]


def _lines(sheet: Worksheet) -> list[list[_Place]]:
    lines = [
        [_Place(text=_text(cell), top=at) for cell in line]
        for at, line in enumerate(sheet.iter_rows(max_row=_MOST_ROWS))
    ]
    for merged in sheet.merged_cells.ranges:
        top, left = merged.min_row - 1, merged.min_col - 1
        if top >= len(lines) or left >= len(lines[top]):
            continue
        place = _Place(text=lines[top][left].text, top=top)
        for row in range(top, min(merged.max_row, len(lines))):
            lines[row][left] = place
    return lines


def _text(cell: Cell | MergedCell) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return _FORMULA
    if isinstance(value, float):
        is_share = "%" in str(cell.number_format)
        shown = f"{value * 100 if is_share else value:.6f}".rstrip("0").rstrip(".")
        return f"{shown}%" if is_share else shown
    return (
        unicodedata.normalize("NFKC", str(value)).strip()
        if len(str(value)) < 12
        else (str(value).strip())
    )
