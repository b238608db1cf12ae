"""落款, 抄送 and annexes: the lines of an official text that belong to none of its sections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from knowledge.loading.base import Line, LineKind
from knowledge.numbering import marks
from knowledge.portal import ORGAN

_DAY = (
    r"(?:(?:19|20)\d{2}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日"
    r"|[一二][〇零○Ｏ0一二三四五六七八九]{3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日)"
)
_SIGNED_DAY = re.compile(rf"^(?P<signer>[\u4e00-\u9fff（）()、\s]{{0,40}}?)\s?(?P<day>{_DAY})$")
_CLOSING = re.compile(
    r"^(?:抄\s?送|主\s?送|分\s?送)\s?[：:]|^[（(](?:此件|公开属性|联系人|信息公开|联系电话).{0,60}[)）]$"
    rf"|^[^。]{{2,40}}{_DAY}\s?印\s?发$|^(?:联系人|联系电话|电话|传真|邮箱|电子邮箱)\s?[：:][^。]{{1,60}}$"
)
_ANNEX = re.compile(r"^附\s?[件表录]\s?(?:\d{1,2}|[一二三四五六七八九十]{1,2})?\s?[：:]?$")
_ANNEX_LIST = re.compile(r"^附\s?件\s?\d{0,2}\s?[：:]\s?\S")
_LISTED = re.compile(r"^\d{1,2}\s?[.．、]\s?[^。；]{2,60}$")
_MOST_SIGNERS = 4
_BODY_LEAST_CHARS = 30


def read_signature(lines: Sequence[Line]) -> tuple[str | None, str | None]:
    """Who signed, and the day as printed; of several signatures the first."""
    for index, line in enumerate(lines):
        if line.kind is LineKind.ROW or (match := _SIGNED_DAY.match(line.text)) is None:
            continue
        if match["signer"] and _is_signer(match["signer"]):
            return re.sub(r"\s", "", match["signer"]), match["day"]
        if match["signer"]:
            continue
        above = lines[index - 1].text if index else ""
        signer = re.sub(r"\s", "", above) if _is_signer(above) else None
        if signer or index >= len(lines) - _MOST_SIGNERS:
            return signer, match["day"]
    return None, None


def with_asides(lines: Sequence[Line], first: int) -> list[Line]:
    """Mark signatures, lists of annexes and distribution lines; title lines of annexes too."""
    marked = list(lines)
    for index in range(first, len(lines)):
        line = lines[index]
        if line.kind is LineKind.ROW:
            continue
        if _is_signed_day(lines, index):
            _mark(marked, index, LineKind.ASIDE)
            _mark_signers(marked, index, first)
        elif _CLOSING.match(line.text):
            _mark(marked, index, LineKind.ASIDE)
        elif _ANNEX_LIST.match(line.text):
            _mark_annex_list(marked, index)
    _mark_annexes(marked, first)
    return marked


def _mark(lines: list[Line], index: int, kind: LineKind) -> None:
    lines[index] = replace(lines[index], kind=kind)


def _is_signed_day(lines: Sequence[Line], index: int) -> bool:
    match = _SIGNED_DAY.match(lines[index].text)
    if match is None:
        return False
    if match["signer"]:
        return _is_signer(match["signer"])
    return (index > 0 and _is_signer(lines[index - 1].text)) or index >= len(lines) - 3


def _is_signer(text: str) -> bool:
    return 2 <= len(text) <= 40 and bool(ORGAN.match(text))


def _mark_signers(lines: list[Line], index: int, first: int) -> None:
    for above in range(index - 1, max(first, index - _MOST_SIGNERS) - 1, -1):
        if lines[above].kind is not LineKind.TEXT or not _is_signer(lines[above].text):
            return
        _mark(lines, above, LineKind.ASIDE)


def _mark_annex_list(lines: list[Line], index: int) -> None:
    _mark(lines, index, LineKind.ASIDE)
    below = index + 1
    while below < len(lines) and _LISTED.match(lines[below].text) and below <= index + 20:
        _mark(lines, below, LineKind.ASIDE)
        below += 1


def _mark_annexes(lines: list[Line], first: int) -> None:
    """附件1 on a line of its own, or the title-like line that follows a signature."""
    for index in range(first + 1, len(lines)):
        line = lines[index]
        if line.kind is not LineKind.TEXT:
            continue
        after_aside = lines[index - 1].kind is LineKind.ASIDE and _has_body(lines[index + 1 :])
        after_annex = lines[index - 1].kind is LineKind.ANNEX and bool(
            _ANNEX.match(lines[index - 1].text)
        )
        if _ANNEX.match(line.text) or ((after_aside or after_annex) and _is_title_like(line.text)):
            _mark(lines, index, LineKind.ANNEX)


def _is_title_like(text: str) -> bool:
    if not 4 <= len(text) <= 60 or text[-1] in "。；;：:，,、":
        return False
    first = next(marks(text + "\u3000x"), None)
    return first is None or first.start > 0


def _has_body(lines: Sequence[Line]) -> bool:
    return any(
        line.kind is LineKind.ROW or len(line.text) >= _BODY_LEAST_CHARS for line in lines[:12]
    )
