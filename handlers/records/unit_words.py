"""Which unit is meant: 我们支部, 第一支部, 三小, a school by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.records.people_words import RosterUnit, RosterView

_OWN = re.compile(
    "(?:我们?|咱们?|俺们?|本)(?:的)?(?P<kind>党总支|总支|党?支部|党小组|小组|学校|校|单位|幼儿园|园|教研组|年级组|组|局|科室|处室)"
    "(?![书委长外门级])"
)
_OWN_SCHOOL = re.compile("(?<![\u4e00-\u9fff])(?:学校|全校)(?![\u4e00-\u9fff]?[外门])")
_ORDER = "第?[一二三四五六七八九十0-9]{1,3}"
_CIRCLES = "机关|离退休|退休|在职|教工|教职工|教师|行政|后勤|综合|初中|高中|小学|学生|流动"
_CALLED = f"(?:{_ORDER}|{_CIRCLES})(?:部|教师|党员)?"
_LETTER = "(?![办开去到在的了和与组织学参家听看请对])[\u4e00-\u9fff]"
_SCHOOL = (
    f"(?:(?:{_LETTER}){{2,8}}?(?:小学|中学|学校|幼儿园|教育局|中心校)"
    f"|[一二三四五六七八九十]{{1,2}}[小中幼]|(?:{_LETTER})[小中幼])"
)
_SAID = re.compile(
    f"(?P<branch>(?:{_SCHOOL})?(?:{_CALLED})?(?:党总支|党?支部)(?![书委党大会生])|"
    f"{_ORDER}党?小组(?!会))"
    f"|(?P<school>(?<![\u4e00-\u9fff]){_SCHOOL}(?![\u4e00-\u9fff]{{0,2}}(?:会|课)))"
)
_PLACE_BEFORE = re.compile("(?:去|到|赴|走进|前往|在|走访|参观|与|和|跟|同|联合|给|向)(?:了)?$")
_BRANCH_WORD = re.compile("党?总?支部?$")
_SHORT = {"小": "小学", "中": "中学", "幼": "幼儿园"}
_KINDS = {
    "校": ("学校", "小学", "中学", "中心校", "学院"),
    "学校": ("学校", "小学", "中学", "中心校", "学院"),
    "园": ("幼儿园",),
    "幼儿园": ("幼儿园",),
    "局": ("局",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidUnit:
    """A unit as written; ``unit`` where the roster has exactly one that fits."""

    start: int
    end: int
    said: str
    unit: RosterUnit | None = None
    is_own: bool = False

    @property
    def shown(self) -> str | None:
        return self.unit.name if self.unit else (None if self.is_own else self.said)


def own_unit(roster: RosterView, kind: str = "支部") -> RosterUnit | None:
    """The unit of ``kind`` that the writer is in; for a branch the smallest unit of all else."""
    if roster.me is None:
        return None
    ups = [up for own in sorted(roster.me.unit_ids) for up in roster.above(own)]
    if kind in _KINDS:
        return next((up for up in ups if up.name.endswith(_KINDS[kind])), None)
    if "支" in kind:
        branch = next((up for up in ups if _BRANCH_WORD.search(up.name)), None)
        return branch or (ups[0] if ups else None)
    return ups[0] if ups else None


def said_units(text: str, roster: RosterView) -> list[SaidUnit]:
    """Every unit that acts in ``text``, left to right; a place that is gone to is none."""
    found = [
        SaidUnit(
            start=match.start(),
            end=match.end(),
            said=match[0],
            unit=own_unit(roster, match["kind"]),
            is_own=True,
        )
        for match in _OWN.finditer(text)
    ]
    found += [
        SaidUnit(
            start=match.start(),
            end=match.end(),
            said=match[0],
            unit=own_unit(roster, "学校"),
            is_own=True,
        )
        for match in _OWN_SCHOOL.finditer(text)
    ]
    taken = [(one.start, one.end) for one in found]
    names = sorted((unit.name for unit in roster.units), key=len, reverse=True)
    whole = re.compile("|".join(map(re.escape, names)) or "(?!)")
    for match in [*whole.finditer(text), *_SAID.finditer(text)]:
        if any(low < match.end() and match.start() < high for low, high in taken):
            continue
        taken.append(match.span())
        unit = _on_roster(match[0], roster)
        if not _PLACE_BEFORE.search(text, 0, match.start()) and _is_unit(match, unit):
            said = SaidUnit(start=match.start(), end=match.end(), said=match[0], unit=unit)
            found.append(said)
    return sorted(found, key=lambda one: one.start)


def _is_unit(match: re.Match[str], unit: RosterUnit | None) -> bool:
    """A bare 支部 says nothing; 三小 is a school without a roster, 大小 is not."""
    said = match[0]
    if said in ("支部", "党支部", "总支", "党总支"):
        return False
    return unit is not None or len(said) > 2 or said[0] in "一二三四五六七八九十"


def _on_roster(said: str, roster: RosterView) -> RosterUnit | None:
    """The one unit that ``said`` may abbreviate; those around the writer go first."""
    exact = [unit for unit in roster.units if unit.name == said]
    fitting = exact or [unit for unit in roster.units if _abbreviates(said, unit, roster)]
    if len(fitting) > 1 and roster.me is not None:
        near = {up.id for own in roster.me.unit_ids for up in roster.above(own)}
        around = [
            unit for unit in fitting if any(up.id in near for up in list(roster.above(unit.id))[:2])
        ]
        fitting = [unit for unit in fitting if unit.id in near] or around or fitting
    return fitting[0] if len(fitting) == 1 else None


def _abbreviates(said: str, unit: RosterUnit, roster: RosterView) -> bool:
    """第一支部 for 实验中学第一党支部, 三小 for 第三小学, 枫桥支部 for 枫桥镇小学党支部."""
    is_branch = bool(_BRANCH_WORD.search(said))
    if is_branch is not bool(_BRANCH_WORD.search(unit.name)):
        return False
    if said[-1] in _SHORT:
        if not unit.name.endswith(_SHORT[said[-1]]):
            return False
        said = said[:-1] + _SHORT[said[-1]]
    said, name = (_BRANCH_WORD.sub("", one).replace("第", "") for one in (said, unit.name))
    if not said:
        return False
    if is_branch and said[-1] in _SHORT and name.endswith(_SHORT[said[-1]]):
        said = said[:-1] + _SHORT[said[-1]]
    above = "".join(up.name for up in reversed(list(roster.above(unit.id))[1:]))
    last = said[-1] == name[-1] if name else False
    rest = iter(above + name)
    return (last or name.endswith(said)) and all(char in rest for char in said)
