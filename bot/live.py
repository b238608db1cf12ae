"""Showing an answer while it grows, on channels that can: 正在查找 first when it takes long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

from bot.channels.base import Streams, Target
from bot.channels.text import reply_text
from bot.messages import Reply

logger = logging.getLogger(__name__)

SEARCHING = "正在查找…"
SEE_NEXT = "查到了，请看下一条消息。"
DONE = "已处理。"


class Live:
    """One growing message; exists only between the start of a handler and the end of its reply."""

    def __init__(self, channel: Streams, target: Target) -> None:
        self._channel = channel
        self._target = target
        self._ending: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._showing: asyncio.Task[bool] | None = None
        self.last_text = ""
        """What the reader saw last."""

    def start(self, group: asyncio.TaskGroup, *, says: str = "") -> None:
        """Open the message; with ``says`` it shows that until the reply is there."""
        self._showing = group.create_task(self._show(says))

    @property
    def is_started(self) -> bool:
        return self._showing is not None

    def finish(self, reply: Reply | None) -> None:
        """Show how it ends: the reply where it is nothing but text, else a word to look further."""
        if not self._ending.done():
            self._ending.set_result(reply)

    async def shown(self) -> bool:
        """Whether the reader has all of the reply, so that nothing more need be sent."""
        return self._showing is not None and await self._showing

    async def _show(self, says: str) -> bool:
        try:
            is_shown = await self._channel.stream(self._texts(says), self._target)
        except Exception:
            logger.exception("showing a growing answer failed")
            return False
        reply = await self._ending
        return is_shown and reply is not None and can_stream(reply)

    async def _texts(self, says: str) -> AsyncIterator[str]:
        if says:
            yield says
        reply = await self._ending
        if reply is None or not can_stream(reply):
            yield DONE if reply is None else SEE_NEXT
            return
        if reply.stream is not None:
            async for text in reply.stream:
                self.last_text = text
                yield text
        whole = reply_text(replace(reply, text=reply.text or self.last_text))
        if whole and whole != self.last_text:
            yield whole


def can_stream(reply: Reply) -> bool:
    """Cards, files and private words are messages of their own."""
    return not (reply.card or reply.attachments or reply.is_private)
