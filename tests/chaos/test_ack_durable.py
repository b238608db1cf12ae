"""Acknowledged means kept: kill -9 right after the ack, again and again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from bot.codec import reply_from_json
from store.engine import Store
from store.models import Delivery, InboxMessage, InboxState
from tests.fakes.waiting import until

LOOPS = int(os.environ.get("YAODIAN_KILLS", "40"))
MESSAGES = 5
ROOT = Path(__file__).parents[2]


async def _start(place: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos.acking_app",
        str(place),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )


async def _say_and_kill(place: Path, first: int) -> list[str]:
    """Send messages, kill at the first ack, and return every id that was acknowledged."""
    process = await _start(place)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("".join(f"{n}\n" for n in range(first, first + MESSAGES)).encode())
    line = await process.stdout.readline()
    process.kill()
    acked = [line, *(await process.stdout.read()).splitlines()]
    await process.wait()
    return [line.decode().split()[1] for line in acked if line.startswith(b"acked ")]


async def _finish(place: Path) -> None:
    process = await _start(place)
    store = await Store.open(place)

    async def is_done() -> bool:
        states = await store.read(lambda session: session.scalars(select(InboxMessage.state)).all())
        return all(state == InboxState.HANDLED for state in states)

    await until(is_done, at_most_s=60)
    process.kill()
    await process.wait()
    await store.close()


async def test_what_was_acknowledged_is_handled_once(tmp_path: Path) -> None:
    place = tmp_path / "data"
    acked: list[str] = []
    for loop in range(LOOPS):
        acked += await _say_and_kill(place, loop * MESSAGES)
    await _finish(place)

    store = await Store.open(place)
    rows = await store.read(lambda session: session.scalars(select(Delivery)).all())
    check = await store.read(lambda session: session.connection().exec_driver_sql(
        "PRAGMA integrity_check").scalar())  # fmt: skip
    await store.close()

    answered = Counter(reply_from_json(row.reply).text for row in rows)
    assert len(acked) >= LOOPS
    assert set(acked) <= set(answered)
    assert set(answered.values()) == {1}
    assert check == "ok"
