import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.arrivals import Arrivals
from store.arrivals import Arrival
from store.engine import Store
from store.models import InboxMessage


def arrival(number: int, channel: str = "web") -> Arrival:
    return Arrival(channel=channel, message_id=str(number), turn="t", body="{}", sent_at=now())


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


async def stored(store: Store) -> int:
    return await store.read(
        lambda session: session.scalars(select(func.count(InboxMessage.id))).one()
    )


async def test_each_is_new_exactly_once(store: Store) -> None:
    arrivals = Arrivals(store, now)

    found = await asyncio.gather(*(arrivals.accept(arrival(n % 150)) for n in range(600)))

    assert sum(found) == 150
    assert await stored(store) == 150
    assert await arrivals.accept(arrival(0)) is False
    assert await arrivals.accept(arrival(0, channel="console")) is True


async def test_two_replicas_count_once(store: Store) -> None:
    replicas = [Arrivals(store, now), Arrivals(store, now)]

    found = await asyncio.gather(
        *(replica.accept(arrival(n)) for n in range(100) for replica in replicas)
    )

    assert sum(found) == 100


async def test_who_is_cancelled_holds_up_nobody(store: Store) -> None:
    @settings(max_examples=30, deadline=None)
    @given(st.sets(st.integers(0, 19)), st.integers(0, 4))
    def scenario(cancelled: set[int], ticks: int) -> None:
        async def play() -> None:
            arrivals = Arrivals(store, now)
            tasks = [asyncio.create_task(arrivals.accept(arrival(n))) for n in range(20)]
            for _ in range(ticks):
                await asyncio.sleep(0)
            for n in cancelled:
                tasks[n].cancel()
            async with asyncio.timeout(5):
                await asyncio.gather(*tasks, return_exceptions=True)
                await arrivals.accept(arrival(99))

        asyncio.run_coroutine_threadsafe(play(), loop).result(10)

    loop = asyncio.get_running_loop()
    await asyncio.to_thread(scenario)


async def test_a_row_the_database_refuses_takes_no_other_with_it(store: Store) -> None:
    arrivals = Arrivals(store, now)
    broken = Arrival(channel="web", message_id="bad", turn=None, body="{}", sent_at=now())  # type: ignore[arg-type]

    found = await asyncio.gather(
        arrivals.accept(arrival(1)),
        arrivals.accept(arrival(2)),
        arrivals.accept(broken),
        arrivals.accept(arrival(3)),
        return_exceptions=True,
    )

    assert found[0] is True
    assert await arrivals.accept(arrival(4)) is True
    assert [n for n in (1, 2, 3) if await arrivals.accept(arrival(n)) is False][:1] == [1]


@pytest.mark.parametrize("count", [1, 64, 65, 200])
async def test_any_number_fits(store: Store, count: int) -> None:
    arrivals = Arrivals(store, now)

    assert all(await asyncio.gather(*(arrivals.accept(arrival(n)) for n in range(count))))
