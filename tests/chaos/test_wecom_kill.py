"""Callbacks with kill -9 among them: what was acknowledged is answered exactly once.

``YAODIAN_CALLBACKS`` is how many (10,000 for the long run), ``YAODIAN_WECOM_KILLS`` how often the
process is killed on the way.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer

from tests.fakes.waiting import until
from tests.fakes.wecom import FakeWeCom
from tests.fakes.wecom_callbacks import FakePlatform, post

CALLBACKS = int(os.environ.get("YAODIAN_CALLBACKS", "400"))
KILLS = int(os.environ.get("YAODIAN_WECOM_KILLS", "2"))
PER_MEMBER = 20
"""Below the platform's thirty a minute."""
AT_ONCE = 16
TRIES = 3
ROOT = Path(__file__).parents[2]


class Server:
    """The process under test, started again after each kill."""

    def __init__(self, folder: Path, api_base: str) -> None:
        self._arguments = ("-m", "tests.chaos.wecom_app", str(folder), api_base, "0")
        self._process: asyncio.subprocess.Process | None = None
        self.is_up = asyncio.Event()
        self.address = ""

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *self._arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        assert self._process.stdout is not None
        port = await asyncio.wait_for(self._process.stdout.readline(), 60)
        self.address = f"http://127.0.0.1:{int(port)}/wecom/app"
        self.is_up.set()

    async def kill(self) -> None:
        self.is_up.clear()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def test_every_acknowledged_callback_is_answered_exactly_once(tmp_path: Path) -> None:
    members = {f"t{n}" for n in range(CALLBACKS // PER_MEMBER + 1)}
    fake, platform = FakeWeCom(members=members), FakePlatform()
    acked: set[str] = set()
    offered = iter(range(CALLBACKS))
    kill_at = {CALLBACKS * n // (KILLS + 1) for n in range(1, KILLS + 1)}

    async with TestServer(fake.app()) as qyapi, aiohttp.ClientSession() as session:
        server = Server(tmp_path / "data", str(qyapi.make_url("")))

        async def say(number: int) -> None:
            """As WeCom does: three tries, sealed anew each time, the message the same."""
            stamp = int(time.time())
            text = f"第 {number} 问"
            xml = platform.text(f"t{number // PER_MEMBER}", stamp, text, 10**18 + number)
            for _ in range(TRIES):
                await asyncio.wait_for(server.is_up.wait(), 60)
                try:
                    status, _ = await post(session, server.address, platform.seal(xml, stamp))
                except (aiohttp.ClientError, TimeoutError):
                    continue
                if status == 200:
                    acked.add(f"收到：{text}")
                    return

        async def platform_worker() -> None:
            for number in offered:
                if number in kill_at:
                    await server.kill()
                    await server.start()
                await say(number)

        async def all_answered() -> bool:
            return acked <= {message.text for message in fake.delivered}

        try:
            await server.start()
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(platform_worker())
            await until(all_answered, at_most_s=30 + CALLBACKS / 50)
        finally:
            await server.kill()

    answers = Counter(message.text for message in fake.delivered)
    assert len(acked) > CALLBACKS * 0.9
    assert acked <= set(answers)
    assert set(answers.values()) == {1}
