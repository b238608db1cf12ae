"""A roster sheet (.xlsx, .csv) -> rows, or what is wrong with it in Chinese."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import PurePath

from bot.errors import UsageError
from bot.messages import Role
from handlers.workbook_limits import check_workbook

ROLE_NAMES: Mapping[str, Role] = {
    "教师": Role.TEACHER,
    "教职工": Role.TEACHER,
    "党员": Role.PARTY_MEMBER,
    "支部书记": Role.BRANCH_SECRETARY,
    "党建专干": Role.OFFICER,
    "专干": Role.OFFICER,
    "书记": Role.SECRETARY,
    "指导组": Role.GUIDANCE,
    "纪委": Role.DISCIPLINE,
    "管理员": Role.ADMIN,
}
_COLUMNS = ("姓名", "单位", "角色", "手机", "企业微信账号", "钉钉账号", "入党日期")
_NEEDED = ("姓名", "单位")
_PLATFORMS = {"企业微信账号": "wecom", "钉钉账号": "dingtalk"}
_MOBILE = re.compile(r"1\d{10}")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_HEADER_WITHIN = 10
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person in one unit; ``unit`` is its path from the root down."""

    name: str
    unit: tuple[str, ...]
    roles: tuple[Role, ...]
    mobile: str | None = None
    joined_party_on: date | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)


def read_roster(file: str, content: bytes) -> tuple[list[Row], list[str]]:
    """Rows, and a sentence for each row that cannot be used.

    Raises:
        UsageError: It is no sheet, or has no header with 姓名 and 单位.
    """
    cells = list(_cells(file, content))
    header = next(
        (n for n, line in enumerate(cells[:_HEADER_WITHIN]) if set(_NEEDED) <= set(line)), None
    )
    if header is None:
        raise UsageError("no header", reply="表头里要有“姓名”和“单位”两列，请照样表填写。")
    columns = {name: cells[header].index(name) for name in _COLUMNS if name in cells[header]}
    rows: list[Row] = []
    errors: list[str] = []
    for number, line in enumerate(cells[header + 1 :], header + 2):
        values = {name: line[at] if at < len(line) else "" for name, at in columns.items()}
        if not any(values.values()):
            continue
        problem = _problem(values)
        if problem:
            errors.append(f"第 {number} 行：{problem}")
        else:
            rows.append(_row(values))
    return rows, errors + _repeated(rows)


def _problem(values: Mapping[str, str]) -> str | None:
    for name in _NEEDED:
        if not values[name]:
            return f"没有写{name}"
    unknown = [word for word in _words(values.get("角色", "")) if word not in ROLE_NAMES]
    if unknown:
        return f"不认识角色“{unknown[0]}”，可以写：{'、'.join(ROLE_NAMES)}"
    mobile = values.get("手机", "")
    if mobile and not _MOBILE.fullmatch(mobile):
        return "手机号要写 11 位数字"
    joined = values.get("入党日期", "")
    if joined and _date(joined) is None:
        return f"入党日期“{joined}”读不懂，要写成 2012-07-01 这样"
    return None


def _row(values: Mapping[str, str]) -> Row:
    accounts = {
        platform: values[column] for column, platform in _PLATFORMS.items() if values.get(column)
    }
    return Row(
        name=values["姓名"],
        unit=tuple(part for part in re.split(r"\s*[/／>＞]\s*", values["单位"]) if part),
        roles=tuple(ROLE_NAMES[word] for word in _words(values.get("角色", ""))) or (Role.TEACHER,),
        mobile=values.get("手机") or None,
        joined_party_on=_date(values.get("入党日期", "")),
        accounts=accounts,
    )


def _repeated(rows: Sequence[Row]) -> list[str]:
    """An account belongs to one person."""
    owner: dict[tuple[str, str], str] = {}
    return [
        f"账号 {key[1]} 同时写给了{owner[key]}和{row.name}"
        for row in rows
        for key in row.accounts.items()
        if owner.setdefault(key, row.name) != row.name
    ]


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s、,，;；/]+", text) if word]


def _date(text: str) -> date | None:
    found = _DATE.match(text)
    if not found:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None


def _cells(file: str, content: bytes) -> Iterable[list[str]]:
    suffix = PurePath(file).suffix.lower()
    if suffix == ".csv":
        return _csv_cells(content)
    if suffix in {".xlsx", ".xlsm"}:
        return _xlsx_cells(content)
    raise UsageError("no roster", reply="花名册要用 .xlsx 或 .csv 文件。")


def _csv_cells(content: bytes) -> Iterable[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        lines = csv.reader(io.StringIO(text, newline=""))
        try:
            return [[cell.strip() for cell in line] for line in lines]
        except csv.Error as error:
            reply = "这个 .csv 文件的格式不对，请用表格软件打开后另存为 CSV 再导入。"
            raise UsageError("broken csv", reply=reply) from error
    raise UsageError("not decodable", reply="这个 .csv 文件的编码读不了，请另存为 UTF-8。")


def _xlsx_cells(content: bytes) -> Iterable[list[str]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    check_workbook(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise UsageError(
            "not a workbook", reply="这个 .xlsx 文件打不开，请另存一份再试。"
        ) from error
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        lines = sheet.iter_rows(max_row=_MOST_ROWS, values_only=True)
        return [[_text(cell) for cell in line] for line in lines]
    finally:
        book.close()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
