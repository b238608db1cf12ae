"""Which kinds of record would prove a duty done: ids of record types, read from its words."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

MOST_TYPES = 3
_UNPROVEN = ("ledger",)
_PARTY_LIFE = ("san_hui_yi_ke", "theme_day", "org_life", "dem_review", "demo_life", "talk")
_PARTY_RITES = ("oath", "political_birthday")


def evidence_types(text: str) -> tuple[str, ...]:
    """At most three ids, those whose words stand first; never empty (a 台账 proves anything)."""
    return found_types(text)[:MOST_TYPES] or _UNPROVEN


def found_types(text: str) -> tuple[str, ...]:
    """All ids whose words ``text`` has, in the order of the words; may be empty."""
    at: dict[str, int] = {}
    for code, pattern in _lexicon():
        if match := pattern.search(text):
            at[code] = match.start()
    return tuple(sorted(at, key=lambda code: at[code]))


def is_activity_of_its_own(text: str) -> bool:
    """Whether an item of a series is held and recorded by itself (主题党日, 组织生活会 …)."""
    found = found_types(text)
    return "integrity_talk" not in found and any(
        code in {*_PARTY_LIFE, *_PARTY_RITES} for code in found
    )


@cache
def _lexicon() -> tuple[tuple[str, re.Pattern[str]], ...]:
    source = resources.files("knowledge").joinpath("evidence.toml").read_text("utf-8")
    return tuple(
        (code, re.compile("|".join(f"(?:{word})" for word in words)))
        for code, words in tomllib.loads(source).items()
    )
