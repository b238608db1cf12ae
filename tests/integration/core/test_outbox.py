from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.base import Guarantee, ReadBlob, Target
from bot.codec import reply_to_json
from bot.messages import ChannelName, Reply
from bot.outbox import DOUBT_MARK, GAVE_UP, IN_DOUBT, Outbox, Trouble
from store import outbox
from store.engine import Store
from store.models import Delivery, DeliveryKind, DeliveryState, OnDoubt, PartState
from tests.fakes.channel import NEXT_PART, Crash, FakeChannel, Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.waiting import running, until

LEASE_S = 60.0


@dataclass
class Desk:
    """A store, a clock, a platform, and the outbox between them."""

    store: Store
    clock: FakeClock
    channel: FakeChannel = field(default_factory=FakeChannel)
    troubles: list[Trouble] = field(default_factory=list)

    def outbox(self, channel: FakeChannel | None = None) -> Outbox:
        async def read_blob(blob: str) -> bytes:
            raise LookupError(blob)

        async def on_trouble(trouble: Trouble) -> None:
            self.troubles.append(trouble)

        return Outbox(
            store=self.store,
            channels={ChannelName.WEB: channel or self.channel},
            read_blob=read_blob,
            on_trouble=on_trouble,
            clock=self.clock,
            lease=timedelta(seconds=LEASE_S),
        )

    async def add(
        self,
        key: str,
        *,
        text: str | None = None,
        conversation: str = "room",
        kind: DeliveryKind = DeliveryKind.REPLY,
        on_doubt: OnDoubt = OnDoubt.RESEND,
        due_in_s: float = 0,
    ) -> bool:
        draft = outbox.Draft(
            key=key,
            kind=kind,
            channel=ChannelName.WEB,
            conversation=conversation,
            reply=reply_to_json(Reply(text=text or key)),
            accounts=("zhou",),
            on_doubt=on_doubt,
            due_at=self.clock() + timedelta(seconds=due_in_s),
        )
        added = await self.store.write(lambda s: outbox.add(s, draft, now=self.clock()))
        return added is not None

    async def get(self, key: str) -> Delivery:
        found = await self.store.read(lambda session: outbox.by_key(session, key))
        assert found is not None
        return found

    async def go_on(self, rounds: int = 40, step_s: float = 400) -> None:
        """Let time pass until nothing more happens."""
        sender = self.outbox()
        for _ in range(rounds):
            if not await sender.deliver_due():
                self.clock.go(step_s)


@pytest.fixture
async def desk(store_place: str | Path) -> AsyncIterator[Desk]:
    clock = FakeClock()
    opened = await Store.open(store_place, clock=clock)
    yield Desk(opened, clock)
    await opened.close()


async def test_a_delivery_is_made_once(desk: Desk) -> None:
    assert await desk.add("a")
    assert not await desk.add("a")

    await desk.go_on(3)

    assert desk.channel.arrived == {"room": ["a"]}
    delivery = await desk.get("a")
    assert delivery.state == DeliveryState.SENT
    (part,) = await desk.store.read(lambda session: outbox.parts(session, delivery.id))
    assert part.provider_id == f"p-{delivery.uid}"


async def test_a_commit_starts_it_at_once(desk: Desk) -> None:
    async with running(desk.outbox().run()):
        await desk.add("a")
        await until(lambda: desk.channel.arrived["room"] == ["a"], at_most_s=3)


async def test_parts_and_deliveries_keep_their_order(desk: Desk) -> None:
    desk.channel.outcomes = [Outcome.AWAY, Outcome.TAKEN, Outcome.AWAY, Outcome.AWAY]
    await desk.add("a", text=NEXT_PART.join("123"))
    await desk.add("b")
    await desk.add("c")

    await desk.go_on()

    assert desk.channel.arrived["room"] == ["1", "2", "3", "b", "c"]
    assert len(set(desk.channel.names)) == 5


async def test_a_full_conversation_holds_no_other(desk: Desk) -> None:
    desk.channel.full["room"] = 30.0
    await desk.add("a")
    await desk.add("b", conversation="other")

    await desk.go_on(2, step_s=0)
    assert desk.channel.arrived == {"other": ["b"]}

    desk.channel.full.clear()
    desk.clock.go(31)
    await desk.go_on(1)
    assert desk.channel.arrived["room"] == ["a"]
    assert (await desk.get("a")).failures == 0


async def test_what_is_due_later_waits_and_holds_nothing(desk: Desk) -> None:
    await desk.add("later", due_in_s=3600)
    await desk.add("now")

    await desk.go_on(2, step_s=0)
    assert desk.channel.arrived["room"] == ["now"]

    await desk.go_on(12)
    assert desk.channel.arrived["room"] == ["now", "later"]


async def test_it_waits_as_long_as_the_platform_says(desk: Desk) -> None:
    desk.channel.outcomes = [Outcome.AWAY]
    desk.channel.retry_after_s = 90
    await desk.add("a")
    sender = desk.outbox()
    await sender.deliver_due()

    desk.clock.go(89)
    assert await sender.deliver_due() == 0
    desk.clock.go(2)
    assert await sender.deliver_due() == 1
    assert desk.channel.arrived["room"] == ["a"]


async def test_a_refusal_is_final_and_told(desk: Desk) -> None:
    desk.channel.outcomes = [Outcome.REFUSED]
    await desk.add("a")
    await desk.add("b")

    await desk.go_on(5)

    assert desk.channel.arrived["room"] == ["b"]
    assert (await desk.get("a")).state == DeliveryState.FAILED
    assert [(t.key, t.reason) for t in desk.troubles] == [("a", "对方已离职。")]
    assert [row.key for row in await desk.store.read(outbox.in_trouble)] == ["a"]


async def test_who_was_refused_is_kept_and_told(desk: Desk) -> None:
    desk.channel.refused = {"wu": "不在可见范围"}
    await desk.add("a")

    await desk.go_on(2)

    assert desk.troubles[0].refused == {"wu": "不在可见范围"}
    assert (await desk.get("a")).state == DeliveryState.SENT


async def test_an_outage_of_a_day_ends_in_failure_not_in_silence(desk: Desk) -> None:
    desk.channel.outcomes = [Outcome.AWAY] * 1000
    await desk.add("a")

    await desk.go_on(600)

    assert (await desk.get("a")).state == DeliveryState.FAILED
    assert [t.reason for t in desk.troubles] == [GAVE_UP]
    assert desk.clock() - (await desk.get("a")).created_at > timedelta(hours=24)


DOUBTS = [Outcome.ANSWER_LOST, Outcome.REQUEST_LOST, Outcome.CRASH_AFTER, Outcome.CRASH_BEFORE]


async def _through_doubt(desk: Desk, outcome: Outcome) -> None:
    desk.channel.outcomes = [outcome]
    try:
        await desk.outbox().deliver_due()
    except Crash:
        desk.clock.go(LEASE_S + 1)
    await desk.go_on(5)


@pytest.mark.parametrize("outcome", DOUBTS)
@pytest.mark.parametrize("kind", list(DeliveryKind))
async def test_in_doubt_a_deduplicating_platform_gets_the_same_bytes(
    desk: Desk, outcome: Outcome, kind: DeliveryKind
) -> None:
    desk.channel = FakeChannel(guarantee=Guarantee.ONCE, dedupe_window_s=14400)
    await desk.add("a", kind=kind, on_doubt=OnDoubt.HOLD)

    await _through_doubt(desk, outcome)

    assert desk.channel.arrived["room"] == ["a"]
    assert (await desk.get("a")).state == DeliveryState.SENT


@pytest.mark.parametrize("outcome", DOUBTS)
async def test_in_doubt_a_reply_is_sent_again(desk: Desk, outcome: Outcome) -> None:
    await desk.add("a")

    await _through_doubt(desk, outcome)

    has_arrived = outcome in (Outcome.ANSWER_LOST, Outcome.CRASH_AFTER)
    assert desk.channel.arrived["room"] == ["a"] * (2 if has_arrived else 1)


@pytest.mark.parametrize("outcome", DOUBTS)
async def test_in_doubt_a_reminder_is_sent_again_with_a_mark(desk: Desk, outcome: Outcome) -> None:
    await desk.add("a", kind=DeliveryKind.REMINDER)

    await _through_doubt(desk, outcome)

    has_arrived = outcome in (Outcome.ANSWER_LOST, Outcome.CRASH_AFTER)
    assert desk.channel.arrived["room"] == ["a"] * has_arrived + ["a" + DOUBT_MARK]


@pytest.mark.parametrize("outcome", DOUBTS)
async def test_in_doubt_a_reminder_on_hold_is_shown_as_uncertain(
    desk: Desk, outcome: Outcome
) -> None:
    await desk.add("a", kind=DeliveryKind.REMINDER, on_doubt=OnDoubt.HOLD)

    await _through_doubt(desk, outcome)

    has_arrived = outcome in (Outcome.ANSWER_LOST, Outcome.CRASH_AFTER)
    assert desk.channel.arrived.get("room", []) == ["a"] * has_arrived
    assert (await desk.get("a")).state == DeliveryState.UNCERTAIN
    assert [t.reason for t in desk.troubles] == [IN_DOUBT]


async def test_past_the_window_a_deduplicating_platform_is_in_doubt_too(desk: Desk) -> None:
    desk.channel = FakeChannel(guarantee=Guarantee.ONCE, dedupe_window_s=14400)
    desk.channel.outcomes = [Outcome.ANSWER_LOST]
    await desk.add("a", kind=DeliveryKind.REMINDER, on_doubt=OnDoubt.HOLD)
    await desk.outbox().deliver_due()
    desk.clock.go(14400)

    await desk.go_on(2)

    assert (await desk.get("a")).state == DeliveryState.UNCERTAIN
    assert desk.channel.arrived["room"] == ["a"]


async def test_a_sender_that_lost_its_lease_changes_nothing(desk: Desk) -> None:
    """The race behind duplicates under hold: one marks while another has taken over."""
    await desk.add("a", kind=DeliveryKind.REMINDER, on_doubt=OnDoubt.HOLD)
    other = desk.outbox()
    may_answer = asyncio.Event()
    slow = FakeChannel(arrived=desk.channel.arrived, may_answer=may_answer)
    late = desk.outbox(slow)
    sending = asyncio.create_task(late.deliver_due())
    await until(lambda: desk.channel.arrived["room"] == ["a"])
    desk.clock.go(LEASE_S + 1)
    assert await other.deliver_due() == 1
    may_answer.set()
    await sending

    assert desk.channel.arrived["room"] == ["a"]
    delivery = await desk.get("a")
    assert delivery.state == DeliveryState.UNCERTAIN
    assert len(desk.troubles) == 1


async def test_two_senders_at_once_send_each_delivery_once(desk: Desk) -> None:
    for n in range(30):
        await desk.add(str(n), conversation=str(n % 6))

    async def all_sent() -> bool:
        return sum(map(len, desk.channel.arrived.values())) >= 30

    async with running(desk.outbox().run(), desk.outbox().run()):
        await until(all_sent)

    for n in range(6):
        assert desk.channel.arrived[str(n)] == [str(k) for k in range(n, 30, 6)]


async def test_a_reply_that_cannot_be_read_fails_loudly(desk: Desk) -> None:
    draft = outbox.Draft(
        key="bad", kind=DeliveryKind.REPLY, channel="web", conversation="room", reply="{"
    )
    await desk.store.write(lambda session: outbox.add(session, draft, now=desk.clock()))
    await desk.add("b")

    await desk.go_on(100)

    assert (await desk.get("bad")).state == DeliveryState.FAILED
    assert desk.channel.arrived["room"] == ["b"]


async def test_nothing_to_say_is_sent_as_such(desk: Desk) -> None:
    class Mute(FakeChannel):
        async def render(
            self, reply: Reply, target: Target, read_blob: ReadBlob
        ) -> Sequence[bytes]:
            return []

    desk.channel = Mute()
    await desk.add("a")
    await desk.go_on(2)

    assert (await desk.get("a")).state == DeliveryState.SENT
    parts = await desk.store.read(lambda session: outbox.parts(session, 1))
    assert [part.state for part in parts if part.state != PartState.SENT] == []
