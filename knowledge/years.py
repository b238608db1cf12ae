"""Years that a question names: 2024年, 二〇二四年, 24年, 今年, 2023—2024学年."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.segmentation import normalise

_FULL = re.compile(r"(?<![0-9.])((?:19|20)[0-9]{2})(?![0-9]|[.][0-9]|人|元|个|名|所|万|亿|页|号|%)")
_SPAN = re.compile(r"((?:19|20)[0-9]{2})年?(?:[-—–~]|至|到)((?:19|20)?[0-9]{2})年")
_SHORT = re.compile(
    r"(?<![0-9.])([0-9]{2})年(?!级|以上|以下|以内|内|来|后|前|教龄|党龄|工龄|制|期|的?时间|之久|间|多|左右|级)"
)
_DURATION_BEFORE = re.compile(
    r"(?:满|近|超|约|了|过|达|教|职|作|龄|年|续|计|第|前|后|足|到|至少|最多|不少于|十)$"
)
_RELATIVE = {
    "今年": 0,
    "本年": 0,
    "当年": 0,
    "去年": -1,
    "上年": -1,
    "前年": -2,
    "明年": 1,
    "来年": 1,
    "后年": 2,
}
_RELATIVE_WORD = re.compile(r"大?前年|大?后年|今年|本年度?(?!级)|去年|上1?年度?(?!级)|明年|来年")


def asked_years(question: str, this_year: int) -> tuple[int, ...]:
    """Years named, ascending, each once. Two digits count only where they can be no duration."""
    return tuple(sorted(set(_years(normalise(question), this_year))))


def _years(text: str, this_year: int) -> Iterator[int]:
    for match in _SPAN.finditer(text):
        first = int(match[1])
        last = int(match[2]) if len(match[2]) == 4 else first // 100 * 100 + int(match[2])
        if first <= last <= first + 10:
            yield from range(first, last + 1)
    yield from (int(match[1]) for match in _FULL.finditer(text))
    for match in _SHORT.finditer(text):
        year = this_year // 100 * 100 + int(match[1])
        if this_year - 20 <= year <= this_year + 3 and not _DURATION_BEFORE.search(
            text[: match.start()]
        ):
            yield year
    for match in _RELATIVE_WORD.finditer(text):
        word = match.group()
        if word.startswith("大"):
            yield this_year + (-3 if "前" in word else 3)
        else:
            yield this_year + _RELATIVE[word.replace("1", "").removesuffix("度")]
