"""Answers that the platform fetches by polling, in callback mode.

Source:
    WeCom, 智能机器人 被动回复 (path/101031): after a first answer with ``finish`` false the
    platform asks again and again, at most 6 minutes from the message, until ``finish`` is true.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from datetime import datetime, timedelta

from bot.channels.wecom.aibot_handle import feedback_on_message, stream_id
from bot.channels.wecom.aibot_outbound import Part, stream_and_card_body, stream_body
from bot.channels.wecom.aibot_stream import LATER, LOOKING

_OVER_AFTER = timedelta(seconds=330)
_FORGOTTEN_AFTER = timedelta(minutes=10)
_ELSEWHERE = "答复已另发一条消息。"


class Answering:
    """One message's answer as the platform sees it grow."""

    def __init__(self, message_id: str, opened_at: datetime) -> None:
        self.text = ""
        self.opened_at = opened_at
        self.is_over = False
        """Ended without the whole answer; what comes now goes another way."""
        self._message_id = message_id
        self._end: Part | None = None
        self._task = ""
        self._fetched = asyncio.Event()

    @property
    def has_end(self) -> bool:
        return self._end is not None

    def first(self) -> dict[str, object]:
        """The immediate answer to the message; only here a feedback id is taken."""
        feedback_id = feedback_on_message(self._message_id)
        return stream_body(
            stream_id(self._message_id), self._shown(), is_last=False, feedback_id=feedback_id
        )

    def next(self, now: datetime) -> dict[str, object]:
        """The answer to a poll: always everything so far, whatever order polls come in."""
        stream = stream_id(self._message_id)
        if self._end is not None:
            self._fetched.set()
            end = stream_body(stream, self._end.text, is_last=True, images=self._end.images)
            return stream_and_card_body(end, self._end.card, self._task) if self._end.card else end
        if not self.is_over and now - self.opened_at < _OVER_AFTER:
            return stream_body(stream, self._shown(), is_last=False)
        self.is_over = True
        return stream_body(stream, (self.text or "") + LATER, is_last=True)

    def offer(self, part: Part, task: str) -> None:
        """Let the next poll fetch this end, unless there is one."""
        if self._end is None:
            self._end, self._task = part, task

    async def finish(self, part: Part, task: str, within_s: float) -> bool:
        """Offer the end; whether the platform fetched it in time. If not, it is taken back."""
        if self.is_over:
            return False
        self.offer(part, task)
        if self._end is None or self._end.text != part.text:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._fetched.wait()
        if not self._fetched.is_set():
            self._end, self.is_over = Part(text=_ELSEWHERE), True
        return self._fetched.is_set()

    def _shown(self) -> str:
        return self.text or LOOKING


class Polls:
    """Every answer that may still be polled for."""

    def __init__(self) -> None:
        self._answering: OrderedDict[str, Answering] = OrderedDict()

    def open(self, message_id: str, now: datetime) -> Answering:
        """The message's answer, begun now unless it was before."""
        while self._answering:
            oldest = next(iter(self._answering.values()))
            if now - oldest.opened_at < _FORGOTTEN_AFTER:
                break
            self._answering.popitem(last=False)
        return self._answering.setdefault(message_id, Answering(message_id, now))
