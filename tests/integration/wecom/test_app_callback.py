import asyncio
import io
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wecom.incoming import ReplyTo
from bot.messages import ChannelName, MessageKind
from tests.fakes.wecom_callbacks import FakePlatform, Posted, post
from tests.integration.wecom.wecom_app_stage import Stage, stage

PLATFORM = FakePlatform()


@pytest.fixture
async def wecom() -> AsyncIterator[Stage]:
    async with stage() as opened:
        yield opened


def now_s(wecom: Stage) -> int:
    return int(wecom.clock.now.timestamp())


async def send(wecom: Stage, xml: str, *, offset_s: int = 0) -> tuple[int, bytes]:
    return await post(wecom.session, wecom.address, PLATFORM.seal(xml, now_s(wecom) + offset_s))


async def test_the_console_can_check_the_address(wecom: Stage) -> None:
    posted = PLATFORM.seal("5927782489442352469", now_s(wecom), "n-1")
    echostr = posted.body.decode().split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    started = time.monotonic()

    async with wecom.session.get(
        wecom.address, params={**posted.query, "echostr": echostr}
    ) as answer:
        assert (answer.status, await answer.read()) == (200, b"5927782489442352469")
    assert time.monotonic() - started < 1

    async with wecom.session.get(wecom.address, params={**posted.query, "echostr": "x"}) as bad:
        assert bad.status == 403


async def test_a_text_is_stored_then_acknowledged(wecom: Stage) -> None:
    xml = PLATFORM.text("zhang", now_s(wecom), "三会一课多久开一次？", 7405550000000000001)

    assert await send(wecom, xml) == (200, b"")

    message = wecom.inbox.only
    assert message.text == "三会一课多久开一次？"
    assert message.sent_at == wecom.clock.now
    assert message.message_id == "1000002:zhang:7405550000000000001"
    assert message.number == 7405550000000000001
    assert message.conversation.id == message.sender.account == "zhang"


async def test_fifty_identical_callbacks_are_one_message(wecom: Stage) -> None:
    xml = PLATFORM.text("zhang", now_s(wecom), "签到", 1)
    posted = PLATFORM.seal(xml, now_s(wecom))

    answers = await asyncio.gather(
        *(post(wecom.session, wecom.address, posted) for _ in range(25)),
        *(send(wecom, xml) for _ in range(25)),
    )

    assert set(answers) == {(200, b"")}
    assert len(wecom.inbox.messages) == 1


async def test_a_hundred_events_of_one_second_are_a_hundred(wecom: Stage) -> None:
    for n in range(100):
        await send(wecom, PLATFORM.event("zhang", now_s(wecom), "click", EventKey=f"/签收 {n}"))

    assert len(wecom.inbox.messages) == 100


async def test_a_used_signature_with_another_body_is_refused(wecom: Stage) -> None:
    posted = PLATFORM.seal(PLATFORM.text("zhang", now_s(wecom), "签到", 1), now_s(wecom))
    other = Posted(query=posted.query, body=posted.body.replace(b"<AgentID>", b"<AgentID> "))

    assert (await post(wecom.session, wecom.address, posted))[0] == 200
    assert (await post(wecom.session, wecom.address, other))[0] == 403
    assert (await post(wecom.session, wecom.address, posted))[0] == 200
    assert len(wecom.inbox.messages) == 1
    assert wecom.app.callback is not None
    assert wecom.app.callback.counts["repeat"] == 1


@pytest.mark.parametrize(
    ("offset_s", "status"), [(-301, 403), (-300, 200), (0, 200), (300, 200), (301, 403)]
)
async def test_only_the_window_of_five_minutes_is_open(
    wecom: Stage, offset_s: int, status: int
) -> None:
    xml = PLATFORM.text("zhang", now_s(wecom), "签到", 1)

    assert (await send(wecom, xml, offset_s=offset_s))[0] == status
    assert len(wecom.inbox.messages) == (status == 200)


@pytest.mark.parametrize("broken", ["msg_signature", "timestamp", "nonce"])
async def test_a_changed_parameter_is_refused(wecom: Stage, broken: str) -> None:
    posted = PLATFORM.seal(PLATFORM.text("zhang", now_s(wecom), "签到", 1), now_s(wecom))
    value = str(now_s(wecom) + 1) if broken == "timestamp" else "0" * 40
    changed = Posted(query={**posted.query, broken: value}, body=posted.body)
    missing = {name: value for name, value in posted.query.items() if name != broken}

    assert (await post(wecom.session, wecom.address, changed))[0] == 403
    absent = Posted(query=missing, body=posted.body)
    assert (await post(wecom.session, wecom.address, absent))[0] == 403
    assert wecom.inbox.offered == 0


HOSTILE = {
    "entities": b'<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml>&b;</xml>',
    "external": b'<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml>&x;</xml>',
    "deep": b"<xml>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</xml>",
    "wide": b"<xml>" + b"<a/>" * 5000 + b"</xml>",
    "attributes": b'<xml a="b"><Encrypt>x</Encrypt></xml>',
    "instruction": b"<?php x?><xml><Encrypt>x</Encrypt></xml>",
    "two": b"<xml><Encrypt>x</Encrypt><Encrypt>y</Encrypt></xml>",
    "empty": b"",
    "binary": bytes(range(256)),
    "json": b'{"encrypt": "x"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_xml_is_refused_before_it_costs_anything(wecom: Stage, body: bytes) -> None:
    query = {"msg_signature": "0" * 40, "timestamp": str(now_s(wecom)), "nonce": "n"}
    started = time.process_time()

    status, _ = await post(wecom.session, wecom.address, Posted(query=query, body=body))

    assert status == 403
    assert time.process_time() - started < 0.1


async def test_ten_megabytes_are_refused(wecom: Stage) -> None:
    query = {"msg_signature": "0" * 40, "timestamp": str(now_s(wecom)), "nonce": "n"}

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield bytes(65_536)

    async with wecom.session.post(
        wecom.address, params=query, data=io.BytesIO(bytes(10_485_760))
    ) as answer:
        assert answer.status == 413
    async with wecom.session.post(wecom.address, params=query, data=endless()) as answer:
        assert answer.status == 413


@pytest.mark.parametrize(
    ("kind", "fields", "media_type"),
    [
        ("image", {"PicUrl": "http://x.example/p", "MediaId": "m-1"}, "image/jpeg"),
        ("voice", {"MediaId": "m-1", "Format": "amr"}, "audio/amr"),
        ("video", {"MediaId": "m-1", "ThumbMediaId": "t-1"}, "video/mp4"),
        ("file", {"MediaId": "m-1", "FileName": "签到表.xlsx"}, "application/octet-stream"),
    ],
)
async def test_what_teachers_send_becomes_an_attachment(
    wecom: Stage, kind: str, fields: dict[str, str], media_type: str
) -> None:
    await send(wecom, PLATFORM.message("zhang", now_s(wecom), kind, MsgId="9", **fields))

    message = wecom.inbox.only
    (attachment,) = message.attachments
    assert message.kind is MessageKind.MEDIA
    assert (attachment.source, attachment.media_type) == ("media_id:m-1", media_type)
    assert attachment.name.startswith("签到表") or kind != "file"


async def test_a_tap_carries_its_command_and_what_updates_the_card(wecom: Stage) -> None:
    items = (
        "<SelectedItem><QuestionKey><![CDATA[q]]></QuestionKey><OptionIds>"
        "<OptionId><![CDATA[a]]></OptionId><OptionId><![CDATA[b]]></OptionId>"
        "</OptionIds></SelectedItem>"
    )
    xml = PLATFORM.event(
        "zhang",
        now_s(wecom),
        "template_card_event",
        EventKey="/请假 17",
        TaskId="task@1",
        ResponseCode="code-1",
        SelectedItems=items,
    )

    await send(wecom, xml)

    tap = wecom.inbox.only
    assert (tap.kind, tap.text) == (MessageKind.TAP, "/请假 17 a b")
    assert tap.channel is ChannelName.WECOM_APP
    reply_to = ReplyTo.decode(tap.reply_to)
    assert reply_to is not None
    assert (reply_to.task_id, reply_to.response_code) == ("task@1", "code-1")
    assert tap.reply_until is not None


@pytest.mark.parametrize(
    ("event", "kind"), [("subscribe", MessageKind.ENTER), ("enter_agent", MessageKind.ENTER)]
)
async def test_who_comes_in_may_be_welcomed(wecom: Stage, event: str, kind: MessageKind) -> None:
    await send(wecom, PLATFORM.event("zhang", now_s(wecom), event, EventKey=""))

    assert wecom.inbox.only.kind is kind


IGNORED = [
    "unsubscribe",
    "LOCATION",
    "view",
    "view_miniprogram",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
    "change_contact",
    "batch_job_result",
    "open_approval_change",
    "sys_approval_change",
    "share_agent_change",
    "share_chain_change",
    "inactive_alert",
    "low_active_alert",
    "close_inactive_agent",
    "reopen_inactive_agent",
    "low_active",
    "active_restored",
    "something_new",
]


@pytest.mark.parametrize("event", IGNORED)
async def test_other_events_are_answered_and_counted(wecom: Stage, event: str) -> None:
    answer = await send(wecom, PLATFORM.event("sys", now_s(wecom), event, EventKey="k"))

    assert answer == (200, b"")
    assert wecom.inbox.offered == 0
    assert wecom.app.callback is not None
    assert wecom.app.callback.counts[f"event.{event.lower()}"] == 1
    assert wecom.app.health().is_ready == (event != "close_inactive_agent")


@pytest.mark.parametrize("xml", ["<xml></xml>", "not xml", "<xml><MsgType>text</MsgType></xml>"])
async def test_an_authentic_message_without_sense_is_answered_200(wecom: Stage, xml: str) -> None:
    assert await send(wecom, xml) == (200, b"")
    assert wecom.inbox.offered == 0


async def test_pasted_control_characters_lose_nothing(wecom: Stage) -> None:
    await send(wecom, PLATFORM.text("zhang", now_s(wecom), "签\x0b到\n第二行", 1))

    assert wecom.inbox.only.text == "签到\n第二行"


async def test_a_location_and_a_link_are_readable(wecom: Stage) -> None:
    place = {"Location_X": "30.1", "Location_Y": "120.2", "Label": "云山中心小学"}
    await send(wecom, PLATFORM.message("li", now_s(wecom), "location", MsgId="1", **place))
    link = {"Title": "通知", "Description": "全文", "Url": "https://x.example/1"}
    await send(wecom, PLATFORM.message("li", now_s(wecom), "link", MsgId="2", **link))

    first, second = wecom.inbox.messages.values()
    assert "云山中心小学" in first.text
    assert second.text.endswith("https://x.example/1")


QUERY = st.dictionaries(
    st.sampled_from(["msg_signature", "timestamp", "nonce", "echostr", "x"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60),
)
XML = st.recursive(
    st.text("<>&;![]CDATAxml/ \"'a", max_size=40).map(str.encode) | st.binary(max_size=80),
    lambda inner: inner.map(lambda body: b"<xml><Encrypt>" + body + b"</Encrypt></xml>"),
    max_leaves=3,
)


async def test_no_callback_whatever_is_more_than_a_refusal(
    wecom: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=150, deadline=None)
    @given(query=QUERY, body=XML)
    def fuzz(query: dict[str, str], body: bytes) -> None:
        sent = asyncio.run_coroutine_threadsafe(
            post(wecom.session, wecom.address, Posted(query=query, body=body)), loop
        )
        assert sent.result(5)[0] in (403, 413)

    await asyncio.to_thread(fuzz)

    assert not [record for record in caplog.records if record.exc_info]


async def test_no_authentic_message_whatever_is_more_than_ignored(
    wecom: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    stamp = now_s(wecom)
    names = st.sampled_from(
        [
            "MsgType",
            "Event",
            "EventKey",
            "FromUserName",
            "CreateTime",
            "MsgId",
            "Content",
            "MediaId",
        ]
    )
    words = st.sampled_from(["text", "event", "image", "click", "zhang", "1767225600"]) | st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30
    )

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(names, words), max_size=8))
    def fuzz(fields: list[tuple[str, str]]) -> None:
        inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields)
        posted = PLATFORM.seal(f"<xml>{inner}</xml>", stamp)
        sent = asyncio.run_coroutine_threadsafe(post(wecom.session, wecom.address, posted), loop)
        assert sent.result(5) == (200, b"")

    await asyncio.to_thread(fuzz)

    assert not [record for record in caplog.records if record.exc_info]
