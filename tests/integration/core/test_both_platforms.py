"""One person on WeCom and DingTalk: each reminder once, where they wrote last or as they wish."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.dispatcher import Dispatcher
from bot.errors import UsageError
from bot.messages import ChannelName, Conversation, IncomingMessage, Reply, Sender
from handlers.people.preferring import Preferring
from handlers.tasks.views import Assignee, NewTask
from scheduler.firing import Firing
from scheduler.policy import Policy
from scheduler.recipients import Addresses
from scheduler.recurrence import Frequency, Recurrence
from store import erasing, people, preferences
from store.engine import Store
from store.models import InboxMessage, InboxState, Setting
from tests.fakes.clock import FakeClock
from tests.fakes.duty_office import START, Office, local
from tests.fakes.messages import message
from tests.fakes.waiting import running, until

CHANNELS = (
    ChannelName.WECOM_APP,
    ChannelName.WECOM_AIBOT,
    ChannelName.DINGTALK,
    ChannelName.WEB,
)
WECOM = Conversation(channel=ChannelName.WECOM_APP, id="du-wecom")
DINGTALK = Conversation(channel=ChannelName.DINGTALK, id="du-ding")


@pytest.fixture
async def office(store_place: str | Path) -> AsyncIterator[Office]:
    clock = FakeClock(START)
    store = await Store.open(store_place, clock=clock)
    office = await Office(store, clock).staffed()

    def link(session: Session) -> None:
        people.link(session, "wecom", WECOM.id, office.members["杜"])
        people.link(session, "dingtalk", DINGTALK.id, office.members["杜"])
        people.link(session, "dingtalk", "tian-ding", office.members["田"])

    await store.write(link)
    yield office
    await store.close()


async def where(office: Office, name: str = "杜") -> Conversation:
    key = f"member:{office.members[name]}"
    routes = await office.store.read(lambda session: Addresses(session, CHANNELS).routes([key]))
    return routes[key]


async def wrote(office: Office, conversation: Conversation, at: datetime) -> None:
    platform = conversation.channel.platform
    await office.store.write(
        lambda session: preferences.used(session, platform, conversation.id, at)
    )


async def test_where_somebody_wrote_last_they_are_written_to(office: Office) -> None:
    assert await where(office) == WECOM
    assert await where(office, "田") == Conversation(channel=ChannelName.DINGTALK, id="tian-ding")

    await wrote(office, DINGTALK, START)
    assert await where(office) == DINGTALK
    await wrote(office, WECOM, START + timedelta(minutes=5))
    assert await where(office) == WECOM


async def test_the_page_is_never_the_last_used_while_a_platform_writes_by_itself(
    office: Office,
) -> None:
    page = Conversation(channel=ChannelName.WEB, id=f"m{office.members['杜']}")
    await wrote(office, page, START + timedelta(days=1))

    assert await where(office) == WECOM
    assert (await where(office, "姚")).channel is ChannelName.WEB


async def test_of_two_accounts_on_a_platform_the_last_used_counts(office: Office) -> None:
    member_id = office.members["杜"]
    await office.store.write(lambda session: people.link(session, "wecom", "du-new", member_id))
    assert await where(office) in (WECOM, replace(WECOM, id="du-new"))

    await wrote(office, replace(WECOM, id="du-new"), START)
    assert await where(office) == replace(WECOM, id="du-new")
    await wrote(office, WECOM, START + timedelta(hours=1))
    assert await where(office) == WECOM


async def test_a_wish_counts_more_than_the_last_use_until_it_is_taken_back(
    office: Office,
) -> None:
    preferring = Preferring(office.store, office.clock)
    actor = await office.actor("杜")
    await wrote(office, WECOM, START)

    await preferring.prefer(actor, "dingtalk")
    assert await where(office) == DINGTALK
    assert (await preferring.standing(actor)).preferred == "dingtalk"
    assert (await preferring.standing(actor)).platforms == ("dingtalk", "wecom")

    await preferring.prefer(actor, None)
    assert await where(office) == WECOM


async def test_who_has_no_account_there_is_told_how_to_bind_one(office: Office) -> None:
    preferring = Preferring(office.store, office.clock)

    with pytest.raises(UsageError) as caught:
        await preferring.prefer(await office.actor("田"), "wecom")
    assert "/绑定" in caught.value.reply
    with pytest.raises(UsageError):
        await preferring.prefer(await office.actor("陌生人"), "dingtalk")

    kept = select(func.count()).where(Setting.key.startswith("reach."))
    assert await office.store.read(lambda session: session.scalar(kept)) == 0


async def test_each_reminder_is_one_delivery_and_follows_the_person(office: Office) -> None:
    firing = Firing(
        store=office.store,
        planner=office.planner,
        word=office.reminders.word,
        channels=CHANNELS,
    )
    new = NewTask(
        title="填巡查表",
        rule=Recurrence(freq=Frequency.DAILY, starts_at=START, clock=local(9, 1, 10).time()),
        policy=Policy.plain(),
        assignees=(Assignee(member_id=office.members["杜"]),),
        announces=False,
    )
    await office.tasks.create(await office.actor("严"), new)

    for day, conversation in ((2, DINGTALK), (3, WECOM), (4, DINGTALK)):
        await wrote(office, conversation, local(9, day, 8))
        office.clock.now = local(9, day, 10)
        await firing.fire_due()
        await firing.fire_due()

    rows = await office.deliveries()
    assert [row.conversation for row in rows] == [DINGTALK.id, WECOM.id, DINGTALK.id]
    assert [row.channel for row in rows] == [DINGTALK.channel, WECOM.channel, DINGTALK.channel]


async def test_what_is_handled_says_where_somebody_wrote_from(office: Office) -> None:
    async def answer(incoming: IncomingMessage) -> Reply | None:
        return Reply(text="好")

    dispatcher = Dispatcher(
        store=office.store,
        handle=answer,
        is_fast=lambda incoming: False,
        channels={},
        clock=lambda: datetime.now(UTC),
    )
    odd = Sender(channel=ChannelName.DINGTALK, account="with\na break")

    async def are_handled() -> bool:
        done = select(func.count()).where(InboxMessage.state == InboxState.HANDLED)
        return await office.store.read(lambda session: session.scalar(done)) == 2

    async with running(dispatcher.run()):
        for sender in (Sender(channel=ChannelName.DINGTALK, account=DINGTALK.id), odd):
            said = replace(
                message(sender.account),
                channel=ChannelName.DINGTALK,
                conversation=Conversation(channel=ChannelName.DINGTALK, id="cid1", is_group=True),
                sender=sender,
            )
            await dispatcher.accept(said)
        await until(are_handled)

    assert await where(office) == DINGTALK


async def test_who_is_erased_leaves_no_wish(office: Office) -> None:
    member_id = office.members["杜"]
    await office.store.write(lambda session: preferences.prefer(session, member_id, "dingtalk"))

    await office.store.write(lambda session: erasing.take_out_own(session, member_id, None))

    kept = await office.store.read(lambda session: preferences.preferred(session, [member_id]))
    assert kept == {}
