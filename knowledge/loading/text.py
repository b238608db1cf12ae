"""Plain text and Markdown in whatever encoding a Chinese office produced."""

from __future__ import annotations

import codecs
import re

from bot.errors import UnreadableDocument
from knowledge.loading.base import Line, LineKind, Loaded, text_lines

_COMMON = set("的是在和有为与工作教育学校党员了不一人中大要对及各年月日将以")
_STOPS = ("。", "！", "？", "；", "：", "!", "?", ";", ":", "”", "）", ")", "》")
_INDENTED = re.compile(r"^(?:\u3000|\t| {2,})")
_STARTS_ITEM = re.compile(
    r"^\s*(?:第[一二三四五六七八九十百零\d]{1,5}[章节条编部]|[一二三四五六七八九十]{1,3}[、．是]|[（(][一二三四五六七八九十\d]{1,3}[)）]"
    r"|\d{1,2}[.．、](?!\d)|[①-⑳]|附件|抄送|[•●▪■◆·*-])"
)
_LABELLED = re.compile(r"^\s*[\u4e00-\u9fff\s]{2,10}[：:]")
_BROKEN_LEAST_CHARS = 12
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
    """Raises ``UnreadableDocument`` for an encoding nobody knows."""
    return Loaded(lines=text_lines(_unwrapped(_normal_newlines(decode(content)))))


def load_markdown(content: bytes) -> Loaded:
    """Headings keep their kind; emphasis, links and rules are only their words."""
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


def _unwrapped(text: str) -> str:
    """Join lines broken at a fixed width, or in the middle of a sentence."""
    lines = text.split("\n")
    width = _wrap_width(lines)
    joined: list[str] = []
    for line in lines:
        above = joined[-1] if joined else ""
        goes_on = above and line.strip() and not _STARTS_ITEM.match(line)
        goes_on = goes_on and not _LABELLED.match(line)
        if goes_on and not _INDENTED.match(line) and _is_broken(above, width):
            joined[-1] = above.rstrip() + line.lstrip()
        else:
            joined.append(line)
    return "\n".join(joined)


def _is_broken(above: str, width: int) -> bool:
    last = above.rstrip()
    if last.endswith(("，", "、")) and _BROKEN_LEAST_CHARS <= len(last) <= 60:
        return True
    return width > 0 and not last.endswith(_STOPS) and len(last) % width >= width - 3


def _wrap_width(lines: list[str]) -> int:
    """The width a text was wrapped at; 0 when it was not."""
    lengths = sorted(len(line.rstrip()) for line in lines if len(line.strip()) >= 2)
    if len(lengths) < 8:
        return 0
    width = lengths[int(len(lengths) * 0.9)]
    full = [line.rstrip() for line in lines if width - 2 <= len(line.rstrip()) <= width]
    open_ended = sum(not line.endswith(_STOPS) for line in full)
    is_wrapped = len(full) >= 0.4 * len(lengths) and open_ended >= 0.6 * len(full)
    return width if is_wrapped and 18 <= width <= 60 and lengths[-1] <= width + 2 else 0


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
