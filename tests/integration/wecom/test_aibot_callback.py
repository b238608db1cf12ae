"""Callback mode against a platform that signs and encrypts with another library and polls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from bot.channels.base import Sends, Streams, Target, UpdatesCards
from bot.channels.wecom.aibot_callback import AiBotCallbackChannel
from bot.channels.wecom.aibot_cards import new_task_id
from bot.channels.wecom.aibot_settings import AiBotSettings
from bot.channels.wecom.aibot_stream import LOOKING
from bot.errors import ChannelRefused
from bot.messages import (
    Button,
    Card,
    ChannelName,
    Conversation,
    IncomingMessage,
    MessageKind,
    Reply,
)
from tests.fakes.aibot_callbacks import AES_KEY, TOKEN, FakeCallbackPlatform, cipher, sign
from tests.fakes.aibot_server import event, message
from tests.integration.wecom.aibot_stage import Inbox, Remembered


@dataclass
class Setting:
    """The bot, the platform and what was stored."""

    platform: FakeCallbackPlatform
    inbox: Inbox
    answers: Remembered
    runner: web.AppRunner | None = None
    bot: AiBotCallbackChannel | None = None

    async def serve(self) -> AiBotCallbackChannel:
        """Start the bot; again for a restart, which forgets everything in memory."""
        await self.close()
        settings = AiBotSettings(token=TOKEN, aes_key=AES_KEY, api_base=self.platform.url)
        self.bot = AiBotCallbackChannel(
            settings, self.inbox.accept, answers=self.answers, patience_s=0.5
        )
        app = web.Application()
        self.bot.add_routes(app)
        await self.bot.start()
        self.runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        host, port = self.runner.addresses[0][:2]
        self.platform.bot_url = f"http://{host}:{port}/wecom/aibot"
        return self.bot

    async def close(self) -> None:
        if self.runner and self.bot:
            await self.runner.cleanup()
            await self.bot.stop()

    async def ask(self, text: str, **more: str) -> tuple[IncomingMessage, str]:
        """Post a question; the stored message and the id of its stream."""
        body = {**message(text, **more), "response_url": self.platform.response_url}
        answer = await self.platform.post(body)
        assert isinstance(answer, dict)
        return self.inbox.messages[-1], str(answer["stream"]["id"])  # type: ignore[index]


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    async with aiohttp.ClientSession() as session:
        platform = FakeCallbackPlatform(session)
        await platform.start()
        made = Setting(platform, Inbox(), Remembered())
        await made.serve()
        yield made
        await made.close()
        await platform.stop()


def target_of(message_: IncomingMessage) -> Target:
    return Target(
        conversation=message_.conversation,
        reply_to=message_.reply_to,
        reply_until=message_.reply_until,
    )


async def no_blob(_: str) -> bytes:
    raise AssertionError("no attachment here")


async def deliver(bot: AiBotCallbackChannel, reply: Reply, target: Target) -> None:
    for part in await bot.render(reply, target, no_blob):
        await bot.send(part, target, "d1")


async def poll_to_the_end(platform: FakeCallbackPlatform, stream: str) -> dict[str, object]:
    async with asyncio.timeout(5):
        while True:
            answer = await platform.poll(stream)
            if answer["stream"]["finish"]:  # type: ignore[index]
                return answer
            await asyncio.sleep(0.01)


async def test_it_has_the_capabilities_callers_ask_for(setting: Setting) -> None:
    assert isinstance(setting.bot, Sends)
    assert isinstance(setting.bot, Streams)
    assert isinstance(setting.bot, UpdatesCards)


async def test_the_first_answer_comes_at_once_and_the_end_is_polled_for(setting: Setting) -> None:
    question, stream = await setting.ask("什么时候交？")
    assert setting.bot
    assert (await setting.platform.poll(stream))["stream"]["content"] == LOOKING  # type: ignore[index]

    sending = asyncio.create_task(
        deliver(setting.bot, Reply(text="九月底前。"), target_of(question))
    )
    end = await poll_to_the_end(setting.platform, stream)
    await sending

    assert end["msgtype"] == "stream"
    assert end["stream"] == {"id": stream, "finish": True, "content": "九月底前。"}
    assert not setting.platform.later


async def test_a_growing_answer_is_seen_growing_whatever_order_polls_come_in(
    setting: Setting,
) -> None:
    question, stream = await setting.ask("说说看")
    assert setting.bot
    go_on = asyncio.Event()
    begun = asyncio.Event()

    async def texts() -> AsyncIterator[str]:
        yield "一"
        begun.set()
        await go_on.wait()
        yield "一二"

    showing = asyncio.create_task(setting.bot.stream(texts(), target_of(question)))
    await begun.wait()
    polls = await asyncio.gather(*(setting.platform.poll(stream) for _ in range(5)))
    assert {p["stream"]["finish"] for p in polls} == {False}  # type: ignore[index]
    go_on.set()
    end = await poll_to_the_end(setting.platform, stream)

    assert await showing is True
    assert end["stream"]["content"] == "一二"  # type: ignore[index]
    assert await setting.platform.poll(stream) == end


async def test_a_repeated_callback_is_answered_the_same_and_stored_once(setting: Setting) -> None:
    body = message("签到")

    answers = [await setting.platform.post(body) for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert len(setting.inbox.messages) == 1


@pytest.mark.parametrize(("forge", "age_s"), [(True, 0), (False, 400), (False, -400)])
async def test_forged_and_old_callbacks_are_refused(
    setting: Setting, forge: bool, age_s: int
) -> None:
    assert await setting.platform.post(message("x"), forge=forge, age_s=age_s) == 403
    assert not setting.inbox.messages


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 403), (b"[]", 403), (b"{" * 99, 403), (b"x" * 300_000, 413)]
)
async def test_foreign_bodies_are_refused(setting: Setting, body: bytes, status: int) -> None:
    query = {"msg_signature": "0" * 40, "timestamp": "1", "nonce": "n"}
    post = setting.platform.session.post(setting.platform.bot_url, params=query, data=body)
    async with post as response:
        assert response.status == status


async def test_what_nobody_polls_for_comes_as_the_one_later_message(setting: Setting) -> None:
    question, stream = await setting.ask("什么时候交？")
    assert setting.bot

    await deliver(setting.bot, Reply(text="九月底前。"), target_of(question))
    with pytest.raises(ChannelRefused):
        await deliver(setting.bot, Reply(text="再说一次"), target_of(question))

    assert setting.platform.later == [
        {"msgtype": "markdown", "markdown": {"content": "九月底前。"}}
    ]
    late = await setting.platform.poll(stream)
    assert late["stream"]["finish"] is True  # type: ignore[index]
    assert "九月" not in str(late)


async def test_a_response_url_of_a_foreign_host_is_never_followed(setting: Setting) -> None:
    foreign = setting.platform.response_url.replace("127.0.0.1", "localhost")
    await setting.platform.post({**message("在吗"), "response_url": foreign})
    assert setting.bot

    with pytest.raises(ChannelRefused) as caught:
        await deliver(setting.bot, Reply(text="在"), target_of(setting.inbox.messages[0]))

    assert "foreign host" in str(caught.value)


async def test_after_a_restart_a_poll_waits_for_the_outbox(setting: Setting) -> None:
    question, stream = await setting.ask("什么时候交？")
    bot = await setting.serve()
    assert (await setting.platform.poll(stream))["stream"]["finish"] is False  # type: ignore[index]

    sending = asyncio.create_task(deliver(bot, Reply(text="九月底前。"), target_of(question)))
    end = await poll_to_the_end(setting.platform, stream)
    await sending

    assert end["stream"]["content"] == "九月底前。"  # type: ignore[index]


async def test_after_a_restart_a_poll_is_answered_from_the_store(setting: Setting) -> None:
    question, stream = await setting.ask("什么时候交？")
    setting.answers.replies[question.message_id] = Reply(text="九月底前。")
    await setting.serve()

    end = await setting.platform.poll(stream)

    assert end["stream"] == {"id": stream, "finish": True, "content": "九月底前。"}
    unknown = await setting.platform.poll("not-ours")
    assert unknown["stream"]["finish"] is True  # type: ignore[index]


async def test_a_private_answer_is_never_shown_in_the_group(setting: Setting) -> None:
    question, stream = await setting.ask("@要点 我的积分", group="grp1")
    assert setting.bot
    reply = Reply(text="您的积分是 87", is_private=True)

    sending = asyncio.create_task(deliver(setting.bot, reply, target_of(question)))
    end = await poll_to_the_end(setting.platform, stream)
    await sending

    assert "87" not in str(end)
    assert "单聊" in str(end)


async def test_a_group_message_without_a_mention_is_neither_answered_nor_kept(
    setting: Setting,
) -> None:
    assert await setting.platform.post(message("大家好", group="grp1")) is None
    assert setting.inbox.messages == []


async def test_an_answer_with_buttons_comes_with_its_card(setting: Setting) -> None:
    question, stream = await setting.ask("我的任务")
    assert setting.bot
    button = Button(label="签收", command="/签收 17")
    reply = Reply(text="有一项任务。", card=Card(title="交计划", key="t17", buttons=(button,)))

    sending = asyncio.create_task(deliver(setting.bot, reply, target_of(question)))
    end = await poll_to_the_end(setting.platform, stream)
    await sending

    assert end["msgtype"] == "stream_with_template_card"
    assert end["template_card"]["button_list"][0]["key"] == "/签收 17"  # type: ignore[index]


async def test_a_greeting_is_the_events_own_answer(setting: Setting) -> None:
    assert setting.bot
    posting = asyncio.create_task(setting.platform.post(event("enter_chat")))
    [entered] = await setting.inbox.has(1)
    await deliver(setting.bot, Reply(text="您好"), target_of(entered))

    assert await posting == {"msgtype": "text", "text": {"content": "您好"}}


async def test_a_tapped_card_is_replaced_by_the_events_own_answer(setting: Setting) -> None:
    assert setting.bot
    done = Card(title="交计划", body="已签收", key="t17")
    task = new_task_id("t17", "d0")
    tap = event("template_card_event", event_key="/签收 17", task_id=task)
    posting = asyncio.create_task(setting.platform.post(tap))
    [tapped] = await setting.inbox.has(1)
    await deliver(setting.bot, Reply(card=done), target_of(tapped))
    answer = await posting

    assert isinstance(answer, dict)
    assert answer["response_type"] == "update_template_card"
    assert answer["template_card"]["task_id"] == task  # type: ignore[index]


async def test_a_tap_that_changes_no_card_is_answered_at_once(setting: Setting) -> None:
    """Not after the seconds in which a card might have been replaced."""
    assert setting.bot
    tap = event("template_card_event", event_key="/签收 17", task_id=new_task_id("t17", "d0"))
    tap |= {"response_url": setting.platform.response_url}
    posting = asyncio.create_task(setting.platform.post(tap))
    [tapped] = await setting.inbox.has(1)

    async with asyncio.timeout(3):
        await deliver(setting.bot, Reply(text="已经签收过了。"), target_of(tapped))
        assert await posting is None

    assert setting.platform.later[0]["markdown"] == {"content": "已经签收过了。"}


async def test_feedback_on_a_stream_names_the_answer(setting: Setting) -> None:
    question, _ = await setting.ask("什么时候交？")
    setting.answers.replies[question.message_id] = Reply(text="…", feedback_id="q7")
    body = event("feedback_event", id=f"message:{question.message_id}", type=1)

    assert await setting.platform.post(body) is None

    last = setting.inbox.messages[-1]
    assert (last.kind, last.text, last.feedback_id) == (MessageKind.FEEDBACK, "up", "q7")


async def test_feedback_is_thanked_for_once_by_what_the_answer_has_left(setting: Setting) -> None:
    question, _ = await setting.ask("什么时候交？")
    setting.answers.replies[question.message_id] = Reply(text="…", feedback_id="q7")
    setting.answers.ways[question.message_id] = question.reply_to
    assert setting.bot

    for number in ("f1", "f2"):
        judged = event("feedback_event", msgid=number, id=f"message:{question.message_id}", type=2)
        await setting.platform.post(judged)
        await deliver(setting.bot, Reply(text="抱歉"), target_of(setting.inbox.messages[-1]))

    assert [body["markdown"] for body in setting.platform.later] == [{"content": "抱歉"}]


async def test_feedback_on_an_answer_that_is_forgotten_troubles_nobody(setting: Setting) -> None:
    assert await setting.platform.post(event("feedback_event", id="q3", type=1)) is None
    assert setting.bot

    await deliver(setting.bot, Reply(text="谢谢"), target_of(setting.inbox.messages[-1]))

    assert setting.platform.later == []


async def test_nothing_can_be_pushed(setting: Setting) -> None:
    assert setting.bot
    alone = Conversation(channel=ChannelName.WECOM_AIBOT, id="zhangsan")

    with pytest.raises(ChannelRefused) as caught:
        await deliver(setting.bot, Reply(text="提醒"), Target(conversation=alone))

    assert "长连接" in caught.value.reply


async def test_the_address_check_is_answered_with_the_words_alone(setting: Setting) -> None:
    echo = cipher().encrypt("5927782489442352469", "").decode()
    timestamp = str(int(time.time()))
    query = {
        "msg_signature": sign(timestamp, "n", echo),
        "timestamp": timestamp,
        "nonce": "n",
        "echostr": echo,
    }
    async with setting.platform.session.get(setting.platform.bot_url, params=query) as response:
        assert await response.read() == b"5927782489442352469"


async def test_a_private_answer_of_the_store_is_not_shown_in_the_group(setting: Setting) -> None:
    question, stream = await setting.ask("@要点 我的积分", group="grp1")
    reply = Reply(text="您的积分是 87", is_private=True)
    setting.answers.replies[question.message_id] = reply

    end = await setting.platform.poll(stream, group="grp1")

    assert end["stream"]["finish"] is True  # type: ignore[index]
    assert "87" not in str(end)
    assert "单聊" in str(end)
