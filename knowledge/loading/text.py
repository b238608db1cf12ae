"""Plain text and Markdown in whatever encoding a Chinese office produced."""

from __future__ import annotations

import codecs
import re

from bot.errors import UnreadableDocument
from knowledge.loading.base import Line, LineKind, Loaded, text_lines

_COMMON = set("的是在和有为与工作教育学校党员了不一人中大要对及各年月日将以")
_MD_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_MD_INLINE = re.compile(r"\*\*([^*\n]{1,200})\*\*|__([^_\n]{1,200})__|`([^`\n]{1,200})`")
_MD_LINK = re.compile(r"!?\[([^\[\]\n]{0,200})\]\([^()\n]{0,500}\)")
_MD_RULE = re.compile(r"^\s*(?:[-*_]\s*){3,}$")


def decode(content: bytes) -> str:
    """Decode by BOM, then strict UTF-8, then the wide encodings, then GB18030, then a guess."""
    for bom, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(bom):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return content[: error.start].decode("utf-8")
    candidates = [
        text
        for encoding in ("gb18030", "utf-16-le", "utf-16-be", "big5")
        if (text := _strict(content, encoding)) is not None
    ]
    if candidates and (best := max(candidates, key=_plausibility)) and _plausibility(best) > 0:
        return best
    return _lenient(content)


def load_text(content: bytes) -> Loaded:
    return Loaded(lines=text_lines(_normal_newlines(decode(content))))


def load_markdown(content: bytes) -> Loaded:
    lines: list[Line] = []
    for raw in _normal_newlines(decode(content)).split("\n"):
        if _MD_RULE.match(raw) or raw.startswith("```"):
            continue
        text = _MD_LINK.sub(r"\1", raw)
        text = _MD_INLINE.sub(lambda found: next(g for g in found.groups() if g is not None), text)
        if heading := _MD_HEADING.match(text):
            lines.append(Line(text=heading[2], kind=LineKind.HEADING))
        else:
            lines.append(Line(text=text.removeprefix("> ")))
    return Loaded(lines=tuple(lines))


def _normal_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")


def _strict(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, ValueError):
        return None


def _plausibility(text: str) -> float:
    sample = text[:20_000]
    if not sample:
        return 0.0
    return sum(character in _COMMON for character in sample) / len(sample)


def _lenient(content: bytes) -> str:
    """A few broken bytes must not lose a document; more than 2 % of them do."""
    texts = [content.decode(encoding, errors="replace") for encoding in ("utf-8", "gb18030")]
    best = min(texts, key=lambda text: text.count("\ufffd"))
    if best.count("\ufffd") > max(3, len(best) // 50):
        raise UnreadableDocument(
            "unknown text encoding", reply="这个文本文件的编码认不出来，请另存为 UTF-8 后再发。"
        )
    return best
