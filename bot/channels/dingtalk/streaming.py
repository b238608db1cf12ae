"""A growing answer in a card of the ``stream`` template: optional, and slow on purpose.

Every state is a call that the month's quota may count, so that there are few of them: one to open,
one every few seconds, one to end. What is cut off or does not fit is said in whole by the outbox.

Source:
    DingTalk, AI 卡片流式更新: full text for markdown variables, ``guid`` makes a repeat nothing;
    about 3 KB in all is the advice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from bot.channels.base import Target
from bot.channels.dingtalk import cards
from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.reply_to import OUTSIDER_MARK
from bot.channels.dingtalk.settings import AppSettings
from bot.errors import ChannelError

logger = logging.getLogger(__name__)

CONTENT = "content"
"""The template's variable that grows."""
LOOKING = "正在查找，请稍等…"
CONTINUED = "\n\n（完整的回答见下一条。）"
BROKEN_OFF = "\n\n（回答到这里中断了，请再问一次。）"
_LIMIT_BYTES = 3_000
_OFF = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Least seconds between two states, and how many there are at most before the last."""

    interval_s: float = 2.0
    most: int = 20


class CardStream:
    """The ``Streams`` capability, where a template is configured."""

    def __init__(
        self,
        settings: AppSettings,
        api: OpenApi,
        clock: Callable[[], datetime],
        pace: Pace | None = None,
    ) -> None:
        self._settings = settings
        self._api = api
        self._clock = clock
        self._pace = pace or Pace()
        self._key = settings.cards.name_of(CONTENT)
        self._off_until: datetime | None = None

    async def stream(self, texts: AsyncIterator[str], target: Target) -> bool:
        """Show full texts until they end; False when the last one has to be sent."""
        if not self._can_show(target):
            return False
        track = f"yaodian-{uuid4().hex}"
        try:
            if not await self._open(track, target):
                return False
            return await self._grow(track, texts)
        except ChannelError as error:
            logger.warning("no growing card: %s", error)
            self._off_until = self._clock() + _OFF
            return False

    def _can_show(self, target: Target) -> bool:
        is_off = self._off_until is not None and self._clock() < self._off_until
        is_inside = not any(one.startswith(OUTSIDER_MARK) for one in target.accounts)
        return not is_off and is_inside and bool(target.accounts)

    async def _open(self, track: str, target: Target) -> bool:
        is_group = target.conversation.is_group
        body = cards.created(
            self._settings,
            self._settings.cards.stream,
            {self._key: LOOKING},
            out_track_id=track,
            to=target.conversation.id if is_group else target.accounts[0],
            is_group=is_group,
            summary=LOOKING,
        )
        return cards.was_delivered(await self._api.new("POST", cards.CREATE, body))

    async def _grow(self, track: str, texts: AsyncIterator[str]) -> bool:
        growing = _Growing(texts)
        shown = ""
        try:
            for _ in range(self._pace.most):
                if await growing.ended(self._pace.interval_s):
                    break
                if growing.text not in ("", shown) and _fits(growing.text):
                    shown = growing.text
                    await self._update(track, shown)
            await growing.ended()
            await growing.check()
        except ChannelError:
            raise
        except Exception:
            await self._update(track, f"{growing.text}{BROKEN_OFF}", is_last=True)
            raise
        finally:
            await growing.stop()
        is_whole = bool(growing.text) and _fits(growing.text)
        last = growing.text if is_whole else f"{_cut(growing.text)}{CONTINUED}"
        await self._update(track, last, is_last=True)
        return is_whole

    async def _update(self, track: str, content: str, *, is_last: bool = False) -> None:
        body = {
            "outTrackId": track,
            "guid": uuid4().hex,
            "key": self._key,
            "content": content,
            "isFull": True,
            "isFinalize": is_last,
            "isError": False,
        }
        await self._api.new("PUT", cards.STREAM, body, is_repeatable=True)


class _Growing:
    """Reads as fast as the texts come; only the latest counts."""

    def __init__(self, texts: AsyncIterator[str]) -> None:
        self.text = ""
        self._texts = texts
        self._reading = asyncio.ensure_future(self._read())

    async def ended(self, within_s: float | None = None) -> bool:
        """Wait for the end, at most so long; whether it came."""
        done, _ = await asyncio.wait({self._reading}, timeout=within_s)
        return bool(done)

    async def check(self) -> None:
        """Raise what the reading raised."""
        await self._reading

    async def stop(self) -> None:
        self._reading.cancel()
        await asyncio.wait({self._reading})

    async def _read(self) -> None:
        async for text in self._texts:
            self.text = text


def _fits(text: str) -> bool:
    return len(text.encode()) <= _LIMIT_BYTES


def _cut(text: str) -> str:
    most = _LIMIT_BYTES - len(CONTINUED.encode())
    return text.encode()[:most].decode(errors="ignore")
