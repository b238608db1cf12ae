"""Goal 4: clocks that jump while reminders fall due (libfaketime; monotonic time is real)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.base import Guarantee
from tests.chaos import reminding
from tests.fakes.push_platform import PushPlatform
from tests.fakes.waiting import until

DAY_S = 86_400
LIBRARY = "/usr/$LIB/faketime/libfaketime.so.1"


class Skew:
    """How wrong one process's clock is; may change while it runs."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, seconds: int) -> None:
        self._file.write_text(f"{seconds:+d}\n")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }


@pytest.mark.needs("postgresql", "faketime")
async def test_replicas_whose_clocks_jump_a_day_remind_once_and_in_time(
    postgresql_url: str, tmp_path: Path
) -> None:
    fake = PushPlatform(drops_repeats=True)
    skews = [Skew(tmp_path / f"clock-{n}") for n in range(3)]
    await reminding.seed(postgresql_url, begins_in_s=3600)
    async with reminding.platform(fake) as address:
        given = [
            reminding.Replica(postgresql_url, address, Guarantee.ONCE, skew.environment)
            for skew in skews
        ]
        async with reminding.replicas(*given):
            begun_at = reminding.now()
            await reminding.begin_now(postgresql_url)
            for n, jump in enumerate((DAY_S, -DAY_S, 60, -60, -DAY_S, DAY_S)):
                skews[n % 3].set(jump)
                await asyncio.sleep(2)
            await reminding.all_settled(postgresql_url)

    assert len(fake.arrived) == reminding.REMINDERS
    assert set(fake.arrived.values()) == {1}
    assert await reminding.latest_s(postgresql_url, begun_at, reminding.now()) <= 3


@pytest.mark.needs("faketime")
@pytest.mark.parametrize("jump_s", [-60, 60])
async def test_a_single_machine_ticks_again_soon_after_its_clock_is_set(
    tmp_path: Path, jump_s: int
) -> None:
    fake = PushPlatform(drops_repeats=True, rejects=0, loses=0)
    skew = Skew(tmp_path / "clock")
    await reminding.seed(tmp_path, count=40, per_task=20, spread_s=3600, begins_in_s=3)
    async with reminding.platform(fake) as address:
        replica = reminding.Replica(tmp_path, address, Guarantee.ONCE, skew.environment)
        async with reminding.replicas(replica):
            await until(lambda: len(fake.arrived) == 20, at_most_s=60)
            skew.set(jump_s)
            by_its_clock = reminding.now() + timedelta(seconds=jump_s)
            due_at = by_its_clock + timedelta(seconds=1)
            await reminding.put_second_task_at(tmp_path, due_at)
            await until(lambda: len(fake.arrived) == 40, at_most_s=60)

    assert set(fake.arrived.values()) == {1}
    assert await reminding.latest_s(tmp_path, due_at, due_at) <= 5
