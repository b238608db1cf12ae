"""What a month allows, counted whoever counts, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

from bot.messages import ChannelName
from bot.metering import Meter
from store import quotas
from store.engine import Store
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
"""A minute before December in China."""


def meter(store: Store, clock: FakeClock, calls: int = 50) -> Meter:
    return Meter(
        store=store,
        channel=ChannelName.DINGTALK,
        name="钉钉",
        limits={quotas.CALLS: calls, quotas.INBOUND: 30},
        clock=clock,
    )


async def test_two_count_together(store: Store) -> None:
    month = quotas.month_of(date(2026, 11, 29))

    def one(session: object) -> None:
        quotas.count(session, "dingtalk", quotas.INBOUND, month)  # type: ignore[arg-type]

    await asyncio.gather(*(store.write(one) for _ in range(40)))

    assert await store.read(lambda s: quotas.used(s, "dingtalk", month)) == {"inbound": 40}
    assert await store.read(lambda s: quotas.used(s, "dingtalk", "2026-12")) == {}
    await store.write(lambda s: quotas.forget(s, "2026-12"))
    assert await store.read(lambda s: quotas.used(s, "dingtalk", month)) == {}


async def test_it_is_low_from_four_fifths_on_and_begins_anew_with_chinas_month(
    store: Store,
) -> None:
    clock = FakeClock(NOW)
    counting = meter(store, clock)
    for _ in range(39):
        await counting.count(quotas.CALLS)
    calls, inbound = await counting.quotas()
    assert (calls.used, calls.limit, calls.is_low) == (39, 50, False)
    assert (inbound.used, inbound.is_low) == (0, False)

    await counting.count(quotas.CALLS)
    calls, _ = await counting.quotas()
    assert (calls.used, calls.is_low) == (40, True)
    assert calls.name == "钉钉本月接口调用"

    clock.now = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    december, _ = await counting.quotas()
    assert (december.used, december.is_low) == (0, False)
    assert december.key != calls.key


async def test_what_is_counted_outlives_the_process_but_for_the_last_few(store: Store) -> None:
    clock = FakeClock(NOW)
    counting = meter(store, clock)
    for _ in range(45):
        await counting.count(quotas.INBOUND)

    restarted = meter(store, clock)

    _, inbound = await restarted.quotas()
    assert inbound.used == 40
    await counting.write()
    _, inbound = await restarted.quotas()
    assert inbound.used == 45


async def test_without_a_limit_nothing_is_said(store: Store) -> None:
    counting = meter(store, FakeClock(NOW), calls=0)
    await counting.count(quotas.CALLS)

    assert [one.name for one in await counting.quotas()] == ["钉钉本月收到的消息"]


async def test_what_the_platform_says_counts_more_than_our_count(store: Store) -> None:
    counting = meter(store, FakeClock(NOW))
    await counting.count(quotas.INBOUND)

    await counting.ran_out(quotas.INBOUND)
    await counting.ran_out(quotas.INBOUND)

    calls, inbound = await counting.quotas()
    assert (inbound.used, inbound.left) == (30, 0)
    assert inbound.key.endswith(":out")
    assert calls.used == 0
