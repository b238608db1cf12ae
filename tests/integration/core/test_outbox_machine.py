"""Whatever happens in whatever order: nothing is lost, and only what may arrive twice does."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from bot.channels.base import Guarantee
from bot.codec import reply_to_json
from bot.messages import ChannelName, Reply
from bot.outbox import DOUBT_MARK, Outbox, Trouble
from store import outbox
from store.engine import Store
from store.models import Delivery, DeliveryKind, DeliveryState, OnDoubt
from tests.fakes.channel import Crash, FakeChannel, Outcome
from tests.fakes.clock import FakeClock

LEASE_S = 60.0
WINDOW_S = 14400.0
CONVERSATIONS = ("一班", "二班")
MAY_DOUBT = {
    Outcome.ANSWER_LOST,
    Outcome.REQUEST_LOST,
    Outcome.CRASH_AFTER,
    Outcome.CRASH_BEFORE,
}


class Deliveries(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.clock = FakeClock()
        self.added: dict[str, tuple[str, DeliveryKind, OnDoubt]] = {}
        self.order: dict[str, list[str]] = {name: [] for name in CONVERSATIONS}
        self.troubles: list[Trouble] = []
        self.doubts = 0
        self.refusals = 0

    @initialize(guarantee=st.sampled_from(Guarantee))
    def open(self, guarantee: Guarantee) -> None:
        window_s = WINDOW_S if guarantee is Guarantee.ONCE else 0.0
        self.channel = FakeChannel(guarantee=guarantee, dedupe_window_s=window_s)
        self.store = self.runner.run(Store.open(Path(self.folder.name), clock=self.clock))
        self.sender = self._sender()

    def _sender(self) -> Outbox:
        async def read_blob(blob: str) -> bytes:
            raise LookupError(blob)

        async def on_trouble(trouble: Trouble) -> None:
            self.troubles.append(trouble)

        return Outbox(
            store=self.store,
            channels={ChannelName.WEB: self.channel},
            read_blob=read_blob,
            on_trouble=on_trouble,
            clock=self.clock,
            lease=timedelta(seconds=LEASE_S),
        )

    @rule(
        conversation=st.sampled_from(CONVERSATIONS),
        kind=st.sampled_from([DeliveryKind.REPLY, DeliveryKind.REMINDER]),
        on_doubt=st.sampled_from(OnDoubt),
    )
    def add(self, conversation: str, kind: DeliveryKind, on_doubt: OnDoubt) -> None:
        key = f"d{len(self.added)}"
        draft = outbox.Draft(
            key=key,
            kind=kind,
            channel=ChannelName.WEB,
            conversation=conversation,
            reply=reply_to_json(Reply(text=key)),
            on_doubt=on_doubt,
        )
        self.added[key] = (conversation, kind, on_doubt)
        self.order[conversation].append(key)
        self.runner.run(self.store.write(lambda s: outbox.add(s, draft, now=self.clock())))

    @rule(outcomes=st.lists(st.sampled_from(Outcome), max_size=3))
    def send(self, outcomes: list[Outcome]) -> None:
        self.channel.outcomes = list(outcomes)
        try:
            self.runner.run(self.sender.deliver_due())
        except Crash:
            self.sender = self._sender()
        used = outcomes[: len(outcomes) - len(self.channel.outcomes)]
        self.doubts += sum(outcome in MAY_DOUBT for outcome in used)
        self.refusals += used.count(Outcome.REFUSED)
        self.channel.outcomes = []

    @rule()
    def restart(self) -> None:
        """As ``run`` begins on SQLite."""
        self.runner.run(self.store.write(outbox.release))
        self.sender = self._sender()

    @rule(seconds=st.sampled_from([1.0, 10.0, LEASE_S + 1, 3600.0]))
    def wait(self, seconds: float) -> None:
        self.clock.go(seconds)

    def _copies(self) -> Counter[str]:
        texts = [text for arrived in self.channel.arrived.values() for text in arrived]
        return Counter(text.removesuffix(DOUBT_MARK) for text in texts)

    @invariant()
    def only_doubt_makes_copies(self) -> None:
        copies = self._copies()
        assert sum(copies.values()) - len(copies) <= self.doubts

    @invariant()
    def held_reminders_never_arrive_twice(self) -> None:
        copies = self._copies()
        for key, (_, kind, on_doubt) in self.added.items():
            if kind is DeliveryKind.REMINDER and on_doubt is OnDoubt.HOLD:
                assert copies[key] <= 1

    @invariant()
    def a_reminder_that_comes_again_is_marked(self) -> None:
        for arrived in self.channel.arrived.values() if self.added else ():
            for key, count in Counter(arrived).items():
                kind = self.added[key.removesuffix(DOUBT_MARK)][1]
                assert count == 1 or kind is DeliveryKind.REPLY or key.endswith(DOUBT_MARK)

    @invariant()
    def first_arrivals_keep_their_order(self) -> None:
        for conversation, arrived in self.channel.arrived.items() if self.added else ():
            firsts = list(dict.fromkeys(text.removesuffix(DOUBT_MARK) for text in arrived))
            expected = [key for key in self.order[conversation] if key in firsts]
            assert firsts == expected

    def teardown(self) -> None:
        """In the end everything is sent, or stands there as uncertain and was told."""
        self.clock.go(LEASE_S + 1)
        for _ in range(3 * len(self.added) + 5):
            self.runner.run(self.sender.deliver_due())
            self.clock.go(400)
        copies = self._copies()
        told = Counter(trouble.key for trouble in self.troubles)
        rows = self.runner.run(
            self.store.read(lambda session: session.scalars(select(Delivery)).all())
        )
        assert {row.key for row in rows} == set(self.added)
        for row in rows:
            assert row.state != DeliveryState.OPEN
            assert told[row.key] == (0 if row.state == DeliveryState.SENT else 1)
            assert row.state != DeliveryState.SENT or copies[row.key] >= 1
            if row.state == DeliveryState.UNCERTAIN:
                assert self.added[row.key][2] is OnDoubt.HOLD
        assert sum(row.state == DeliveryState.FAILED for row in rows) == self.refusals
        self.runner.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()


Deliveries.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestDeliveries = Deliveries.TestCase
