"""Firing, ticker and outbox in a process of their own, as wired in production; killed by a test.

python -m tests.chaos.reminding_app URL_OR_FOLDER PLATFORM GUARANTEE

With YAODIAN_TEST_SPINS=1 it shares its processor with a loop that does nothing, busily.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import aiohttp

from bot.channels.base import Guarantee
from bot.messages import ChannelName
from bot.outbox import Outbox, Trouble
from handlers.reminders.wording import word
from scheduler.clock import TICK_S, Chore, Ticker
from scheduler.firing import Firing
from scheduler.planning_horizon import Planner
from scheduler.school_calendar import WorkdayCalendar
from store.engine import Store
from tests.fakes.push_platform import PushChannel


def now() -> datetime:
    return datetime.now(UTC)


async def no_blob(blob: str) -> bytes:
    raise KeyError(blob)


async def no_trouble(trouble: Trouble) -> None:
    return


async def main(place: str, address: str, guarantee: str) -> None:
    async with AsyncExitStack() as stack:
        store = await Store.open(place)
        stack.push_async_callback(store.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        channel = PushChannel(session, address, Guarantee(guarantee))
        firing = Firing(
            store=store,
            planner=Planner(calendar=WorkdayCalendar.official()),
            word=word,
            channels=(ChannelName.WEB,),
        )
        outbox = Outbox(
            store=store,
            channels={ChannelName.WEB: channel},
            read_blob=no_blob,
            on_trouble=no_trouble,
            clock=now,
            lease=timedelta(seconds=5),
            patience_s=4,
            first_retry_s=0.2,
        )
        ticker = Ticker(
            chores=(Chore(name="firing", every_s=TICK_S, run=firing.fire_due),),
            clock=now,
            monotonic=time.monotonic,
        )
        print("up", flush=True)  # noqa: T201 - read by the test
        async with asyncio.TaskGroup() as group:
            group.create_task(outbox.run())
            group.create_task(ticker.run())


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(*sys.argv[1:]))
