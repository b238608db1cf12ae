"""The app or the webhooks, for real, against the fake platform, over sockets on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.base import Target
from bot.channels.seen import MemorySeen
from bot.channels.wecom.app import AppDependencies, WeComApp
from bot.channels.wecom.settings import AppSettings
from bot.messages import ChannelName, Conversation, IncomingMessage
from tests.fakes.wecom import FakeWeCom
from tests.fakes.wecom_callbacks import AES_KEY, TOKEN


@dataclass(slots=True)
class Clock:
    """Time that moves only when told to."""

    now: datetime = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(slots=True)
class Inbox:
    """Stores messages once, as the real one does."""

    messages: dict[str, IncomingMessage] = field(default_factory=dict)
    offered: int = 0

    async def accept(self, message: IncomingMessage) -> bool:
        self.offered += 1
        is_new = message.message_id not in self.messages
        self.messages.setdefault(message.message_id, message)
        return is_new

    @property
    def only(self) -> IncomingMessage:
        (message,) = self.messages.values()
        return message


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    fake: FakeWeCom
    app: WeComApp
    clock: Clock
    inbox: Inbox
    blobs: dict[str, bytes]
    session: aiohttp.ClientSession
    address: str
    """Of the callback."""

    async def read_blob(self, blob: str) -> bytes:
        return self.blobs[blob]


def to(*accounts: str, reply_to: str | None = None) -> Target:
    conversation = Conversation(channel=ChannelName.WECOM_APP, id=accounts[0])
    return Target(conversation=conversation, accounts=accounts, reply_to=reply_to)


@asynccontextmanager
async def stage(*, has_callback: bool = True, secret: str = "") -> AsyncIterator[Stage]:
    clock, inbox = Clock(), Inbox()
    blobs: dict[str, bytes] = {}

    async def read_blob(blob: str) -> bytes:
        return blobs[blob]

    async with AsyncExitStack() as stack:
        fake = FakeWeCom(clock=clock, has_callback=has_callback)
        platform = await stack.enter_async_context(TestServer(fake.app()))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        settings = AppSettings(
            corp_id=fake.corp_id,
            agent_id=fake.agent_id,
            secret=secret or fake.secret,
            token=TOKEN if has_callback else "",
            aes_key=AES_KEY if has_callback else "",
            api_base=str(platform.make_url("")),
        )
        app = WeComApp(
            settings,
            AppDependencies(
                session=session,
                accept=inbox.accept,
                seen=MemorySeen(clock),
                read_blob=read_blob,
                clock=clock,
            ),
        )
        server = web.Application()
        app.add_routes(server)
        ours = await stack.enter_async_context(TestServer(server))
        await app.start()
        yield Stage(
            fake=fake,
            app=app,
            clock=clock,
            inbox=inbox,
            blobs=blobs,
            session=session,
            address=str(ours.make_url("/wecom/app")),
        )
        fake.released.set()
        await app.stop()
