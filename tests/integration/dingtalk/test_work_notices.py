import asyncio
from datetime import timedelta

import pytest

from bot.channels.base import remembers
from bot.channels.dingtalk.sending import Sender
from bot.channels.dingtalk.work_notice import outcome_of, remembered_until
from bot.errors import ChannelRefused, OutcomeUnknown
from bot.messages import ChannelName, Reply
from tests.integration.dingtalk.sending_stage import Stage, group, stage, to

AGENT = 20001
SEND = "/topapi/message/corpconversation/asyncsend_v2"
RESULT = "/topapi/message/corpconversation/getsendresult"
NOTICE = Reply(text="1月5日 15:00 前请交学习记录。")


class NamedSender:
    """The sender as the channel has it."""

    name = ChannelName.DINGTALK

    def __init__(self, sender: Sender) -> None:
        self.guarantee, self.dedupe_window_s = sender.guarantee, sender.dedupe_window_s
        self.render, self.send, self.wait_s = sender.render, sender.send, sender.wait_s
        self.remembered_until = sender.remembered_until


async def render(dingtalk: Stage, *accounts: str) -> bytes:
    (part,) = await dingtalk.sender.render(NOTICE, to(*accounts), dingtalk.read_blob)
    return part


async def test_what_nobody_asked_for_is_a_work_notice_with_its_result() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        (sent,) = await dingtalk.deliver(NOTICE, to("zhang", "gone"))

        (seen,) = dingtalk.fake.delivered
        assert (seen.to, seen.how) == ("zhang", "notice")
        assert sent.refused == {"gone": "不在应用的可使用范围，或已离职"}
        assert sent.provider_id == "notice 300000"


async def test_answers_and_groups_stay_with_the_robot() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        target = dingtalk.answering()
        await dingtalk.deliver(NOTICE, target)
        dingtalk.clock.forward(hours=2)
        await dingtalk.deliver(NOTICE, target)
        await dingtalk.deliver(NOTICE, group())

        assert [one.how for one in dingtalk.fake.delivered] == ["session", "robot", "group"]


async def test_a_result_that_is_not_known_is_asked_for_again_and_nothing_sent_twice() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        dingtalk.fake.notices.polls_until_sent = 5
        part = await render(dingtalk, "zhang")

        with pytest.raises(OutcomeUnknown):
            await dingtalk.sender.send(part, to("zhang"), "d1")
        await dingtalk.sender.send(part, to("zhang"), "d1")

        assert dingtalk.fake.calls[SEND] == 1
        assert len(dingtalk.fake.delivered) == 1


async def test_a_repeat_after_a_lost_answer_arrives_once_and_is_known_to_have() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        dingtalk.fake.script[SEND].append("lost")
        part = await render(dingtalk, "zhang")
        with pytest.raises(OutcomeUnknown):
            await dingtalk.sender.send(part, to("zhang"), "d1")

        sent = await dingtalk.sender.send(part, to("zhang"), "d1")

        assert [one.to for one in dingtalk.fake.delivered] == ["zhang"]
        assert sent.refused == {}


async def test_over_the_days_cap_the_robot_takes_over() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        dingtalk.fake.notices.most_a_day = 0

        (sent,) = await dingtalk.deliver(NOTICE, to("zhang"))

        assert [(one.to, one.how) for one in dingtalk.fake.delivered] == [("zhang", "robot")]
        assert sent.refused == {}


async def test_only_unknown_people_is_a_refusal() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        with pytest.raises(ChannelRefused) as caught:
            await dingtalk.deliver(NOTICE, to("gone"))

        assert "可使用范围" in caught.value.reply


async def test_the_same_to_many_is_one_notice_and_one_result() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        people = [f"t{n}" for n in range(30)]
        dingtalk.fake.members |= set(people)

        await asyncio.gather(*(dingtalk.deliver(NOTICE, to(one), one) for one in people))

        assert sorted(one.to for one in dingtalk.fake.delivered) == sorted(people)
        assert (dingtalk.fake.calls[SEND], dingtalk.fake.calls[RESULT]) == (1, 1)


async def test_a_long_notice_keeps_within_the_limit() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        await dingtalk.deliver(Reply(text='请报“名单”\\"\n' * 300), to("zhang"))

        assert len(dingtalk.fake.delivered) > 1
        assert {one.how for one in dingtalk.fake.delivered} == {"notice"}


async def test_a_notice_is_taken_back() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        (sent,) = await dingtalk.deliver(NOTICE, to("zhang"))
        assert sent.provider_id is not None

        await dingtalk.sender.recall(sent.provider_id)

        assert dingtalk.fake.notices.recalled == {"300000"}


async def test_a_repeat_is_trusted_until_half_an_hour_before_midnight() -> None:
    async with stage(agent_id=AGENT) as dingtalk:
        part, first = await render(dingtalk, "zhang"), dingtalk.clock.now
        midnight = remembered_until(first)

        def is_trusted(at: timedelta) -> bool:
            return remembers(NamedSender(dingtalk.sender), part, first, midnight + at)

        assert midnight.isoformat() == "2026-01-06T00:00:00+08:00"
        assert is_trusted(-timedelta(minutes=31))
        assert not is_trusted(-timedelta(minutes=29))


def test_a_forbidden_repeat_arrived_and_a_capped_one_did_not() -> None:
    rows = [{"code": "143106", "userid": "a"}, {"code": 143105, "userid": "b"}, "x", {"code": 1}]
    result = {"forbidden_list": rows, "forbidden_user_id_list": ["a", "b"]}

    outcome = outcome_of({"send_result": result}, "1")

    assert (outcome.arrived, outcome.left) == (frozenset("a"), frozenset("b"))
