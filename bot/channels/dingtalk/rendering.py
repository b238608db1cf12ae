"""A Reply as what will be sent, kept as bytes until DingTalk takes it.

A part says what is to be read and by whom, not yet through which API: that depends on whether the
sessionWebhook of the message still lives when it is sent. What is read is the same on each way.

Source:
    DingTalk, 机器人发送消息: msgParam of at most 15 000 bytes; 工作通知: msg of at most 2048 bytes;
    markdown: headings, quotes, emphasis, links, images, lists; a single line break is not shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace

from bot.channels.dingtalk import cards
from bot.channels.dingtalk.settings import AppSettings
from bot.channels.text import card_text, plain, sources_text, split_numbered
from bot.messages import Card, Reply

MOST_RECIPIENTS = 20
"""Of one request to the robot."""
MOST_NOTIFIED = 100
"""Of one work notice."""
NOTICE_BYTES = 2_048
"""Of the whole ``msg`` of a work notice."""
ROBOT_BYTES = 15_000
"""Of ``msgParam``; a webhook takes more."""

_WORDS_BYTES = 6_000
"""Of one message: far below what is allowed, since more is not read on a telephone."""
_NOTICE_WORDS_BYTES = 1_500
_LEAST_BYTES = 64
_TITLE_CHARS = 40

_OUR_MARKS = re.compile(r"\*\*(.+?)\*\*")
_OUR_BULLETS = re.compile(r"(?m)^- ")
_EATEN = re.compile(
    r"[*_`~\\<|\t]|\]\(|&#|&[a-z]+;|^\s*(?:#|>|\d+[.)]\s|[-+]\s|[-=]{2,})|^ {4}",
    re.MULTILINE,
)
"""What Markdown would take for its own in words that are to be read as they are."""

_MEDIA_FIELDS = ("blob", "kind", "name", "media_id", "original", "media_type")

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """``title`` is shown in the list of chats; ``at`` are accounts to mention in a group."""

    title: str
    text: str
    is_markdown: bool = False
    at: tuple[str, ...] = ()

    def shown(self) -> str:
        """In DingTalk's dialect, where only two blanks make a line end."""
        return self.text.replace("\n", "  \n") if self.is_markdown else self.text

    def as_robot(self) -> tuple[str, str]:
        """As ``msgKey`` and ``msgParam``."""
        if self.is_markdown:
            return "sampleMarkdown", dumped({"title": self.title, "text": self.shown()})
        return "sampleText", dumped({"content": self.text})

    def as_webhook(self) -> Json:
        """The body for a robot's webhook or a sessionWebhook, with its mentions."""
        names = "".join(f" @{account}" for account in self.at)
        body: dict[str, object]
        if self.is_markdown:
            shown = {"title": self.title, "text": self.shown() + names}
            body = {"msgtype": "markdown", "markdown": shown}
        else:
            body = {"msgtype": "text", "text": {"content": self.text + names}}
        return body | ({"at": {"atUserIds": list(self.at)}} if self.at else {})

    def as_notice(self) -> Json:
        """The ``msg`` of a work notice."""
        if self.is_markdown:
            return {"msgtype": "markdown", "markdown": {"title": self.title, "text": self.shown()}}
        return {"msgtype": "text", "text": {"content": self.text}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What was uploaded, and of what, so that it can be uploaded again.

    ``kind`` is ``image`` or ``file``, ``name`` is shown; ``original`` is the attachment's own.
    """

    blob: str
    kind: str
    name: str
    media_id: str
    original: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A card's variables, and what it is about; ``replaces`` is the id of the one it updates."""

    key: str
    values: Mapping[str, str]
    replaces: str = ""
    has_buttons: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message for ``to``, or for a group when it is empty.

    With a ``card`` the words are what is said when the card cannot be shown; with ``media``, what
    is said to somebody whom only words reach.
    """

    words: Words
    to: tuple[str, ...] = ()
    media: Media | None = None
    card: Shown | None = None
    is_notice: bool = False
    """Goes out as a work notice (工作通知)."""

    def encode(self) -> bytes:
        words, media, card = self.words, self.media, self.card
        stored: dict[str, object] = {
            "words": [words.title, words.text, words.is_markdown, list(words.at)],
            "to": list(self.to),
        }
        if media is not None:
            stored["media"] = list(astuple(media))
        if card is not None:
            stored["card"] = [
                card.key,
                dict(card.values),
                card.replaces,
                card.has_buttons,
            ]
        if self.is_notice:
            stored["notice"] = True
        return dumped(stored).encode()

    @classmethod
    def decode(cls, part: bytes) -> Part:
        stored = json.loads(part)
        title, text, is_markdown, at = stored["words"]
        media, card = stored.get("media"), stored.get("card")
        return cls(
            words=Words(title=title, text=text, is_markdown=is_markdown, at=tuple(at)),
            to=tuple(stored["to"]),
            media=None if media is None else Media(**dict(zip(_MEDIA_FIELDS, media, strict=True))),
            card=None
            if card is None
            else Shown(key=card[0], values=card[1], replaces=card[2], has_buttons=card[3]),
            is_notice=stored.get("notice", False),
        )


def rendered(
    reply: Reply,
    settings: AppSettings,
    *,
    at: Sequence[str] = (),
    tapped: str = "",
    is_notice: bool = False,
) -> list[Part]:
    """The words and the card of a reply, for nobody yet.

    Args:
        reply: What to say.
        settings: Whether there are cards.
        at: Accounts to mention.
        tapped: The outTrackId of the card whose button is answered.
        is_notice: The words go out as a work notice.
    """
    card, shown = reply.card, None
    if card is not None:
        shown = _shown(card, settings, tapped)
    said = card_text(card) if card is not None and shown is None else ""
    blocks = (reply.text, said, sources_text(reply.sources))
    text = "\n\n".join(block for block in blocks if block).strip()
    title = title_of(reply)
    parts = [
        Part(words=words, is_notice=is_notice) for words in pieces(text, title, is_notice=is_notice)
    ]
    if parts and at:
        parts[-1] = replace(parts[-1], words=replace(parts[-1].words, at=tuple(at)))
    if card is not None and shown is not None:
        otherwise = one_piece(card_text(card), title, is_notice=is_notice)
        parts.append(Part(words=otherwise, card=shown, is_notice=is_notice))
    return parts


def _shown(card: Card, settings: AppSettings, tapped: str) -> Shown | None:
    """As an interactive card, or the change of the tapped one; None if it is to be said."""
    replaces = tapped if cards.shows_key(tapped, card.key) else ""
    is_template = bool(settings.cards.buttons)
    if not is_template or not (cards.fits(card) or (replaces and not card.buttons)):
        return None
    values = cards.variables(card, settings.cards)
    return Shown(key=card.key, values=values, replaces=replaces, has_buttons=bool(card.buttons))


def title_of(reply: Reply) -> str:
    """What the list of chats shows: of what it is about, the first words."""
    text = reply.card.title if reply.card is not None else plain(reply.text)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "要点")
    return first if len(first) <= _TITLE_CHARS else first[: _TITLE_CHARS - 1] + "…"


def pieces(text: str, title: str, *, is_notice: bool = False) -> list[Words]:
    """Messages within the limits that together read as ``text``, which is Markdown-light.

    As Markdown only where nothing of the text itself would be taken for Markdown: what is quoted
    is to be read as it stands in the document.
    """
    limit = _NOTICE_WORDS_BYTES if is_notice else _WORDS_BYTES
    is_markdown = _is_safe(text)
    said = text if is_markdown else plain(text)
    if said == plain(said):
        is_markdown = False
    while True:
        found = [
            Words(title=title, text=piece, is_markdown=is_markdown)
            for piece in split_numbered(said, limit)
        ]
        if limit <= _LEAST_BYTES or all(_fits(words, is_notice=is_notice) for words in found):
            return found
        limit = max(_LEAST_BYTES, limit * 2 // 3)


def one_piece(text: str, title: str, *, is_notice: bool = False) -> Words:
    """As much of ``text`` as one message takes."""
    found = pieces(text, title, is_notice=is_notice)
    return found[0] if found else Words(title=title, text=title)


def in_groups(accounts: Sequence[str], most: int) -> Iterator[tuple[str, ...]]:
    """Recipients as one request takes them."""
    for start in range(0, len(accounts), most):
        yield tuple(accounts[start : start + most])


def dumped(thing: object) -> str:
    """JSON as it is counted and sent."""
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":"))


def _is_safe(text: str) -> bool:
    return _EATEN.search(_OUR_BULLETS.sub("", _OUR_MARKS.sub(r"\1", text))) is None


def _fits(words: Words, *, is_notice: bool) -> bool:
    if is_notice:
        return len(dumped(words.as_notice()).encode()) <= NOTICE_BYTES
    return len(words.as_robot()[1].encode()) <= ROBOT_BYTES
