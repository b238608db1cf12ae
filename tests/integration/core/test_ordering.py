"""In a conversation, what was sent first is handled first, however it arrived."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bot.dispatcher import Dispatcher
from bot.messages import ChannelName, IncomingMessage, Reply
from store import inbox
from store.engine import Store
from store.models import InboxMessage
from tests.fakes.channel import FakeChannel
from tests.fakes.messages import NOW, message
from tests.fakes.waiting import running, until

RANDOM = random.Random(13)  # noqa: S311
CONVERSATIONS, EACH = 50, 20
LEASE = timedelta(minutes=1)

Handle = Callable[[IncomingMessage], Awaitable[Reply | None]]


def dispatcher(store: Store, handle: Handle) -> Dispatcher:
    return Dispatcher(
        store=store,
        handle=handle,
        is_fast=lambda message: True,
        channels={ChannelName.WEB: FakeChannel()},
        clock=lambda: datetime.now(UTC),
    )


class Line:
    """Handles after a random delay, and remembers in which order and how many at once."""

    def __init__(self) -> None:
        self.handled: defaultdict[str, list[str]] = defaultdict(list)
        self.at_once = self.most_at_once = 0
        self.inside: set[str] = set()
        self.overlaps = 0

    async def handle(self, incoming: IncomingMessage) -> Reply | None:
        room = incoming.conversation.id
        self.overlaps += room in self.inside
        self.inside.add(room)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(RANDOM.uniform(0, 0.01))
        self.handled[room].append(incoming.text)
        self.at_once -= 1
        self.inside.discard(room)
        return None

    async def until_all(self) -> None:
        async def are_all() -> bool:
            return sum(map(len, self.handled.values())) == CONVERSATIONS * EACH

        await until(are_all)

    def check(self) -> None:
        assert self.overlaps == 0
        assert self.most_at_once >= 8
        assert len(self.handled) == CONVERSATIONS
        for texts in self.handled.values():
            assert texts == [str(n) for n in range(EACH)]


def messages() -> list[IncomingMessage]:
    """Three in each second, told apart by the platform's number only."""
    return [
        message(
            f"{room}-{n}",
            str(n),
            conversation=f"room{room}",
            sent_at=NOW + timedelta(seconds=n // 3),
            number=7_400_000_000_000_000_000 + n,
        )
        for n in range(EACH)
        for room in range(CONVERSATIONS)
    ]


async def test_messages_that_wait_in_any_order_are_handled_as_they_were_sent(store: Store) -> None:
    line = Line()
    line_up = dispatcher(store, line.handle)
    mixed = messages()
    RANDOM.shuffle(mixed)
    await asyncio.gather(*map(line_up.accept, mixed))

    async with running(line_up.run()):
        await line.until_all()

    line.check()


async def test_messages_that_come_while_others_are_handled_keep_their_order(
    store_place: str | Path,
) -> None:
    """Two replicas take turns where the store is shared."""
    stores = [
        await Store.open(store_place) for _ in range(2 if isinstance(store_place, str) else 1)
    ]
    line = Line()
    line_ups = [dispatcher(store, line.handle) for store in stores]

    async def write(room: int) -> None:
        for one in messages():
            if one.conversation.id == f"room{room}":
                await asyncio.sleep(RANDOM.uniform(0, 0.01))
                await RANDOM.choice(line_ups).accept(one)

    async with running(*(line_up.run() for line_up in line_ups)):
        await asyncio.gather(*map(write, range(CONVERSATIONS)))
        await line.until_all()
    for store in stores:
        await store.close()

    line.check()


@given(
    sent=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, (1 << 63) - 1)), min_size=1, max_size=8
    ),
    early=st.integers(0, 8),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whoever_waits_goes_by_time_then_number_then_arrival(
    store: Store, sent: list[tuple[int, int]], early: int
) -> None:
    def arrive(session: Session, first: int, last: int) -> None:
        for n, (second, number) in enumerate(sent[first:last], first):
            at = NOW + timedelta(seconds=second)
            inbox.accept(
                session, channel="web", message_id=f"{n}", turn="t", body="{}", now=NOW,
                sent_at=at, number=number,
            )  # fmt: skip

    def take(session: Session) -> list[InboxMessage]:
        found = inbox.claim(session, owner="me", limit=9, now=NOW, lease=LEASE)
        for one in found:
            inbox.finish(session, one.id, attempt=one.attempts, now=NOW)
        return list(found)

    await store.write(lambda session: inbox.purge(session, before=NOW + LEASE))
    await store.write(lambda session: arrive(session, 0, early))
    before = [one for _ in sent[:early] for one in await store.write(take)]
    await store.write(lambda session: arrive(session, early, len(sent)))
    after = [one for _ in sent[early:] for one in await store.write(take)]

    assert len(before) + len(after) == len(sent)
    for part in (before, after):
        keys = [(one.sent_at, one.number, one.id) for one in part]
        assert all(earlier < later for earlier, later in pairwise(keys))


async def test_two_replicas_never_hold_two_of_one_turn(postgresql_url: str) -> None:
    """The earlier of two arrives while the later is being claimed by another replica."""
    stores = [await Store.open(postgresql_url) for _ in range(2)]
    handled: list[str] = []
    held: set[str] = set()

    def claim(session: Session) -> list[InboxMessage]:
        return list(inbox.claim(session, owner=str(id(session)), limit=9, now=NOW, lease=LEASE))

    async def work(store: Store, most: int) -> None:
        while len(handled) < most:
            for one in await store.write(claim):
                assert one.turn not in held
                held.add(one.turn)
                await asyncio.sleep(0)
                held.discard(one.turn)
                handled.append(one.message_id)
                await store.write(
                    lambda session, one=one: inbox.finish(  # type: ignore[misc]
                        session, one.id, attempt=one.attempts, now=NOW
                    )
                )
            await asyncio.sleep(0)

    async def arrive(store: Store) -> None:
        for n in range(60):
            sent_at = NOW - timedelta(seconds=n)
            await store.write(
                lambda session, n=n, sent_at=sent_at: inbox.accept(  # type: ignore[misc]
                    session,
                    channel="web",
                    message_id=f"{n}",
                    turn=f"t{n % 2}",
                    body="{}",
                    now=NOW,
                    sent_at=sent_at,
                )
            )

    async with asyncio.timeout(30):
        await asyncio.gather(arrive(stores[0]), *(work(store, 60) for store in stores))
    for store in stores:
        await store.close()

    assert sorted(handled, key=int) == [str(n) for n in range(60)]
