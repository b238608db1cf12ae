from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.channels.base import Sends
from bot.codec import reply_from_json
from bot.dispatcher import BUSY, Dispatcher
from bot.errors import BotError
from bot.live import SEARCHING
from bot.messages import Card, ChannelName, IncomingMessage, MessageKind, Reply
from store import outbox
from store.engine import Store
from store.models import Delivery, DeliveryState, InboxMessage, InboxState
from tests.fakes.channel import FakeChannel, FakeStreamingChannel
from tests.fakes.messages import message
from tests.fakes.waiting import running, until

RANDOM = random.Random(7)  # noqa: S311

Handle = Callable[[IncomingMessage], Awaitable[Reply | None]]


def _dispatcher(
    store: Store,
    handle: Handle,
    *,
    channel: Sends | None = None,
    at_once: int = 32,
    most_waiting: int = 1000,
    most_per_turn: int = 100,
    lease_s: float = 60,
    slow_after_s: float = 60,
) -> Dispatcher:
    return Dispatcher(
        store=store,
        handle=handle,
        is_fast=lambda message: message.kind is MessageKind.TAP,
        channels={ChannelName.WEB: channel or FakeChannel()},
        clock=lambda: datetime.now(UTC),
        at_once=at_once,
        most_waiting=most_waiting,
        most_per_turn=most_per_turn,
        lease=timedelta(seconds=lease_s),
        slow_after_s=slow_after_s,
    )


async def _echo(incoming: IncomingMessage) -> Reply | None:
    return Reply(text=f"re {incoming.text}")


def _states(session: Session) -> Counter[str]:
    return Counter(session.scalars(select(InboxMessage.state)))


def _deliveries(session: Session) -> list[Delivery]:
    return list(session.scalars(select(Delivery).order_by(Delivery.id)))


async def _texts(store: Store) -> list[str]:
    return [reply_from_json(row.reply).text for row in await store.read(_deliveries)]


async def _all_handled(store: Store, number: int) -> None:
    async def are_handled() -> bool:
        return (await store.read(_states))[InboxState.HANDLED] == number

    await until(are_handled)


async def test_a_message_is_answered_once(store: Store) -> None:
    dispatcher = _dispatcher(store, _echo)

    async with running(dispatcher.run()):
        assert await dispatcher.accept(message("1", "问"))
        await _all_handled(store, 1)
        assert not await dispatcher.accept(message("1", "问"))

    assert await _texts(store) == ["re 问"]


async def test_silence_is_no_delivery(store: Store) -> None:
    async def silent(incoming: IncomingMessage) -> Reply | None:
        return None

    dispatcher = _dispatcher(store, silent)
    async with running(dispatcher.run()):
        await dispatcher.accept(message("1"))
        await _all_handled(store, 1)

    assert await _texts(store) == []


async def test_each_message_posted_four_times_to_three_replicas_is_handled_once(
    store_place: str | Path,
) -> None:
    """On SQLite one process owns the file, so there all three share its store."""
    is_shared = isinstance(store_place, str)
    stores = [await Store.open(store_place) for _ in range(3 if is_shared else 1)]
    handled: Counter[str] = Counter()

    async def count(incoming: IncomingMessage) -> Reply | None:
        handled[incoming.message_id] += 1
        await asyncio.sleep(RANDOM.uniform(0, 0.01))
        return Reply(text=incoming.message_id)

    replicas = [_dispatcher(stores[n % len(stores)], count) for n in range(3)]
    async with running(*(replica.run() for replica in replicas)):
        kept = await asyncio.gather(
            *(
                RANDOM.choice(replicas).accept(message(str(n), conversation=str(n % 5)))
                for n in range(40)
                for _ in range(4)
            )
        )
        await _all_handled(stores[0], 40)

    assert sum(kept) == 40
    assert handled == Counter({str(n): 1 for n in range(40)})
    assert sorted(await _texts(stores[0])) == sorted(str(n) for n in range(40))
    for store in stores:
        await store.close()


async def test_a_hundred_events_of_one_person_are_all_handled(store: Store) -> None:
    dispatcher = _dispatcher(store, _echo)

    async with running(dispatcher.run()):
        await asyncio.gather(*(dispatcher.accept(message(str(n), str(n))) for n in range(100)))
        await _all_handled(store, 100)

    assert len(set(await _texts(store))) == 100


async def test_order_holds_in_a_conversation_and_conversations_run_side_by_side(
    store: Store,
) -> None:
    seen: dict[str, list[int]] = defaultdict(list)
    at_once = peak = 0

    async def note(incoming: IncomingMessage) -> Reply | None:
        nonlocal at_once, peak
        at_once += 1
        peak = max(peak, at_once)
        await asyncio.sleep(RANDOM.uniform(0, 0.004))
        seen[incoming.conversation.id].append(int(incoming.text))
        at_once -= 1
        return None

    dispatcher = _dispatcher(store, note, most_waiting=2000)

    async def talk(conversation: str) -> None:
        for n in range(20):
            incoming = message(f"{conversation}-{n}", str(n), conversation=conversation)
            await dispatcher.accept(incoming)

    async with running(dispatcher.run()):
        await asyncio.gather(*(talk(str(n)) for n in range(50)))
        await _all_handled(store, 1000)

    assert len(seen) == 50
    assert all(order == list(range(20)) for order in seen.values())
    assert peak >= 8


async def test_who_floods_holds_up_nobody_else(store: Store) -> None:
    order: list[str] = []

    async def slow(incoming: IncomingMessage) -> Reply | None:
        await asyncio.sleep(0.02)
        order.append(incoming.sender.account)
        return None

    dispatcher = _dispatcher(store, slow, at_once=4)
    for n in range(60):
        await dispatcher.accept(message(f"f{n}", sender="flood"))
    for n in range(10):
        await dispatcher.accept(message(f"o{n}", sender=f"other {n}"))

    async with running(dispatcher.run()):
        await _all_handled(store, 70)

    last_other = max(n for n, who in enumerate(order) if who != "flood")
    assert Counter(order[: last_other + 1])["flood"] <= 10


async def test_too_many_questions_are_stored_and_told_once(store: Store) -> None:
    dispatcher = _dispatcher(store, _echo, most_per_turn=5)

    kept = [await dispatcher.accept(message(str(n))) for n in range(9)]

    assert all(kept)
    assert await store.read(_states) == Counter(accepted=5, refused=4)
    assert await _texts(store) == [BUSY]


async def test_a_full_inbox_refuses_questions_but_no_tap(store: Store) -> None:
    dispatcher = _dispatcher(store, _echo, most_waiting=3)
    for n in range(6):
        await dispatcher.accept(message(str(n), sender=str(n)))
    for n in range(4):
        await dispatcher.accept(message(f"tap {n}", kind=MessageKind.TAP, sender=str(n)))

    assert await store.read(_states) == Counter(accepted=7, refused=3)


async def test_a_tap_overtakes_a_slow_question(store: Store) -> None:
    is_tapped = asyncio.Event()
    order: list[str] = []

    async def handle(incoming: IncomingMessage) -> Reply | None:
        if incoming.kind is MessageKind.TEXT:
            await is_tapped.wait()
        order.append(incoming.kind)
        is_tapped.set()
        return None

    dispatcher = _dispatcher(store, handle)
    async with running(dispatcher.run()):
        await dispatcher.accept(message("1"))
        await dispatcher.accept(message("2", kind=MessageKind.TAP))
        await _all_handled(store, 2)

    assert order == ["tap", "text"]


async def test_what_was_accepted_is_handled_after_a_restart(store_place: str | Path) -> None:
    started = asyncio.Event()

    async def hang(incoming: IncomingMessage) -> Reply | None:
        started.set()
        await asyncio.Event().wait()
        return None

    first = await Store.open(store_place)
    dispatcher = _dispatcher(first, hang)
    async with running(dispatcher.run()):
        await dispatcher.accept(message("1", "一"))
        await dispatcher.accept(message("2", "二"))
        await started.wait()
    await first.close()

    second = await Store.open(store_place)
    async with running(_dispatcher(second, _echo).run()):
        await _all_handled(second, 2)
    assert await _texts(second) == ["re 一", "re 二"]
    await second.close()


@pytest.mark.needs("postgresql")
async def test_another_replica_takes_over_when_the_lease_is_over(postgresql_url: str) -> None:
    store = await Store.open(postgresql_url)

    def leave_behind(session: Session) -> None:
        """As a replica that died while it handled the message."""
        session.execute(
            update(InboxMessage).values(
                owner="dead", attempts=1, lease_until=datetime.now(UTC) + timedelta(seconds=1)
            )
        )

    dispatcher = _dispatcher(store, _echo)
    await dispatcher.accept(message("1", "一"))
    await dispatcher.accept(message("2", "二"))
    await store.write(leave_behind)

    async with running(dispatcher.run()):
        await _all_handled(store, 2)
    assert await _texts(store) == ["re 一", "re 二"]
    await store.close()


@pytest.mark.needs("postgresql")
async def test_a_long_answer_keeps_its_lease(postgresql_url: str) -> None:
    store = await Store.open(postgresql_url)
    calls = 0

    async def long(incoming: IncomingMessage) -> Reply | None:
        nonlocal calls
        calls += 1
        await asyncio.sleep(1.2)
        return Reply(text="终于")

    one = _dispatcher(store, long, lease_s=0.4)
    other = _dispatcher(store, long, lease_s=0.4)
    async with running(one.run()):
        await one.accept(message("1"))
        await until(lambda: calls == 1)
        async with running(other.run()):
            await _all_handled(store, 1)

    assert (calls, await _texts(store)) == (1, ["终于"])
    await store.close()


async def test_a_message_that_kills_the_process_is_given_up(store: Store) -> None:
    dispatcher = _dispatcher(store, _echo)
    await dispatcher.accept(message("1"))
    await store.write(lambda session: session.execute(update(InboxMessage).values(attempts=5)))

    async with running(dispatcher.run()):
        await until(lambda: _is(store, InboxState.FAILED))

    assert await _texts(store) == [BotError.default_reply]


async def _is(store: Store, state: InboxState) -> bool:
    return bool((await store.read(_states))[state])


async def test_stopping_lets_work_finish_and_takes_nothing_new(store: Store) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def wait(incoming: IncomingMessage) -> Reply | None:
        started.set()
        await may_end.wait()
        return Reply(text=incoming.text)

    dispatcher = _dispatcher(store, wait)
    loop = asyncio.create_task(dispatcher.run())
    await dispatcher.accept(message("1", "一"))
    await dispatcher.accept(message("2", "二"))
    await started.wait()
    asyncio.get_running_loop().call_later(0.05, may_end.set)
    await dispatcher.stop()
    await loop

    assert await _texts(store) == ["一"]
    assert await store.read(_states) == Counter(handled=1, accepted=1)


async def test_private_words_leave_the_group(store: Store) -> None:
    async def private(incoming: IncomingMessage) -> Reply | None:
        return Reply(text="只给你看", is_private=True)

    dispatcher = _dispatcher(store, private)
    async with running(dispatcher.run()):
        await dispatcher.accept(message("1", is_group=True, reply_to="token"))
        await _all_handled(store, 1)

    (delivery,) = await store.read(_deliveries)
    assert (delivery.conversation, delivery.is_group) == ("zhou", False)
    assert delivery.reply_to is None


async def _growing(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


@pytest.mark.parametrize("text", ["一二三", ""])
@pytest.mark.parametrize("gives_up", [False, True])
async def test_a_growing_answer_is_shown_and_kept_whole(
    store: Store, text: str, gives_up: bool
) -> None:
    channel = FakeStreamingChannel(gives_up=gives_up)

    async def grow(incoming: IncomingMessage) -> Reply | None:
        return Reply(text=text, stream=_growing("一", "一二", "一二三"))

    dispatcher = _dispatcher(store, grow, channel=channel)
    async with running(dispatcher.run()):
        await dispatcher.accept(message("1"))
        await _all_handled(store, 1)
        await until(lambda: _is_let_go(store))

    assert channel.shown == ["一", "一二", "一二三"]
    (delivery,) = await store.read(_deliveries)
    assert delivery.state == (DeliveryState.OPEN if gives_up else DeliveryState.SENT)
    assert reply_from_json(delivery.reply).text == "一二三"


async def _is_let_go(store: Store) -> bool:
    rows = await store.read(_deliveries)
    return bool(rows) and all(row.owner is None for row in rows)


async def test_a_stream_that_breaks_is_no_silence(store: Store) -> None:
    async def broken() -> AsyncIterator[str]:
        yield "一"
        raise LookupError("the model went away")

    async def handle(incoming: IncomingMessage) -> Reply | None:
        return Reply(stream=broken())

    dispatcher = _dispatcher(store, handle)
    async with running(dispatcher.run()):
        await dispatcher.accept(message("1"))
        await until(lambda: _is(store, InboxState.FAILED))

    assert await _texts(store) == [BotError.default_reply]


@pytest.mark.parametrize("card", [None, Card(title="卡片")])
async def test_a_slow_answer_says_that_it_is_searching(store: Store, card: Card | None) -> None:
    channel = FakeStreamingChannel()

    async def slow(incoming: IncomingMessage) -> Reply | None:
        await until(lambda: channel.shown == [SEARCHING])
        return Reply(text="找到了", card=card)

    dispatcher = _dispatcher(store, slow, channel=channel, slow_after_s=0.01)
    async with running(dispatcher.run()):
        await dispatcher.accept(message("1"))
        await _all_handled(store, 1)
        await until(lambda: _is_let_go(store))

    (delivery,) = await store.read(_deliveries)
    if card is None:
        assert channel.shown == [SEARCHING, "找到了"]
        assert delivery.state == DeliveryState.SENT
    else:
        assert len(channel.shown) == 2
        assert delivery.state == DeliveryState.OPEN
    assert (await store.read(lambda s: outbox.by_key(s, "reply:web:1"))) is not None
