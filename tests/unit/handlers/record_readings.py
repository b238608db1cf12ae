"""The invented school that the sentences of sentences.toml are told in, and how they are scored."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from handlers.records.people_words import RosterMember, RosterUnit, RosterView
from handlers.records.reading import Json, read_records, records_json
from handlers.records.type_files import load_record_types
from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import WorkdayCalendar

NOW = datetime(2026, 3, 11, 17, 30, tzinfo=SHANGHAI)
OFFICIAL = WorkdayCalendar.official()
TYPES = load_record_types()
UNITS = (
    RosterUnit(id=1, name="云溪县教育局"),
    RosterUnit(id=2, name="局机关党支部", parent_id=1),
    RosterUnit(id=3, name="云溪县第三小学", parent_id=1),
    RosterUnit(id=4, name="第三小学第一党支部", parent_id=3),
    RosterUnit(id=5, name="第三小学第二党支部", parent_id=3),
    RosterUnit(id=6, name="云溪县第一中学", parent_id=1),
    RosterUnit(id=7, name="第一中学党支部", parent_id=6),
)
_NAMES = {
    4: "何若溪 孟广田 闻小雨 罗一鸣 潘玉芬 李红梅 王建章 赵晓",
    5: "李红兵 许国栋 庄敏 白帆 简宁",
    7: "王海燕 田甜 韩松 高远",
    2: "钱程 宋和平 孔繁",
}
MEMBERS = tuple(
    RosterMember(id=unit * 100 + n, name=name, unit_ids=frozenset({unit}))
    for unit, names in _NAMES.items()
    for n, name in enumerate(names.split())
)
ROSTER = RosterView(members=MEMBERS, units=UNITS, me=MEMBERS[0])
_EMPTY: Json = {
    "on": None,
    "start": None,
    "end": None,
    "unit": "第三小学第一党支部",
    "expected": None,
    "present": None,
    "on_leave": [],
    "absent": [],
    "late": [],
    "who": [],
    "topic": None,
    "missing": [],
    "conflicts": [],
    "confidential": False,
}
FIGURES: Mapping[str, Sequence[str]] = {
    "type": ("type",),
    "date": ("on",),
    "hours": ("start", "end"),
    "unit": ("unit",),
    "numbers": ("expected", "present"),
    "people": ("on_leave", "absent", "late", "who"),
    "topic": ("topic",),
    "missing": ("missing",),
    "conflicts": ("conflicts", "confidential"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence and what it should be read as."""

    text: str
    drafts: list[Json]


def told(name: str = "sentences.toml") -> list[Told]:
    content = tomllib.loads((Path(__file__).parent / name).read_text("utf-8"))
    return [
        Told(text=one["text"], drafts=[{**_EMPTY, **draft} for draft in one["drafts"]])
        for one in content["told"]
    ]


def read(text: str, roster: RosterView = ROSTER) -> list[Json]:
    drafts = read_records(text, now=NOW, types=TYPES, roster=roster, calendar=OFFICIAL)
    return [] if not drafts else records_json(drafts)


def score(sentences: Sequence[Told]) -> tuple[dict[str, float], list[str]]:
    """The share of drafts that are right in each figure, and what is wrong, one line each."""
    right = dict.fromkeys(FIGURES, 0)
    total = 0
    wrong: list[str] = []
    for one in sentences:
        got = read(one.text)
        pairs = max(len(got), len(one.drafts), 1)
        total += pairs
        for n in range(pairs):
            mine = got[n] if n < len(got) else {"type": None}
            gold = one.drafts[n] if n < len(one.drafts) else {"type": None}
            for figure, names in FIGURES.items():
                if (mine["type"] is None and gold["type"] is None) or all(
                    _same(mine.get(name), gold.get(name)) for name in names
                ):
                    right[figure] += 1
                else:
                    said = {name: (mine.get(name), gold.get(name)) for name in names}
                    wrong.append(f"{figure} {one.text} {said}")
    return {figure: n / total for figure, n in right.items()}, wrong


def _same(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return sorted(one) == sorted(other)
    return one == other
