"""Two lists of draft tasks compared: what is new, gone, changed and in what, the same.

Tasks are paired by what they say without numbers, dates and intervals, so that renumbering,
reordering and a year that moves on by itself are no change.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum

from knowledge.model import DraftTask
from knowledge.segmentation import normalise

LEAST_ALIKE = 0.5
"""Below this share of common character pairs two tasks are different things."""
SAME_WORDS = 0.93
COMMON_SHARE = 0.25
"""A pair of characters in more than this share of the tasks proposes no candidate."""
_MOST_COMMON = 40
_WHEN = re.compile(
    r"(?:20[0-9]{2}年)?[0-9]{1,2}月(?:[0-9]{1,2}[日号]|[底初末]|[上中下]旬|份)?(?:前|之前|以前)?(?:至|到|-|~)?|"
    r"20[0-9]{2}(?:年度?|-20[0-9]{2}学?年度?)?|每(?:[0-9]{1,3}个?)?(?:半年|学期|学年|季度|[年月周旬天日])[度初底末]?|年[底末]前?|上半年|下半年|"
    r"[0-9]季度[末底]?|全年|年内"
)
_MOVES_ON = re.compile(
    r"第[0-9]{1,4}[个届次期批轮年]*|[0-9]{1,4}周年|[“\"]?[0-9一二三四五六七八九十]{1,3}五[”\"]?(?=规划|收官|时期|期间)"
)
_FIGURE = re.compile(r"[0-9]+(?:\.[0-9]+)?[%万千百]?")
_NOISE = re.compile(r"[^\u4e00-\u9fffa-z]+")


class Change(StrEnum):
    """In what a task differs from the one before."""

    DUE_ON = "due_on"
    RRULE = "rrule"
    RESPONSIBLE = "responsible"
    QUANTITY = "quantity"
    WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The same task before and after; ``what`` is never empty."""

    before: DraftTask
    after: DraftTask
    what: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDiff:
    """Every old task is removed, changed or the same; every new one added, changed or the same."""

    added: tuple[DraftTask, ...]
    removed: tuple[DraftTask, ...]
    changed: tuple[Changed, ...]
    same: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """A task's words without what may move: pairs of the quote, pairs of the title, figures."""

    quote: str
    pairs: frozenset[str]
    title: frozenset[str]
    figures: Counter[str]


def diff_plans(old: Sequence[DraftTask], new: Sequence[DraftTask]) -> PlanDiff:
    """Pair one to one, the most alike first, and say what differs in each pair."""
    before, after = [_words(task) for task in old], [_words(task) for task in new]
    pairs = _pair(before, after)
    changed: list[Changed] = []
    same = 0
    for new_at, old_at in sorted(pairs.items()):
        what = _what(old[old_at], new[new_at], before[old_at], after[new_at])
        if what:
            changed.append(Changed(before=old[old_at], after=new[new_at], what=what))
        else:
            same += 1
    kept = set(pairs.values())
    return PlanDiff(
        added=tuple(task for at, task in enumerate(new) if at not in pairs),
        removed=tuple(task for at, task in enumerate(old) if at not in kept),
        changed=tuple(changed),
        same=same,
    )


def _words(task: DraftTask) -> _Words:
    quote = _MOVES_ON.sub("", _WHEN.sub("", normalise(_joined(task.quote))))
    title = _WHEN.sub("", normalise(_joined(task.title)))
    bare = _NOISE.sub("", quote)
    return _Words(
        quote=bare,
        pairs=_pairs(bare),
        title=_pairs(_NOISE.sub("", title)),
        figures=Counter(_FIGURE.findall(quote)),
    )


def _joined(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 2] for at in range(max(1, len(text) - 1)) if text)


def _pair(before: Sequence[_Words], after: Sequence[_Words]) -> dict[int, int]:
    """New to old, the most alike first, in reading order where they are equally so."""
    pairs = _pair_equal(before, after)
    taken = set(pairs.values())
    where = _where(before)
    scored: list[tuple[float, int, int, int]] = []
    for new_at, words in enumerate(after):
        if new_at in pairs:
            continue
        candidates = {at for pair in words.pairs | words.title for at in where.get(pair, ())}
        for old_at in candidates:
            alike = _alike(before[old_at], words)
            if alike >= LEAST_ALIKE:
                scored.append((-alike, abs(new_at - old_at), new_at, old_at))
    for _, _, new_at, old_at in sorted(scored):
        if new_at not in pairs and old_at not in taken:
            pairs[new_at] = old_at
            taken.add(old_at)
    return pairs


def _pair_equal(before: Sequence[_Words], after: Sequence[_Words]) -> dict[int, int]:
    """What did not change at all, so that much of the same costs little and nothing is lost."""
    places: dict[tuple[str, frozenset[str], frozenset[tuple[str, int]]], deque[int]]
    places = defaultdict(deque)
    for at, words in enumerate(before):
        places[words.quote, words.title, frozenset(words.figures.items())].append(at)
    pairs: dict[int, int] = {}
    for at, words in enumerate(after):
        if found := places[words.quote, words.title, frozenset(words.figures.items())]:
            pairs[at] = found.popleft()
    return pairs


def _where(tasks: Sequence[_Words]) -> Mapping[str, Sequence[int]]:
    """Which tasks have a pair of characters; pairs that most have are left out."""
    where: dict[str, list[int]] = defaultdict(list)
    for at, words in enumerate(tasks):
        for pair in words.pairs | words.title:
            where[pair].append(at)
    most = max(_MOST_COMMON, int(len(tasks) * COMMON_SHARE))
    return {pair: places for pair, places in where.items() if len(places) <= most}


def _alike(one: _Words, other: _Words) -> float:
    """Both quote and title count: items of one series share their quote."""
    return (_dice(one.pairs, other.pairs) + _dice(one.title, other.title)) / 2


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    if not one and not other:
        return 1.0
    return 2 * len(one & other) / (len(one) + len(other))


def _what(
    old: DraftTask, new: DraftTask, old_words: _Words, new_words: _Words
) -> tuple[Change, ...]:
    found = []
    if _day(old.due_on) != _day(new.due_on):
        found.append(Change.DUE_ON)
    if old.rrule != new.rrule:
        found.append(Change.RRULE)
    if _name(old.responsible) != _name(new.responsible):
        found.append(Change.RESPONSIBLE)
    if old_words.figures != new_words.figures:
        found.append(Change.QUANTITY)
    words = SequenceMatcher(None, old_words.quote, new_words.quote, autojunk=False)
    if words.ratio() < SAME_WORDS:
        found.append(Change.WORDS)
    return tuple(found)


def _day(due: date | None) -> tuple[int, int] | None:
    """The day of the year; the end of February is one day in every year."""
    if due is None:
        return None
    return (2, 28) if (due.month, due.day) == (2, 29) else (due.month, due.day)


def _name(responsible: str | None) -> str:
    return _joined(normalise(responsible)) if responsible else ""
