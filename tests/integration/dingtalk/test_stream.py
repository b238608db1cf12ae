"""The stream against a simulated gateway: what is sent arrives once, whatever is cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from bot.channels.dingtalk.inbound import Inbound
from bot.channels.dingtalk.settings import AppSettings
from bot.channels.dingtalk.stream import State, Stream, Timings
from bot.channels.dingtalk.wire import Http
from bot.messages import IncomingMessage
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.dingtalk_stream import CARDS, MESSAGES, FakeStream

QUICK = Timings(back_off_s=0.02, longest_back_off_s=0.1, refused_s=0.05, store_again_s=0.01,
                lease_s=0.3)  # fmt: skip
WITHIN_S = 20.0


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Box:
    """Keeps what is new, as the inbox does."""

    kept: dict[str, IncomingMessage] = field(default_factory=dict)
    fails: int = 0
    changed: int = 0

    async def accept(self, message: IncomingMessage) -> bool:
        if self.fails:
            self.fails -= 1
            raise OSError("the disk is away for a moment")
        is_new = message.message_id not in self.kept
        self.kept.setdefault(message.message_id, message)
        return is_new

    async def directory_changed(self) -> None:
        self.changed += 1


class OneLease:
    """Shared by two streams."""

    def __init__(self) -> None:
        self.holder: object = None

    def of(self, who: object) -> Held:
        return Held(self, who)


@dataclass(slots=True)
class Held:
    lease: OneLease
    who: object

    async def acquire(self, name: str, ttl_s: float) -> bool:
        if self.lease.holder in (None, self.who):
            self.lease.holder = self.who
        return self.lease.holder is self.who

    async def renew(self, name: str, ttl_s: float) -> bool:
        return self.lease.holder is self.who

    async def release(self, name: str) -> None:
        if self.lease.holder is self.who:
            self.lease.holder = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    gateway: FakeStream
    settings: AppSettings
    session: aiohttp.ClientSession
    box: Box
    inbound: Inbound

    def stream(self, lease: Held | None = None, secret: str = "") -> Stream:
        settings = self.settings
        if secret:
            settings = AppSettings(
                client_id=settings.client_id, client_secret=secret, api_base=settings.api_base
            )
        http = Http(self.session, now)
        return Stream(settings, self.session, self.inbound, lease, http=http, timings=QUICK)


@asynccontextmanager
async def running(stream: Stream) -> AsyncIterator[Stream]:
    await stream.start()
    try:
        yield stream
    finally:
        await stream.stop()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    fake = FakeDingTalk()
    gateway = FakeStream(fake)
    async with (
        TestServer(gateway.mount(fake.app())) as server,
        aiohttp.ClientSession() as session,
    ):
        gateway.base = str(server.make_url("")).rstrip("/")
        box = Box()
        yield Stage(
            gateway=gateway,
            settings=AppSettings(
                client_id=fake.client_id,
                client_secret=fake.client_secret,
                api_base=gateway.base,
                oapi_base=gateway.base,
            ),
            session=session,
            box=box,
            inbound=Inbound(accept=box.accept, clock=now, directory_changed=box.directory_changed),
        )


def said(n: int, text: str = "在吗") -> dict[str, object]:
    return {
        "msgId": f"msg{n}",
        "msgtype": "text",
        "text": {"content": text},
        "conversationType": "1",
        "conversationId": "cid1",
        "senderStaffId": "zhang",
        "senderNick": "张",
        "createAt": 1_767_225_600_000 + n,
    }


async def test_a_message_is_stored_before_it_is_acknowledged(stage: Stage) -> None:
    stage.box.fails = 2
    async with running(stage.stream()):
        ack = await stage.gateway.push("CALLBACK", MESSAGES, said(1))

    assert ack["code"] == 200
    assert list(stage.box.kept) == ["msg1"]


async def test_what_cannot_be_stored_is_not_acknowledged_as_taken(stage: Stage) -> None:
    stage.box.fails = 100
    async with running(stage.stream()):
        ack = await stage.gateway.push("CALLBACK", MESSAGES, said(1))
        event = await stage.gateway.push("EVENT", "*", {}, eventType="user_add_org", eventId="e1")

    assert ack["code"] == 500
    assert '"SUCCESS"' in str(event["data"]), "an event needs no inbox"


async def test_pings_events_cards_and_what_is_unknown(stage: Stage) -> None:
    async with running(stage.stream()) as stream:
        ping = await stage.gateway.push("SYSTEM", "ping", {"opaque": "o-1"})
        left = await stage.gateway.push(
            "EVENT", "*", {"UserId": ["li"]}, eventType="user_leave_org", eventId="e2"
        )
        tap = {
            "userId": "zhang",
            "outTrackId": "t-1",
            "spaceType": "IM_ROBOT",
            "content": '{"cardPrivateData": {"params": {"command": "/签收 17"}}}',
        }
        await stage.gateway.push("CALLBACK", CARDS, tap, "tap-1")
        await stage.gateway.push("CALLBACK", CARDS, tap, "tap-1")
        await stage.gateway.push("CALLBACK", CARDS, tap, "tap-2")
        odd = await stage.gateway.push("CALLBACK", "/v1.0/graph/api/invoke", {})
        assert stream.health().is_ready

    assert '"o-1"' in str(ping["data"])
    assert '"SUCCESS"' in str(left["data"])
    assert stage.box.changed == 1
    assert [one.text for one in stage.box.kept.values()] == ["/签收 17", "/签收 17"]
    assert odd["code"] == 404


async def test_a_new_connection_is_there_before_the_old_one_ends(stage: Stage) -> None:
    async with running(stage.stream()):
        await stage.gateway.push("CALLBACK", MESSAGES, said(1))
        old = await stage.gateway.say_goodbye()
        await stage.gateway.connected(times=2)
        assert not old.closed
        stage.gateway.connections.append(old)
        late = await stage.gateway.push("CALLBACK", MESSAGES, said(2), "late")
        stage.gateway.connections.pop()
        stage.gateway.connections.remove(old)
        await old.close()
        await stage.gateway.push("CALLBACK", MESSAGES, said(3))

    assert late["code"] == 200, "the old one is read to its end"
    assert list(stage.box.kept) == ["msg1", "msg2", "msg3"]
    assert stage.gateway.refused == 0, "no ticket was used twice"


async def test_a_ticket_is_good_for_one_connection_and_the_next_try_has_its_own(
    stage: Stage,
) -> None:
    stage.gateway.stolen = 2
    async with running(stage.stream()) as stream:
        assert await stream.reached(State.LIVE, WITHIN_S)
        ack = await stage.gateway.push("CALLBACK", MESSAGES, said(1))

    assert ack["code"] == 200
    assert (stage.gateway.refused, stage.gateway.opened) == (2, 1)
    assert len(stage.gateway.tickets) == 3
    used = list(stage.gateway.tickets)[-1]
    async with stage.session.get(f"{stage.gateway.base}/connect", params={"ticket": used}) as again:
        assert again.status == 401, "the platform itself takes a ticket once"


async def test_an_event_that_comes_twice_is_acknowledged_twice(stage: Stage) -> None:
    async with running(stage.stream()):
        for message_id in ("f-1", "f-2"):
            ack = await stage.gateway.push(
                "EVENT", "*", {}, message_id, eventType="user_add_org", eventId="e-7"
            )
            assert '"SUCCESS"' in str(ack["data"])
    assert stage.box.changed == 2, "noted again, which is one sync all the same"


async def test_an_event_that_cannot_be_noted_comes_again_later(stage: Stage) -> None:
    async def broken() -> None:
        raise OSError("no disk")

    stage.inbound.directory_changed = broken
    async with running(stage.stream()):
        ack = await stage.gateway.push("EVENT", "*", {}, eventType="user_add_org", eventId="e-8")
    assert '"LATER"' in str(ack["data"])


async def test_a_thousand_messages_survive_a_cut_every_fifty(stage: Stage) -> None:
    gateway = stage.gateway
    async with running(stage.stream()):
        for start in range(0, 1000, 50):
            unacked = {f"m{n}": said(n) for n in range(start, start + 50)}
            while unacked:
                await gateway.connected()
                opened, some = gateway.opened, next(iter(unacked))
                for message_id, body in unacked.items():
                    await gateway.send("CALLBACK", MESSAGES, body, message_id)
                await gateway.acknowledged(some)
                await gateway.cut()
                await gateway.connected(times=opened + 1)
                unacked = {one: body for one, body in unacked.items() if one not in gateway.acks}

    assert len(stage.box.kept) == 1000
    assert gateway.opened >= 21


async def test_wrong_credentials_are_said_and_tried_again(stage: Stage) -> None:
    async with running(stage.stream(secret="wrong")) as stream:
        assert await stream.reached(State.REFUSED, WITHIN_S)
        assert "client_secret" in stream.health().detail
        assert not stream.health().is_ready
        stage.gateway.dingtalk.client_secret = "wrong"
        assert await stream.reached(State.LIVE, WITHIN_S)


async def test_an_endpoint_that_is_not_dingtalks_is_not_called(stage: Stage) -> None:
    stage.gateway.base = "http://203.0.113.7:9"
    async with running(stage.stream()) as stream:
        assert await stream.reached(State.WAITING, WITHIN_S)
    assert stage.gateway.opened == 0


async def test_one_of_two_replicas_connects_and_the_other_takes_over(stage: Stage) -> None:
    lease = OneLease()
    first, second = stage.stream(lease.of(1)), stage.stream(lease.of(2))
    async with running(second):
        async with running(first):
            await stage.gateway.connected()
            await asyncio.sleep(0)
            live = [one for one in (first, second) if one.state is State.LIVE]
            assert len(live) <= 1
            assert stage.gateway.opened == 1
            await first.stop()
            await second.stop()
            await first.start()
            assert await first.reached(State.LIVE, WITHIN_S)
            await second.start()
            assert await second.reached(State.STANDBY, WITHIN_S)
            assert second.health().is_ready
        assert await second.reached(State.LIVE, WITHIN_S)


async def test_an_exhausted_month_is_said(stage: Stage) -> None:
    told: list[str] = []

    async def ran_out() -> None:
        told.append("out")

    stage.inbound.ran_out = ran_out
    body = {**said(9), "code": 20001, "errorMessage": "quota"}
    del body["text"]
    async with running(stage.stream()) as stream:
        ack = await stage.gateway.push("CALLBACK", MESSAGES, body)
        assert ack["code"] == 200
        assert "额度用完" in stream.health().detail
        assert not stage.box.kept

        await stage.gateway.push("CALLBACK", MESSAGES, said(10))
        assert stream.health().is_ready, "it was bought, or a new month began"
    assert told == ["out"]
