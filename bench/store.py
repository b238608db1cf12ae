"""Check-ins a second: one writer with group commit against one commit each, in the same run.

``python -m bench.store [--check]``. Both write the same rows with ``synchronous=FULL`` from 32
callers that each wait for their own row; rounds alternate, so that a busy disk hits both. Then the
store takes rows while it is backed up and exported: one "database is locked" ends the run.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from sqlalchemy import select

from store import inbox
from store.engine import Store
from store.models import InboxMessage

CALLERS = 32
ROUNDS = 9
LEAST_RATIO = 8.0
MOST_P99_MS = 50.0
BODY = '{"text":"到"}' * 8

Insert = Callable[[str], Awaitable[None]]


class OneCommitEach:
    """As aiosqlite does it: one thread, one connection, a commit after each insert.

    Implicit BEGIN by the driver, one hop to the thread for the insert and one for the commit.
    """

    def __init__(self, file: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._file = file

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._file)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE inbox (id INTEGER PRIMARY KEY, channel, message_id, turn, body, state, "
            "accepted_at, attempts, UNIQUE (channel, message_id))"
        )

    async def open(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    async def insert(self, key: str) -> None:
        loop = asyncio.get_running_loop()
        statement = (
            "INSERT INTO inbox (channel, message_id, turn, body, state, accepted_at, attempts)"
            " VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING"
        )
        values = ("web", key, key, BODY, "accepted", 0)
        await loop.run_in_executor(self._thread, self._connection.execute, statement, values)
        await loop.run_in_executor(self._thread, self._connection.commit)

    async def insert_in_turn(self, key: str, lock: asyncio.Lock) -> None:
        async with lock:
            await self.insert(key)


async def _round(insert: Insert, per_caller: int, keys: count[int]) -> tuple[float, list[float]]:
    """Rows a second, and how long each caller waited, in milliseconds."""
    waits_ms: list[float] = []

    async def caller() -> None:
        for _ in range(per_caller):
            began = time.perf_counter()
            await insert(str(next(keys)))
            waits_ms.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return CALLERS * per_caller / (time.perf_counter() - began), waits_ms


async def _beside(store: Store, folder: Path) -> None:
    """A backup and an export while rows are written."""
    for n in range(3):
        await store.backup(folder / f"copy-{n}.db")
        await store.read(lambda session: session.execute(select(InboxMessage.body)).all())


async def measure(folder: Path) -> tuple[float, float, float]:
    """The store's median rate, the median of the rounds' ratios, and the store's p99 in ms."""
    store = await Store.open(folder / "store")
    plain = OneCommitEach(folder / "plain.db")
    await plain.open()
    lock = asyncio.Lock()
    now = datetime.now(UTC)

    async def grouped(key: str) -> None:
        await store.write(
            lambda session: inbox.accept(
                session, channel="web", message_id=key, turn=key, body=BODY, now=now
            )
        )

    keys = count()
    rates: list[tuple[float, float]] = []
    waits_ms: list[float] = []
    for _ in range(ROUNDS):
        fast, waits = await _round(grouped, 200, keys)
        slow, _ = await _round(lambda key: plain.insert_in_turn(key, lock), 20, keys)
        rates.append((fast, slow))
        waits_ms += waits
    beside = asyncio.create_task(_beside(store, folder))
    for _ in range(ROUNDS):
        await _round(grouped, 200, keys)
    await beside
    await store.close()
    p99_ms = statistics.quantiles(waits_ms, n=100)[98]
    fast = statistics.median(fast for fast, _ in rates)
    ratio = statistics.median(fast / slow for fast, slow in rates)
    return fast, ratio, p99_ms


def main() -> int:
    """Print the figures; with ``--check``, 1 when they miss the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    is_check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fast, ratio, p99_ms = asyncio.run(measure(Path(folder)))
    print(f"group commit     {fast:8.0f} rows/s   p99 {p99_ms:.1f} ms at {CALLERS} callers")
    print(f"one commit each  {fast / ratio:8.0f} rows/s   ratio {ratio:.1f}")
    is_reached = ratio >= LEAST_RATIO and p99_ms <= MOST_P99_MS
    return 0 if is_reached or not is_check else 1


if __name__ == "__main__":
    sys.exit(main())
