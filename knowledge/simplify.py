"""Traditional to simplified characters; costs nothing for text that has none."""

from __future__ import annotations

from functools import cache
from typing import Protocol

_ALSO_SIMPLIFIED = frozenset("乾著瞭於鍾甦餘徵藉覆夥閤摺沈麽")
"""Characters that a simplified text may print on purpose (names, 乾坤, 名著)."""


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _converter() -> _Converter:
    from opencc import OpenCC

    converter: _Converter = OpenCC("t2s")
    return converter


@cache
def _simplified(character: str) -> str:
    return _converter().convert(character)


@cache
def _traditional_characters() -> frozenset[str]:
    cjk = map(chr, [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)])
    return frozenset(c for c in cjk if c not in _ALSO_SIMPLIFIED and _simplified(c) != c)


def simplify(text: str) -> str:
    """Convert only when ``text`` has a character that no simplified text prints."""
    if text.isascii() or _traditional_characters().isdisjoint(text):
        return text
    return _converter().convert(text)
