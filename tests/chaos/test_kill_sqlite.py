"""Goal 2: one process on SQLite, kill -9, a platform that drops repeats."""

from __future__ import annotations

from pathlib import Path

from bot.channels.base import Guarantee
from tests.chaos import reminding
from tests.fakes.push_platform import PushPlatform


async def test_one_process_reminds_everyone_exactly_once(tmp_path: Path) -> None:
    fake = PushPlatform(drops_repeats=True)
    await reminding.seed(tmp_path)
    async with reminding.platform(fake) as address:
        replica = reminding.Replica(tmp_path, address, Guarantee.ONCE)
        async with reminding.replicas(replica):
            await reminding.kill_some([replica], reminding.KILLS)
            await reminding.all_settled(tmp_path)

    assert {account for account, _ in fake.arrived} == {f"a{n}" for n in range(reminding.REMINDERS)}
    assert set(fake.arrived.values()) == {1}
    assert not fake.marked
    assert set((await reminding.deliveries(tmp_path)).values()) == {"sent"}
    assert await reminding.ask(tmp_path, "PRAGMA integrity_check") == [("ok",)]
