from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wecom.aibot_frames import read_frame, read_object, write_object
from bot.channels.wecom.aibot_handle import (
    Handle,
    Way,
    feedback_message,
    feedback_on_message,
    read_handle,
    stream_id,
    streamed_message,
    write_handle,
)
from bot.channels.wecom.aibot_inbound import read_message, strip_mention
from bot.messages import MessageKind

NOW = datetime(2026, 9, 7, 8, 30, tzinfo=UTC)
NAMES = st.sampled_from(
    "cmd headers req_id body errcode msgid chatid chattype from userid corpid msgtype text content "
    "mixed msg_item image url aeskey file quote event eventtype enter_chat template_card_event "
    "feedback_event event_key task_id id type selected_items selected_item option_ids option_id "
    "create_time response_url".split()
)
WORDS = st.sampled_from(
    "single group text image mixed voice file video event stream enter_chat template_card_event "
    "feedback_event 1 2".split()
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=20,
)
BODY = st.dictionaries(NAMES, JSON).map(
    lambda body: {"from": {"userid": "a"}, "msgtype": "text", **body}
)


def body(**fields: object) -> dict[str, object]:
    return {
        "msgid": "m1",
        "chattype": "single",
        "from": {"userid": "zhangsan"},
        "msgtype": "text",
        "text": {"content": "你好"},
        **fields,
    }


@given(st.text() | st.binary())
def test_no_bytes_upset_the_reader(raw: str | bytes) -> None:
    assert read_object(raw) is None or isinstance(read_object(raw), dict)


@given(JSON)
def test_any_json_is_a_frame_or_none(value: object) -> None:
    frame = read_frame(json.dumps(value))

    assert (frame is None) == (not isinstance(value, dict))


@pytest.mark.parametrize("raw", ["[" * 100_000, '{"a":' * 500 + "1" + "}" * 500, "9" * 5000])
def test_deep_and_huge_json_is_none(raw: str) -> None:
    assert read_frame(raw) is None


@given(BODY, st.sampled_from(["", "要点"]))
def test_any_body_becomes_a_storable_message_or_none(
    body: dict[str, object], bot_name: str
) -> None:
    message = read_message(body, now=NOW, req_id="r", bot_name=bot_name)

    if message is not None:
        assert message.message_id
        assert message.sender.account
        assert message.conversation.id
        for text in (message.text, message.quoted_text, message.message_id, message.reply_to or ""):
            assert "\x00" not in text.encode().decode()


@pytest.mark.parametrize(
    ("text", "bot_name", "expected"),
    [
        ("@要点 明天开会吗", "", "明天开会吗"),
        ("@要点\u2005明天开会吗", "", "明天开会吗"),
        ("明天开会吗 @要点", "", "明天开会吗"),
        ("@要点 提醒 @张老师 交表", "", "提醒 @张老师 交表"),
        ("@张老师 @要点 提醒", "要点", "@张老师 提醒"),
        ("@要点", "", ""),
        ("@要点明天开会吗", "要点", "明天开会吗"),
    ],
)
def test_only_the_bots_own_mention_is_removed(text: str, bot_name: str, expected: str) -> None:
    assert strip_mention(text, bot_name) == (expected, True)


@given(st.text())
def test_a_text_without_at_is_no_mention(text: str) -> None:
    plain = text.replace("@", "")

    assert strip_mention(plain, "要点") == (plain.strip(), False)


def test_a_quote_is_carried_as_words() -> None:
    quote = {
        "msgtype": "mixed",
        "mixed": {
            "msg_item": [
                {"msgtype": "text", "text": {"content": "第三条"}},
                {"msgtype": "image", "image": {"url": "https://a.myqcloud.com/1"}},
            ]
        },
    }

    message = read_message(body(quote=quote), now=NOW)

    assert message
    assert message.quoted_text == "第三条\n［图片］"


@pytest.mark.parametrize("kind", ["image", "file", "video"])
def test_media_are_attachments_with_their_own_key(kind: str) -> None:
    media = {"url": "https://a.myqcloud.com/1", "aeskey": "k"}

    message = read_message(body(msgtype=kind, **{kind: media}), now=NOW)

    assert message
    assert message.kind is MessageKind.MEDIA
    [attachment] = message.attachments
    source = json.loads(attachment.source or "")
    assert source == {"url": media["url"], "key": "k", "at": int(NOW.timestamp())}


def test_voice_is_its_recognised_words() -> None:
    message = read_message(body(msgtype="voice", voice={"content": "签到"}), now=NOW)

    assert message
    assert (message.kind, message.text) == (MessageKind.TEXT, "签到")


def test_two_taps_of_one_second_are_two_messages_even_without_ids() -> None:
    def tap(key: str) -> str:
        event = {"eventtype": "template_card_event", "template_card_event": {"event_key": key}}
        message = read_message(body(msgid=None, msgtype="event", event=event), now=NOW)
        assert message
        return message.message_id

    assert tap("/签收 1") != tap("/签收 2")
    assert tap("/签收 1") == tap("/签收 1")


def test_ticked_options_follow_the_command() -> None:
    chosen = {"selected_item": [{"question_key": "q", "option_ids": {"option_id": ["a", "b"]}}]}
    tapped = {"event_key": "/投票 3", "selected_items": chosen}
    event = {"eventtype": "template_card_event", "template_card_event": tapped}

    message = read_message(body(msgtype="event", event=event), now=NOW)

    assert message
    assert message.text == "/投票 3 a b"


@pytest.mark.parametrize(
    ("created", "is_taken"), [(0, False), (1_788_769_000, True), (10**15, False)]
)
def test_only_a_plausible_time_is_taken(created: int, is_taken: bool) -> None:
    now = datetime.fromtimestamp(1_788_769_060, UTC)

    message = read_message(body(create_time=created), now=now)

    assert message
    assert (message.sent_at != now) == is_taken


HANDLES = st.builds(
    Handle,
    way=st.sampled_from(Way),
    message_id=st.text("abc@_-.：中", max_size=40),
    account=st.text("abc中"),
    received_at=st.integers(0, 2**33).map(lambda s: datetime.fromtimestamp(s, UTC)),
    req_id=st.text("abc0"),
    task_id=st.text("abc@"),
    response_url=st.text("htps:/?=&"),
)


@given(HANDLES)
def test_a_handle_survives_its_way_through_the_store(handle: Handle) -> None:
    assert read_handle(write_handle(handle)) == handle


@given(st.none() | st.text())
def test_a_foreign_reply_to_is_no_handle(text: str | None) -> None:
    assert read_handle(text) is None


def test_ways_close_in_time() -> None:
    handle = Handle(way=Way.WELCOME, message_id="m", account="a", received_at=NOW)

    assert handle.is_open(NOW + timedelta(seconds=4))
    assert not handle.is_open(NOW + timedelta(seconds=5))
    assert not handle.can_stream(NOW)


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_stream_and_its_feedback_lead_back_to_the_message(message_id: str) -> None:
    assert streamed_message(stream_id(message_id)) == message_id
    assert feedback_message(feedback_on_message(message_id)) == message_id


@given(st.text())
def test_a_foreign_stream_id_is_refused_or_ours(stream: str) -> None:
    message_id = streamed_message(stream)

    assert message_id is None or stream_id(message_id) == stream


@given(st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"))))
def test_written_json_is_read_back(value: dict[str, object]) -> None:
    assert read_object(write_object(value)) == value
