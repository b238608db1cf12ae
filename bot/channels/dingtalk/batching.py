"""The same words to several people in one call, which is what saves the monthly quota."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.errors import ChannelError, ChannelUnavailable, OutcomeUnknown

_GATHER_S = 0.05
_T = TypeVar("_T")


class _Batch(Generic[_T]):
    """Who waits for one call; whoever opened it makes it."""

    def __init__(self) -> None:
        self.accounts: list[str] = []
        self.is_full = asyncio.Event()
        self.done: asyncio.Future[_T | ChannelError] = asyncio.get_running_loop().create_future()


class Batching(Generic[_T]):
    """Gathers sends of the same content for a moment.

    Args:
        call: Sends a content to accounts.
        most: How many accounts one call takes.
        gather_s: How long the first waits for others.
    """

    def __init__(
        self,
        call: Callable[[str, tuple[str, ...]], Awaitable[_T]],
        most: int,
        gather_s: float = _GATHER_S,
    ) -> None:
        self._call = call
        self._most = most
        self._gather_s = gather_s
        self._open: dict[str, _Batch[_T]] = {}

    async def send(self, content: str, accounts: tuple[str, ...]) -> _T:
        """The answer of the call that ``accounts`` were part of; at most ``most`` of them.

        Raises:
            ChannelError: As the call did, for everybody in it.
        """
        batch = self._open.get(content)
        if batch is None or not self._has_room(batch, accounts):
            batch = self._open[content] = _Batch()
            batch.accounts.extend(accounts)
            return await self._lead(content, batch)
        batch.accounts.extend(accounts)
        if len(batch.accounts) >= self._most:
            batch.is_full.set()
        outcome = await asyncio.shield(batch.done)
        if isinstance(outcome, ChannelError):
            raise outcome
        return outcome

    def _has_room(self, batch: _Batch[_T], accounts: tuple[str, ...]) -> bool:
        is_new = not set(batch.accounts) & set(accounts)
        return is_new and len(batch.accounts) + len(accounts) <= self._most

    async def _lead(self, content: str, batch: _Batch[_T]) -> _T:
        """Wait for others, then call; they learn what became of it even if we are cancelled."""
        outcome: _T | ChannelError = ChannelUnavailable("the sender stopped before sending")
        try:
            if len(batch.accounts) < self._most:
                await self._gather(batch)
            self._close(content, batch)
            outcome = OutcomeUnknown("the sender stopped while sending")
            outcome = await self._call(content, tuple(batch.accounts))
        except ChannelError as error:
            outcome = error
            raise
        finally:
            self._close(content, batch)
            batch.done.set_result(outcome)
        return outcome

    async def _gather(self, batch: _Batch[_T]) -> None:
        try:
            async with asyncio.timeout(self._gather_s):
                await batch.is_full.wait()
        except TimeoutError:
            return

    def _close(self, content: str, batch: _Batch[_T]) -> None:
        if self._open.get(content) is batch:
            del self._open[content]
