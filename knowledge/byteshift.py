"""Repair GBK text in which one byte was lost and the rest of the run reads shifted.

``样板。”的工作`` with its first A1 byte lost reads ``样板?！钡墓ぷ``: every later pair is made
of the second byte of one character and the first byte of the next, until a single-byte second half
(an ASCII letter) or a second loss brings the pairs back into step.
"""

from __future__ import annotations

import re
from functools import cache

_LOST = re.compile(r"[?？\ufffd](?=[^\x00-\x7f]|!)")
_LEADS = (b"\xa1", b"\xa3")
_CLOSERS = "。，、；：？！…"
_MOST_CHARS = 40
_GLOSS = re.compile(r"[?？\ufffd]?([a-zāáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜü]{1,7})[)）]")


def repair(text: str) -> str:
    """Every place that decodes to a stop and a bracket or quotation mark is put right."""
    parts: list[str] = []
    done = 0
    for lost in _LOST.finditer(text):
        if lost.start() < done:
            continue
        mended = _mend(text, lost.end())
        if mended is None:
            continue
        words, end = mended
        parts += [text[done : lost.start()], words]
        done = end
    return "".join(parts) + text[done:] if parts else text


def _mend(text: str, start: int) -> tuple[str, int] | None:
    for lead in _LEADS:
        found = _realign(text, start, lead)
        if found:
            return found
    return None


def _realign(text: str, start: int, lead: bytes) -> tuple[str, int] | None:
    shifted = bytearray(lead)
    for index in range(start, min(len(text), start + _MOST_CHARS)):
        character = text[index]
        if character == "!" and index == start:
            character = "！"
        if character.isascii():
            return _in_step(shifted, character, text, index)
        try:
            pair = character.encode("gbk")
        except UnicodeEncodeError:
            return None
        shifted += pair
        if len(shifted) == 5 and not _begins_well(bytes(shifted[:4])):
            return None
    return None


def _begins_well(pairs: bytes) -> bool:
    try:
        first, second = tuple(pairs.decode("gbk"))
    except (UnicodeDecodeError, ValueError):
        return False
    return first in _CLOSERS and second in "”“’‘《》"


def _in_step(shifted: bytearray, stop: str, text: str, index: int) -> tuple[str, int] | None:
    if len(shifted) < 4:
        return None
    if stop.isalpha() or stop in "@[\\]^_`{|}~":
        shifted += stop.encode()
        return _decoded(bytes(shifted), index + 1)
    if stop != "?":
        return None
    dangling = shifted.pop()
    decoded = _decoded(bytes(shifted), index + 1)
    gloss = _GLOSS.match(text, index)
    if decoded is None or not _is_odd(bytes(shifted[3:])):
        return None
    if gloss is None:
        return decoded
    return decoded[0] + _by_sound(dangling, gloss[1]), gloss.end()


def _decoded(pairs: bytes, end: int) -> tuple[str, int] | None:
    try:
        words = pairs.decode("gbk")
    except UnicodeDecodeError:
        return None
    return (words, end) if _begins_well(words[:2].encode("gbk")) else None


def _is_odd(pairs: bytes) -> bool:
    """Some pair is no everyday character (GB 2312, first level): ordinary words are left alone."""
    return any(not 0xB0 <= lead <= 0xD7 for lead in pairs[0::2])


@cache
def _by_sound(lead: int, sound: str) -> str:
    """The only character whose first GBK byte is ``lead`` and that reads ``sound``."""
    from pypinyin import Style, pinyin

    characters: list[str] = []
    for trail in range(0x40, 0xFF):
        try:
            character = bytes((lead, trail)).decode("gbk")
        except UnicodeDecodeError:
            continue
        if pinyin(character, style=Style.TONE)[0][0] == sound:
            characters.append(character)
    return characters[0] if len(characters) == 1 else ""
