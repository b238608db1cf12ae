"""Goal 1: three replicas over PostgreSQL, kill -9, a platform that drops repeats."""

from __future__ import annotations

import pytest

from bot.channels.base import Guarantee
from tests.chaos import reminding
from tests.fakes.push_platform import PushPlatform


@pytest.mark.needs("postgresql")
async def test_three_replicas_remind_everyone_exactly_once(postgresql_url: str) -> None:
    fake = PushPlatform(drops_repeats=True)
    await reminding.seed(postgresql_url)
    async with reminding.platform(fake) as address:
        given = [reminding.Replica(postgresql_url, address, Guarantee.ONCE) for _ in range(3)]
        async with reminding.replicas(*given):
            await reminding.kill_some(given, reminding.KILLS)
            await reminding.all_settled(postgresql_url)

    assert {account for account, _ in fake.arrived} == {f"a{n}" for n in range(reminding.REMINDERS)}
    assert set(fake.arrived.values()) == {1}
    assert not fake.marked
    assert set((await reminding.deliveries(postgresql_url)).values()) == {"sent"}
