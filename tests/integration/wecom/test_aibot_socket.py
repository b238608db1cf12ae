"""The long connection against the simulated platform: real sockets, no waiting for luck."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.base import Sends, Streams, Target, UpdatesCards
from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_settings import AiBotSettings, Answered
from bot.channels.wecom.aibot_socket import State, Timings
from bot.channels.wecom.aibot_stream import LATER, LOOKING, Pace
from bot.errors import ChannelRefused, ChannelUnavailable, OutcomeUnknown
from bot.messages import (
    Attachment,
    Button,
    Card,
    ChannelName,
    Conversation,
    IncomingMessage,
    MessageKind,
    Reply,
)
from tests.fakes.aibot_server import BOT_ID, SECRET, FakeAiBotServer, event

QUICK = Timings(
    connect_s=2,
    heartbeat_s=2,
    ack_s=0.8,
    back_off_s=0.02,
    longest_back_off_s=0.05,
    refused_back_off_s=0.01,
    lease_s=0.15,
)


@dataclass
class Inbox:
    """A store that keeps what it is given once, and may fail first."""

    messages: list[IncomingMessage] = field(default_factory=list)
    failures: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, message: IncomingMessage) -> bool:
        self.asked.set()
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        if any(known.message_id == message.message_id for known in self.messages):
            return False
        async with self.changed:
            self.messages.append(message)
            self.changed.notify_all()
        return True

    async def has(self, count: int) -> list[IncomingMessage]:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: len(self.messages) >= count)
        return self.messages


@dataclass
class SharedLease:
    """One right among replicas, as the store would keep it."""

    holder: str = ""

    def of(self, owner: str) -> Replica:
        return Replica(self, owner)


@dataclass
class Replica:
    shared: SharedLease
    owner: str

    async def acquire(self, name: str, ttl_s: float) -> bool:
        self.shared.holder = self.shared.holder or self.owner
        return self.shared.holder == self.owner

    async def renew(self, name: str, ttl_s: float) -> bool:
        return self.shared.holder == self.owner

    async def release(self, name: str) -> None:
        if self.shared.holder == self.owner:
            self.shared.holder = ""


@dataclass
class Remembered:
    replies: dict[str, Reply] = field(default_factory=dict)
    ways: dict[str, str | None] = field(default_factory=dict)

    async def to(self, message_id: str) -> Answered | None:
        reply = self.replies.get(message_id)
        return Answered(reply=reply, reply_to=self.ways.get(message_id)) if reply else None


@pytest.fixture
async def server() -> AsyncIterator[FakeAiBotServer]:
    fake = FakeAiBotServer()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def answers() -> Remembered:
    return Remembered()


def make(
    server: FakeAiBotServer,
    inbox: Inbox,
    lease: Replica | None = None,
    *,
    secret: str = SECRET,
    timings: Timings = QUICK,
    pace: Pace | None = None,
    answers: Remembered | None = None,
    clock: Callable[[], datetime] | None = None,
) -> AiBotChannel:
    return AiBotChannel(
        AiBotSettings(bot_id=BOT_ID, secret=secret, ws_url=server.url),
        inbox.accept,
        lease or SharedLease().of("a"),
        answers=answers,
        timings=timings,
        pace=pace or Pace(patience_s=0.05, interval_s=0.05, longest_s=5),
        clock=clock or (lambda: datetime.now(UTC)),
    )


@pytest.fixture
async def bot(
    server: FakeAiBotServer, inbox: Inbox, answers: Remembered
) -> AsyncIterator[AiBotChannel]:
    channel = make(server, inbox, answers=answers)
    await channel.start()
    assert await channel.reached(State.LIVE, 5)
    await server.until(lambda: server.live is not None)
    yield channel
    await channel.stop()


def target_of(message_: IncomingMessage) -> Target:
    return Target(
        conversation=message_.conversation,
        reply_to=message_.reply_to,
        reply_until=message_.reply_until,
    )


async def no_blob(_: str) -> bytes:
    raise AssertionError("no attachment here")


async def deliver(
    bot: AiBotChannel, reply: Reply, target: Target, delivery: str = "d1"
) -> list[object]:
    return [
        await bot.send(part, target, delivery) for part in await bot.render(reply, target, no_blob)
    ]


def place(account: str, *, is_group: bool = False) -> Target:
    return Target(
        conversation=Conversation(channel=ChannelName.WECOM_AIBOT, id=account, is_group=is_group)
    )


def test_it_has_the_capabilities_callers_ask_for(server: FakeAiBotServer) -> None:
    channel = AiBotChannel(AiBotSettings(), Inbox().accept, SharedLease().of("a"))

    assert isinstance(channel, Sends)
    assert isinstance(channel, Streams)
    assert isinstance(channel, UpdatesCards)
    assert not channel.health().is_ready


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
    with pytest.raises(ChannelUnavailable):
        await deliver(bot, Reply(text="提醒"), place("zhangsan"))


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
