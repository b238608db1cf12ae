"""Answers and pushes on the long connection, and what each failure leads to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_socket import State
from bot.errors import ChannelRefused, ChannelUnavailable, OutcomeUnknown
from bot.messages import (
    Attachment,
    Reply,
)
from tests.fakes.aibot_server import FakeAiBotServer
from tests.integration.wecom.aibot_stage import (
    Inbox,
    deliver,
    place,
    target_of,
)


async def test_a_question_is_stored_and_answered_as_a_finished_stream(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    req_id = await server.say("什么时候交计划？")
    [question] = await inbox.has(1)

    await deliver(bot, Reply(text="九月底前交。", feedback_id="q7"), target_of(question))

    [answer] = server.sent("aibot_respond_msg")
    assert answer["headers"] == {"req_id": req_id}
    stream = server.bodies("aibot_respond_msg")[0]["stream"]
    assert isinstance(stream, dict)
    assert stream["finish"] is True
    assert stream["content"] == "九月底前交。"
    assert stream["feedback"] == {"id": "q7"}
    assert bot.health().is_ready


async def test_an_answer_after_a_day_is_pushed(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("在吗")
    [question] = await inbox.has(1)
    server.forget_req_ids()

    await deliver(bot, Reply(text="在。"), target_of(question))
    await deliver(bot, Reply(text="还在。"), target_of(question), "d2")

    assert len(server.sent("aibot_respond_msg")) == 1
    assert server.bodies("aibot_send_msg") == [
        {"chatid": "zhangsan", "chat_type": 1, "msgtype": "markdown", "markdown": {"content": text}}
        for text in ("在。", "还在。")
    ]


async def test_an_expired_stream_is_pushed(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("在吗")
    [question] = await inbox.has(1)
    server.errcodes["aibot_respond_msg"] = [846608]

    await deliver(bot, Reply(text="在。"), target_of(question))

    assert len(server.sent("aibot_send_msg")) == 1


@pytest.mark.parametrize(
    ("errcode", "error", "retry_after_s"),
    [(45009, ChannelUnavailable, 60), (-1, ChannelUnavailable, 5), (93006, ChannelRefused, None)],
)
async def test_an_errcode_leads_to_its_action(
    server: FakeAiBotServer,
    bot: AiBotChannel,
    errcode: int,
    error: type[Exception],
    retry_after_s: float | None,
) -> None:
    server.errcodes["aibot_send_msg"] = [errcode]

    with pytest.raises(error) as caught:
        await deliver(bot, Reply(text="提醒"), place("grp", is_group=True))

    assert getattr(caught.value, "retry_after_s", None) == retry_after_s


async def test_no_answer_in_time_means_the_outcome_is_unknown(
    server: FakeAiBotServer, bot: AiBotChannel
) -> None:
    server.silent["aibot_send_msg"] = 1

    with pytest.raises(OutcomeUnknown):
        await deliver(bot, Reply(text="提醒"), place("zhangsan"))
    await deliver(bot, Reply(text="提醒"), place("zhangsan"))

    assert len(server.sent("aibot_send_msg")) == 2


async def test_a_cut_while_sending_means_the_outcome_is_unknown(
    server: FakeAiBotServer, bot: AiBotChannel
) -> None:
    server.cut_on.add("aibot_send_msg")

    with pytest.raises(OutcomeUnknown):
        await deliver(bot, Reply(text="提醒"), place("zhangsan"))

    await server.until(lambda: server.subscriptions == 2)


async def test_a_repeat_of_an_unanswered_reply_uses_the_same_stream(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("在吗")
    [question] = await inbox.has(1)
    server.silent["aibot_respond_msg"] = 1

    with pytest.raises(OutcomeUnknown):
        await deliver(bot, Reply(text="在。"), target_of(question))
    await deliver(bot, Reply(text="在。"), target_of(question))

    first, again = [body["stream"] for body in server.bodies("aibot_respond_msg")]
    assert first == again


async def test_a_long_answer_is_cut_and_numbered(
    server: FakeAiBotServer, bot: AiBotChannel, inbox: Inbox
) -> None:
    await server.say("全文")
    [question] = await inbox.has(1)
    text = "各学校要按时报送工作计划。" * 1200

    await deliver(bot, Reply(text=text), target_of(question))

    first = server.bodies("aibot_respond_msg")[0]["stream"]
    assert isinstance(first, dict)
    pushed = [body["markdown"] for body in server.bodies("aibot_send_msg")]
    contents = [first["content"], *(m["content"] for m in pushed if isinstance(m, dict))]
    assert all(len(content.encode()) <= 20480 for content in contents)
    assert "".join(c.partition("）")[2] for c in contents) == text


async def test_a_file_is_uploaded_in_chunks_and_sent(
    server: FakeAiBotServer, bot: AiBotChannel
) -> None:
    content = bytes(range(256)) * 5000

    async def read_blob(_: str) -> bytes:
        return content

    reply = Reply(
        text="原文见附件",
        attachments=(Attachment(name="工作计划.docx", media_type="application/x", blob="b1"),),
    )
    target = place("zhangsan")
    for part in await bot.render(reply, target, read_blob):
        await bot.send(part, target, "d1")

    [(media_id, kept)] = server.uploads.items()
    assert kept == content
    assert len(server.sent("aibot_upload_media_chunk")) == 3
    text, file = server.bodies("aibot_send_msg")
    assert text["msgtype"] == "markdown"
    assert file["file"] == {"media_id": media_id}


async def test_the_budget_of_a_conversation_is_30_a_minute(
    server: FakeAiBotServer, bot: AiBotChannel
) -> None:
    target, other = place("zhangsan"), place("lisi")
    for n in range(30):
        assert bot.wait_s(target, datetime.now(UTC)) == 0
        await deliver(bot, Reply(text="提醒"), target, f"d{n}")

    assert 50 < bot.wait_s(target, datetime.now(UTC)) <= 60
    assert bot.wait_s(other, datetime.now(UTC)) == 0


async def test_an_upload_cut_off_is_tried_again_later(
    server: FakeAiBotServer, bot: AiBotChannel
) -> None:
    async def read_blob(_: str) -> bytes:
        return b"%PDF-1.7 plan"

    file = Attachment(name="计划.pdf", media_type="application/pdf", blob="b1")
    reply, target = Reply(attachments=(file,)), place("zhangsan")
    server.cut_on.add("aibot_upload_media_chunk")

    with pytest.raises(ChannelUnavailable):
        await bot.render(reply, target, read_blob)
    await server.until(lambda: server.subscriptions == 2)
    assert await bot.reached(State.LIVE, 5)
    [part] = await bot.render(reply, target, read_blob)
    await bot.send(part, target, "d1")

    assert server.bodies("aibot_send_msg")[0]["msgtype"] == "file"


@pytest.mark.parametrize("is_group", [False, True])
async def test_a_push_to_whom_it_never_met_says_what_to_do(
    server: FakeAiBotServer, bot: AiBotChannel, is_group: bool
) -> None:
    server.errcodes["aibot_send_msg"] = [93006]

    with pytest.raises(ChannelRefused) as caught:
        await deliver(bot, Reply(text="周五交表"), place("newcomer", is_group=is_group))

    assert ("群里 @" if is_group else "先在单聊里") in caught.value.reply
