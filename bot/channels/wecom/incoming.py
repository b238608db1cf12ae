"""Decrypted messages and events of the app, turned into what handlers understand.

Source:
    WeCom, 接收消息 (path/90239, 90240). Messages carry a MsgId; events carry none, and sender +
    CreateTime would lose distinct events of one second, so their key is a digest of the event.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.channels.wecom.envelope import Element
from bot.messages import (
    Attachment,
    ChannelName,
    Conversation,
    IncomingMessage,
    MessageKind,
    Sender,
)

CARD_WINDOW = timedelta(hours=72)
"""How long a response_code may update the card whose button was tapped."""
MEDIA_PREFIX = "media_id:"

_MEDIA = {
    "image": ("图片.jpg", "image/jpeg"),
    "voice": ("语音.amr", "audio/amr"),
    "video": ("视频.mp4", "video/mp4"),
    "file": ("文件", "application/octet-stream"),
}
_TAPS = frozenset({"click", "template_card_event", "template_card_menu_event"})
_ENTRIES = frozenset({"subscribe", "enter_agent"})
_MEDIA_ID = re.compile(r"[\w@.:=-]{1,512}", re.ASCII)
_SEPARATOR = "\x1f"
"""Control characters were taken out of what is joined."""
_KIND = re.compile(r"[a-z0-9_.]{1,48}")
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,11}")
_ACCOUNT = re.compile(r"[^\x00-\x1f|]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """What a reply needs to know of the message it answers; travels as an opaque string."""

    message_id: str
    task_id: str = ""
    response_code: str = ""

    def encode(self) -> str:
        return _SEPARATOR.join((self.message_id, self.task_id, self.response_code))

    @classmethod
    def decode(cls, text: str | None) -> ReplyTo | None:
        if text is None:
            return None
        message_id, task_id, response_code = text.split(_SEPARATOR)
        return cls(message_id=message_id, task_id=task_id, response_code=response_code)


def kind_of(message: Element) -> str:
    """What to count it under: the message type, or ``event.`` and the event's name."""
    kind = message.value("MsgType").lower()
    name = f"event.{message.value('Event').lower()}" if kind == "event" else kind
    return name if _KIND.fullmatch(name) else "unknown"


def to_incoming(message: Element, plain: bytes, agent_id: int) -> IncomingMessage | None:
    """The message, or None when it asks nothing of us.

    Args:
        message: The decrypted message as read.
        plain: Its bytes, from which an event takes its key.
        agent_id: The app it was sent to; part of a message's key.
    """
    account = message.value("FromUserName")
    created = message.value("CreateTime")
    if not _ACCOUNT.fullmatch(account) or not _SECONDS.fullmatch(created):
        return None
    said = _said(message)
    if said is None:
        return None
    number = message.value("MsgId")
    if message.value("MsgType").lower() == "event" or not number:
        message_id = f"event:{hashlib.sha256(plain).hexdigest()}"
    else:
        message_id = f"{agent_id}:{account}:{number[:64]}"
    sent_at = datetime.fromtimestamp(int(created), UTC)
    code = message.value("ResponseCode")
    reply_to = ReplyTo(message_id=message_id, task_id=message.value("TaskId"), response_code=code)
    return IncomingMessage(
        channel=ChannelName.WECOM_APP,
        message_id=message_id,
        conversation=Conversation(channel=ChannelName.WECOM_APP, id=account),
        sender=Sender(channel=ChannelName.WECOM_APP, account=account),
        kind=said.kind,
        text=said.text,
        attachments=said.attachments,
        sent_at=sent_at,
        number=_running_number(number),
        reply_to=reply_to.encode(),
        reply_until=sent_at + CARD_WINDOW if code else None,
    )


def _running_number(number: str) -> int:
    """MsgId is a 64-bit integer that grows; 0 for what is not one."""
    found = int(number) if _NUMBER.fullmatch(number) else 0
    return found if found < 1 << 63 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    attachments: tuple[Attachment, ...] = ()


def _said(message: Element) -> _Said | None:
    kind = message.value("MsgType").lower()
    if kind == "text":
        return _Said(text=message.value("Content"))
    if kind in _MEDIA:
        return _media(kind, message)
    if kind == "location":
        place = f"{message.value('Location_X')},{message.value('Location_Y')}"
        return _Said(text=f"我的位置：{message.value('Label')}（{place}）")
    if kind == "link":
        parts = (message.value(name) for name in ("Title", "Description", "Url"))
        return _Said(text="\n".join(part for part in parts if part))
    return _event(message) if kind == "event" else None


def _media(kind: str, message: Element) -> _Said | None:
    media_id = message.value("MediaId")
    if not _MEDIA_ID.fullmatch(media_id):
        return None
    name, media_type = _MEDIA[kind]
    attachment = Attachment(
        name=message.value("FileName")[:120] or name,
        media_type=media_type,
        source=MEDIA_PREFIX + media_id,
    )
    return _Said(kind=MessageKind.MEDIA, attachments=(attachment,))


def _event(message: Element) -> _Said | None:
    event = message.value("Event").lower()
    if event in _ENTRIES:
        return _Said(kind=MessageKind.ENTER)
    if event not in _TAPS or not message.value("EventKey"):
        return None
    chosen = message.each("SelectedItems", "SelectedItem", "OptionIds", "OptionId")
    words = [message.value("EventKey"), *(option.text for option in chosen)]
    return _Said(kind=MessageKind.TAP, text=" ".join(words))
