"""What the AI bot has to be told, what it asks of the app, and what both modes share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from bot.channels.wecom.aibot_media import MEDIA_HOSTS
from bot.channels.wecom.settings import API_BASE
from bot.messages import Reply

WS_URL = "wss://openws.work.weixin.qq.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class AiBotSettings:
    """``[wecom.aibot]``: ``bot_id`` and ``secret`` for WebSocket, ``token`` and ``aes_key`` else.

    ``bot_name`` is how people mention it in a group; without it the first mention is taken for it.
    """

    bot_id: str = ""
    secret: str = field(default="", repr=False)
    ws_url: str = WS_URL
    token: str = field(default="", repr=False)
    aes_key: str = field(default="", repr=False)
    api_base: str = API_BASE
    bot_name: str = ""
    media_hosts: tuple[str, ...] = MEDIA_HOSTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a message was answered, and the ``reply_to`` it was answered by."""

    reply: Reply
    reply_to: str | None = None


class Answers(Protocol):
    """The store's memory of what a message was answered, for what outlives this process."""

    async def to(self, message_id: str) -> Answered | None:
        """The final answer to that message of this channel; None while there is none."""
        ...


class NoAnswers:
    """Remembers nothing: a restart forgets which answer feedback is about."""

    async def to(self, message_id: str) -> Answered | None:
        return None
