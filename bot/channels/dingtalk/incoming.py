"""Robot messages and card taps, turned into what handlers understand.

Foreign JSON: every field is looked at before it is used, and a message without sense is left out.

Source:
    DingTalk, 机器人接收消息 (robot messages are the same over the stream and over HTTP) and
    事件回调 of interactive cards.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.channels.dingtalk.cards import COMMAND
from bot.channels.dingtalk.reply_to import OUTSIDER_MARK, ReplyTo
from bot.messages import (
    Attachment,
    ChannelName,
    Conversation,
    IncomingMessage,
    MessageKind,
    Sender,
)

DOWNLOAD_PREFIX = "download_code:"
OVER_QUOTA = "20001"
"""The month's deliveries are used up: a message without its words."""

_ID = re.compile(r"[^\x00-\x1f]{1,200}")
_LONGEST = 20_000
_FIRST_MS, _LAST_MS = 1_262_304_000_000, 4_102_444_800_000
"""2010 and 2100: what is outside is no time."""
_MEDIA = {
    "picture": ("图片.jpg", "image/jpeg"),
    "audio": ("语音.amr", "audio/amr"),
    "video": ("视频.mp4", "video/mp4"),
    "file": ("文件", "application/octet-stream"),
}

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    text: str = ""
    quoted: str = ""
    attachments: tuple[Attachment, ...] = ()


def object_of(text: object) -> Json | None:
    """The JSON object that a string holds, or is already."""
    if isinstance(text, Mapping):
        return text
    if not isinstance(text, str):
        return None
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def kind_of(body: Json) -> str:
    """What to count it under."""
    kind = _text(body, "msgtype")
    if is_over_quota(body):
        return "over_quota"
    return kind if kind in {"text", "richText", *_MEDIA} else "unknown"


def is_over_quota(body: Json) -> bool:
    """Whether DingTalk says that the month's deliveries are used up."""
    return str(body.get("code")) == OVER_QUOTA


def to_incoming(body: Json, now: datetime) -> IncomingMessage | None:
    """A robot message; None when it asks nothing of us.

    An outsider has no userid; their opaque id is only good while the sessionWebhook lives.
    """
    message_id, place = _text(body, "msgId"), _text(body, "conversationId")
    account = _text(body, "senderStaffId") or _outsider(_text(body, "senderId"))
    if not all(map(_ID.fullmatch, (message_id, account, place))) or is_over_quota(body):
        return None
    is_group = str(body.get("conversationType")) == "2"
    said = _said(body, is_group=is_group)
    if said is None:
        return None
    session_webhook = _text(body, "sessionWebhook")
    reply_to = ReplyTo(message_id=message_id, session_webhook=session_webhook)
    return IncomingMessage(
        channel=ChannelName.DINGTALK,
        message_id=message_id,
        conversation=Conversation(
            channel=ChannelName.DINGTALK, id=place if is_group else account, is_group=is_group
        ),
        sender=Sender(
            channel=ChannelName.DINGTALK,
            account=account,
            display_name=_text(body, "senderNick")[:64],
        ),
        kind=MessageKind.MEDIA if said.attachments else MessageKind.TEXT,
        text=said.text,
        quoted_text=said.quoted,
        attachments=said.attachments,
        sent_at=_moment(body.get("createAt")) or now,
        reply_to=reply_to.encode(),
        reply_until=_moment(body.get("sessionWebhookExpiredTime")) if session_webhook else None,
        is_mention=not is_group or body.get("isInAtList") is not False,
    )


def tap_of(body: Json, now: datetime, callback_id: str) -> IncomingMessage | None:
    """A button of a card; the command travels in the callback's parameters.

    ``callback_id`` is the same when DingTalk repeats a callback, and another for another tap.
    """
    account, track = _text(body, "userId"), _text(body, "outTrackId")
    content = object_of(body.get("content")) or {}
    private = object_of(content.get("cardPrivateData")) or {}
    parameters = object_of(private.get("params")) or {}
    command = _text(parameters, COMMAND)
    if not _ID.fullmatch(account) or not _ID.fullmatch(track) or not command.startswith("/"):
        return None
    is_group = _text(body, "spaceType").upper() == "IM_GROUP"
    place = _text(body, "spaceId").rpartition(".")[2] if is_group else account
    if not _ID.fullmatch(place):
        return None
    said = f"{callback_id}\n{account}\n{track}\n{command}"
    key = hashlib.sha256(said.encode(errors="replace")).hexdigest()[:32]
    return IncomingMessage(
        channel=ChannelName.DINGTALK,
        message_id=f"tap:{key}",
        conversation=Conversation(channel=ChannelName.DINGTALK, id=place, is_group=is_group),
        sender=Sender(channel=ChannelName.DINGTALK, account=account),
        kind=MessageKind.TAP,
        text=command,
        sent_at=now,
        reply_to=ReplyTo(message_id=f"tap:{key}", out_track_id=track).encode(),
    )


def _said(body: Json, *, is_group: bool) -> _Said | None:
    kind = _text(body, "msgtype")
    if kind == "text":
        text = object_of(body.get("text")) or {}
        words = _text(text, "content").strip()
        quoted = object_of(text.get("repliedMsg")) or {}
        return _Said(text=words, quoted=_quoted(quoted)) if words else None
    content = object_of(body.get("content")) or {}
    if kind == "richText":
        return _rich(content)
    if kind not in _MEDIA:
        return None
    found = _attachment(kind, content)
    if kind == "audio" and (heard := _text(content, "recognition").strip()):
        return _Said(text=heard)
    return None if found is None else _Said(attachments=(found,))


def _rich(content: Json) -> _Said | None:
    rows = content.get("richText")
    words: list[str] = []
    pictures: list[Attachment] = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping):
            continue
        words.append(_text(row, "text"))
        if _text(row, "type") == "picture" and (found := _attachment("picture", row)):
            pictures.append(found)
    text = "".join(words).strip()
    return _Said(text=text, attachments=tuple(pictures)) if text or pictures else None


def _attachment(kind: str, content: Json) -> Attachment | None:
    code = _text(content, "downloadCode") or _text(content, "pictureDownloadCode")
    if not code or len(code) > 4096:
        return None
    name, media_type = _MEDIA[kind]
    return Attachment(
        name=_text(content, "fileName")[:120] or name,
        media_type=media_type,
        source=DOWNLOAD_PREFIX + code,
    )


def _quoted(replied: Json) -> str:
    content = replied.get("content")
    found = object_of(content)
    if found is None:
        return content[:_LONGEST] if isinstance(content, str) else ""
    return "".join(_quoted_words(found))[:_LONGEST]


def _quoted_words(content: Json) -> Iterator[str]:
    yield _text(content, "text") or _text(content, "content")
    rows = content.get("richText")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping):
            yield _text(row, "text")


def _outsider(sender_id: str) -> str:
    return sender_id if sender_id.startswith(OUTSIDER_MARK) else ""


def _moment(value: object) -> datetime | None:
    if isinstance(value, str) and value.isdecimal() and len(value) <= 13:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return datetime.fromtimestamp(value / 1000, UTC) if _FIRST_MS < value < _LAST_MS else None


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    return value[:_LONGEST] if isinstance(value, str) else ""
