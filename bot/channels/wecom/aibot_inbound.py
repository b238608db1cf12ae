"""What the AI bot's platform tells us, as an ``IncomingMessage``. Pure; the same for both modes.

Source:
    WeCom, 智能机器人 接收消息 / 接收事件 (path/100719, 101027), 长连接 (path/101463).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.channels.wecom.aibot_frames import (
    JsonObject,
    items_at,
    number_at,
    object_at,
    text_at,
    write_object,
)
from bot.channels.wecom.aibot_handle import WINDOW, Handle, Way, write_handle
from bot.messages import (
    Attachment,
    ChannelName,
    Conversation,
    IncomingMessage,
    MessageKind,
    Sender,
)

_LONGEST_ID = 128
_MEDIA = {
    "image": ("图片", "image/jpeg"),
    "file": ("文件", "application/octet-stream"),
    "video": ("视频", "video/mp4"),
}
_FEEDBACK = {1: "up", 2: "down", 3: "cancel"}
_SPACE = r"[\s\u2000-\u200a\u3000]"
_LEADING = re.compile(rf"^{_SPACE}*@[^\s@\u2000-\u200a\u3000]+(?:{_SPACE}+|$)")
_TRAILING = re.compile(rf"{_SPACE}+@[^\s@\u2000-\u200a\u3000]+{_SPACE}*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    text: str = ""
    attachments: tuple[Attachment, ...] = ()


def read_message(
    body: JsonObject, *, now: datetime, req_id: str = "", bot_name: str = ""
) -> IncomingMessage | None:
    """Turn a callback's body into a message.

    Args:
        body: The decrypted or framed JSON, of any shape.
        now: When it came in.
        req_id: Of the frame, in WebSocket mode.
        bot_name: How the bot is called in groups; without it the first or last mention is its own.

    Returns:
        None for what is not meant for a handler: unknown types, polls, events about the connection.
    """
    account = _account(body)
    if not account:
        return None
    if text_at(body, "msgtype") == "event":
        return _event(body, account, now, req_id)
    words = _words(body, now)
    if words is None:
        return None
    is_group = text_at(body, "chattype") == "group"
    text, is_mention = words.text, True
    if is_group:
        text, is_mention = strip_mention(words.text, bot_name)
    handle = _handle(body, Way.MESSAGE, account, now, req_id)
    message = _plain_message(body, handle, is_group=is_group)
    return replace(
        message,
        kind=MessageKind.TEXT if text or not words.attachments else MessageKind.MEDIA,
        text=text.strip(),
        quoted_text=_quote(body, now),
        attachments=words.attachments,
        is_mention=is_mention,
    )


def event_type(body: JsonObject) -> str:
    """The event's name; empty for a message."""
    return text_at(body, "event", "eventtype")


def strip_mention(text: str, bot_name: str = "") -> tuple[str, bool]:
    """A group message without the bot's own mention, and whether there was one."""
    if bot_name and (mention := f"@{bot_name}") in text:
        before, _, after = text.partition(mention)
        return f"{before}{after.lstrip()}".strip(), True
    for pattern in (_LEADING, _TRAILING):
        if pattern.search(text):
            return pattern.sub("", text, count=1).strip(), True
    return text.strip(), "@" in text


def _account(body: JsonObject) -> str:
    """Someone of another company is named with it, since userids are unique only within one."""
    userid, corpid = text_at(body, "from", "userid"), text_at(body, "from", "corpid")
    return f"{corpid}/{userid}" if corpid and userid else userid


def _handle(body: JsonObject, way: Way, account: str, now: datetime, req_id: str) -> Handle:
    return Handle(
        way=way,
        message_id=_message_id(body, account),
        account=account,
        received_at=now,
        req_id=req_id,
        response_url=text_at(body, "response_url"),
    )


def _message_id(body: JsonObject, account: str) -> str:
    """The platform's id with its sender; a digest where it is missing or too long to carry."""
    message_id = f"{text_at(body, 'msgid')}@{account}"
    if not message_id.startswith("@") and len(message_id.encode()) <= _LONGEST_ID:
        return message_id
    canonical = json.dumps(body, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain_message(body: JsonObject, handle: Handle, *, is_group: bool) -> IncomingMessage:
    chat = text_at(body, "chatid") if is_group else ""
    return IncomingMessage(
        channel=ChannelName.WECOM_AIBOT,
        message_id=handle.message_id,
        conversation=Conversation(
            channel=ChannelName.WECOM_AIBOT, id=chat or handle.account, is_group=bool(chat)
        ),
        sender=Sender(channel=ChannelName.WECOM_AIBOT, account=handle.account),
        sent_at=_sent_at(body, handle.received_at),
        reply_to=write_handle(handle),
        reply_until=handle.received_at + WINDOW[handle.way],
    )


def _sent_at(body: JsonObject, now: datetime) -> datetime:
    """The platform's time if it is a plausible one: in seconds, past, and not of another age."""
    created = number_at(body, "create_time")
    if created is None or not 0 <= now.timestamp() - created < 7 * 86400:
        return now
    return datetime.fromtimestamp(created, UTC)


def _words(body: JsonObject, now: datetime) -> _Words | None:
    kind = text_at(body, "msgtype")
    if kind in {"text", "voice"}:
        return _Words(text=text_at(body, kind, "content"))
    if kind in _MEDIA:
        attachment = _attachment(kind, object_at(body, kind), now)
        return _Words(attachments=(attachment,)) if attachment else None
    if kind != "mixed":
        return None
    parts = [
        _words(item, now)
        for item in items_at(body, "mixed", "msg_item")
        if isinstance(item, Mapping) and text_at(item, "msgtype") in {"text", *_MEDIA}
    ]
    found = [part for part in parts if part]
    return _Words(
        text="\n".join(part.text for part in found if part.text),
        attachments=tuple(attachment for part in found for attachment in part.attachments),
    )


def _attachment(kind: str, media: JsonObject, now: datetime) -> Attachment | None:
    url = text_at(media, "url")
    if not url:
        return None
    name, media_type = _MEDIA[kind]
    source = {"url": url, "key": text_at(media, "aeskey"), "at": int(now.timestamp())}
    return Attachment(
        name=text_at(media, "filename") or name,
        media_type=media_type,
        source=write_object(source).decode(),
    )


def _quote(body: JsonObject, now: datetime) -> str:
    """The words of the message that was quoted; a picture or file is only named."""
    words = _words(object_at(body, "quote"), now)
    if words is None:
        return ""
    named = [f"［{attachment.name}］" for attachment in words.attachments]
    return "\n".join([*filter(None, [words.text.strip()]), *named])


def _event(body: JsonObject, account: str, now: datetime, req_id: str) -> IncomingMessage | None:
    kind = event_type(body)
    event = object_at(body, "event", kind) or object_at(body, "event")
    is_group = text_at(body, "chattype") == "group"
    if kind == "enter_chat":
        handle = _handle(body, Way.WELCOME, account, now, req_id)
        return replace(_plain_message(body, handle, is_group=False), kind=MessageKind.ENTER)
    if kind == "template_card_event":
        handle = replace(
            _handle(body, Way.CARD, account, now, req_id), task_id=text_at(event, "task_id")
        )
        if not handle.response_url:
            handle = replace(handle, response_url=text_at(event, "response_url"))
        tapped = " ".join(filter(None, [text_at(event, "event_key"), *_chosen(event)]))
        message = _plain_message(body, handle, is_group=is_group)
        return replace(message, kind=MessageKind.TAP, text=tapped) if tapped else None
    if kind == "feedback_event":
        verdict = _FEEDBACK.get(number_at(event, "type") or 0)
        feedback_id = text_at(event, "id")
        if verdict is None or not feedback_id:
            return None
        message = _plain_message(
            body, _handle(body, Way.MESSAGE, account, now, req_id), is_group=is_group
        )
        return replace(
            message,
            kind=MessageKind.FEEDBACK,
            text=verdict,
            quoted_text=text_at(event, "content"),
            feedback_id=feedback_id,
            reply_to=None,
            reply_until=None,
        )
    return None


def _chosen(event: JsonObject) -> list[str]:
    """The options ticked in a card, in its order."""
    return [
        option
        for item in items_at(event, "selected_items", "selected_item")
        for option in items_at(item, "option_ids", "option_id")
        if isinstance(option, str)
    ]
