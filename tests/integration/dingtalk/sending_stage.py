"""The sending half, for real, against the fake platform, over sockets on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp.test_utils import TestServer

from bot.channels.base import Sent, Target
from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.reply_to import ReplyTo
from bot.channels.dingtalk.robot import Robot
from bot.channels.dingtalk.sending import Sender, SenderNeeds
from bot.channels.dingtalk.settings import AppSettings, CardTemplates, Mode
from bot.channels.dingtalk.work_notice import Notices
from bot.messages import ChannelName, Conversation, Reply
from tests.fakes.dingtalk import Delivered, FakeDingTalk

TEMPLATE = "buttons.schema"
FAST = (0.0, 0.0, 0.0)


@dataclass(slots=True)
class Clock:
    """Time that moves only when told to."""

    now: datetime = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    fake: FakeDingTalk
    sender: Sender
    api: OpenApi
    settings: AppSettings
    clock: Clock
    session: aiohttp.ClientSession
    address: str
    """Of the platform."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    spent: list[int]
    """One entry for every call that the month's quota counts."""

    async def read_blob(self, blob: str) -> bytes:
        return self.blobs[blob]

    async def deliver(self, reply: Reply, target: Target, name: str = "d1") -> list[Sent]:
        parts = await self.sender.render(reply, target, self.read_blob)
        names = [name if n == 0 else f"{name}-{n}" for n, _ in enumerate(parts)]
        return [
            await self.sender.send(part, target, one)
            for part, one in zip(parts, names, strict=True)
        ]

    def answering(
        self, conversation: str = "zhang", *, is_group: bool = False, tapped: str = ""
    ) -> Target:
        """Where a message of a minute ago is answered."""
        session = "" if tapped else self.fake.robots.open_session(conversation, minutes=90)
        reply_to = ReplyTo(
            message_id="m1",
            session_webhook=self.address + session if session else "",
            out_track_id=tapped,
        )
        target = group(conversation) if is_group else to(conversation)
        until = self.clock.now + timedelta(minutes=90)
        return replace(target, reply_to=reply_to.encode(), reply_until=until)

    def seen(self, how: str = "") -> Sequence[Delivered]:
        return [one for one in self.fake.delivered if how in ("", one.how)]


def to(*accounts: str) -> Target:
    """A private chat of nobody's asking."""
    conversation = Conversation(channel=ChannelName.DINGTALK, id=accounts[0])
    return Target(conversation=conversation, accounts=accounts)


def group(conversation: str = "cidGroup1", *accounts: str) -> Target:
    return Target(
        conversation=Conversation(channel=ChannelName.DINGTALK, id=conversation, is_group=True),
        accounts=accounts,
    )


@asynccontextmanager
async def stage(
    *,
    agent_id: int | None = None,
    has_cards: bool = False,
    mode: Mode = Mode.STREAM,
    client_secret: str = "",
    takes_taps: bool = True,
) -> AsyncIterator[Stage]:
    clock, spent = Clock(), list[int]()
    blobs: dict[str, bytes] = {}

    async def account_of(member: str) -> str | None:
        return {"7": "zhang", "8": "li"}.get(member)

    async def read_blob(blob: str) -> bytes:
        return blobs[blob]

    async def spend() -> None:
        spent.append(1)

    async with AsyncExitStack() as stack:
        fake = FakeDingTalk(clock=clock)
        fake.templates.add(TEMPLATE)
        platform = await stack.enter_async_context(TestServer(fake.app()))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        address = str(platform.make_url("")).rstrip("/")
        settings = AppSettings(
            client_id=fake.client_id,
            client_secret=client_secret or fake.client_secret,
            mode=mode,
            api_base=address,
            oapi_base=address,
            agent_id=agent_id,
            cards=CardTemplates(buttons=TEMPLATE if has_cards else ""),
        )
        api = OpenApi(settings, session, clock, spend, pauses_s=FAST)
        needs = SenderNeeds(
            api=api,
            account_of=account_of,
            read_blob=read_blob,
            clock=clock,
            takes_taps=lambda: takes_taps,
        )
        notices = None if agent_id is None else Notices(api, agent_id, pauses_s=FAST)
        sender = Sender(settings, needs, Robot(settings, api, clock, pauses_s=FAST), notices)
        yield Stage(
            fake=fake,
            sender=sender,
            api=api,
            settings=settings,
            clock=clock,
            session=session,
            address=address,
            blobs=blobs,
            spent=spent,
        )
        fake.released.set()
