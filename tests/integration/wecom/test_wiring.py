"""What the composition root gives the channels: the lease, past answers, and spent budgets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy.orm import Session

from bot.channels.base import KeepsPrivacy, Target
from bot.channels.budget import SHANGHAI, Daily
from bot.codec import reply_to_json
from bot.config import WeComAiBotSettings, WeComAppSettings, WeComSettings, WeComWebhookSettings
from bot.messages import ChannelName, Conversation, IncomingMessage, Reply
from bot.wecom import StoredAnswers, StoredLease, WeCom, WeComNeeds, build_wecom
from store import outbox
from store.engine import Store
from store.models import DeliveryKind
from tests.fakes.aibot_callbacks import AES_KEY, TOKEN
from tests.fakes.clock import FakeClock
from tests.fakes.wecom import FakeWeCom

NIGHT = datetime(2026, 9, 1, 21, 0, tzinfo=SHANGHAI)


async def test_one_of_two_replicas_holds_the_connection(postgresql_url: str) -> None:
    clock = FakeClock()
    stores = [await Store.open(postgresql_url, clock=clock) for _ in range(2)]
    first, second = (StoredLease(store) for store in stores)

    assert await first.acquire("bot", 30)
    assert not await second.acquire("bot", 30)
    assert await first.acquire("bot", 30)
    assert not await second.renew("bot", 30)

    clock.go(31)
    assert await second.acquire("bot", 30)
    assert not await first.renew("bot", 30)

    await second.release("bot")
    assert await first.acquire("bot", 30)
    for store in stores:
        await store.close()


async def test_alone_there_is_nobody_to_wait_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A process that was killed has let go of nothing."""
    store = await Store.open(tmp_path_factory.mktemp("data"))

    assert await StoredLease(store).acquire("bot", 30)
    assert await StoredLease(store).acquire("bot", 30)

    await store.close()


def draft(key: str, channel: ChannelName, conversation: str, *accounts: str) -> outbox.Draft:
    return outbox.Draft(
        key=key,
        kind=DeliveryKind.REPLY,
        channel=channel,
        conversation=conversation,
        accounts=accounts,
        reply_to="the way back",
        reply=reply_to_json(Reply(text="每年4月", feedback_id="q7")),
    )


async def test_what_a_message_was_answered_is_found_again(store: Store) -> None:
    answer = draft("reply:wecom.aibot:m1@zhang", ChannelName.WECOM_AIBOT, "zhang")
    await store.write(lambda session: outbox.add(session, answer, now=datetime.now(UTC)))

    found = await StoredAnswers(store).to("m1@zhang")

    assert found is not None
    assert (found.reply.feedback_id, found.reply_to) == ("q7", "the way back")
    assert await StoredAnswers(store).to("m2@zhang") is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    store: Store
    clock: FakeClock
    session: aiohttp.ClientSession
    base: str

    def wecom(self, cap: int | None = None, aibot: WeComAiBotSettings | None = None) -> WeCom:
        """As built after a restart: nothing is remembered."""

        async def accept(message: IncomingMessage) -> bool:
            raise AssertionError(message)

        async def read_blob(blob: str) -> bytes:
            raise LookupError(blob)

        fake = FakeWeCom()
        app = WeComAppSettings(
            corp_id=fake.corp_id, agent_id=fake.agent_id, secret=fake.secret, api_base=self.base,
            account_cap=cap,
        )  # fmt: skip
        hook = WeComWebhookSettings(name="群", key="hook-key-1", api_base=self.base)
        return build_wecom(
            WeComSettings(app=app, aibot=aibot, webhook=(hook,)),
            WeComNeeds(
                store=self.store,
                session=self.session,
                accept=accept,
                read_blob=read_blob,
                clock=self.clock,
            ),
        )

    async def sent(self, channel: ChannelName, place: str, *accounts: str, times: int) -> None:
        """Deliveries that arrived now."""

        def work(session: Session) -> None:
            now = self.clock()
            for n in range(times):
                one = draft(f"{channel}{place}{now}{n}", channel, place, *accounts)
                delivery_id = outbox.add(
                    session, one, now=now, owner="me", lease=timedelta(minutes=1)
                )
                assert delivery_id is not None
                outbox.store_parts(
                    session,
                    delivery_id,
                    attempt=1,
                    rendered=[b"{}"],
                    now=now,
                    lease=timedelta(minutes=1),
                    starts=True,
                )
                outbox.part_sent(
                    session, delivery_id, 0, attempt=1, now=now, provider_id=None, refused={}
                )

        await self.store.write(work)


@pytest.fixture
async def town(store: Store) -> AsyncIterator[Town]:
    async with TestServer(FakeWeCom().app()) as server, aiohttp.ClientSession() as session:
        base = str(server.make_url("")).rstrip("/")
        yield Town(store=store, clock=FakeClock(now=NIGHT), session=session, base=base)


def to(channel: ChannelName, place: str, *accounts: str) -> Target:
    conversation = Conversation(channel=channel, id=place, is_group=not accounts)
    return Target(conversation=conversation, accounts=accounts)


async def test_a_restart_forgets_no_budget(town: Town) -> None:
    await town.sent(ChannelName.WECOM_APP, "zhang", "zhang", times=30)
    await town.sent(ChannelName.WECOM_WEBHOOK, "群", times=20)
    town.clock.go(20)
    wecom = town.wecom()
    await wecom.recall()
    assert wecom.app is not None
    assert wecom.webhooks is not None

    waits = [
        wecom.app.wait_s(to(ChannelName.WECOM_APP, "zhang", "zhang"), town.clock()),
        wecom.app.wait_s(to(ChannelName.WECOM_APP, "li", "li"), town.clock()),
        wecom.webhooks.wait_s(to(ChannelName.WECOM_WEBHOOK, "群"), town.clock()),
    ]

    assert waits == [40, 0, 40]


async def test_the_day_is_full_until_midnight(town: Town) -> None:
    """One account stands for two hundred recipients a day."""
    everybody = tuple(f"t{n}" for n in range(180))
    await town.sent(ChannelName.WECOM_APP, "t0", *everybody, times=1)
    town.clock.go(2 * 3600)
    wecom = town.wecom(cap=1)
    await wecom.recall()
    app = wecom.app
    assert app is not None

    def wait_s(*accounts: str) -> float:
        return app.wait_s(to(ChannelName.WECOM_APP, accounts[0], *accounts), town.clock())

    assert wait_s("t1") == 0
    assert "180" in app.health().detail
    assert wait_s(*everybody[:21]) == 3600
    town.clock.go(3601)
    assert wait_s(*everybody[:21]) == 0
    assert app.health().detail == ""


async def test_yesterday_counts_for_nothing_today(town: Town) -> None:
    await town.sent(ChannelName.WECOM_APP, "t0", *(f"t{n}" for n in range(200)), times=1)
    town.clock.go(3 * 3600 + 1)
    wecom = town.wecom(cap=1)
    await wecom.recall()
    assert wecom.app is not None

    assert wecom.app.wait_s(to(ChannelName.WECOM_APP, "li", "li"), town.clock()) == 0


def test_more_than_a_whole_day_goes_when_the_day_is_fresh() -> None:
    day = Daily(100)
    assert day.wait_s(500, NIGHT) == 0
    day.spend(1, NIGHT)
    assert day.wait_s(500, NIGHT) == 3 * 3600


@pytest.mark.parametrize("mode", ["websocket", "callback"])
async def test_only_the_ai_bot_brings_private_words_from_a_group_to_their_reader(
    town: Town, mode: Literal["websocket", "callback"]
) -> None:
    bot = WeComAiBotSettings(mode=mode, bot_id="b", secret="s", token=TOKEN, aes_key=AES_KEY)

    found = {
        name: isinstance(channel, KeepsPrivacy)
        for name, channel in town.wecom(aibot=bot).channels().items()
    }

    assert found == {
        ChannelName.WECOM_APP: False,
        ChannelName.WECOM_AIBOT: True,
        ChannelName.WECOM_WEBHOOK: False,
    }
