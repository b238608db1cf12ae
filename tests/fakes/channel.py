"""A platform that does what it is told: takes, refuses, is away, or loses its answer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.channels.base import Guarantee, ReadBlob, Sent, Target
from bot.errors import ChannelRefused, ChannelUnavailable, OutcomeUnknown
from bot.messages import ChannelName, Reply

NEXT_PART = "\f"
"""Cuts a reply's text into parts."""


class Outcome(StrEnum):
    TAKEN = "taken"
    AWAY = "away"
    REFUSED = "refused"
    ANSWER_LOST = "answer lost"
    REQUEST_LOST = "request lost"
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"


class Crash(BaseException):
    """The process ends here; nothing of ours may catch it."""


@dataclass
class FakeChannel:
    """``arrived`` is what people see, by conversation, in the order they see it."""

    name: ChannelName = ChannelName.WEB
    guarantee: Guarantee = Guarantee.AT_LEAST_ONCE
    dedupe_window_s: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)
    """What happens to the next sends; afterwards all are taken."""
    retry_after_s: float | None = None
    refused: dict[str, str] = field(default_factory=dict)
    full: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    names: list[str] = field(default_factory=list)
    may_answer: asyncio.Event | None = None
    """When given, what has arrived is answered only after it is set."""
    _seen: set[tuple[str, bytes]] = field(default_factory=set)

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        text = reply.text or (reply.card.title if reply.card else "")
        return [part.encode() for part in text.split(NEXT_PART)]

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        await asyncio.sleep(0)
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome.TAKEN
        if outcome is Outcome.CRASH_BEFORE:
            raise Crash
        if outcome is Outcome.AWAY:
            raise ChannelUnavailable("away", retry_after_s=self.retry_after_s)
        if outcome is Outcome.REFUSED:
            raise ChannelRefused("refused", reply="对方已离职。")
        if outcome is Outcome.REQUEST_LOST:
            raise OutcomeUnknown("no answer")
        self._arrive(part, target, delivery_id)
        if self.may_answer is not None:
            await self.may_answer.wait()
        if outcome is Outcome.CRASH_AFTER:
            raise Crash
        if outcome is Outcome.ANSWER_LOST:
            raise OutcomeUnknown("no answer")
        return Sent(provider_id=f"p-{delivery_id}", refused=self.refused)

    def _arrive(self, part: bytes, target: Target, delivery_id: str) -> None:
        self.names.append(delivery_id)
        if self.guarantee is Guarantee.ONCE and (delivery_id, part) in self._seen:
            return
        self._seen.add((delivery_id, part))
        self.arrived[target.conversation.id].append(part.decode())

    def wait_s(self, target: Target, now: datetime) -> float:
        return self.full.get(target.conversation.id, 0.0)


@dataclass
class FakeStreamingChannel(FakeChannel):
    """``shown`` is every state of every growing message, in order."""

    gives_up: bool = False
    shown: list[str] = field(default_factory=list)

    async def stream(self, texts: AsyncIterator[str], target: Target) -> bool:
        async for text in texts:
            self.shown.append(text)
        return not self.gives_up
