"""Goal 3: a platform that keeps repeats, under both settings, on both databases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bot.channels.base import Guarantee
from store.models import OnDoubt
from tests.chaos import reminding
from tests.fakes.push_platform import PushPlatform

EVERYONE = {f"a{n}" for n in range(reminding.REMINDERS)}


async def _through_kills(place: str | Path, on_doubt: OnDoubt) -> PushPlatform:
    fake = PushPlatform(drops_repeats=False)
    await reminding.seed(place, on_doubt=on_doubt, per_task=10, begins_in_s=3600)
    async with reminding.platform(fake) as address:
        how_many = 3 if isinstance(place, str) else 1
        given = [
            reminding.Replica(place, address, Guarantee.AT_LEAST_ONCE) for _ in range(how_many)
        ]
        async with reminding.replicas(*given):
            await reminding.begin_now(place, per_task=10, spread_s=1.0)
            met = await reminding.kill_some(given, reminding.KILLS)
            await reminding.all_settled(place)
    assert met > reminding.KILLS // 2
    return fake


async def test_resent_means_nothing_lost_and_every_repeat_marked(store_place: str | Path) -> None:
    fake = await _through_kills(store_place, OnDoubt.RESEND)

    assert {account for account, _ in (fake.arrived + fake.marked)} == EVERYONE
    assert set(fake.arrived.values()) == {1}
    assert fake.marked
    assert set((await reminding.deliveries(store_place)).values()) == {"sent"}


async def test_held_means_no_repeat_and_every_gap_visible(store_place: str | Path) -> None:
    fake = await _through_kills(store_place, OnDoubt.HOLD)
    ended = await reminding.deliveries(store_place)
    uncertain = {account for account, state in ended.items() if state == "uncertain"}

    assert not fake.marked
    assert set(fake.arrived.values()) == {1}
    assert EVERYONE - {account for account, _ in fake.arrived} <= uncertain
    assert set(Counter(ended.values())) == {"sent", "uncertain"}
    sent = {account for account, state in ended.items() if state == "sent"}
    assert sent <= {account for account, _ in fake.arrived}
    assert ended.keys() == EVERYONE
