"""What /readyz and /metrics say of ticks that come around, and of those that do not."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.ticking import Ticking
from scheduler.clock import Chore, Ticker


class Watch:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


async def nothing() -> None:
    return None


async def ticked(watch: Watch) -> Ticker:
    chore = Chore(name="reminders", every_s=1.0, run=nothing)
    ticker = Ticker(chores=[chore], clock=lambda: datetime.now(UTC), monotonic=watch)
    await ticker._call(chore)
    return ticker


async def test_a_tick_that_came_around_is_ready_and_has_an_age() -> None:
    watch = Watch()
    ticking = Ticking((await ticked(watch),))
    watch.s += 3
    assert ticking.health()["ticks"].is_ready
    assert "3 秒前" in ticking.health()["ticks"].detail
    ages = next(one for one in ticking.families() if one.name == "yaodian_tick_age_seconds")
    assert list(ages.samples) == [({"chore": "reminders"}, 3.0)]


async def test_a_tick_that_stopped_is_not_ready_and_says_what_to_do() -> None:
    watch = Watch()
    ticking = Ticking((await ticked(watch),))
    watch.s += 60
    health = ticking.health()["ticks"]
    assert not health.is_ready
    assert "提醒" in health.detail
    assert "重启" in health.detail


def test_without_tickers_nothing_is_said() -> None:
    assert Ticking().health() == {}
