"""A Reply as the exact requests that will be sent, kept as bytes until WeCom takes them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.channels.text import card_text, plain, sources_text, split_numbered
from bot.channels.wecom import cards
from bot.channels.wecom.incoming import ReplyTo
from bot.channels.wecom.settings import AppSettings
from bot.messages import Card, Reply

TEXT_LIMIT_BYTES = 2048
MOST_RECIPIENTS = 1000
DEDUPE_WINDOW_S = 14_400
SEND = "message/send"
UPDATE = "message/update_template_card"

_REPLACED_CHARS = 10
_LEAST_INTERVAL_S, _INTERVALS_S = 60, 540
_ANCHOR = re.compile(r"<(?=\s*/?\s*a\b)", re.IGNORECASE)

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What a part has uploaded, so that it can be uploaded again when WeCom forgot it."""

    blob: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One request. ``otherwise`` is the body of a new message if a card cannot be updated."""

    call: str
    body: Json
    media: Media | None = None
    otherwise: Json | None = None

    def encode(self) -> bytes:
        stored: dict[str, object] = {"call": self.call, "body": self.body}
        if self.media is not None:
            stored["media"] = [self.media.blob, self.media.kind, self.media.name]
        if self.otherwise is not None:
            stored["otherwise"] = self.otherwise
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, part: bytes) -> Part:
        stored = json.loads(part)
        media = stored.get("media")
        return cls(
            call=stored["call"],
            body=stored["body"],
            media=Media(blob=media[0], kind=media[1], name=media[2]) if media else None,
            otherwise=stored.get("otherwise"),
        )

    def with_media_id(self, media_id: str) -> Part:
        kind = self.media.kind if self.media else "file"
        return replace(self, body={**self.body, kind: {"media_id": media_id}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """Pure: the same reply, accounts and ``reply_to`` give the same parts.

    WeCom drops a request that is identical to one of the last ``duplicate_check_interval``, so
    that a retry does no harm. What nobody asked for (a reminder, a broadcast) carries its
    occurrence in its words and is checked for four hours. Answers may well be alike, and whoever
    asks twice must be answered twice: they are checked for minutes, and the interval, different
    from message to message, makes their requests differ.
    """

    settings: AppSettings

    def message(self, content: Json, accounts: Sequence[str], reply_to: ReplyTo | None) -> Json:
        """The body of ``message/send`` around ``content``, which names its msgtype."""
        to = {"touser": "|".join(accounts), "agentid": self.settings.agent_id}
        interval = DEDUPE_WINDOW_S if reply_to is None else _interval_of(reply_to.message_id)
        return {
            **to,
            **content,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": interval,
        }

    def words(self, reply: Reply, reply_to: ReplyTo | None) -> list[Json]:
        """The text messages of a reply, and of a card that has to be said in words."""
        said = self._said(reply.card, reply_to) if reply.card else ""
        blocks = (reply.text, said, sources_text(reply.sources))
        return texts("\n\n".join(block for block in blocks if block))

    def card(self, card: Card, accounts: Sequence[str], reply_to: ReplyTo | None) -> Part | None:
        """The card itself, as an update of the tapped one if it shows the same thing."""
        if reply_to is not None and _updates(card, reply_to):
            return self._update(card, accounts, reply_to)
        if not self._is_shown(card):
            return None
        content = self._content(card, accounts, reply_to)
        return Part(call=SEND, body=self.message(content, accounts, reply_to))

    def update_body(self, card: Card, accounts: Sequence[str], response_code: str) -> Json:
        """The body of ``message/update_template_card``.

        A card that has no buttons any more greys those it had, since it needs at least one.
        """
        target: dict[str, object] = {"userids": list(accounts), "agentid": self.settings.agent_id}
        target["response_code"] = response_code
        if card.buttons:
            task_id = cards.task_id_of(card, response_code)
            return target | {"template_card": cards.button_interaction(card, task_id)}
        return target | {"button": {"replace_name": card.title[:_REPLACED_CHARS] or "已处理"}}

    def _said(self, card: Card, reply_to: ReplyTo | None) -> str:
        """What the screen would not show of a card."""
        if self._is_shown(card):
            return "" if cards.fits(card) else card_text(replace(card, buttons=(), links=()))
        if reply_to is not None and _updates(card, reply_to) and not (card.body or card.facts):
            return ""
        return card_text(card)

    def _update(self, card: Card, accounts: Sequence[str], reply_to: ReplyTo) -> Part:
        otherwise: Json | None = None
        if self._is_shown(card):
            content = self._content(card, accounts, reply_to)
            otherwise = self.message(content, accounts, reply_to)
        body = self.update_body(card, accounts, reply_to.response_code)
        return Part(call=UPDATE, body=body, otherwise=otherwise)

    def _content(self, card: Card, accounts: Sequence[str], reply_to: ReplyTo | None) -> Json:
        if not card.buttons:
            return cards.link_message(card)
        salt = "|".join([*accounts, reply_to.message_id if reply_to else ""])
        shown = cards.button_interaction(card, cards.task_id_of(card, salt))
        return {"msgtype": "template_card", "template_card": shown}

    def _is_shown(self, card: Card) -> bool:
        """Whether it can be a card: buttons need the callback, links a place to open."""
        if card.buttons:
            commands = {button.command for button in card.buttons}
            return self.settings.has_callback and len(commands) <= cards.MOST_BUTTONS
        return bool(card.links)


def _interval_of(message_id: str) -> int:
    digest = hashlib.sha256(message_id.encode()).digest()
    return _LEAST_INTERVAL_S + int.from_bytes(digest[:4]) % _INTERVALS_S


def _updates(card: Card, reply_to: ReplyTo) -> bool:
    return bool(reply_to.response_code) and cards.shows_key(reply_to.task_id, card.key)


def texts(markdown: str) -> list[Json]:
    """Text messages within the limit; what an answer quotes never becomes a link of its own."""
    words = _ANCHOR.sub("＜", plain(markdown)).strip()
    return [
        {"msgtype": "text", "text": {"content": part}}
        for part in split_numbered(words, TEXT_LIMIT_BYTES)
    ]


def in_groups(accounts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Recipients as one request takes them."""
    for start in range(0, len(accounts), MOST_RECIPIENTS):
        yield accounts[start : start + MOST_RECIPIENTS]
