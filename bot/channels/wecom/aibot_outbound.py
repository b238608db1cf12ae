"""A ``Reply`` as the parts the AI bot sends, and each part as the bodies of requests. Pure."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.channels.base import Target
from bot.channels.text import card_text, plain, sources_text, split_numbered
from bot.channels.wecom.aibot_cards import is_cut_on_screen, template_card, updated_card
from bot.channels.wecom.aibot_frames import (
    JsonObject,
    at,
    items_at,
    object_at,
    read_object,
    text_at,
    write_object,
)
from bot.channels.wecom.aibot_handle import Handle, Way, read_handle
from bot.channels.wecom.cards import shows_key
from bot.errors import ChannelRefused
from bot.messages import Card, Reply

LIMIT_BYTES = 20_480
"""Most UTF-8 bytes of a streamed or pushed text."""


class MediaType(StrEnum):
    """How an uploaded file is shown."""

    IMAGE = "image"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file the platform holds for us."""

    type: MediaType
    media_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One request's share of a reply: a text, a card (``text`` says the same), or a file."""

    text: str = ""
    card: JsonObject | None = None
    card_key: str = ""
    card_words: str = ""
    """What is said in place of ``card`` where ``text`` is something else."""
    updates: str = ""
    """The ``task_id`` of the tapped card that ``card`` replaces."""
    media: Media | None = None
    images: tuple[str, ...] = ()
    """Pictures as base64, shown at the end of a stream; in callback mode only."""
    is_first: bool = False
    feedback_id: str = ""
    private_to: str = ""
    """The account whose single chat it goes to, because the conversation must not see it."""


def render_parts(
    reply: Reply,
    target: Target,
    *,
    media: Sequence[Media] = (),
    images: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> list[Part]:
    """Cut a reply into parts; ``notes`` are sentences about what could not be sent."""
    handle = read_handle(target.reply_to)
    card = _shown_card(reply.card, handle)
    words = [reply.text, sources_text(reply.sources), *notes]
    if reply.card and (card is None or is_cut_on_screen(reply.card)):
        words.insert(1, card_text(reply.card))
    texts = split_numbered("\n\n".join(word for word in words if word), LIMIT_BYTES)
    parts = [Part(text=text) for text in texts]
    if reply.card and card:
        parts.append(_card_part(reply.card, card, handle))
    parts += [Part(media=item) for item in media]
    if images:
        parts = (
            [replace(parts[0], images=tuple(images)), *parts[1:]]
            if parts
            else [Part(images=tuple(images))]
        )
    if not parts:
        return []
    parts[0] = replace(parts[0], is_first=True, feedback_id=reply.feedback_id or "")
    private_to = _private_to(reply, target, handle)
    return [replace(part, private_to=private_to) for part in parts]


def write_part(part: Part) -> bytes:
    """The bytes the outbox keeps."""
    stored: dict[str, object] = {"text": part.text, "is_first": part.is_first}
    if part.card is not None:
        stored |= {
            "card": part.card,
            "card_key": part.card_key,
            "card_words": part.card_words,
            "updates": part.updates,
        }
    if part.media:
        stored["media"] = {"type": part.media.type.value, "media_id": part.media.media_id}
    if part.images:
        stored["images"] = list(part.images)
    if part.feedback_id:
        stored["feedback_id"] = part.feedback_id
    if part.private_to:
        stored["private_to"] = part.private_to
    return write_object(stored)


def read_part(stored: bytes) -> Part:
    """What :func:`write_part` wrote; raises ``ChannelRefused`` for anything else."""
    value = read_object(stored)
    if value is None:
        raise ChannelRefused("a stored part is no JSON object")
    media = object_at(value, "media")
    return Part(
        text=text_at(value, "text"),
        card=object_at(value, "card") or None,
        card_key=text_at(value, "card_key"),
        card_words=text_at(value, "card_words"),
        updates=text_at(value, "updates"),
        media=Media(type=MediaType(text_at(media, "type")), media_id=text_at(media, "media_id"))
        if media
        else None,
        images=tuple(image for image in items_at(value, "images") if isinstance(image, str)),
        is_first=at(value, "is_first") is True,
        feedback_id=text_at(value, "feedback_id"),
        private_to=text_at(value, "private_to"),
    )


def stream_body(
    stream: str, content: str, *, is_last: bool, feedback_id: str = "", images: Sequence[str] = ()
) -> dict[str, object]:
    """One state of a streamed answer: always its full text."""
    body: dict[str, object] = {"id": stream, "finish": is_last, "content": content}
    if feedback_id:
        body["feedback"] = {"id": feedback_id}
    if images:
        body["msg_item"] = [_image_item(image) for image in images]
    return {"msgtype": "stream", "stream": body}


def card_body(card: JsonObject, task: str) -> dict[str, object]:
    """A card that was not shown before."""
    return {"msgtype": "template_card", "template_card": {**card, "task_id": task}}


def update_body(card: JsonObject, task: str, account: str) -> dict[str, object]:
    """A card in place of the one that ``account`` tapped, for them alone."""
    return {
        "response_type": "update_template_card",
        "userids": [account],
        "template_card": {**card, "task_id": task},
    }


def media_body(media: Media) -> dict[str, object]:
    """An uploaded file."""
    return {"msgtype": media.type.value, media.type.value: {"media_id": media.media_id}}


def stream_and_card_body(
    stream: Mapping[str, object], card: JsonObject, task: str
) -> dict[str, object]:
    """The last state of a streamed answer with a card below it; in callback mode only."""
    shown = {**card, "task_id": task}
    return {**stream, "msgtype": "stream_with_template_card", "template_card": shown}


def markdown_body(text: str) -> dict[str, object]:
    """A text outside a stream."""
    return {"msgtype": "markdown", "markdown": {"content": text}}


def welcome_body(part: Part, task: str) -> dict[str, object]:
    """The greeting on entering the chat, which knows no Markdown."""
    if part.card is not None:
        return card_body(part.card, task)
    return {"msgtype": "text", "text": {"content": plain(part.text)}}


def _shown_card(card: Card | None, handle: Handle | None) -> JsonObject | None:
    if card is None:
        return None
    return updated_card(card) if _is_tapped(card, handle) else template_card(card)


def _card_part(card: Card, shown: JsonObject, handle: Handle | None) -> Part:
    updates = handle.task_id if handle and _is_tapped(card, handle) else ""
    return Part(text=card_text(card), card=shown, card_key=card.key, updates=updates)


def _is_tapped(card: Card, handle: Handle | None) -> bool:
    return handle is not None and handle.way is Way.CARD and shows_key(handle.task_id, card.key)


def _private_to(reply: Reply, target: Target, handle: Handle | None) -> str:
    if not (reply.is_private and target.conversation.is_group):
        return ""
    account = handle.account if handle else next(iter(target.accounts), "")
    if not account:
        raise ChannelRefused(
            "a private reply to a group names nobody to send it to",
            reply="这条内容不能发到群里，又不知道该单独发给谁，已停止发送。",
        )
    return account


def _image_item(image: str) -> dict[str, object]:
    return {"msgtype": "image", "image": {"base64": image, "md5": _md5(b64decode(image))}}


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
