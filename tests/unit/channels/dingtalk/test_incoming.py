"""What DingTalk says, read without trust."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.dingtalk.incoming import kind_of, object_of, tap_of, to_incoming
from bot.channels.dingtalk.reply_to import ReplyTo
from bot.messages import MessageKind

NOW = datetime(2026, 9, 1, tzinfo=UTC)
SAID: dict[str, object] = {
    "msgId": "msg1",
    "msgtype": "text",
    "text": {"content": "  签到 "},
    "conversationType": "2",
    "conversationId": "cidGroup1",
    "senderId": "$:LWCP_v1:x",
    "senderStaffId": "zhang",
    "senderNick": "张老师",
    "isInAtList": True,
    "sessionWebhook": "https://oapi.dingtalk.com/robot/sendBySession?session=s",
    "sessionWebhookExpiredTime": 1_788_220_800_000,
    "createAt": 1_788_215_400_000,
}


def test_a_message_in_a_group() -> None:
    found = to_incoming(SAID, NOW)

    assert found is not None
    assert (found.text, found.message_id) == ("签到", "msg1")
    assert found.conversation.is_group
    assert found.conversation.id == "cidGroup1"
    assert (found.sender.account, found.sender.display_name) == ("zhang", "张老师")
    assert found.sent_at == datetime.fromtimestamp(1_788_215_400, UTC)
    assert found.reply_until is not None
    assert found.reply_until > found.sent_at
    reply_to = ReplyTo.decode(found.reply_to)
    assert reply_to is not None
    assert reply_to.session_webhook == SAID["sessionWebhook"]


def test_alone_the_chat_is_the_account_and_an_outsider_is_their_opaque_id() -> None:
    alone = to_incoming({**SAID, "conversationType": "1"}, NOW)
    outside = to_incoming({**SAID, "conversationType": "1", "senderStaffId": ""}, NOW)

    assert alone is not None
    assert (alone.conversation.id, alone.conversation.is_group) == ("zhang", False)
    assert outside is not None
    assert outside.sender.account == "$:LWCP_v1:x"


def test_a_group_message_without_a_mention_is_told_apart() -> None:
    found = to_incoming({**SAID, "isInAtList": False}, NOW)

    assert found is not None
    assert not found.is_mention


def test_a_quote_comes_along() -> None:
    text = {"content": "由谁负责", "isReplyMsg": True,
            "repliedMsg": {"msgType": "text", "content": {"text": "每学期更新一次"}}}  # fmt: skip
    rich = {**text, "repliedMsg": {"content": '{"richText": [{"text": "甲"}, {"text": "乙"}]}'}}

    first = to_incoming({**SAID, "text": text}, NOW)
    second = to_incoming({**SAID, "text": rich}, NOW)

    assert first is not None
    assert first.quoted_text == "每学期更新一次"
    assert second is not None
    assert second.quoted_text == "甲乙"


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        ("picture", {"downloadCode": "c1"}, "图片.jpg"),
        ("file", {"downloadCode": "c2", "fileName": "名单.xlsx"}, "名单.xlsx"),
        ("video", {"downloadCode": "c3", "duration": 3}, "视频.mp4"),
        ("audio", {"downloadCode": "c4"}, "语音.amr"),
    ],
)
def test_what_is_no_text_waits_to_be_fetched(
    kind: str, content: dict[str, object], name: str
) -> None:
    found = to_incoming({**SAID, "msgtype": kind, "content": content}, NOW)

    assert found is not None
    assert found.kind is MessageKind.MEDIA
    (attachment,) = found.attachments
    assert attachment.name == name
    assert attachment.source == f"download_code:{content['downloadCode']}"


def test_speech_that_dingtalk_understood_is_text() -> None:
    content = {"downloadCode": "c", "recognition": "我到了", "duration": 900}
    found = to_incoming({**SAID, "msgtype": "audio", "content": content}, NOW)

    assert found is not None
    assert (found.kind, found.text) == (MessageKind.TEXT, "我到了")


def test_words_and_pictures_together() -> None:
    rows = [{"text": "已完成"}, {"type": "picture", "downloadCode": "p1"}, {"text": "，见图"}, 7]
    found = to_incoming({**SAID, "msgtype": "richText", "content": {"richText": rows}}, NOW)

    assert found is not None
    assert found.text == "已完成，见图"
    assert len(found.attachments) == 1


def test_an_exhausted_month_has_no_words_and_asks_nothing() -> None:
    body = {**SAID, "code": 20001, "errorMessage": "x"}
    del body["text"]

    assert kind_of(body) == "over_quota"
    assert to_incoming(body, NOW) is None


def test_a_tap_is_its_command_and_another_tap_is_another() -> None:
    tap: dict[str, object] = {
        "userId": "zhang",
        "outTrackId": "abc-1",
        "spaceType": "IM_GROUP",
        "spaceId": "dtv1.card//IM_GROUP.cidGroup1",
        "content": '{"cardPrivateData": {"actionIds": ["1"], "params": {"command": "/完成 3"}}}',
    }
    first, again, other = (tap_of(tap, NOW, one) for one in ("c1", "c1", "c2"))

    assert first is not None
    assert again is not None
    assert other is not None
    assert (first.kind, first.text) == (MessageKind.TAP, "/完成 3")
    assert first.conversation.id == "cidGroup1"
    assert first.message_id == again.message_id != other.message_id
    assert tap_of({**tap, "content": "{}"}, NOW, "c") is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = st.sampled_from(
    "msgId msgtype text content conversationType conversationId senderStaffId senderId createAt "
    "sessionWebhook sessionWebhookExpiredTime isInAtList code userId outTrackId spaceType spaceId"
    .split()
)  # fmt: skip


@given(st.dictionaries(_FIELDS, _JSON), st.sampled_from(["text", "richText", "picture", "audio"]))
def test_no_json_is_too_strange(body: dict[str, object], kind: str) -> None:
    mixed = {**SAID, "msgtype": kind, **body}

    for found in (to_incoming(mixed, NOW), tap_of(mixed, NOW, "c")):
        if found is not None:
            assert found.message_id
            assert found.sender.account
            assert found.text or found.attachments
    assert kind_of(mixed)


@given(st.text() | _JSON)
def test_an_object_or_nothing(value: object) -> None:
    found = object_of(value)

    assert found is None or isinstance(found, dict)
