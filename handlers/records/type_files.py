"""Files of record types: read, checked, and refused with file, line and reason."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.config_errors import explain
from bot.errors import ConfigError
from handlers.records.types import RecordType, RecordTypes

BUILTIN = Path(__file__).parent.parent / "record_types"
_TYPE_BEGINS = re.compile(r"\s*\[\[types\]\]")
_ITEM_BEGINS = re.compile(r"\{|^\s*\"|=\s*\[\s*\"")

_WORD = re.compile(r"[a-z][a-z0-9_]*")

Row = tuple[int | None, dict[str, object]]
"""A type as written, with its place among the ``[[types]]`` of its file."""


def load_record_types(builtin: Path = BUILTIN, user_folder: Path | None = None) -> RecordTypes:
    """Read every file; a user's type replaces the built-in one of the same id.

    Raises:
        ConfigError: A file cannot be used; the reply has file, line and reason, for every problem.
    """
    types = {one.id: one for one in _read_folder(builtin)}
    if user_folder is not None and user_folder.is_dir():
        types |= {one.id: one for one in _read_folder(user_folder)}
    return RecordTypes(types.values())


def _read_folder(folder: Path) -> list[RecordType]:
    types: list[RecordType] = []
    problems: list[str] = []
    seen: dict[str, str] = {}
    for file in sorted(folder.glob("*.toml")):
        read, wrong = _read_file(file)
        problems += wrong
        for one in read:
            if one.id in seen:
                problems.append(f"{file.name}：{one.id} 在 {seen[one.id]} 里已经有了。")
            seen[one.id] = file.name
        types += read
    if problems:
        raise ConfigError("bad record types", reply="\n".join(problems))
    return types


def _read_file(file: Path) -> tuple[list[RecordType], list[str]]:
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        return [], [f"{file.name}：文件打不开（{error.strerror}）。"]
    except UnicodeDecodeError:
        return [], [f"{file.name} 第 1 行：文件要存为 UTF-8。"]
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        return [], [f"{file.name} 第 {line} 行：写法不对，请检查引号、括号和逗号。"]
    rows, problems = _rows(content, file.name, text)
    types = []
    for nth, row in rows:
        try:
            types.append(RecordType.model_validate(row))
        except ValidationError as error:
            problems += _explained(error, file.name, text, nth)
    return types, problems


def _rows(content: Mapping[str, object], file: str, text: str) -> tuple[list[Row], list[str]]:
    """The file itself is a type, or its ``types`` are, each with its ``shape`` laid under."""
    table = content.get("types")
    if not isinstance(table, list):
        return [(None, dict(content))], []
    declared = content.get("shapes")
    shapes = declared if isinstance(declared, dict) else {}
    problems = [
        f"{file} 第 {_line(text, None, [key])} 行：没有这一项 {key}。"
        for key in content
        if key not in ("types", "shapes")
    ]
    rows: list[Row] = []
    for nth, written in enumerate(table):
        own = dict(written) if isinstance(written, dict) else {}
        shape = shapes.get(own.pop("shape", None)) if "shape" in own else {}
        if not isinstance(shape, dict):
            line = _line(text, nth, ["shape"])
            problems.append(f"{file} 第 {line} 行：没有这个 shape，可以写：{'、'.join(shapes)}。")
            continue
        rows.append((nth, {**shape, **own}))
    return rows, problems


def _explained(error: ValidationError, file: str, text: str, nth: int | None) -> list[str]:
    sentences = explain(error, source="", environ={}, prefix="", of=RecordType)
    details = error.errors(include_input=False, include_url=False)
    return [
        f"{file} 第 {_line_of(text, nth, detail, sentence)} 行：{_said(detail, sentence)}"
        for detail, sentence in zip(details, sentences, strict=True)
    ]


def _said(detail: ErrorDetails, sentence: str) -> str:
    place, _colon, _advice = sentence.lstrip("：").partition("：")
    match detail["type"]:
        case "string_pattern_mismatch":
            return f"{place}：要用小写英文字母、数字和下划线，以字母开头。"
        case "enum":
            expected = detail.get("ctx", {}).get("expected", "")
            return f"{place}：只能写 {expected.replace(' or ', '、').replace(', ', '、')}。"
        case "string_too_short":
            return f"{place}：不能空着。"
        case "string_too_long":
            return f"{place}：太长了。"
        case _:
            return sentence.lstrip("：")


def _line_of(text: str, nth: int | None, detail: ErrorDetails, sentence: str) -> int:
    """Of what is wrong with a type as a whole: where the first that the sentence names stands."""
    if detail["loc"]:
        return _line(text, nth, detail["loc"])
    lines = text.splitlines()
    first, last = _stretch(lines, nth)
    words = _WORD.findall(sentence)
    for pattern in (r'(?:^|[\s{{,])id\s*=\s*"{}"', r"(?:^|[\s{{,]){}\s*="):
        for word in words:
            written = re.compile(pattern.format(re.escape(word)))
            for n in range(first, last):
                if written.search(lines[n]) and (word != "id"):
                    return n + 1
    return first + 1


def _stretch(lines: Sequence[str], nth: int | None) -> tuple[int, int]:
    """From which line to which the ``nth`` type of a file goes."""
    begins = [n for n, line in enumerate(lines) if _TYPE_BEGINS.match(line)]
    if nth is None or nth >= len(begins):
        return 0, len(lines)
    return begins[nth], begins[nth + 1] if nth + 1 < len(begins) else len(lines)


def _line(text: str, nth: int | None, keys: Sequence[str | int]) -> int:
    """Where the innermost key stands, as well as a search of the text can tell; from 1."""
    lines = text.splitlines() or [""]
    first, last = _stretch(lines, nth)
    for key in keys:
        if isinstance(key, int):
            items = [n for n in range(first, last) if _ITEM_BEGINS.search(lines[n])]
            first = items[min(key, len(items) - 1)] if items else first
            continue
        written = re.compile(rf'(?:^|[\s{{,\[])"?{re.escape(key)}"?\s*(?:=|\])')
        first = next((n for n in range(first, last) if written.search(lines[n])), first)
    return first + 1
