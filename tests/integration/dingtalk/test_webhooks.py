import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Target
from bot.channels.dingtalk.settings import WebhookSettings
from bot.channels.dingtalk.webhook import CALL, DingTalkWebhooks, Mention, signed
from bot.errors import ChannelRefused, ChannelUnavailable, OutcomeUnknown
from bot.messages import Attachment, Button, Card, ChannelName, Conversation, Link, Reply
from tests.fakes.dingtalk import FakeDingTalk
from tests.integration.dingtalk.sending_stage import Clock
from tests.shared_data import shared_path

GROUP = Target(
    conversation=Conversation(channel=ChannelName.DINGTALK_WEBHOOK, id="二中群", is_group=True)
)
MENTIONS = {"7": Mention(account="zhang"), "8": Mention(mobile="13000000000")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    fake: FakeDingTalk
    hooks: DingTalkWebhooks
    clock: Clock

    async def deliver(self, reply: Reply, name: str = "d1") -> Sequence[bytes]:
        parts = await self.hooks.render(reply, GROUP, read_blob)
        for n, part in enumerate(parts):
            await self.hooks.send(part, GROUP, f"{name}-{n}")
        return parts


async def read_blob(blob: str) -> bytes:
    return b"PK"


@pytest.fixture
async def group() -> AsyncIterator[Group]:
    async with opened() as found:
        yield found


class opened:
    """A group with its robot; ``keyword`` is what the robot insists on."""

    def __init__(self, *, secret: str = "SEC0001", keyword: str = "") -> None:  # noqa: S107
        self._secret, self._keyword = secret, keyword
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Group:
        clock = Clock()
        fake = FakeDingTalk(clock=clock)
        if self._keyword:
            fake.robots.keywords["robot-token-1"] = self._keyword
        platform = await self._stack.enter_async_context(TestServer(fake.app()))
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        settings = WebhookSettings(
            name="二中群",
            access_token="robot-token-1",
            secret=self._secret,
            keyword=self._keyword,
            api_base=str(platform.make_url("")),
        )

        async def mention_of(member: str) -> Mention:
            return MENTIONS.get(member, Mention())

        hooks = DingTalkWebhooks([settings], session, mention_of, clock)
        return Group(fake=fake, hooks=hooks, clock=clock)

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()


async def test_a_signed_message_arrives(group: Group) -> None:
    await group.deliver(Reply(text="**本周**\n- 党课"))

    (seen,) = group.fake.delivered
    assert (seen.how, seen.kind, seen.text) == ("webhook", "markdown", "**本周**  \n- 党课")


async def test_members_are_mentioned_in_the_last_part(group: Group) -> None:
    await group.deliver(Reply(text="请各支部上报。" * 400, mentions=("7", "8", "99")))

    first, last = group.fake.delivered
    assert first.body["at"] == {}
    assert last.body["at"] == {
        "atUserIds": ["zhang"],
        "atMobiles": ["13000000000"],
        "isAtAll": False,
    }
    assert last.text.endswith("@zhang @13000000000")


async def test_a_repeat_with_the_same_id_is_dropped(group: Group) -> None:
    group.fake.script[CALL].append("lost")
    with pytest.raises(OutcomeUnknown):
        await group.deliver(Reply(text="提醒"))

    await group.deliver(Reply(text="提醒"))
    await group.deliver(Reply(text="提醒"), name="d2")

    assert len(group.fake.delivered) == 2


async def test_the_penalty_is_never_reached(group: Group) -> None:
    sent = 0
    for _ in range(20):
        while group.hooks.wait_s(GROUP, group.clock.now) == 0:
            await group.deliver(Reply(text=f"提醒 {sent}"), name=f"d{sent}")
            sent += 1
        group.clock.forward(seconds=group.hooks.wait_s(GROUP, group.clock.now))

    assert sent == 400
    assert group.fake.robots.refused_too_fast == 0


async def test_what_was_sent_before_a_restart_counts(group: Group) -> None:
    group.hooks.seed("二中群", [group.clock.now - timedelta(seconds=5)] * 20)

    assert group.hooks.wait_s(GROUP, group.clock.now) == 60


@pytest.mark.parametrize("code", ["130101", "410100", "660026"])
async def test_blocked_means_ten_minutes_of_waiting(group: Group, code: str) -> None:
    group.fake.script[CALL].append((code, ""))

    with pytest.raises(ChannelUnavailable) as caught:
        await group.deliver(Reply(text="提醒"))

    assert caught.value.retry_after_s == 600
    assert group.hooks.wait_s(GROUP, group.clock.now) == 600


@pytest.mark.parametrize("code", ["300001", "300005", "400013", "400101", "400102", "400106"])
async def test_a_robot_that_is_gone_is_named_until_it_works(group: Group, code: str) -> None:
    group.fake.script[CALL].append((code, ""))

    with pytest.raises(ChannelRefused):
        await group.deliver(Reply(text="提醒"))

    assert "二中群" in group.hooks.health().detail
    await group.deliver(Reply(text="提醒"))
    assert group.hooks.health().is_ready


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("-1", ChannelUnavailable),
        ("310000", ChannelUnavailable),
        ("430101", ChannelRefused),
        ("430104", ChannelRefused),
        ("400105", ChannelRefused),
    ],
)
async def test_other_codes_have_their_action(
    group: Group, code: str, error: type[Exception]
) -> None:
    group.fake.script[CALL].append((code, ""))

    with pytest.raises(error):
        await group.deliver(Reply(text="提醒"))


async def test_a_wrong_secret_is_explained() -> None:
    async with opened(secret="SECwrong") as group:
        with pytest.raises(ChannelUnavailable) as caught:
            await group.deliver(Reply(text="提醒"))

        assert "加签" in caught.value.reply
        assert "加签" in group.hooks.health().detail


async def test_a_clock_that_is_off_is_explained(group: Group) -> None:
    hooks, parts = group.hooks, await group.hooks.render(Reply(text="提醒"), GROUP, read_blob)
    real = group.clock.now
    group.fake.robots.clock = lambda: real + timedelta(hours=2)

    with pytest.raises(ChannelUnavailable) as caught:
        await hooks.send(parts[0], GROUP, "d1")

    assert "自动对时" in caught.value.reply


async def test_the_keyword_is_added_where_it_is_missing() -> None:
    async with opened(keyword="要点") as group:
        await group.deliver(Reply(text="要点：请交周报"))
        await group.deliver(Reply(text="**请交周报**"), name="d2")

        assert [one.text for one in group.fake.delivered] == [
            "要点：请交周报",
            "**请交周报**\n\n要点",
        ]


async def test_a_card_opens_its_links_and_shows_no_buttons_nobody_could_answer(
    group: Group,
) -> None:
    card = Card(
        title="主题党日",
        body="周五 15:00",
        buttons=(Button(label="签收", command="/签收 1"),),
        links=(Link(label="详情", url="https://x.example/1"),),
    )

    await group.deliver(Reply(card=card))
    await group.deliver(Reply(card=replace(card, links=())), name="d2")

    opens, words = group.fake.delivered
    assert opens.body["btns"] == [{"title": "详情", "actionURL": "https://x.example/1"}]
    assert words.kind == "markdown"
    assert "签收" not in opens.text + words.text


async def test_a_file_is_said_and_nothing_private_goes_out(group: Group) -> None:
    plan = Attachment(name="计划.docx", media_type="application/octet-stream", blob="b")
    await group.deliver(Reply(attachments=(plan,)))

    with pytest.raises(ChannelRefused):
        await group.deliver(Reply(text="谈话", is_private=True), name="d2")

    (seen,) = group.fake.delivered
    assert "计划.docx" in seen.text


async def test_an_unknown_name_is_refused(group: Group) -> None:
    elsewhere = replace(GROUP, conversation=replace(GROUP.conversation, id="不存在"))

    with pytest.raises(ChannelRefused) as caught:
        await group.hooks.render(Reply(text="x"), elsewhere, read_blob)

    assert "不存在" in caught.value.reply


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80))
def test_the_signature_is_over_time_and_secret(secret: str) -> None:
    clock = Clock()

    query = signed(secret, clock.now)

    message = f"{int(clock.now.timestamp() * 1000)}\n{secret}".encode()
    expected = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest())
    assert query["sign"] == expected.decode()
    assert signed("", clock.now) == {}
    assert json.dumps(query)


def test_the_signature_is_that_of_the_vectors() -> None:
    cases = json.loads(shared_path("vectors/dingtalk_sign.json").read_text("utf-8"))["cases"]

    assert cases
    for case in cases:
        at = datetime.fromtimestamp(int(case["timestamp"]) / 1000, UTC)
        assert signed(case["secret"], at)["sign"] == case["sign_base64"]
