"""Text on its way to a channel: cutting it to size, and what Markdown-light becomes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from bot.messages import Card, Reply, Source

_BREAKS = ("\n\n", "\n", "。！？", "；;", "，、, ")
"""Where a cut looks natural, best first: paragraphs, lines, sentences, clauses."""
_WHOLE = re.compile(r"《[^》\n]{1,80}》|\[\d{1,3}\]|https?://[^\s<>《》）)]+|@[^\s@]{1,20}")
"""What a reader has to see in one piece: a title, a citation mark, an address, a mention."""
_JOINER = "\u200d"
_FLAG = range(0x1F1E6, 0x1F200)
_SKIN = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
"""Which flag a black flag is: 🏴󠁧󠁢󠁥󠁮󠁧󠁿."""


def split_text(text: str, limit_bytes: int) -> list[str]:
    """Cut ``text`` into parts a channel accepts, at line ends where it can.

    Args:
        text: Any text; may be empty.
        limit_bytes: Most UTF-8 bytes in one part, at least 4. A Chinese character is 3.

    Returns:
        Parts that join back to ``text``; none is empty, none is over the limit. A cut falls inside
        a title, a citation or an emoji sequence only if that alone is over the limit.
    """
    parts: list[str] = []
    start = 0
    while start < len(text):
        end = _fitting(text, start, limit_bytes)
        if end < len(text):
            end = _cut(text, start, end)
        parts.append(text[start:end])
        start = end
    return parts


def split_numbered(text: str, limit_bytes: int) -> list[str]:
    """As :func:`split_text`; several parts begin with （1/3）, which the limit includes."""
    parts = split_text(text, limit_bytes)
    if len(parts) < 2:
        return parts
    room = limit_bytes - len(f"（{len(parts) * 2}/{len(parts) * 2}）".encode())
    parts = [part.strip("\n") for part in split_text(text, room)]
    parts = [part for part in parts if part]
    return [f"（{n}/{len(parts)}）{part}" for n, part in enumerate(parts, 1)]


def plain(markdown: str) -> str:
    """Markdown-light without its marks, for channels that show text as it is."""
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", markdown)
    return re.sub(r"(?m)^- ", "· ", text)


def sources_text(sources: Sequence[Source]) -> str:
    """The 出处 lines below an answer; empty when nothing is cited."""
    if not sources:
        return ""
    lines = [f"[{n}] 《{source.title}》{source.locator}" for n, source in enumerate(sources, 1)]
    return "出处：\n" + "\n".join(lines)


def card_text(card: Card) -> str:
    """A card for a channel without cards: its words, then what to type in place of each button."""
    lines = [f"**{card.title}**"]
    if card.body:
        lines.append(card.body)
    lines += [f"{name}：{value}" for name, value in card.facts]
    lines += [f"{button.label}：请回复 {button.command}" for button in card.buttons]
    lines += [f"{link.label}：{link.url}" for link in card.links]
    return "\n".join(lines)


def reply_text(reply: Reply) -> str:
    """Everything of a reply that can be said in words, as Markdown-light."""
    blocks = [reply.text, card_text(reply.card) if reply.card else "", sources_text(reply.sources)]
    return "\n\n".join(block for block in blocks if block)


def merge(replies: Sequence[Reply], *, is_answered: bool = False) -> Reply:
    """Several replies due for one conversation as one; nothing is said twice.

    Cards are said in words, where they can be answered with what to type.
    """
    blocks: list[str] = []
    for reply in replies:
        shown = reply.card if reply.card is None or is_answered else replace(reply.card, buttons=())
        card = "" if shown is None else card_text(shown)
        blocks += [block for block in (reply.text, card) if block]
    sources = tuple(dict.fromkeys(source for reply in replies for source in reply.sources))
    attachments = dict.fromkeys(item for reply in replies for item in reply.attachments)
    mentions = dict.fromkeys(member for reply in replies for member in reply.mentions)
    return Reply(
        text="\n\n".join(dict.fromkeys(blocks)),
        sources=sources,
        attachments=tuple(attachments),
        mentions=tuple(mentions),
        is_private=any(reply.is_private for reply in replies),
    )


def _fitting(text: str, start: int, limit_bytes: int) -> int:
    end, room = start, limit_bytes
    while end < len(text):
        room -= len(text[end].encode("utf-8", "surrogatepass"))
        if room < 0:
            break
        end += 1
    return max(end, start + 1)


def _cut(text: str, start: int, end: int) -> int:
    """The best place in ``(start, end]`` to end a part that begins at ``start``."""
    least = start + (end - start) // 2
    for marks in _BREAKS:
        width = 2 if marks == "\n\n" else 1
        for place in range(end, least, -1):
            found = text[place - width : place]
            if (found == marks if width == 2 else found in marks) and _is_open(text, place):
                return place
    return next((place for place in range(end, start, -1) if _is_open(text, place)), end)


def _is_open(text: str, place: int) -> bool:
    """Whether a cut before ``text[place]`` parts nothing that belongs together."""
    if _joins(text, place):
        return False
    first = max(0, place - 120)
    around = text[first : place + 120]
    return not any(m.start() < place - first < m.end() for m in _WHOLE.finditer(around))


def _joins(text: str, place: int) -> bool:
    if not 0 < place < len(text):
        return False
    before, after = text[place - 1], text[place]
    if _JOINER in (before, after) or ord(after) in _SKIN or ord(after) in _TAGS:
        return True
    if unicodedata.category(after) in {"Mn", "Me", "Mc"}:
        return True
    if ord(before) in _FLAG and ord(after) in _FLAG:
        run = place
        while run > 0 and ord(text[run - 1]) in _FLAG:
            run -= 1
        return (place - run) % 2 == 1
    return before == "\r" and after == "\n"
