"""Raw lines to clean lines: characters mended, furniture dropped, by-lines harvested."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge import bylines, furniture, portal
from knowledge.findings import Findings
from knowledge.loading.base import Line, LineKind, text_lines
from knowledge.mending import mend_line, mend_text
from knowledge.simplify import simplify

_HEAD_LINES = 30
_TAIL_LINES = 40
_TITLE_LEAST_CHARS = 8
_BULLET = re.compile(r"^[•●▪■◆◇➢►▶*＊](?:\s+|$)|^[-–]\s+(?=\S)|^·\s+")
_SHARING_ITEM = re.compile(r"^[-–•]?\s?\d{1,2}\s?[、.．]\s?")
_MACHINE_SIGNS = (
    re.compile(r"&(?:amp;)?[\u4e00-\u9fff]{1,4};"),
    re.compile(r"& ?[lr][sd]quo(?!;)"),
    re.compile(r"。[,，]"),
    re.compile(r"本篇文章\d+字"),
)
_LINE_SPLIT = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """The lines that remain, and what the others said."""

    lines: tuple[Line, ...]
    found: Findings

    @property
    def text(self) -> str:
        return _LINE_SPLIT.join(line.text for line in self.lines)


def clean(raw: str) -> Cleaned:
    """Clean a plain text."""
    return clean_lines(text_lines(raw.replace("\r\n", "\n").replace("\r", "\n")))


def clean_lines(lines: Sequence[Line]) -> Cleaned:
    """Clean what a loader read; rows are mended but never dropped."""
    found = Findings()
    found.machine_signs = _machine_signs(lines)
    mended = _mended(lines)
    mended = _without_repeats(_without_tail(mended, found))
    mended = portal.take_block(mended, found)
    mended = _without_furniture(mended, found)
    mended = _without_bylines(mended, found)
    return Cleaned(lines=tuple(mended), found=found)


def _mended(lines: Sequence[Line]) -> list[Line]:
    """Characters first, over the whole text; simplified last, after the glosses are gone."""
    texts = mend_text("\n".join(line.text.replace("\n", " ") for line in lines)).split("\n")
    if len(texts) != len(lines):
        lines = [Line(text=text) for text in texts]
    mended = [mend_line(text) for text in texts]
    simplified = simplify("\n".join(mended)).split("\n")
    return [replace(line, text=text) for line, text in zip(lines, simplified, strict=True) if text]


def _machine_signs(lines: Sequence[Line]) -> int:
    return sum(
        any(pattern.search(line.text) for line in lines[:5000]) for pattern in _MACHINE_SIGNS
    )


def _without_tail(lines: list[Line], found: Findings) -> list[Line]:
    """From 相关阅读 and the like on, only what is plainly body or a field is kept."""
    kept: list[Line] = []
    in_tail = has_body = False
    for line in lines:
        if line.kind is LineKind.ROW:
            kept.append(line)
            continue
        text = line.text
        if furniture.opens_tail(text):
            in_tail = has_body
            continue
        has_body = has_body or furniture.is_body(text)
        if in_tail and furniture.is_body(text):
            in_tail = False
        if not in_tail:
            kept.append(line)
        elif bylines.take_byline(text, found):
            continue
    return kept


def _without_repeats(lines: list[Line]) -> list[Line]:
    """A title that a site prints twice above the text: the one nearest to the text is kept."""
    head = [line.text for line in lines[:_HEAD_LINES]]
    return [
        line
        for index, line in enumerate(lines)
        if not (
            index < len(head)
            and line.kind is not LineKind.ROW
            and len(line.text) >= _TITLE_LEAST_CHARS
            and line.text in head[index + 1 :]
        )
    ]


def _without_furniture(lines: list[Line], found: Findings) -> list[Line]:
    first_body, last_body = _body_range(lines)
    kept: list[Line] = []
    for index, line in enumerate(lines):
        text = line.text
        if line.kind is LineKind.ROW:
            kept.append(line)
            continue
        at_edge = index < first_body or index > last_body
        if furniture.is_furniture(text) or _is_sharing(text, index, len(lines)):
            found.is_preview = found.is_preview or _is_preview(text)
            continue
        if at_edge and furniture.is_edge_furniture(text):
            continue
        text = _BULLET.sub("", text)
        if text:
            kept.append(replace(line, text=text))
    return kept


def _body_range(lines: list[Line]) -> tuple[int, int]:
    bodies = [
        index
        for index, line in enumerate(lines)
        if line.kind is LineKind.ROW
        or (furniture.is_body(line.text) and not furniture.is_sharing_notice(line.text))
    ]
    return (bodies[0], bodies[-1]) if bodies else (len(lines), -1)


def _is_sharing(text: str, index: int, count: int) -> bool:
    if index >= _HEAD_LINES and index < count - _TAIL_LINES:
        return False
    return furniture.is_sharing_notice(text) and bool(
        _SHARING_ITEM.match(text) or re.search(r"本站|VIP|网友上传|文档", text)
    )


def _is_preview(text: str) -> bool:
    return bool(re.search(r"文档|预览|剩余|还剩|VIP|付费|阅读全文|会员", text))


def _without_bylines(lines: list[Line], found: Findings) -> list[Line]:
    kept: list[Line] = []
    has_body = False
    first_body, last_body = _body_range(lines)
    for index, line in enumerate(lines):
        text = line.text
        if line.kind is LineKind.ROW:
            kept.append(line)
            has_body = True
            continue
        at_edge = index < first_body or index > last_body
        if at_edge and (bylines.take_fields(text, found) or bylines.take_byline(text, found)):
            if not has_body and kept and found.byline_at is None:
                found.byline_at = len(kept)
            continue
        text = bylines.take_dateline(text, found)
        if not text:
            continue
        has_body = has_body or len(text) >= 60
        kept.append(replace(line, text=text))
    return kept
