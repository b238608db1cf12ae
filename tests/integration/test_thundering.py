"""Goal 6: a thousand reminders due in one second while two loops keep the processors busy."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.channels.base import Guarantee
from tests.chaos import reminding
from tests.fakes.push_platform import PushPlatform

REMINDERS = 1000


@asynccontextmanager
async def busy(loops: int) -> AsyncIterator[None]:
    spinning = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
        for _ in range(loops)
    ]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            await process.wait()


async def test_a_thousand_at_once_on_a_loaded_machine_all_go_out(tmp_path: Path) -> None:
    fake = PushPlatform(drops_repeats=True, rejects=0, loses=0)
    await reminding.seed(tmp_path, count=REMINDERS, per_task=REMINDERS, spread_s=0)
    async with reminding.platform(fake) as address, busy(2):
        replica = reminding.Replica(tmp_path, address, Guarantee.ONCE)
        async with reminding.replicas(replica):
            await reminding.all_settled(tmp_path)

    assert len(fake.arrived) == REMINDERS
    assert set(fake.arrived.values()) == {1}
    assert set((await reminding.deliveries(tmp_path)).values()) == {"sent"}
