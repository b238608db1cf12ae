"""The way back to a message, to the stream that answers it and from feedback on that. Pure."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.channels.wecom.aibot_frames import number_at, read_object, text_at, write_object

STREAM_LIFE = timedelta(minutes=6)
"""A streamed answer must be finished this long after the message."""


class Way(StrEnum):
    """Which kind of answer the platform waits for."""

    MESSAGE = "message"
    WELCOME = "welcome"
    CARD = "card"
    FEEDBACK = "feedback"
    """Nothing is waited for; what the rated answer has left may be used for a word of thanks."""


WINDOW = {
    Way.MESSAGE: timedelta(hours=24),
    Way.WELCOME: timedelta(seconds=5),
    Way.CARD: timedelta(seconds=5),
    Way.FEEDBACK: timedelta(hours=1),
}
"""How long each way stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """The content of ``reply_to``: a ``req_id`` in one mode, a ``response_url`` in the other."""

    way: Way
    message_id: str
    account: str
    received_at: datetime
    req_id: str = ""
    task_id: str = ""
    response_url: str = ""

    def is_open(self, now: datetime) -> bool:
        return now < self.received_at + WINDOW[self.way]

    def can_stream(self, now: datetime) -> bool:
        return self.way is Way.MESSAGE and now < self.received_at + STREAM_LIFE


def write_handle(handle: Handle) -> str:
    """The opaque text of ``reply_to``."""
    return write_object(
        {
            "way": handle.way.value,
            "message_id": handle.message_id,
            "account": handle.account,
            "received_at": int(handle.received_at.timestamp()),
            "req_id": handle.req_id,
            "task_id": handle.task_id,
            "response_url": handle.response_url,
        }
    ).decode()


def read_handle(reply_to: str | None) -> Handle | None:
    """The handle that :func:`write_handle` wrote; None for a delivery that answers nothing."""
    stored = read_object(reply_to or "")
    received_at = number_at(stored, "received_at")
    way = text_at(stored, "way")
    if received_at is None or way not in set(Way):
        return None
    return Handle(
        way=Way(way),
        message_id=text_at(stored, "message_id"),
        account=text_at(stored, "account"),
        received_at=datetime.fromtimestamp(received_at, UTC),
        req_id=text_at(stored, "req_id"),
        task_id=text_at(stored, "task_id"),
        response_url=text_at(stored, "response_url"),
    )


def stream_id(message_id: str) -> str:
    """The id of a message's own stream, from which :func:`streamed_message` reads it back."""
    return urlsafe_b64encode(message_id.encode()).decode().rstrip("=")


def streamed_message(stream: str) -> str | None:
    """The message a stream answers; None for an id that is not ours."""
    try:
        message_id = urlsafe_b64decode(stream + "=" * (-len(stream) % 4)).decode()
    except ValueError:
        return None
    return message_id if stream_id(message_id) == stream else None


def other_stream_id(*seed: str) -> str:
    """An id for a further answer to the same message; equal for a repeat of the same send."""
    return hashlib.sha256("\0".join(seed).encode()).hexdigest()[:40]


def feedback_on_message(message_id: str) -> str:
    """The feedback id of an answer that is shown before its own id is known."""
    return f"message:{message_id}"


def thanks_handle(feedback_id: str, answered_by: str | None, now: datetime) -> Handle:
    """The way to a word about feedback: the one later message of the answer it is about."""
    handle = read_handle(answered_by) or Handle(
        way=Way.FEEDBACK, message_id=feedback_id, account="", received_at=now
    )
    return replace(handle, way=Way.FEEDBACK)


def feedback_message(feedback_id: str) -> str | None:
    """The message that :func:`feedback_on_message` was given; None for another kind of id."""
    kind, _, message_id = feedback_id.partition(":")
    return message_id if kind == "message" and message_id else None
