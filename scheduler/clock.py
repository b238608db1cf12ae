"""The ticker: APScheduler calls firing and housekeeping, and holds no state.

It never decides what is due; it only says "look". A tick that is late, missed or doubled changes
nothing. APScheduler waits by the wall clock, so a clock that is set back would silence it until
real time has caught up: a watchdog compares it with the monotonic clock and starts the ticks anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.events import JobEvent

logger = logging.getLogger(__name__)

TICK_S = 1.0
JUMP_S = 1.5
JITTER = 0.1
"""Share of its interval by which a tick may come later, so that replicas do not march in step."""
_WATCH_S = 0.5
_STALE_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """What is called again and again, never twice at once."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[object]]


class Ticker:
    """Built once, in ``bot.app``; ``clock`` is the wall, ``monotonic`` counts seconds."""

    def __init__(
        self,
        *,
        chores: Sequence[Chore],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._chores = tuple(chores)
        self._clock = clock
        self._monotonic = monotonic
        self._done_at: dict[str, float] = {}
        self._in_hand: set[asyncio.Task[object]] = set()
        self.failures = 0
        """Chores that raised, for the metrics."""
        self.jumps = 0
        """Steps of the wall clock, for the metrics."""
        self.skipped = 0
        """Ticks that came while the one before was still at it, or too late."""

    async def run(self) -> None:
        """Tick until cancelled; what is in hand is finished or undone by the store."""
        await asyncio.to_thread(_load)
        from apscheduler import events
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # skipped ticks are counted below
        scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        scheduler.add_listener(
            self._count_skipped, events.EVENT_JOB_MISSED | events.EVENT_JOB_MAX_INSTANCES
        )
        for chore in self._chores:
            scheduler.add_job(
                self._call,
                "interval",
                args=[chore],
                id=chore.name,
                seconds=chore.every_s,
                jitter=chore.every_s * JITTER,
                next_run_time=datetime.now(UTC),
            )
        scheduler.start()
        try:
            async for _ in self._jumps():
                for chore in self._chores:
                    scheduler.reschedule_job(
                        chore.name,
                        trigger="interval",
                        seconds=chore.every_s,
                        jitter=chore.every_s * JITTER,
                    )
                    scheduler.modify_job(chore.name, next_run_time=datetime.now(UTC))
        finally:
            scheduler.shutdown(wait=False)
            for task in self._in_hand:
                task.cancel()
            await asyncio.gather(*self._in_hand, return_exceptions=True)

    @property
    def stale(self) -> tuple[str, ...]:
        """Chores that have not come to an end for too long."""
        now = self._monotonic()
        return tuple(
            chore.name
            for chore in self._chores
            if now - self._done_at.get(chore.name, now) > chore.every_s + _STALE_S
        )

    @property
    def ages_s(self) -> Mapping[str, float]:
        """How long ago each chore that has begun came to an end, or began at first."""
        now = self._monotonic()
        return {name: max(0.0, now - at) for name, at in self._done_at.items()}

    async def _call(self, chore: Chore) -> None:
        self._done_at.setdefault(chore.name, self._monotonic())
        task = asyncio.ensure_future(_awaited(chore))
        self._in_hand.add(task)
        try:
            await task
            self._done_at[chore.name] = self._monotonic()
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
        except Exception:
            self.failures += 1
            logger.exception("%s failed and is tried again", chore.name)
        finally:
            self._in_hand.discard(task)

    async def _jumps(self) -> AsyncIterator[float]:
        wall, steady = self._clock(), self._monotonic()
        while True:
            await asyncio.sleep(_WATCH_S)
            passed = timedelta(seconds=self._monotonic() - steady)
            jump = (self._clock() - wall - passed).total_seconds()
            if abs(jump) > JUMP_S:
                self.jumps += 1
                logger.warning("the clock jumped by %.1f s; ticking anew", jump)
                yield jump
            wall, steady = self._clock(), self._monotonic()

    def _count_skipped(self, event: JobEvent) -> None:
        self.skipped += 1


def _load() -> None:
    """Reads files, so not on the event loop."""
    import apscheduler.schedulers.asyncio  # noqa: F401


async def _awaited(chore: Chore) -> object:
    return await chore.run()
