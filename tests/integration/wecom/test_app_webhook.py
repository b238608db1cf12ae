from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from bot.channels.base import Target
from bot.channels.text import merge
from bot.channels.wecom.doctor import check_webhooks
from bot.channels.wecom.settings import WebhookSettings
from bot.channels.wecom.webhook import WeComWebhooks
from bot.errors import ChannelRefused, ChannelUnavailable, OutcomeUnknown
from bot.messages import Attachment, Button, Card, ChannelName, Conversation, Link, Reply
from tests.fakes.wecom import FakeWeCom
from tests.integration.wecom.wecom_app_stage import Clock

GROUP = Target(
    conversation=Conversation(channel=ChannelName.WECOM_WEBHOOK, id="党建群", is_group=True)
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(1_500_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    fake: FakeWeCom
    hooks: WeComWebhooks
    clock: Clock
    settings: WebhookSettings
    session: aiohttp.ClientSession


@pytest.fixture
async def group() -> AsyncIterator[Group]:
    clock = Clock()

    async def account_of(member: str) -> str | None:
        return {"7": "zhang", "8": "li"}.get(member)

    async with AsyncExitStack() as stack:
        fake = FakeWeCom(clock=clock)
        platform = await stack.enter_async_context(TestServer(fake.app()))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        base = str(platform.make_url(""))
        settings = WebhookSettings(name="党建群", key="hook-key-1", api_base=base)
        hooks = WeComWebhooks([settings], session, account_of, clock)
        yield Group(fake=fake, hooks=hooks, clock=clock, settings=settings, session=session)


async def read_blob(blob: str) -> bytes:
    return {"png": PNG, "doc": b"PK\x03\x04 a document"}[blob]


async def deliver(group: Group, reply: Reply, target: Target = GROUP) -> Sequence[bytes]:
    parts = await group.hooks.render(reply, target, read_blob)
    for part in parts:
        await group.hooks.send(part, target, "d1")
    return parts


async def test_members_are_mentioned_for_real_in_the_last_part(group: Group) -> None:
    text = "请各支部按时上报学习记录。" * 90

    await deliver(group, Reply(text=text, mentions=("7", "8", "99")))

    contents = [body["text"] for body in group.fake.group]
    assert len(contents) == 2
    assert "mentioned_list" not in contents[0]
    assert contents[1]["mentioned_list"] == ["zhang", "li"]


async def test_emphasis_goes_as_markdown_and_falls_back_to_text(group: Group) -> None:
    reply = Reply(text="**本周**\n\n- 党课\n- 学习")
    await deliver(group, reply)
    group.fake.script["webhook/send"].append(40008)
    await deliver(group, reply)

    first, second = group.fake.group
    assert first["msgtype"] == "markdown_v2"
    assert second["text"] == {"content": "本周\n\n· 党课\n· 学习"}


async def test_a_document_cannot_mention_or_link_by_itself(group: Group) -> None:
    await deliver(group, Reply(text='<@all> <a href="https://evil.example">点这里</a> **x**'))

    assert "<" not in group.fake.group[0]["markdown_v2"]["content"]


async def test_pictures_go_inline_and_files_are_uploaded(group: Group) -> None:
    picture = Attachment(name="图.png", media_type="image/png", blob="png")
    plan = Attachment(name="计划.docx", media_type="application/octet-stream", blob="doc")

    await deliver(group, Reply(attachments=(picture, plan)))

    assert [body["msgtype"] for body in group.fake.group] == ["image", "file"]
    assert list(group.fake.names.values()) == ["计划.docx"]


async def test_a_card_shows_no_buttons_nobody_could_answer(group: Group) -> None:
    card = Card(
        title="主题党日",
        body="周五 15:00",
        buttons=(Button(label="签收", command="/签收 1"),),
        links=(Link(label="详情", url="https://x.example/1"),),
    )

    await deliver(group, Reply(card=card))
    await deliver(group, Reply(card=Card(title="主题党日", buttons=card.buttons)))

    notice, words = group.fake.group
    assert notice["template_card"]["card_type"] == "text_notice"
    assert "button_list" not in notice["template_card"]
    assert "签收" not in str(words)


async def test_nothing_private_goes_into_a_group(group: Group) -> None:
    with pytest.raises(ChannelRefused):
        await group.hooks.render(Reply(text="谈话记录", is_private=True), GROUP, read_blob)


async def test_twenty_a_minute_then_the_rest_waits(group: Group) -> None:
    for n in range(20):
        assert group.hooks.wait_s(GROUP, group.clock.now) == 0
        await deliver(group, Reply(text=f"提醒 {n}"))

    assert group.hooks.wait_s(GROUP, group.clock.now) == 60
    with pytest.raises(ChannelUnavailable) as caught:
        await deliver(group, Reply(text="提醒 20"))
    assert caught.value.retry_after_s == 60
    group.clock.forward(seconds=60)
    assert group.hooks.wait_s(GROUP, group.clock.now) == 0


@pytest.mark.parametrize("errcode", [93000, 93001, 93004, 93008])
async def test_a_webhook_that_is_gone_is_named(group: Group, errcode: int) -> None:
    group.fake.script["webhook/send"].append(errcode)

    with pytest.raises(ChannelRefused) as caught:
        await deliver(group, Reply(text="提醒"))

    assert "重新添加" in caught.value.reply
    assert "党建群" in group.hooks.health().detail
    await deliver(group, Reply(text="提醒"))
    assert group.hooks.health().is_ready


async def test_a_lost_answer_is_in_doubt(group: Group) -> None:
    group.fake.script["webhook/send"].append("lost")

    with pytest.raises(OutcomeUnknown):
        await deliver(group, Reply(text="提醒"))


async def test_an_unknown_name_is_refused(group: Group) -> None:
    elsewhere = Target(
        conversation=Conversation(channel=ChannelName.WECOM_WEBHOOK, id="不存在", is_group=True)
    )

    with pytest.raises(ChannelRefused) as caught:
        await deliver(group, Reply(text="x"), elsewhere)

    assert "不存在" in caught.value.reply


def test_several_reminders_become_one() -> None:
    card = Card(title="党课", buttons=(Button(label="签收", command="/签收 1"),))
    merged = merge(
        [
            Reply(text="周三学习", mentions=("7",)),
            Reply(text="周三学习", mentions=("8", "7")),
            Reply(card=card),
        ]
    )

    assert merged.text == "周三学习\n\n**党课**"
    assert merged.mentions == ("7", "8")
    assert merged.card is None


async def test_the_doctor_tries_keys_without_sending(group: Group) -> None:
    dead = WebhookSettings(name="旧群", key="gone", api_base=group.settings.api_base)

    alive, gone = await check_webhooks([group.settings, dead], group.session, group.clock)

    assert alive.ok
    assert not gone.ok
    assert "更新 key" in gone.advice
    assert group.fake.group == []
