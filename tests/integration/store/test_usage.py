"""Tokens by day and payer, on both databases."""

from __future__ import annotations

import asyncio
from datetime import date

from store import usage
from store.engine import Store

DAY = date(2026, 3, 2)


async def reserve(store: Store, tokens: int, who: str = "wecom:a") -> bool:
    payers = [(who, 1000), ("all", 2500)]
    return await store.write(lambda session: usage.reserve(session, DAY, payers, tokens))


async def settle(store: Store, reserved: int, prompt: int, completion: int) -> None:
    await store.write(
        lambda session: usage.settle(
            session,
            DAY,
            ["wecom:a", "all"],
            reserved,
            prompt_tokens=prompt,
            completion_tokens=completion,
        )
    )


async def test_what_is_held_counts_until_it_is_known(store: Store) -> None:
    assert await reserve(store, 900)
    assert not await reserve(store, 200)
    await settle(store, 900, 100, 50)
    assert await reserve(store, 800)
    assert not await reserve(store, 51)

    total = await store.read(lambda session: usage.total(session, DAY, DAY))
    assert total == usage.Total(calls=1, prompt_tokens=100, completion_tokens=50)


async def test_nobody_is_charged_when_one_payer_is_over(store: Store) -> None:
    assert await reserve(store, 900)
    assert await reserve(store, 900, "wecom:b")
    assert not await reserve(store, 900, "wecom:c")
    rows = await store.read(lambda session: usage.payers_on(session, DAY))
    assert {row.payer: row.reserved_tokens for row in rows} == {
        "all": 1800,
        "wecom:a": 900,
        "wecom:b": 900,
    }


async def test_many_at_once_never_pass_the_limit(store: Store) -> None:
    results = await asyncio.gather(*(reserve(store, 100, f"wecom:{n % 5}") for n in range(60)))

    assert sum(results) == 25


async def test_people_are_forgotten_and_sums_are_kept(store: Store) -> None:
    assert await reserve(store, 10)
    await settle(store, 10, 4, 3)
    await store.write(lambda session: usage.forget(session, date(2026, 5, 1)))
    rows = await store.read(lambda session: usage.payers_on(session, DAY))
    assert [row.payer for row in rows] == ["all"]
    await store.write(lambda session: usage.forget(session, date(2028, 5, 1)))
    assert await store.read(lambda session: usage.payers_on(session, DAY)) == []
