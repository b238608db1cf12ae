"""What the tests that kill share: a seeded store, processes, and a look into the tables.

``YAODIAN_REMINDERS`` is how many are due (4,000 for the long run), ``YAODIAN_REMINDER_KILLS`` how
often a process is killed on the way (60 for the long run).
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp.test_utils import TestServer
from sqlalchemy.orm import Session

from bot.channels.base import Guarantee
from bot.messages import Role
from handlers.people.actions import operator
from handlers.tasks.actions import Tasks
from handlers.tasks.views import Assignee, NewTask
from scheduler.planning_horizon import Planner
from scheduler.policy import Policy
from scheduler.school_calendar import WorkdayCalendar
from store import people
from store.engine import Store
from store.instant import to_microseconds
from store.models import OnDoubt
from store.sqlite import FILE_NAME
from tests.fakes.push_platform import PushPlatform

REMINDERS = int(os.environ.get("YAODIAN_REMINDERS", "240"))
KILLS = int(os.environ.get("YAODIAN_REMINDER_KILLS", "5"))
PER_TASK = 40
SPREAD_S = 0.4
"""Between the due times of two tasks."""
ROOT = Path(__file__).parents[2]
_LEFT = """
SELECT (SELECT count(*) FROM occurrence WHERE next_notice_at IS NOT NULL)
     + (SELECT count(*) FROM notice WHERE outcome = 'waiting')
     + (SELECT count(*) FROM delivery WHERE state = 'open')
"""
_STATES = "SELECT conversation, state FROM delivery"
_LATENESS = "SELECT max(created_at - scheduled_at) FROM notice WHERE stage = 'due'"


def now() -> datetime:
    return datetime.now(UTC)


async def seed(
    place: str | Path,
    *,
    count: int = REMINDERS,
    per_task: int = PER_TASK,
    spread_s: float = SPREAD_S,
    begins_in_s: float = 4.0,
    on_doubt: OnDoubt = OnDoubt.RESEND,
) -> None:
    """``count`` members with one reminder each; the first is due soon."""
    store = await Store.open(place)

    def staff(session: Session) -> list[int]:
        unit = people.unit_at(session, ["大校"]).id
        ids = []
        for n in range(count):
            member = people.add_member(session, name=f"人{n}", now=now())
            people.give_role(session, member.id, unit, Role.TEACHER)
            people.link(session, "web", f"a{n}", member.id)
            ids.append(member.id)
        return ids

    ids = await store.write(staff)
    tasks = Tasks(store, Planner(calendar=WorkdayCalendar.official()), now)
    began, made = time.monotonic(), []
    for first in range(0, count, per_task):
        new = NewTask(
            title=f"第{first}批",
            due_at=now() + timedelta(days=1),
            assignees=tuple(Assignee(member_id=id) for id in ids[first : first + per_task]),
            policy=Policy.plain(),
            on_doubt=on_doubt,
            announces=False,
        )
        made.append((await tasks.create(operator(), new)).id)
    assert time.monotonic() - began < 120
    begin = now() + timedelta(seconds=begins_in_s)
    await _fall_due(tasks, made, begin, spread_s)
    await store.close()


async def begin_now(
    place: str | Path,
    count: int = REMINDERS,
    per_task: int = PER_TASK,
    spread_s: float = SPREAD_S,
) -> None:
    """Let what was seeded fall due one task after another, while the processes are at work."""
    store = await Store.open(place)
    tasks = Tasks(store, Planner(calendar=WorkdayCalendar.official()), now)
    numbers = range(1, -(-count // per_task) + 1)
    await _fall_due(tasks, numbers, now() + timedelta(seconds=1), spread_s)
    await store.close()


async def _fall_due(tasks: Tasks, numbers: Iterable[int], begin: datetime, spread_s: float) -> None:
    for n, number in enumerate(numbers):
        soonest = now() + timedelta(seconds=2)
        due_at = max(begin + timedelta(seconds=n * spread_s), soonest)
        await tasks.reschedule(operator(), number, due_at=due_at)


async def put_second_task_at(place: Path, due_at: datetime) -> None:
    """Give the second of two tasks another due time while the process is at work."""
    store = await Store.open(place)
    tasks = Tasks(
        store,
        Planner(calendar=WorkdayCalendar.official()),
        lambda: due_at - timedelta(seconds=1),
    )
    await tasks.reschedule(operator(), 2, due_at=due_at)
    await store.close()


@dataclass
class Replica:
    """One process; started again after each kill."""

    place: str | Path
    address: str
    guarantee: Guarantee
    environment: dict[str, str] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        arguments = ("-m", "tests.chaos.reminding_app", str(self.place), self.address)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, self.guarantee, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        assert self._process.stdout is not None
        assert await asyncio.wait_for(self._process.stdout.readline(), 60) == b"up\n"

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def platform(fake: PushPlatform) -> AsyncIterator[str]:
    async with TestServer(fake.application()) as server:
        yield str(server.make_url("")).rstrip("/")


@asynccontextmanager
async def replicas(*given: Replica) -> AsyncIterator[None]:
    try:
        await asyncio.gather(*(one.start() for one in given))
        yield
    finally:
        for one in given:
            await one.kill()


async def kill_some(given: list[Replica], kills: int, seed: int = 5) -> int:
    """Kill -9 one of them now and then; it comes back at once. How many kills met work left."""
    dice = random.Random(seed)  # noqa: S311
    met = 0
    coming: dict[int, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0.3, 0.9))
            up = [n for n in range(len(given)) if n not in coming or coming[n].done()]
            if not up:
                await asyncio.wait(coming.values(), return_when=asyncio.FIRST_COMPLETED)
                up = [n for n, task in coming.items() if task.done()]
            unlucky = dice.choice(up)
            await given[unlucky].kill()
            met += bool((await ask(given[unlucky].place, _LEFT))[0][0])
            coming[unlucky] = group.create_task(given[unlucky].start())
    return met


async def ask(place: str | Path, query: str) -> list[tuple[object, ...]]:
    """Look into the tables from outside."""
    if isinstance(place, str):
        import asyncpg

        connection = await asyncpg.connect(place)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    def look() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{place / FILE_NAME}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    return await asyncio.to_thread(look)


async def all_settled(place: str | Path, at_most_s: float = 240) -> None:
    """Wait until nothing is due, waiting or open."""
    async with asyncio.timeout(at_most_s):
        while (await ask(place, _LEFT))[0][0]:  # noqa: ASYNC110 - other processes do not tell
            await asyncio.sleep(0.3)


async def deliveries(place: str | Path) -> dict[str, str]:
    """How each conversation's only delivery ended."""
    rows = await ask(place, _STATES)
    ended = {str(conversation): str(state) for conversation, state in rows}
    assert len(rows) == len(ended)
    return ended


async def latest_s(place: str | Path, since: datetime, until: datetime) -> float:
    """How late the tardiest reminder of a time became a notice, by the clock that decides."""
    between = f" AND scheduled_at BETWEEN {to_microseconds(since)} AND {to_microseconds(until)}"
    ((late,),) = await ask(place, _LATENESS + between)
    assert isinstance(late, int)
    return late / 1e6
