"""Numbers as people write them in Chinese: 十八, 两, 廿八, 零五, 〇, 3."""

from __future__ import annotations

import re

DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "俩": 2,
}
NUMBER = "(?:[0-9]{1,4}|[零〇一二两俩三四五六七八九十廿卅百]{1,7})"
"""A pattern for one number; what it matches may still be no number (:func:`number` decides)."""

_POSITIONAL = re.compile(
    "(?:([一二两三四五六七八九])百)?(零|〇)?(?:([一二三四五六七八九])?十)?(.)?"
)


def number(text: str) -> int | None:
    """The value of ``text``, or None when it is none, such as 三四 or 十百."""
    if text.isascii():
        return int(text) if text.isdigit() else None
    match = _POSITIONAL.fullmatch(text.replace("廿", "二十").replace("卅", "三十"))
    if not match or not text:
        return None
    hundreds, _zero, tens, unit = match.groups()
    if unit is not None and unit not in DIGITS:
        return None
    value = DIGITS[hundreds] * 100 if hundreds else 0
    if "十" in text or "廿" in text or "卅" in text:
        value += DIGITS[tens] * 10 if tens else 10
    return value + (DIGITS[unit] if unit else 0)


def year_number(text: str) -> int | None:
    """A year in digits of either script: 2026, 26, 二〇二六, 二六."""
    digits = "".join(str(DIGITS.get(char, char)) for char in text)
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (2, 4):
        return None
    return int(digits) if len(digits) == 4 else 2000 + int(digits)
