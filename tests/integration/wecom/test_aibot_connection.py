"""The long connection itself: kept, never fought over, one per bot."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.channels.base import Sends, Streams, UpdatesCards
from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_settings import AiBotSettings
from bot.channels.wecom.aibot_socket import State
from bot.errors import SetupNeeded
from bot.messages import (
    Reply,
)
from tests.fakes.aibot_server import FakeAiBotServer
from tests.integration.wecom.aibot_stage import (
    QUICK,
    Inbox,
    Replica,
    SharedLease,
    deliver,
    make,
    place,
    target_of,
)


def test_it_has_the_capabilities_callers_ask_for(server: FakeAiBotServer) -> None:
    channel = AiBotChannel(AiBotSettings(), Inbox().accept, SharedLease().of("a"))

    assert isinstance(channel, Sends)
    assert isinstance(channel, Streams)
    assert isinstance(channel, UpdatesCards)
    assert not channel.health().is_ready


async def test_the_same_message_twice_is_stored_once(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    for _ in range(3):
        await server.say("签到", msgid="same")
    await server.say("签到", msgid="other")

    assert [m.message_id for m in await inbox.has(2)] == ["same@zhangsan", "other@zhangsan"]
    assert bot.counts["repeat"] == 2


async def test_garbage_does_not_end_the_connection(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    for garbage in ("", "{", "[]", "null", "[" * 5000, '{"cmd":7,"headers":[]}', b"\xff\x00"):
        await server.raw(garbage)
    await server.push({"cmd": "aibot_msg_callback", "headers": {}, "body": {"from": 3}})
    await server.say("还在吗")

    assert (await inbox.has(1))[0].text == "还在吗"
    assert server.subscriptions == 1


async def test_a_failing_store_is_asked_again(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    inbox.failures = 1
    await server.say("别丢了")

    assert (await inbox.has(1))[0].text == "别丢了"


async def test_a_wrong_secret_is_tried_five_times_and_explained(
    server: FakeAiBotServer, inbox: Inbox
) -> None:
    bot = make(server, inbox, secret="wrong")
    await bot.start()
    await server.until(lambda: len(server.sent("aibot_subscribe")) == 5)

    assert await bot.reached(State.REFUSED, 5)
    detail = bot.health().detail

    assert "40001" in detail
    assert not bot.health().is_ready
    await bot.stop()
    assert len(server.sent("aibot_subscribe")) == 5


async def test_after_a_cut_it_connects_again(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.cut()
    await server.until(lambda: server.subscriptions == 2)
    await server.say("回来了吗")

    assert (await inbox.has(1))[0].text == "回来了吗"


async def test_two_unanswered_heartbeats_mean_a_dead_connection(
    server: FakeAiBotServer, inbox: Inbox
) -> None:
    server.silent["ping"] = 2
    bot = make(server, inbox, timings=replace(QUICK, heartbeat_s=0.05))
    await bot.start()
    await server.until(lambda: server.subscriptions >= 2)
    await bot.stop()

    assert len(server.sent("ping")) >= 2


async def test_once_replaced_by_a_stranger_it_stays_away(
    server: FakeAiBotServer, bot: AiBotChannel
) -> None:
    assert server.live is not None
    await server.kick(server.live)

    assert await bot.reached(State.REPLACED, 5)
    detail = bot.health().detail
    await asyncio.sleep(0.2)

    assert "不会自动抢回" in detail
    assert not bot.health().is_ready
    assert server.subscriptions == 1
    with pytest.raises(SetupNeeded) as caught:
        await deliver(bot, Reply(text="提醒"), place("zhangsan"))
    assert caught.value.reply == detail


async def test_of_two_replicas_one_connects_and_the_other_takes_over(
    server: FakeAiBotServer, inbox: Inbox
) -> None:
    lease = SharedLease()
    first, second = make(server, inbox, lease.of("a")), make(server, inbox, lease.of("b"))
    await first.start()
    assert await first.reached(State.LIVE, 5)
    await second.start()
    assert await second.reached(State.STANDBY, 5)
    assert "待命" in second.health().detail
    assert second.health().is_ready
    assert server.subscriptions == 1

    await first.stop()

    assert await second.reached(State.LIVE, 5)
    await second.stop()


async def test_a_lost_lease_ends_the_connection(server: FakeAiBotServer, inbox: Inbox) -> None:
    lease = SharedLease()
    bot = make(server, inbox, lease.of("a"))
    await bot.start()
    assert await bot.reached(State.LIVE, 5)

    lease.holder = "b"

    assert await bot.reached(State.STANDBY, 5)
    await bot.stop()
    assert lease.holder == "b"


async def test_frames_of_one_req_id_wait_for_each_other(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("在吗")
    [question] = await inbox.has(1)
    server.delay_s = 0.01
    target = target_of(question)

    await asyncio.gather(*(deliver(bot, Reply(text=f"第{n}条"), target, f"d{n}") for n in range(4)))

    streams = [body["stream"] for body in server.bodies("aibot_respond_msg")]
    assert [s["content"] for s in streams if isinstance(s, dict)] == [f"第{n}条" for n in range(4)]


async def test_what_arrived_before_the_end_is_stored(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    inbox.failures = 1
    await server.say("最后一句")
    async with asyncio.timeout(5):
        await inbox.asked.wait()

    await bot.stop()

    assert [m.text for m in inbox.messages] == ["最后一句"]


async def test_a_store_that_cannot_lend_ends_nothing_for_good(
    server: FakeAiBotServer, inbox: Inbox
) -> None:
    class Failing(Replica):
        async def acquire(self, name: str, ttl_s: float) -> bool:
            if not failures:
                return await super().acquire(name, ttl_s)
            raise failures.pop()

    failures: list[Exception] = [OSError("no database"), OSError("still none")]
    bot = make(server, inbox, Failing(SharedLease(), "a"))
    await bot.start()

    assert await bot.reached(State.LIVE, 5)
    await bot.stop()
