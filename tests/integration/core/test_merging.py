"""What waits for one group is said at once, and nothing of it is lost or said twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.channels.base import Merges
from bot.channels.dingtalk.channel import DingTalkChannel
from bot.channels.dingtalk.webhook import DingTalkWebhooks
from bot.channels.wecom.webhook import WeComWebhooks
from bot.codec import reply_to_json
from bot.messages import ChannelName, Reply
from bot.outbox import Outbox
from store import notices, outbox
from store.engine import Store
from store.models import Delivery, DeliveryKind, DeliveryState, Notice
from store.models_tasks import NoticeOutcome
from store.notices import NewNotice, Settled
from tests.fakes.channel import Crash, FakeChannel, Outcome
from tests.fakes.clock import FakeClock


@dataclass
class MergingChannel(FakeChannel):
    """Puts a slash between what it merges."""

    def may_merge(self, reply: Reply) -> bool:
        return not reply.is_private

    def merge(self, replies: Sequence[Reply]) -> Reply:
        return Reply(text="/".join(reply.text for reply in replies))


class RecallingChannel(MergingChannel):
    """Takes back what it sent."""

    async def recall(self, provider_id: str) -> None: ...


def sender(store: Store, channel: FakeChannel) -> Outbox:
    async def read_blob(blob: str) -> bytes:
        raise LookupError(blob)

    async def on_trouble(trouble: object) -> None:
        raise AssertionError(trouble)

    return Outbox(
        store=store,
        channels={ChannelName.WEB: channel},
        read_blob=read_blob,
        on_trouble=on_trouble,
        clock=FakeClock(),
    )


async def put(
    store: Store,
    *texts: str,
    kind: DeliveryKind = DeliveryKind.REMINDER,
    room: str = "room",
    is_private: bool = False,
) -> None:
    for text in texts:
        draft = outbox.Draft(
            key=text,
            kind=kind,
            channel=ChannelName.WEB,
            conversation=room,
            is_group=True,
            reply=reply_to_json(Reply(text=text, is_private=is_private)),
        )
        await store.write(
            lambda session, draft=draft: outbox.add(session, draft, now=FakeClock()())
        )  # type: ignore[misc]


async def states(store: Store) -> dict[str, str]:
    rows = await store.read(lambda session: session.scalars(select(Delivery)).all())
    return {row.key: row.state for row in rows}


@pytest.mark.parametrize("webhooks", [WeComWebhooks, DingTalkWebhooks, DingTalkChannel])
def test_where_messages_are_few_they_merge(webhooks: type) -> None:
    assert issubclass(webhooks, Merges)


@pytest.fixture
def channel() -> MergingChannel:
    return MergingChannel()


async def deliver_all(outbox_: Outbox) -> None:
    while await outbox_.deliver_due():
        pass


async def test_what_waits_goes_as_one_and_each_ends(store: Store, channel: MergingChannel) -> None:
    await put(store, "a", "b", "c")
    await put(store, "elsewhere", room="other")

    await deliver_all(sender(store, channel))

    assert channel.arrived == {"room": ["a/b/c"], "other": ["elsewhere"]}
    assert await states(store) == {
        "a": DeliveryState.SENT,
        "b": DeliveryState.COALESCED,
        "c": DeliveryState.COALESCED,
        "elsewhere": DeliveryState.SENT,
    }


async def test_replies_and_private_words_stay_alone(store: Store, channel: MergingChannel) -> None:
    await put(store, "asked", kind=DeliveryKind.REPLY)
    await put(store, "a")
    await put(store, "private", is_private=True)
    await put(store, "b")

    await deliver_all(sender(store, channel))

    assert channel.arrived["room"] == ["asked", "a/b", "private"]


async def test_what_can_be_taken_back_stays_alone(store: Store) -> None:
    channel = RecallingChannel()
    await put(store, "notice", "another", kind=DeliveryKind.BROADCAST)
    await put(store, "a", "b")

    await deliver_all(sender(store, channel))

    assert sorted(channel.arrived["room"]) == ["a/b", "another", "notice"]


async def test_more_than_twenty_are_two_messages(store: Store, channel: MergingChannel) -> None:
    texts = [f"{n:02}" for n in range(23)]
    await put(store, *texts)

    await deliver_all(sender(store, channel))

    assert channel.arrived["room"] == ["/".join(texts[:20]), "/".join(texts[20:])]


async def test_after_a_crash_the_same_is_sent_for_all(
    store: Store, channel: MergingChannel
) -> None:
    await put(store, "a", "b")
    channel.outcomes = [Outcome.CRASH_BEFORE]
    with pytest.raises(Crash):
        await sender(store, channel).deliver_due()
    await put(store, "c")
    await store.write(outbox.release)

    await deliver_all(sender(store, channel))

    assert channel.arrived["room"] == ["a/b（可能重复）", "c"]


async def test_receipts_follow_to_the_one_that_is_sent(
    store: Store, channel: MergingChannel
) -> None:
    await put(store, "a", "b")

    def note(session: Session) -> None:
        now = FakeClock()()
        new = NewNotice(
            occurrence_id=1,
            due_at=now,
            stage="due",
            scheduled_at=now,
            recipient="chat:web:1:room",
            member_id=None,
            outcome=NoticeOutcome.WAITING,
        )
        notices.add_once(session, [new], now)
        second = outbox.by_key(session, "b")
        notice = session.scalars(select(Notice)).one()
        assert second is not None
        notices.settle(
            session,
            [Settled(notice_id=notice.id, outcome=NoticeOutcome.PUT, delivery_id=second.id)],
        )

    await store.write(note)
    await deliver_all(sender(store, channel))

    def covered(session: Session) -> str:
        notice = session.scalars(select(Notice)).one()
        return session.get_one(Delivery, notice.delivery_id).key

    assert await store.read(covered) == "a"
