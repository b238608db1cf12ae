import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.channels.base import Sent, SignsIn, SignsInInside, Target
from bot.channels.wecom.errors import PlatformRefused
from bot.channels.wecom.incoming import ReplyTo
from bot.errors import ChannelRefused, ChannelUnavailable, NotAllowed, OutcomeUnknown
from bot.messages import Attachment, Button, Card, Link, Reply
from tests.fakes.wecom_callbacks import FakePlatform, post
from tests.integration.wecom.wecom_app_stage import Stage, stage, to

SIGN = Card(
    title="三月主题党日",
    body="3月6日 15:00，二楼会议室",
    facts=(("时间", "3月6日 15:00"),),
    buttons=(Button(label="签收", command="/签收 17", style="primary"),),
    key="occurrence:17",
)


@pytest.fixture
async def wecom() -> AsyncIterator[Stage]:
    async with stage() as opened:
        yield opened


async def deliver(stage: Stage, reply: Reply, target: Target) -> list[Sent]:
    parts = await stage.app.render(reply, target, stage.read_blob)
    return [await stage.app.send(part, target, "d1") for part in parts]


async def test_a_long_answer_arrives_whole_in_numbered_parts(wecom: Stage) -> None:
    text = "".join(f"第{n}条 各支部按时开展学习并做好记录👨‍👩‍👧。" for n in range(200))

    await deliver(wecom, Reply(text=text), to("zhang"))

    parts = [message.text for message in wecom.fake.delivered]
    assert len(parts) > 3
    assert all(len(part.encode()) <= 2048 for part in parts)
    assert [part[: part.index("）") + 1] for part in parts] == [
        f"（{n}/{len(parts)}）" for n in range(1, len(parts) + 1)
    ]
    assert "".join(part[part.index("）") + 1 :] for part in parts) == text


async def test_a_retry_arrives_once_and_another_answer_in_the_same_words_too(
    wecom: Stage,
) -> None:
    (reminder,) = await wecom.app.render(Reply(text="15:00 党课"), to("li"), wecom.read_blob)
    asked = [to("li", reply_to=ReplyTo(message_id=f"m{n}").encode()) for n in range(2)]
    answers = [
        part
        for target in asked
        for part in await wecom.app.render(Reply(text="没有待办"), target, wecom.read_blob)
    ]

    for part in (reminder, reminder, answers[0], answers[0], answers[1]):
        await wecom.app.send(part, to("li"), "d1")

    assert [m.text for m in wecom.fake.delivered] == ["15:00 党课", "没有待办", "没有待办"]


async def test_a_partial_failure_names_each_recipient(wecom: Stage) -> None:
    wecom.fake.unlicensed.add("wang")

    (sent,) = await deliver(wecom, Reply(text="通知"), to("zhang", "LiGone", "wang"))

    assert set(sent.refused) == {"LiGone", "wang"}
    assert [message.account for message in wecom.fake.delivered] == ["zhang"]


async def test_when_nobody_can_be_reached_it_is_refused(wecom: Stage) -> None:
    with pytest.raises(ChannelRefused) as caught:
        await deliver(wecom, Reply(text="通知"), to("gone"))

    assert "可见范围" in caught.value.reply


async def test_more_than_a_thousand_recipients_become_two_requests(wecom: Stage) -> None:
    accounts = tuple(f"t{n}" for n in range(1001))
    wecom.fake.members |= set(accounts)

    sent = await deliver(wecom, Reply(text="通知"), to(*accounts))

    assert len(sent) == 2
    assert {message.account for message in wecom.fake.delivered} == set(accounts)


async def test_nobody_writes_to_everybody_by_accident(wecom: Stage) -> None:
    for account in ("@all", "a|b", ""):
        with pytest.raises(ChannelRefused):
            await wecom.app.render(Reply(text="x"), to(account), wecom.read_blob)


async def test_a_hundred_senders_share_one_token(wecom: Stage) -> None:
    (part,) = await wecom.app.render(Reply(text="x"), to("zhang"), wecom.read_blob)

    await asyncio.gather(*(wecom.app.send(part, to("zhang"), f"d{n}") for n in range(100)))

    assert wecom.fake.calls["gettoken"] == 1


async def test_a_token_is_fetched_anew_before_it_ends(wecom: Stage) -> None:
    await deliver(wecom, Reply(text="x"), to("zhang"))
    wecom.clock.forward(seconds=7200 * 0.91)
    await deliver(wecom, Reply(text="y"), to("zhang"))

    assert wecom.fake.calls["gettoken"] == 2


@pytest.mark.parametrize("errcode", [40014, 42001, 41001])
async def test_a_token_revoked_in_mid_flight_is_fetched_once_more(
    wecom: Stage, errcode: int
) -> None:
    await deliver(wecom, Reply(text="x"), to("zhang"))
    wecom.fake.script["message/send"].append(errcode)

    await deliver(wecom, Reply(text="y"), to("zhang"))

    assert [message.text for message in wecom.fake.delivered] == ["x", "y"]
    assert wecom.fake.calls["gettoken"] == 2


async def test_a_token_that_stays_bad_is_not_asked_for_forever(wecom: Stage) -> None:
    wecom.fake.script["message/send"].extend([42001, 42001])

    with pytest.raises(ChannelUnavailable):
        await deliver(wecom, Reply(text="x"), to("zhang"))

    assert wecom.fake.calls["gettoken"] == 2


async def test_over_the_limit_everyone_waits_a_minute(wecom: Stage) -> None:
    wecom.fake.script["message/send"].append(45009)

    with pytest.raises(ChannelUnavailable) as caught:
        await deliver(wecom, Reply(text="x"), to("zhang"))

    assert caught.value.retry_after_s == 60
    assert wecom.app.wait_s(to("li"), wecom.clock.now) == 60
    wecom.clock.forward(seconds=60)
    assert wecom.app.wait_s(to("li"), wecom.clock.now) == 0


async def test_the_thirty_first_message_of_a_minute_waits(wecom: Stage) -> None:
    for n in range(30):
        assert wecom.app.wait_s(to("zhang"), wecom.clock.now) == 0
        await deliver(wecom, Reply(text=str(n)), to("zhang"))

    assert wecom.app.wait_s(to("zhang"), wecom.clock.now) == 60
    assert wecom.app.wait_s(to("li"), wecom.clock.now) == 0
    assert len(wecom.fake.delivered) == 30


async def test_an_untrusted_address_is_explained_and_messages_wait(wecom: Stage) -> None:
    wecom.fake.is_trusted = False

    with pytest.raises(ChannelUnavailable) as caught:
        await deliver(wecom, Reply(text="x"), to("zhang"))

    assert "企业可信IP" in caught.value.reply
    assert wecom.app.health().detail == caught.value.reply
    wecom.fake.is_trusted = True
    await deliver(wecom, Reply(text="x"), to("zhang"))
    assert wecom.app.health().is_ready


async def test_a_wrong_secret_is_tried_once_in_five_minutes() -> None:
    async with stage(secret="mistyped") as wecom:
        for _ in range(3):
            with pytest.raises(ChannelUnavailable):
                await deliver(wecom, Reply(text="x"), to("zhang"))

        assert wecom.fake.calls["gettoken"] == 1
        assert "Secret" in wecom.app.health().detail


@pytest.mark.parametrize("fault", ["lost", "cut", "html"])
async def test_no_answer_means_the_outcome_is_unknown(wecom: Stage, fault: str) -> None:
    (part,) = await wecom.app.render(Reply(text="x"), to("zhang"), wecom.read_blob)
    wecom.fake.script["message/send"].append(fault)

    with pytest.raises(OutcomeUnknown):
        await wecom.app.send(part, to("zhang"), "d1")
    await wecom.app.send(part, to("zhang"), "d1")

    assert len(wecom.fake.delivered) == 1


@pytest.mark.parametrize("fault", ["lost", "html"])
async def test_no_token_means_nothing_was_sent(wecom: Stage, fault: str) -> None:
    wecom.fake.script["gettoken"].extend([fault, fault])

    with pytest.raises(ChannelUnavailable):
        await deliver(wecom, Reply(text="x"), to("zhang"))


async def test_a_tap_updates_the_card_it_came_from(wecom: Stage) -> None:
    (sent,) = await deliver(wecom, Reply(card=SIGN), to("zhang"))
    (task_id, shown), *_ = wecom.fake.cards.items()
    (button,) = shown["button_list"]
    platform = FakePlatform()
    code = wecom.fake.new_response_code()
    now_s = int(wecom.clock.now.timestamp())
    await post(
        wecom.session,
        wecom.address,
        platform.seal(platform.tap("zhang", now_s, button["key"], task_id, code), now_s),
    )
    tap = wecom.inbox.only
    assert tap.text == "/签收 17"
    target = to("zhang", reply_to=tap.reply_to)

    done = Card(title="已签收", key=SIGN.key)
    await deliver(wecom, Reply(card=done), target)

    assert sent.provider_id is not None
    update = wecom.fake.cards["update:1"]
    assert update["response_code"] == code
    assert update["button"] == {"replace_name": "已签收"}
    assert wecom.fake.calls["message/send"] == 1


async def test_a_card_that_cannot_be_updated_is_sent_anew(wecom: Stage) -> None:
    await deliver(wecom, Reply(card=SIGN), to("zhang"))
    (task_id, _), *_ = wecom.fake.cards.items()
    reply_to = ReplyTo(message_id="m1", task_id=task_id, response_code="no-such-code")
    used = to("zhang", reply_to=reply_to.encode())

    await deliver(wecom, Reply(card=SIGN), used)

    assert [message.msgtype for message in wecom.fake.delivered] == ["template_card"] * 2


async def test_update_and_recall_use_what_sending_answered(wecom: Stage) -> None:
    (sent,) = await deliver(wecom, Reply(card=SIGN), to("zhang"))
    assert sent.provider_id is not None

    await wecom.app.update_card(Reply(card=Card(title="已过期")), to("zhang"), sent.provider_id)
    await wecom.app.recall(sent.provider_id)

    assert wecom.fake.cards["update:1"]["button"] == {"replace_name": "已过期"}
    assert wecom.fake.recalled == {sent.provider_id.split()[0]}
    with pytest.raises(PlatformRefused):
        await wecom.app.update_card(Reply(card=Card(title="再来")), to("zhang"), sent.provider_id)


async def test_the_same_card_asked_for_twice_is_shown_twice(wecom: Stage) -> None:
    for n in range(2):
        await deliver(
            wecom, Reply(card=SIGN), to("zhang", reply_to=ReplyTo(message_id=f"m{n}").encode())
        )

    assert len(wecom.fake.delivered) == 2


async def test_without_a_callback_a_card_says_what_to_type() -> None:
    async with stage(has_callback=False) as wecom:
        await deliver(wecom, Reply(card=SIGN), to("zhang"))

        (message,) = wecom.fake.delivered
        assert message.msgtype == "text"
        assert "请回复 /签收 17" in message.text


@pytest.mark.parametrize(
    ("card", "msgtype"),
    [
        (Card(title="通知", links=(Link(label="打开", url="https://x.example/a"),)), "textcard"),
        (Card(title="年历", links=(Link(label="甲", url="https://x.example/a"),) * 3), "news"),
        (
            Card(
                title="进度",
                facts=(("完成", "12/15"),),
                links=(Link(label="明细", url="https://x.example/a"),),
            ),
            "template_card",
        ),
        (Card(title="只有字", body="没有链接"), "text"),
    ],
)
async def test_a_card_takes_the_form_that_fits(wecom: Stage, card: Card, msgtype: str) -> None:
    await deliver(wecom, Reply(card=card), to("zhang"))

    assert [message.msgtype for message in wecom.fake.delivered] == [msgtype]


async def test_words_that_a_card_would_cut_are_said_in_full_before_it(wecom: Stage) -> None:
    body = "请各支部于本周五前完成学习记录的整理并交到办公室。" * 12
    card = Card(title="整理", body=body, buttons=SIGN.buttons)

    await deliver(wecom, Reply(card=card), to("zhang"))

    words, shown = wecom.fake.delivered
    assert body in words.text
    assert shown.msgtype == "template_card"


async def test_files_are_uploaded_once_and_again_when_forgotten(wecom: Stage) -> None:
    wecom.blobs["b1"] = b"%PDF-1.7 plan"
    plan = Attachment(name="工作要点.pdf", media_type="application/pdf", blob="b1")
    reply = Reply(text="原文", attachments=(plan,))
    _, file = await wecom.app.render(reply, to("zhang"), wecom.read_blob)
    await wecom.app.render(reply, to("li"), wecom.read_blob)
    assert wecom.fake.calls["media/upload"] == 1
    assert set(wecom.fake.names.values()) == {"工作要点.pdf"}

    wecom.fake.media.clear()
    await wecom.app.send(file, to("zhang"), "d1")

    (message,) = wecom.fake.delivered
    media_id = message.body["file"]["media_id"]
    assert wecom.fake.media[media_id] == b"%PDF-1.7 plan"


async def test_a_file_that_is_too_big_is_said_instead(wecom: Stage) -> None:
    wecom.blobs["big"] = bytes(21 * 1024 * 1024)
    big = Attachment(name="录像.zip", media_type="application/zip", blob="big")

    await deliver(wecom, Reply(attachments=(big,)), to("zhang"))

    assert "超过 20 MB" in wecom.fake.delivered[0].text


async def test_a_download_is_capped_ranged_and_its_errors_are_seen(wecom: Stage) -> None:
    wecom.fake.media["small"] = b"photo bytes"
    wecom.fake.media["large"] = bytes(range(256)) * 4096 * 22

    assert await wecom.app.download("media_id:small", 1024) == b"photo bytes"
    large = await wecom.app.download("media_id:large", 1 << 30)
    assert large == wecom.fake.media["large"]
    with pytest.raises(ChannelRefused, match="limit"):
        await wecom.app.download("media_id:large", 17 * 1024 * 1024)
    with pytest.raises(ChannelRefused, match="40007"):
        await wecom.app.download("media_id:expired", 1024)
    with pytest.raises(ChannelRefused, match="not an attachment"):
        await wecom.app.download("http://169.254.169.254/", 1024)


async def test_a_download_survives_a_stale_token(wecom: Stage) -> None:
    wecom.fake.media["small"] = b"photo bytes"
    wecom.fake.script["media/get"].append(42001)

    assert await wecom.app.download("media_id:small", 1024) == b"photo bytes"


async def test_too_big_for_the_platform_is_split_once_more(wecom: Stage) -> None:
    (part,) = await wecom.app.render(Reply(text="上半句。下半句。"), to("zhang"), wecom.read_blob)
    wecom.fake.script["message/send"].append(45002)

    await wecom.app.send(part, to("zhang"), "d1")

    assert "".join(message.text for message in wecom.fake.delivered) == "上半句。下半句。"
    assert len(wecom.fake.delivered) > 1


@pytest.mark.parametrize("is_too_big", [False, True])
async def test_the_directory_is_read(wecom: Stage, is_too_big: bool) -> None:
    wecom.fake.departments = [
        {"id": 2, "name": "云山中心小学", "parentid": 1, "order": 100},
        {"id": 7, "name": "第一支部", "parentid": 2, "order": 50},
    ]
    wecom.fake.staff = [
        {"userid": "zhang", "name": "张敏", "department": [2, 7]},
        {"userid": "li", "name": "李岩", "department": [7]},
    ]
    if is_too_big:
        wecom.fake.script["department/list"].append(45029)

    found = await wecom.app.read_directory()

    assert [(unit.name, unit.parent_id) for unit in found.units] == [
        ("云山中心小学", None),
        ("第一支部", "2"),
    ]
    assert {member.account: member.unit_ids for member in found.members} == {
        "zhang": ("2", "7"),
        "li": ("7",),
    }


async def test_signing_in_tells_who_it_is_once(wecom: Stage) -> None:
    wecom.fake.codes |= {"c1": "zhang", "c2": ""}

    assert isinstance(wecom.app, SignsIn)
    assert await wecom.app.account_of("c1") == "zhang"
    for code in ("c1", "c2", "bad code\n"):
        with pytest.raises(NotAllowed):
            await wecom.app.account_of(code)
    assert "state=abc1" in wecom.app.sign_in_url("https://x.example/login", "abc1")
    assert wecom.app.inside_sign_in_url("https://x.example/", "a1").endswith("#wechat_redirect")
    assert isinstance(wecom.app, SignsInInside)
    assert wecom.app.is_inside("Mozilla/5.0 (iPhone) MicroMessenger/7.0 wxwork/4.1")
    assert not wecom.app.is_inside("Mozilla/5.0 (iPhone) MicroMessenger/8.0")
    with pytest.raises(ValueError, match="state"):
        wecom.app.sign_in_url("https://x.example/", "a b")


async def test_the_menu_is_created_within_its_limits(wecom: Stage) -> None:
    await wecom.app.create_menu()

    assert wecom.fake.menu is not None
    names = [button["name"] for button in wecom.fake.menu["button"]]
    assert names == ["问一问", "我的任务", "更多"]


async def test_a_clock_that_is_off_is_noticed(wecom: Stage) -> None:
    wecom.fake.ahead = timedelta(minutes=7)

    await deliver(wecom, Reply(text="x"), to("zhang"))

    assert "校准时间" in wecom.app.health().detail
