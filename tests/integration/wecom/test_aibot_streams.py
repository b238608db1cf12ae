"""Answers that grow on the long connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_socket import State
from bot.channels.wecom.aibot_stream import LATER, LOOKING, Pace
from bot.messages import (
    Reply,
)
from tests.fakes.aibot_server import FakeAiBotServer
from tests.integration.wecom.aibot_stage import (
    Inbox,
    deliver,
    make,
    target_of,
)


async def growing(*texts: str, step: asyncio.Event | None = None) -> AsyncIterator[str]:
    for text in texts:
        yield text
    if step is not None:
        await step.wait()
        yield "".join(texts[-1:]) + "完"


async def test_an_answer_grows_under_one_stream_and_ends_complete(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("说说看")
    [question] = await inbox.has(1)
    ready = asyncio.Event()
    showing = asyncio.create_task(
        bot.stream(growing("一", "一二", step=ready), target_of(question))
    )
    await server.until(lambda: len(server.sent("aibot_respond_msg")) >= 1)
    ready.set()

    assert await showing is True

    streams = server.streams()
    assert {s["id"] for s in streams} == {streams[0]["id"]}
    assert [s["finish"] for s in streams] == [False] * (len(streams) - 1) + [True]
    assert streams[0]["content"] in {"一", "一二"}
    assert streams[-1]["content"] == "一二完"
    assert streams[0]["feedback"] == {"id": "message:m1@zhangsan"}
    assert all("feedback" not in s for s in streams[1:])


async def test_who_waits_for_the_first_words_sees_that_work_is_going_on(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("说说看")
    [question] = await inbox.has(1)
    ready = asyncio.Event()
    showing = asyncio.create_task(bot.stream(growing(step=ready), target_of(question)))
    await server.until(lambda: len(server.sent("aibot_respond_msg")) == 1)
    ready.set()
    await showing

    first = server.bodies("aibot_respond_msg")[0]["stream"]
    assert isinstance(first, dict)
    assert first["content"] == LOOKING


async def test_an_answer_over_six_minutes_is_closed_and_sent_anew(
    server: FakeAiBotServer, inbox: Inbox
) -> None:
    bot = make(server, inbox, pace=Pace(patience_s=0.01, interval_s=0.02, longest_s=0.1))
    await bot.start()
    await bot.reached(State.LIVE, 5)
    await server.until(lambda: server.live is not None)
    await server.say("慢慢来")
    [question] = await inbox.has(1)
    ready = asyncio.Event()
    showing = asyncio.create_task(bot.stream(growing("一", step=ready), target_of(question)))
    await server.until(lambda: bool(server.finished_streams))
    ready.set()

    assert await showing is False
    await deliver(bot, Reply(text="一完"), target_of(question))

    *_, closed, whole = [body["stream"] for body in server.bodies("aibot_respond_msg")]
    assert isinstance(closed, dict)
    assert isinstance(whole, dict)
    assert closed["content"] == "一" + LATER
    assert whole["content"] == "一完"
    assert whole["id"] != closed["id"]
    assert not server.sent("aibot_send_msg")
    await bot.stop()


async def test_a_refused_stream_hands_over_to_the_outbox(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("说说看")
    [question] = await inbox.has(1)
    server.errcodes["aibot_respond_msg"] = [846608]

    assert await bot.stream(growing("一", "一二"), target_of(question)) is False


async def test_after_a_crash_in_mid_stream_the_same_message_is_completed(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("说说看")
    [question] = await inbox.has(1)
    showing = asyncio.create_task(
        bot.stream(growing("一半", step=asyncio.Event()), target_of(question))
    )
    await server.until(lambda: len(server.sent("aibot_respond_msg")) == 1)
    showing.cancel()
    await asyncio.gather(showing, return_exceptions=True)
    await bot.stop()

    restarted = make(server, inbox)
    await restarted.start()
    assert await restarted.reached(State.LIVE, 5)
    await deliver(restarted, Reply(text="一半和另一半"), target_of(question))
    await restarted.stop()

    half, whole = [body["stream"] for body in server.bodies("aibot_respond_msg")]
    assert isinstance(half, dict)
    assert isinstance(whole, dict)
    assert whole["id"] == half["id"]
    assert whole["finish"] is True


async def test_a_stream_on_a_slow_platform_leaves_budget_to_its_end(
    server: FakeAiBotServer, inbox: Inbox
) -> None:
    bot = make(server, inbox, pace=Pace(patience_s=0.01, interval_s=0.001, longest_s=5))
    await bot.start()
    await bot.reached(State.LIVE, 5)
    await server.until(lambda: server.live is not None)
    await server.say("很长")
    [question] = await inbox.has(1)

    async def many() -> AsyncIterator[str]:
        for n in range(200):
            yield "字" * n
            await asyncio.sleep(0.002)

    assert await bot.stream(many(), target_of(question)) is True

    assert len(server.sent("aibot_respond_msg")) <= 23
    assert bot.wait_s(target_of(question), datetime.now(UTC)) == 0
    await bot.stop()


@pytest.mark.parametrize("fault", ["silent", "cut"])
async def test_a_lost_middle_state_does_not_spoil_the_answer(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox, fault: str
) -> None:
    await server.say("说说看")
    [question] = await inbox.has(1)
    if fault == "silent":
        server.silent["aibot_respond_msg"] = 1
    else:
        server.cut_on.add("aibot_respond_msg")
    ready = asyncio.Event()
    texts = growing("一", step=ready)
    showing = asyncio.create_task(bot.stream(texts, target_of(question)))
    await server.until(lambda: len(server.sent("aibot_respond_msg")) >= 1)
    if fault == "cut":
        await server.until(lambda: server.subscriptions == 2)
        assert await bot.reached(State.LIVE, 5)
    ready.set()

    assert await showing is True
    assert server.streams()[-1]["content"] == "一完"
    assert len({stream["id"] for stream in server.streams()}) == 1


async def test_a_writer_that_fails_ends_its_stream_and_says_so(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("说说看")
    [question] = await inbox.has(1)

    async def failing() -> AsyncIterator[str]:
        yield "一"
        raise LookupError("index missing")

    with pytest.raises(LookupError):
        await bot.stream(failing(), target_of(question))

    assert server.streams()[-1]["finish"] is True
    assert "中断" in str(server.streams()[-1]["content"])
