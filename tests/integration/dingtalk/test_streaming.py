"""A growing answer in a card, over sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.channels.base import Streams
from bot.channels.dingtalk.cards import CREATE, STREAM
from bot.channels.dingtalk.streaming import BROKEN_OFF, CONTINUED, LOOKING, CardStream, Pace
from bot.messages import ChannelName, Conversation
from tests.integration.dingtalk.sending_stage import Stage, group, stage, to

TEMPLATE = "stream.schema"


def growing(dingtalk: Stage, interval_s: float = 0.01, most: int = 20) -> CardStream:
    dingtalk.fake.templates.add(TEMPLATE)
    known = replace(dingtalk.settings.cards, stream=TEMPLATE, names={"content": "answer"})
    settings = replace(dingtalk.settings, cards=known)
    pace = Pace(interval_s=interval_s, most=most)
    return CardStream(settings, dingtalk.api, dingtalk.clock, pace)


async def spoken(*texts: str, pause_s: float = 0.02) -> AsyncIterator[str]:
    for text in texts:
        yield text
        await asyncio.sleep(pause_s)


def shown(dingtalk: Stage) -> list[str]:
    return [one for texts in dingtalk.fake.streamed.values() for one in texts]


async def test_the_answer_grows_and_ends() -> None:
    async with stage() as dingtalk:
        channel = growing(dingtalk)
        assert isinstance(channel, Streams)

        assert await channel.stream(spoken("每年", "每年4月", "每年4月举办。"), to("zhang"))

        assert shown(dingtalk)[-1] == "每年4月举办。"
        assert dingtalk.fake.finalized == set(dingtalk.fake.cards)
        (card,) = dingtalk.fake.cards.values()
        assert card["cardData"] == {"cardParamMap": {"answer": LOOKING}}
        assert [one.to for one in dingtalk.seen("card")] == ["zhang"]


async def test_in_a_group_the_card_is_the_groups() -> None:
    async with stage() as dingtalk:
        assert await growing(dingtalk).stream(spoken("好"), group("cidGroup1", "zhang"))

        assert [one.to for one in dingtalk.seen("card")] == ["cidGroup1"]


async def test_many_states_are_few_calls() -> None:
    async with stage() as dingtalk:
        many = [f"第{n}句" for n in range(200)]

        assert await growing(dingtalk, interval_s=30).stream(spoken(*many, pause_s=0), to("zhang"))
        assert dingtalk.fake.calls[STREAM] == 1

        slow = growing(dingtalk, interval_s=0.005, most=3)
        assert await slow.stream(spoken(*many[:20], pause_s=0.01), to("zhang"))
        assert dingtalk.fake.calls[STREAM] <= 1 + 3 + 1


async def test_what_does_not_fit_is_left_to_the_next_message() -> None:
    async with stage() as dingtalk:
        assert not await growing(dingtalk).stream(spoken("长" * 1_001), to("zhang"))

        assert shown(dingtalk)[-1].endswith(CONTINUED)
        assert len(shown(dingtalk)[-1].encode()) <= 3_000
        assert dingtalk.fake.finalized


async def test_who_breaks_off_is_said() -> None:
    async def broken() -> AsyncIterator[str]:
        yield "每年"
        raise RuntimeError("the model is gone")

    async with stage() as dingtalk:
        with pytest.raises(RuntimeError):
            await growing(dingtalk).stream(broken(), to("zhang"))

        assert shown(dingtalk) == [f"每年{BROKEN_OFF}"]
        assert dingtalk.fake.finalized


@pytest.mark.parametrize("call", [CREATE, STREAM])
async def test_without_cards_the_answer_is_sent_and_it_is_not_tried_each_time(call: str) -> None:
    async with stage() as dingtalk:
        dingtalk.fake.script[call].append((400, "param.error"))
        channel = growing(dingtalk)

        assert not await channel.stream(spoken("每年"), to("zhang"))
        assert not await channel.stream(spoken("每年"), to("zhang"))
        assert dingtalk.fake.calls[CREATE] == 1

        dingtalk.clock.forward(minutes=11)
        assert await channel.stream(spoken("每年"), to("zhang"))


async def test_outsiders_and_those_the_card_does_not_reach_get_words() -> None:
    async with stage() as dingtalk:
        channel = growing(dingtalk)
        nobody = replace(
            to("gone"), conversation=Conversation(channel=ChannelName.DINGTALK, id="gone")
        )

        assert not await channel.stream(spoken("每年"), nobody)
        assert not await channel.stream(spoken("每年"), replace(nobody, accounts=()))
        assert shown(dingtalk) == []
