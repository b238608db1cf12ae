"""A growing answer on the long connection: first frame at once, then one every few seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from bot.channels.text import split_numbered
from bot.channels.wecom.aibot_frames import Command, Frame
from bot.channels.wecom.aibot_handle import Handle, feedback_on_message, stream_id
from bot.channels.wecom.aibot_outbound import LIMIT_BYTES, stream_body
from bot.errors import ChannelUnavailable, OutcomeUnknown

logger = logging.getLogger(__name__)

LOOKING = "正在查找，请稍等…"
LATER = "\n\n（还没整理完，完整的回答稍后另发一条。）"
_BROKEN_OFF = "\n\n（回答到这里中断了，请再问一次。）"

Request = Callable[[Command, str, dict[str, object]], Awaitable[Frame]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When a streamed answer is shown."""

    patience_s: float = 0.5
    """How long the first words may take before a placeholder is shown."""
    interval_s: float = 2.5
    """Least time between two states, since each counts as a message."""
    longest_s: float = 330
    """From the first frame to the end; the platform closes a stream after 360."""


class Growing:
    """The latest full text of an answer that is still being written."""

    def __init__(self, texts: AsyncIterator[str]) -> None:
        self.text = ""
        self._texts = texts
        self._changed = asyncio.Event()
        self._pump = asyncio.ensure_future(self._read())

    @property
    def is_done(self) -> bool:
        return self._pump.done()

    async def changed(self, within_s: float) -> None:
        """Wait for another text or the end, at most ``within_s``."""
        try:
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        except TimeoutError:
            return
        if not self.is_done:
            self._changed.clear()

    async def ended(self, within_s: float | None = None) -> bool:
        """Wait for the end; raises what the writer raised."""
        done, _ = await asyncio.wait([self._pump], timeout=within_s)
        if done:
            await self._pump
        return bool(done)

    async def close(self) -> None:
        """Stop reading; what the writer raised was met in :meth:`ended` or no longer matters."""
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for text in self._texts:
                self.text = text
                self._changed.set()
        finally:
            self._changed.set()


class LiveStream:
    """Shows one answer; every frame carries its full text under the same stream id."""

    def __init__(
        self, request: Request, handle: Handle, pace: Pace, may_update: Callable[[], bool]
    ) -> None:
        self.rest: list[str] = []
        """What did not fit into the stream, to be sent after it."""
        self.is_closed = False
        """Finished or refused: the platform takes no other state of it."""
        self._request = request
        self._handle = handle
        self._pace = pace
        self._may_update = may_update
        self._shown = ""
        self._is_open = False

    async def show(self, growing: Growing) -> bool:
        """Show until the end; False when the platform gave up or the time was over."""
        clock = asyncio.get_running_loop().time
        ends_at = clock() + self._pace.longest_s
        await growing.changed(self._pace.patience_s)
        while not growing.is_done:
            if not await self._update(growing.text or LOOKING):
                return False
            if await growing.ended(min(self._pace.interval_s, max(0, ends_at - clock()))):
                break
            if clock() >= ends_at:
                await self._finish(growing.text + LATER)
                return False
        try:
            await growing.ended()
        except Exception:
            await self._finish(growing.text + _BROKEN_OFF)
            raise
        first, *self.rest = split_numbered(growing.text, LIMIT_BYTES) or [""]
        return await self._finish(first)

    async def _update(self, text: str) -> bool:
        """Show a middle state unless nothing is new or the budget is short; False if closed."""
        content = split_numbered(text, LIMIT_BYTES)[0]
        if content == self._shown or (self._is_open and not self._may_update()):
            return True
        try:
            return await self._send(content, is_last=False)
        except (ChannelUnavailable, OutcomeUnknown) as error:
            logger.info("a middle state of an answer was not shown: %s", error)
            return True

    async def _finish(self, text: str) -> bool:
        """Close the stream; tried twice, for the same state sent again changes nothing."""
        content = (split_numbered(text, LIMIT_BYTES) or [""])[0]
        for _ in range(2):
            try:
                return await self._send(content, is_last=True)
            except OutcomeUnknown as error:
                logger.info("the end of an answer may not have been shown: %s", error)
            except ChannelUnavailable:
                return False
        return False

    async def _send(self, content: str, *, is_last: bool) -> bool:
        message_id = self._handle.message_id
        feedback_id = "" if self._is_open else feedback_on_message(message_id)
        body = stream_body(stream_id(message_id), content, is_last=is_last, feedback_id=feedback_id)
        answer = await self._request(Command.RESPOND, self._handle.req_id, body)
        if answer.errcode:
            logger.info("a streamed answer was refused, errcode %d", answer.errcode)
            self.is_closed = True
            return False
        self._is_open, self._shown, self.is_closed = True, content, is_last
        return True
