"""One way to the model for every use: budget, breaker, concurrency, time, length, accounts."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date

from knowledge.prompts import Prompt
from knowledge.writer_limits import (
    Asker,
    Breaker,
    Counters,
    Limits,
    ModelTrouble,
    Trouble,
    Usage,
    UsageLedger,
)
from knowledge.writer_model import Model, Piece

logger = logging.getLogger(__name__)

_COMPLETE = "stop"
_TOO_LONG = "length"
_FILTERED = "content_filter"


@dataclass(slots=True, kw_only=True)
class Calls:
    """Built once; every use of the model shares it."""

    model: Model
    ledger: UsageLedger
    today: Callable[[], date]
    limits: Limits = field(default_factory=Limits)
    logs_words: bool = False
    """Only when an admin says so: what is sent goes to the log."""
    monotonic: Callable[[], float] = time.monotonic
    counters: Counters = field(default_factory=Counters)
    breaker: Breaker = field(init=False)
    _slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.monotonic)
        self._slots = asyncio.Semaphore(self.limits.at_once)

    async def words(self, prompt: Prompt, asker: Asker) -> AsyncGenerator[str, None]:
        """The text so far, growing, to its proper end.

        Raises:
            ModelTrouble: It did not come to one; what was seen before must not be relied on.
        """
        if self._slots.locked():
            raise ModelTrouble(Trouble.BUSY)
        async with self._slots:
            if not self.breaker.let_through():
                raise ModelTrouble(Trouble.RESTING)
            try:
                async with aclosing(self._paid(prompt, asker)) as texts:
                    async for text in texts:
                        yield text
            except ModelTrouble as error:
                self.breaker.failed(error)
                raise
            except BaseException:
                self.breaker.gave_up()
                raise
            self.breaker.succeeded()

    async def _paid(self, prompt: Prompt, asker: Asker) -> AsyncGenerator[str, None]:
        day, reserved = self.today(), prompt.chars + self.limits.answer_tokens
        if not await self.ledger.reserve(asker, day, reserved, self.limits):
            raise ModelTrouble(Trouble.BUDGET)
        self._log(prompt)
        bill = _Bill(prompt.chars)
        try:
            async with aclosing(self._timed(prompt, bill)) as texts:
                async for text in texts:
                    yield text
        finally:
            usage = bill.usage()
            self.counters.prompt_tokens += usage.prompt_tokens
            self.counters.completion_tokens += usage.completion_tokens
            await self.ledger.settle(asker, day, reserved, usage)

    async def _timed(self, prompt: Prompt, bill: _Bill) -> AsyncGenerator[str, None]:
        deadline = self.monotonic() + self.limits.call_s
        text, finish = "", None
        async with aclosing(self.model.stream(prompt, self.limits)) as pieces:
            while (piece := await self._next(pieces, deadline)) is not None:
                bill.add(piece)
                finish = piece.finish or finish
                if not piece.text:
                    continue
                text += piece.text
                if len(text) > self.limits.answer_chars:
                    raise ModelTrouble(Trouble.ENDLESS)
                yield text
        if finish == _FILTERED:
            raise ModelTrouble(Trouble.REFUSED)
        if finish == _TOO_LONG:
            raise ModelTrouble(Trouble.ENDLESS)
        if finish != _COMPLETE:
            raise ModelTrouble(Trouble.CUT)
        if not text.strip():
            raise ModelTrouble(Trouble.EMPTY)

    async def _next(self, pieces: AsyncGenerator[Piece, None], deadline: float) -> Piece | None:
        left = min(self.limits.silence_s, deadline - self.monotonic())
        try:
            async with asyncio.timeout(max(left, 0)):
                return await anext(pieces, None)
        except TimeoutError as error:
            raise ModelTrouble(Trouble.TIMEOUT) from error

    def _log(self, prompt: Prompt) -> None:
        digest = hashlib.sha256(prompt.words.encode()).hexdigest()[:12]
        logger.info("asking %s: %d chars, sha256 %s", self.model.name, prompt.chars, digest)
        if self.logs_words:
            logger.info("words sent: %s", prompt.words)


class _Bill:
    """What a call used: as counted by the provider, else a token per character."""

    def __init__(self, prompt_chars: int) -> None:
        self._prompt_chars = prompt_chars
        self._chars = 0
        self._counted: Usage | None = None

    def add(self, piece: Piece) -> None:
        self._chars += len(piece.text)
        self._counted = piece.usage or self._counted

    def usage(self) -> Usage:
        return self._counted or Usage(
            prompt_tokens=self._prompt_chars, completion_tokens=self._chars
        )
