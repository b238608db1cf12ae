"""What a task is called, and which items of a series are tasks of their own."""

from __future__ import annotations

import re

from knowledge.clauses import Clause
from knowledge.duties import MERGE_CHARS, Duty
from knowledge.evidence import is_activity_of_its_own

TITLE_CHARS = 30
_SHORTEST_TITLE = 5
NUMBERING = re.compile(
    r"^[\s（(]*(?:[一二三四五六七八九十]+[、.．）)]|[0-9]+[.．、）)]|[一二三四五六七八九十][是要]|第[^条]{1,5}条|[①-⑳])\s*"
)
_ADVERBS = re.compile(
    r"^(?:同时|并|要|应当?|须|必须|将|继续|持续|进一步|大力|积极|主动|认真|切实|扎实|深入|全面|不断|着力|全力|同步|先后|"
    r"坚决|牢牢|努力|逐步|稳步|有序|严肃(?=查处))+"
)
_SERIES_TAIL = re.compile(r"等[^、，。]{0,12}$")
_NAMED = re.compile(
    r"“[^“”]+”.{0,40}(?:宣讲|活动|行动|工程|比赛|评选|培训|论坛|讲堂|课堂|课)(?:等.{0,6})?$"
)


def title_of(quote: str, core: Clause | None) -> str:
    """The core clause without numbering and adverbs, cut at a place where one can stop reading."""
    text = core.text[core.verb_at :] if core and core.verb else quote
    if core and (len(text) < _SHORTEST_TITLE or text.count("“") != text.count("”")):
        text = core.text
    text = _SERIES_TAIL.sub("", text) if core is None else text
    text = _ADVERBS.sub("", NUMBERING.sub("", text.strip())).strip(" 、，,") or quote
    text = text.replace("\n", "")
    if len(text) <= TITLE_CHARS:
        return text
    cut = max(text.rfind(mark, 8, TITLE_CHARS) for mark in "，,、和")
    return text[:cut] if cut > 0 else text[: TITLE_CHARS - 1] + "…"


def held_apart(text: str, duty: Duty) -> list[str]:
    """Titles of a series of activities that are each held by themselves; empty when it is none."""
    start = duty.core.start + duty.core.verb_at + len(duty.core.verb)
    items = _series(text[start : duty.core.end])
    own = [item for item in items if is_activity_of_its_own(item)]
    named = [item for item in items if _NAMED.search(item)]
    apart = max(own, named, key=len)
    return apart if len(apart) > 1 and len(apart) >= len(items) - 1 else []


def _series(text: str) -> list[str]:
    """Items between 、 and 和, not cut inside quotation marks or book titles."""
    items, depth = [""], 0
    for character in text:
        depth += (character in "“《（(") - (character in "”》）)")
        if character in "、和及与" and depth <= 0:
            items.append("")
        else:
            items[-1] += character
    return [item.strip() for item in items if len(item.strip()) > 1]


def clause_with(text: str, core: Clause, item: str) -> tuple[int, int]:
    """The clause an item of a series stands in; of a long one the item and what is beside it."""
    if core.end - core.start <= MERGE_CHARS:
        return core.start, core.end
    at = text.index(item, core.start)
    return max(core.start, at - MERGE_CHARS // 4), min(core.end, at + len(item) + MERGE_CHARS // 4)
