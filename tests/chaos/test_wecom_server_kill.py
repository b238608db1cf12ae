"""The whole ``yaodian serve`` is killed among WeCom's callbacks.

What was acknowledged is answered exactly once, on the phone. ``YAODIAN_CALLBACKS`` is how many
there are (10,000 for the long run), ``YAODIAN_WECOM_KILLS`` how often the server is killed.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer

from tests.chaos.serving import START_S, Server
from tests.fakes.waiting import until
from tests.fakes.wecom import FakeWeCom
from tests.fakes.wecom_callbacks import AES_KEY, TOKEN, FakePlatform, Posted, post

CALLBACKS = int(os.environ.get("YAODIAN_CALLBACKS", "300"))
KILLS = int(os.environ.get("YAODIAN_WECOM_KILLS", "2"))
AT_ONCE = 16
TRIES = 3
WORDS = ("党课多久上一次？", "/来源", "到", "请假 家里有事", "/我的任务")
"""On both lanes; each is one short answer to somebody who is not on the roster."""


def serving(folder: Path, fake: FakeWeCom, api_base: str) -> Server:
    """A server that the app's callbacks go to."""
    app = "YAODIAN__WECOM__APP__"
    return Server(
        folder,
        {
            f"{app}CORP_ID": fake.corp_id,
            f"{app}AGENT_ID": str(fake.agent_id),
            f"{app}SECRET": fake.secret,
            f"{app}TOKEN": TOKEN,
            f"{app}AES_KEY": AES_KEY,
            f"{app}API_BASE": api_base.rstrip("/"),
        },
        "/wecom/app",
    )


async def test_every_acknowledged_callback_is_answered_exactly_once(tmp_path: Path) -> None:
    """One message of each member, so that each answer tells whom it is for."""
    fake, platform = FakeWeCom(members={f"t{n}" for n in range(CALLBACKS)}), FakePlatform()
    acked: set[str] = set()
    offered = iter(range(CALLBACKS))
    kill_at = {CALLBACKS * n // (KILLS + 1) for n in range(1, KILLS + 1)}

    async with TestServer(fake.app()) as qyapi, aiohttp.ClientSession() as session:
        server = serving(tmp_path / "data", fake, str(qyapi.make_url("")))

        async def say(number: int) -> None:
            """As WeCom does: three tries, sealed anew each time, the message the same."""
            stamp, account = int(time.time()), f"t{number}"
            xml = platform.text(account, stamp, WORDS[number % len(WORDS)], 10**18 + number)
            for _ in range(TRIES):
                await asyncio.wait_for(server.is_up.wait(), START_S)
                if await is_acked(platform.seal(xml, stamp)):
                    acked.add(account)
                    return

        async def is_acked(posted: Posted) -> bool:
            try:
                status, _ = await post(session, server.address, posted)
            except (aiohttp.ClientError, TimeoutError):
                return False
            return status == 200

        async def worker() -> None:
            for number in offered:
                if number in kill_at:
                    await server.kill()
                    await server.start()
                await say(number)

        def all_answered() -> bool:
            return acked <= {message.account for message in fake.delivered}

        try:
            await server.start()
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(worker())
            await until(all_answered, at_most_s=60 + CALLBACKS / 20)
        finally:
            await server.kill()

    answers = Counter(message.account for message in fake.delivered)
    assert len(acked) > CALLBACKS * 0.9
    assert acked <= set(answers)
    assert set(answers.values()) == {1}


async def test_fifty_identical_callbacks_are_answered_once(tmp_path: Path) -> None:
    fake, platform = FakeWeCom(members={"zhang", "li"}), FakePlatform()
    async with TestServer(fake.app()) as qyapi, aiohttp.ClientSession() as session:
        server = serving(tmp_path / "data", fake, str(qyapi.make_url("")))
        try:
            await server.start()
            stamp = int(time.time())
            same = platform.seal(platform.text("zhang", stamp, "/来源", 7), stamp)
            found = await asyncio.gather(*(post(session, server.address, same) for _ in range(50)))
            last = platform.seal(platform.text("li", stamp, "/来源", 8), stamp)
            await post(session, server.address, last)
            await until(lambda: any(one.account == "li" for one in fake.delivered), START_S)
        finally:
            await server.kill()

    assert {status for status, _ in found} == {200}
    assert Counter(message.account for message in fake.delivered) == {"zhang": 1, "li": 1}
