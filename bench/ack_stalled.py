"""Time to the acknowledgement while every answer takes 60 s and the queue is full (goal 11).

python -m bench.ack_stalled [--check] [--seconds N] [--rate N]

The server is the whole application of tests/chaos/wecom_app.py. This client, a process of its own,
first fills the queue to its bound and then posts at a fixed rate, whether or not answers come;
every tenth message is a check-in, which must never be refused.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from aiohttp.test_utils import TestServer

from tests.fakes.wecom import FakeWeCom
from tests.fakes.wecom_callbacks import FakePlatform, Posted, post

TEACHERS = 2_000
FILLING = 1_100
ANSWER_S = "60"
P99_S, MOST_S = 0.5, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    p50_ms: float
    p99_ms: float
    most_ms: float
    not_ok: int
    refused_check_ins: int

    @property
    def is_good(self) -> bool:
        is_fast = self.p99_ms <= P99_S * 1000 and self.most_ms <= MOST_S * 1000
        return is_fast and not self.not_ok and not self.refused_check_ins


def prepared(first: int, amount: int) -> list[Posted]:
    platform, stamp = FakePlatform(), int(time.time())
    return [
        platform.seal(
            platform.text(
                f"t{number % TEACHERS}",
                stamp,
                f"签到 {number}" if number % 10 == 0 else f"第 {number} 问",
                10**18 + number,
            ),
            stamp,
        )
        for number in range(first, first + amount)
    ]


async def run(folder: Path, seconds: int, rate: int) -> Outcome:
    members = {f"t{number}" for number in range(TEACHERS)}
    async with AsyncExitStack() as stack:
        qyapi = await stack.enter_async_context(TestServer(FakeWeCom(members=members).app()))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.wecom_app"),
            *(str(folder), str(qyapi.make_url("")), ANSWER_S),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        stack.push_async_callback(process.wait)
        stack.callback(process.kill)
        assert process.stdout is not None
        port = int(await asyncio.wait_for(process.stdout.readline(), 60))
        address = f"http://127.0.0.1:{port}/wecom/app"
        for posted in prepared(1, FILLING):
            await post(session, address, posted)
        return await _at_rate(session, address, prepared(FILLING + 1, seconds * rate), rate, folder)


async def _at_rate(
    session: aiohttp.ClientSession, address: str, posts: list[Posted], rate: int, folder: Path
) -> Outcome:
    times_s: list[float] = []
    statuses: list[int] = []

    async def one(posted: Posted, due: float) -> None:
        status, _ = await post(session, address, posted)
        times_s.append(time.perf_counter() - due)
        statuses.append(status)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, posted in enumerate(posts):
            due = started + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(posted, due))
    times_s.sort()
    return Outcome(
        p50_ms=times_s[len(times_s) // 2] * 1000,
        p99_ms=times_s[int(len(times_s) * 0.99)] * 1000,
        most_ms=times_s[-1] * 1000,
        not_ok=sum(status != 200 for status in statuses),
        refused_check_ins=await asyncio.to_thread(_refused_check_ins, folder),
    )


def _refused_check_ins(folder: Path) -> int:
    query = "SELECT count(*) FROM inbox WHERE state = 'refused' AND body LIKE '%\"签到 %'"
    connection = sqlite3.connect(folder / "yaodian.db")
    try:
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail above the bounds")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=200)
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        outcome = asyncio.run(run(Path(folder), chosen.seconds, chosen.rate))
    print(
        f"ack p50 {outcome.p50_ms:.1f} ms, p99 {outcome.p99_ms:.1f} ms, most "
        f"{outcome.most_ms:.1f} ms; {outcome.not_ok} not 200, "
        f"{outcome.refused_check_ins} check-ins refused"
    )
    if chosen.check and not outcome.is_good:
        sys.exit("beyond the bounds of goal 11")


if __name__ == "__main__":
    main()
