"""The AI bot on its long connection, with the simulated platform at the other end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.channels.base import Target
from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_settings import AiBotSettings, Answered
from bot.channels.wecom.aibot_socket import Timings
from bot.channels.wecom.aibot_stream import Pace
from bot.messages import (
    ChannelName,
    Conversation,
    IncomingMessage,
    Reply,
)
from tests.fakes.aibot_server import BOT_ID, SECRET, FakeAiBotServer

QUICK = Timings(
    connect_s=2,
    heartbeat_s=2,
    ack_s=0.8,
    back_off_s=0.02,
    longest_back_off_s=0.05,
    refused_back_off_s=0.01,
    lease_s=0.15,
)


@dataclass
class Inbox:
    """A store that keeps what it is given once, and may fail first."""

    messages: list[IncomingMessage] = field(default_factory=list)
    failures: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, message: IncomingMessage) -> bool:
        self.asked.set()
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        if any(known.message_id == message.message_id for known in self.messages):
            return False
        async with self.changed:
            self.messages.append(message)
            self.changed.notify_all()
        return True

    async def has(self, count: int) -> list[IncomingMessage]:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: len(self.messages) >= count)
        return self.messages


@dataclass
class SharedLease:
    """One right among replicas, as the store would keep it."""

    holder: str = ""

    def of(self, owner: str) -> Replica:
        return Replica(self, owner)


@dataclass
class Replica:
    shared: SharedLease
    owner: str

    async def acquire(self, name: str, ttl_s: float) -> bool:
        self.shared.holder = self.shared.holder or self.owner
        return self.shared.holder == self.owner

    async def renew(self, name: str, ttl_s: float) -> bool:
        return self.shared.holder == self.owner

    async def release(self, name: str) -> None:
        if self.shared.holder == self.owner:
            self.shared.holder = ""


@dataclass
class Remembered:
    replies: dict[str, Reply] = field(default_factory=dict)
    ways: dict[str, str | None] = field(default_factory=dict)

    async def to(self, message_id: str) -> Answered | None:
        reply = self.replies.get(message_id)
        return Answered(reply=reply, reply_to=self.ways.get(message_id)) if reply else None


def make(
    server: FakeAiBotServer,
    inbox: Inbox,
    lease: Replica | None = None,
    *,
    secret: str = SECRET,
    timings: Timings = QUICK,
    pace: Pace | None = None,
    answers: Remembered | None = None,
    clock: Callable[[], datetime] | None = None,
) -> AiBotChannel:
    return AiBotChannel(
        AiBotSettings(bot_id=BOT_ID, secret=secret, ws_url=server.url),
        inbox.accept,
        lease or SharedLease().of("a"),
        answers=answers,
        timings=timings,
        pace=pace or Pace(patience_s=0.05, interval_s=0.05, longest_s=5),
        clock=clock or (lambda: datetime.now(UTC)),
    )


def target_of(message_: IncomingMessage) -> Target:
    return Target(
        conversation=message_.conversation,
        reply_to=message_.reply_to,
        reply_until=message_.reply_until,
    )


async def no_blob(_: str) -> bytes:
    raise AssertionError("no attachment here")


async def deliver(
    bot: AiBotChannel, reply: Reply, target: Target, delivery: str = "d1"
) -> list[object]:
    return [
        await bot.send(part, target, delivery) for part in await bot.render(reply, target, no_blob)
    ]


def place(account: str, *, is_group: bool = False) -> Target:
    return Target(
        conversation=Conversation(channel=ChannelName.WECOM_AIBOT, id=account, is_group=is_group)
    )
