"""One answer of a form, checked; and all of them at once by someone who types it all. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from handlers.records.types import FieldKind, Once, RecordField, RecordType
from scheduler.numerals import number

_NONE = re.compile(r"(?:无|没有|跳过|略|不填|none|-)[。.]?")
_NAMES = re.compile(r"[、，,;；\s]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_USUAL_LONGEST = 2_000

ReadDay = Callable[[str], "date | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A value to keep, or in Chinese why it cannot be taken."""

    value: object = None
    refused: str = ""


def next_field(type_: RecordType, values: Mapping[str, object]) -> RecordField | None:
    """The first that has no answer, not even an empty one."""
    return next(
        (one for one in type_.fields if one.id not in values and one.is_asked(values)), None
    )


def with_menu(field: RecordField, menu: Sequence[str]) -> RecordField:
    """A field that is answered from a menu becomes a choice, once there is one."""
    if not field.from_menu or not menu:
        return field
    return field.model_copy(update={"kind": FieldKind.CHOICE, "choices": tuple(menu)})


def takes_files(field: RecordField) -> bool:
    """Whether it is answered by sending something."""
    return field.kind in (FieldKind.PHOTO, FieldKind.FILE)


def missing(field: RecordField) -> str:
    """What to say where a required answer is not there."""
    return f"“{field.name}”必须填。"


def too_many(field: RecordField, most: int) -> str:
    """What to say of more files than a field takes."""
    return f"“{field.name}”最多 {most} 个，请挑一挑再发。"


def check_answer(
    field: RecordField, text: str, *, read_day: ReadDay, roster: Collection[str]
) -> Answer:
    """What ``text`` means for ``field``; ``roster`` empty: no name is doubted."""
    said = unicodedata.normalize("NFKC", text).strip()
    if not said or (not field.required and _NONE.fullmatch(said)):
        return Answer(refused=missing(field)) if field.required else Answer(value="")
    match field.kind:
        case FieldKind.NUMBER:
            return _figure(field, said)
        case FieldKind.CHOICE:
            return _choice(field, said)
        case FieldKind.DATE:
            day = read_day(said)
            if day is None:
                return Answer(refused="没看懂日期，请写成 9月30日 或 2026-09-30。")
            return Answer(value=day.isoformat())
        case FieldKind.PEOPLE:
            return _people(field, said, roster)
        case FieldKind.PHOTO | FieldKind.FILE:
            told = "这一项必须有" if field.required else "没有就回复“无”"
            return Answer(refused=f"“{field.name}”请直接发照片或文件；{told}。")
        case _:
            longest = field.longest or _USUAL_LONGEST
            if (length := len(text.strip())) > longest:
                return Answer(refused=f"“{field.name}”最多 {longest} 个字，现在有 {length} 个。")
            return Answer(value=text.strip())


def read_all(type_: RecordType, text: str) -> dict[str, str]:
    """``字段：值`` lines of somebody who types the whole form; none when it is something else."""
    names = {one.name: one.id for one in type_.fields if not takes_files(one)}
    labels = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if not labels:
        return {}
    starts = list(re.finditer(rf"(?:^|[\n；;，,。])\s*({labels})\s*[:：]", text))
    found: dict[str, str] = {}
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        found.setdefault(names[start[1]], text[start.end() : end].strip(" \n；;，,"))
    return found


def once_key(
    type_: RecordType, party: str, today: date, window: str, about: str = ""
) -> str | None:
    """What makes a record the only one of its kind; None when there may be several.

    Args:
        type_: Its type.
        party: Whose it is: a person, a unit or a school.
        today: The day that it is handed in on.
        window: Names the window, where there is one.
        about: Whom a vote is about.
    """
    if type_.one_vote_per_rater:
        return f"vote:{type_.id}:{window}:{party}:{about}"
    stretch = {
        Once.WINDOW: window,
        Once.QUARTER: f"{today.year}Q{(today.month - 1) // 3 + 1}",
        Once.YEAR: str(today.year),
        Once.EVER: "ever",
    }.get(type_.once)
    return None if stretch is None else f"form:{type_.id}:{stretch}:{party}"


def _figure(field: RecordField, said: str) -> Answer:
    found = _NUMBER.search(said)
    value = float(found[0]) if found else number(said.rstrip("次个人份项场%"))
    if value is None:
        return Answer(refused=f"“{field.name}”要填数字。")
    if field.least is not None and value < field.least:
        return Answer(refused=f"“{field.name}”不能小于 {field.least:g}。")
    if field.most is not None and value > field.most:
        return Answer(refused=f"“{field.name}”不能大于 {field.most:g}。")
    return Answer(value=int(value) if value == int(value) else value)


def _choice(field: RecordField, said: str) -> Answer:
    if said in field.choices:
        return Answer(value=said)
    if said.isdecimal() and len(said) < 4 and 1 <= int(said) <= len(field.choices):
        return Answer(value=field.choices[int(said) - 1])
    fitting = [one for one in field.choices if said in one]
    if len(fitting) == 1:
        return Answer(value=fitting[0])
    return Answer(refused=f"“{field.name}”请从这些里选：{'、'.join(field.choices)}。")


def _people(field: RecordField, said: str, roster: Collection[str]) -> Answer:
    names = [name for name in _NAMES.split(said) if name]
    if field.most is not None and len(names) > field.most:
        return Answer(refused=f"“{field.name}”最多写 {field.most:g} 人。")
    unknown = [name for name in names if roster and name not in roster]
    if unknown:
        return Answer(refused=f"花名册里没有{'、'.join(unknown)}，请核对姓名。")
    return Answer(value=names)
