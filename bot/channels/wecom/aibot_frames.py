"""The AI bot's JSON, read without trusting its shape. Pure.

Source:
    WeCom, 智能机器人长连接 (path/101463): text frames ``{"cmd", "headers": {"req_id"}, "body"}``;
    every frame of ours is answered by one without ``cmd`` that repeats its ``req_id``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

JsonObject = Mapping[str, object]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates, which JSON may carry and no database takes."""
_DEEPEST = 24


class Command(StrEnum):
    """The long connection's ``cmd``, ours and the platform's."""

    SUBSCRIBE = "aibot_subscribe"
    PING = "ping"
    MESSAGE = "aibot_msg_callback"
    EVENT = "aibot_event_callback"
    RESPOND = "aibot_respond_msg"
    WELCOME = "aibot_respond_welcome_msg"
    UPDATE_CARD = "aibot_respond_update_msg"
    PUSH = "aibot_send_msg"
    UPLOAD_START = "aibot_upload_media_init"
    UPLOAD_CHUNK = "aibot_upload_media_chunk"
    UPLOAD_FINISH = "aibot_upload_media_finish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame; an acknowledgement has no ``command`` and an ``errcode``."""

    command: str = ""
    req_id: str = ""
    body: JsonObject = field(default_factory=dict)
    errcode: int = 0
    errmsg: str = ""


def read_object(raw: str | bytes) -> JsonObject | None:
    """A JSON object of moderate depth, or None for anything else whatsoever."""
    try:
        value = json.loads(raw, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _is_shallow(value) else None


def write_object(value: JsonObject) -> bytes:
    """Compact JSON, Chinese unescaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def read_frame(raw: str) -> Frame | None:
    """A frame, or None when ``raw`` is none."""
    value = read_object(raw)
    if value is None:
        return None
    errcode = value.get("errcode")
    return Frame(
        command=text_at(value, "cmd"),
        req_id=text_at(value, "headers", "req_id"),
        body=object_at(value, "body"),
        errcode=errcode if isinstance(errcode, int) else 0,
        errmsg=text_at(value, "errmsg"),
    )


def write_frame(command: Command, req_id: str, body: JsonObject | None = None) -> str:
    """A frame of ours; only a ping has no body."""
    frame: dict[str, object] = {"cmd": command.value, "headers": {"req_id": req_id}}
    if body is not None:
        frame["body"] = body
    return write_object(frame).decode()


def at(value: object, *path: str) -> object:
    """What stands at ``path``, or None as soon as a step is missing."""
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def text_at(value: object, *path: str) -> str:
    """The cleaned text at ``path``; a number becomes its digits, anything else is empty."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return _CONTROL.sub("", str(found) if isinstance(found, str) or abs(found) < 1 << 64 else "")


def number_at(value: object, *path: str) -> int | None:
    """The whole number at ``path``, also when it is written as text."""
    digits = text_at(value, *path)
    return int(digits) if re.fullmatch(r"[0-9]{1,18}", digits) else None


def object_at(value: object, *path: str) -> JsonObject:
    """The object at ``path``, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, Mapping) else {}


def items_at(value: object, *path: str) -> list[object]:
    """The list at ``path``, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def _is_shallow(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return not level
