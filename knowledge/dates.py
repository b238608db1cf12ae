"""Calendar days as documents print them."""

from __future__ import annotations

import re
from datetime import date

_DIGITS = str.maketrans("〇零○Ｏ０一二三四五六七八九", "00000123456789")
_ARABIC = re.compile(r"((?:19|20)\d{2})\s?[-年./]\s?(\d{1,2})\s?[-月./]\s?(\d{1,2})\s?日?")
_CHINESE = re.compile(
    r"([一二][〇零○Ｏ0九一二三四五六七八]{3})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日"
)


def read_date(text: str) -> date | None:
    """The first whole day in ``text``; ``二〇二五年三月五日`` too."""
    if match := _ARABIC.search(text):
        return _day(int(match[1]), int(match[2]), int(match[3]))
    if match := _CHINESE.search(text):
        year = match[1].translate(_DIGITS)
        return _day(int(year), chinese_number(match[2]), chinese_number(match[3]))
    return None


def chinese_number(text: str) -> int:
    """Up to 999; digits are read as digits; 0 when it is no number."""
    if text.isdecimal():
        return int(text)
    total = 0
    digit = 0
    for character in text:
        if character in "百十":
            total += max(digit, 1) * (100 if character == "百" else 10)
            digit = 0
        elif character in "一二三四五六七八九":
            digit = "一二三四五六七八九".index(character) + 1
        elif character not in "〇零":
            return 0
    return total + digit


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
