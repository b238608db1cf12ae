"""Cards, greetings, feedback, and what a group may not see, on the long connection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_socket import State
from bot.errors import ChannelRefused
from bot.messages import (
    Button,
    Card,
    MessageKind,
    Reply,
)
from tests.fakes.aibot_server import FakeAiBotServer, event
from tests.integration.wecom.aibot_stage import (
    Inbox,
    Remembered,
    deliver,
    make,
    no_blob,
    place,
    target_of,
)


async def test_a_private_answer_is_never_shown_in_the_group(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("@要点 我的积分", group="grp1")
    [question] = await inbox.has(1)
    assert question.text == "我的积分"

    await deliver(bot, Reply(text="您的积分是 87", is_private=True), target_of(question))

    [private] = server.bodies("aibot_send_msg")
    assert (private["chatid"], private["chat_type"]) == ("zhangsan", 1)
    [shown] = server.bodies("aibot_respond_msg")
    assert "87" not in str(shown)
    assert "单独" in str(shown)


async def test_who_never_wrote_alone_is_asked_to_and_nothing_leaks(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("@要点 我的积分", group="grp1")
    [question] = await inbox.has(1)
    server.errcodes["aibot_send_msg"] = [93006]
    target = target_of(question)

    [part] = await bot.render(Reply(text="您的积分是 87", is_private=True), target, no_blob)
    sent = await bot.send(part, target, "d1")

    assert "zhangsan" in sent.refused
    [shown] = server.bodies("aibot_respond_msg")
    assert "87" not in str(shown)
    assert "单聊" in str(shown)


CARD = Card(
    title="交工作计划",
    body="9月30日前",
    key="task-17",
    buttons=(Button(label="签收", command="/签收 17", style="primary"),),
)


async def test_a_tapped_card_is_updated_in_place(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await deliver(bot, Reply(card=CARD), place("zhangsan"))
    [pushed] = server.bodies("aibot_send_msg")
    shown = pushed["template_card"]
    assert isinstance(shown, dict)
    assert shown["button_list"][0]["key"] == "/签收 17"
    tap = event("template_card_event", event_key="/签收 17", task_id=shown["task_id"])
    req_id = await server.call("aibot_event_callback", tap)
    [tapped] = await inbox.has(1)
    assert (tapped.kind, tapped.text) == (MessageKind.TAP, "/签收 17")

    done = Card(title="交工作计划", body="已签收", key="task-17")
    await deliver(bot, Reply(card=done), target_of(tapped), "d2")

    [update] = server.sent("aibot_respond_update_msg")
    assert update["headers"] == {"req_id": req_id}
    [body] = server.bodies("aibot_respond_update_msg")
    assert body["response_type"] == "update_template_card"
    assert body["userids"] == ["zhangsan"]
    assert body["template_card"]["task_id"] == shown["task_id"]  # type: ignore[index]
    assert body["template_card"]["replace_text"] == "已处理"  # type: ignore[index]


async def test_a_tap_answered_too_late_is_answered_in_words(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await deliver(bot, Reply(card=CARD), place("zhangsan"))
    task = server.bodies("aibot_send_msg")[0]["template_card"]["task_id"]  # type: ignore[index]
    await server.call(
        "aibot_event_callback", event("template_card_event", event_key="/签收 17", task_id=task)
    )
    [tapped] = await inbox.has(1)
    server.forget_req_ids()

    done = Reply(card=Card(title="交工作计划", body="已签收", key="task-17"))
    await deliver(bot, done, target_of(tapped), "d2")

    assert "已签收" in str(server.bodies("aibot_send_msg")[-1]["markdown"])
    with pytest.raises(ChannelRefused):
        await bot.update_card(done, place("zhangsan"), "x")


async def test_a_card_for_a_group_says_in_words_what_to_type(
    server: FakeAiBotServer, bot: AiBotChannel
) -> None:
    await deliver(bot, Reply(card=CARD), place("grp", is_group=True))

    [pushed] = server.bodies("aibot_send_msg")
    assert pushed["chat_type"] == 2
    assert "/签收 17" in str(pushed["markdown"])


async def test_who_enters_is_welcomed_by_the_events_own_answer(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.call("aibot_event_callback", event("enter_chat"))
    [entered] = await inbox.has(1)
    assert entered.kind is MessageKind.ENTER

    await deliver(bot, Reply(text="**您好**，可以直接问我。"), target_of(entered))

    [welcome] = server.bodies("aibot_respond_welcome_msg")
    assert welcome == {"msgtype": "text", "text": {"content": "您好，可以直接问我。"}}


async def test_a_missed_welcome_troubles_nobody(server: FakeAiBotServer, inbox: Inbox) -> None:
    late = timedelta(0)
    bot = make(server, inbox, clock=lambda: datetime.now(UTC) + late)
    await bot.start()
    await bot.reached(State.LIVE, 5)
    await server.until(lambda: server.live is not None)
    await server.call("aibot_event_callback", event("enter_chat"))
    [entered] = await inbox.has(1)
    late = timedelta(seconds=6)
    server.errcodes["aibot_send_msg"] = [93006]

    [part] = await bot.render(Reply(text="您好"), target_of(entered), no_blob)
    sent = await bot.send(part, target_of(entered), "d1")

    assert list(sent.refused) == ["zhangsan"]
    assert not server.sent("aibot_respond_welcome_msg")
    await bot.stop()


async def test_feedback_names_the_answer_it_is_about(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox, answers: Remembered
) -> None:
    answers.replies["m1@zhangsan"] = Reply(text="…", feedback_id="q7")
    for msgid, feedback_id in (("f1", "q3"), ("f2", "message:m1@zhangsan"), ("f3", "message:x")):
        body = event("feedback_event", msgid=msgid, id=feedback_id, type=2, content="不准")
        await server.call("aibot_event_callback", body)

    stored = await inbox.has(3)

    assert [m.feedback_id for m in stored] == ["q3", "q7", None]
    assert {(m.kind, m.text) for m in stored} == {(MessageKind.FEEDBACK, "down")}
