"""Somebody sends bombs; everybody else goes on talking."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.assembled import App
from tests.fakes.bombs import BOMBS
from tests.scenario.drivers import WebDriver, on_the_page
from tests.scenario.test_inspecting import sends
from tests.scenario.town import living, settle_in


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


async def acknowledged(teacher: WebDriver, count: int) -> list[float]:
    """How long each message waited until it was stored and acknowledged."""
    found = []
    for n in range(count):
        before = time.monotonic()
        await teacher.say(f"读书节在几月，第{n}次问")
        found.append(time.monotonic() - before)
        await asyncio.sleep(0.02)
    return sorted(found)


async def test_messages_are_acknowledged_while_bombs_are_read(app: App) -> None:
    """The bound is the promise's half second; a machine that is slow by itself gets its due."""
    bombs = {name: await asyncio.to_thread(make) for name, make in BOMBS.items()}
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        assert isinstance(teacher, WebDriver)
        idle = await acknowledged(teacher, 20)
        for name, content in bombs.items():
            if not name.endswith((".png", ".zip")):
                await sends(app, "宋见微", name, content)
        busy = await acknowledged(teacher, 100)
        assert busy[98] <= max(0.5, 10 * idle[-1]), busy[-5:]

        replies = [(await admin.heard()).text for name in bombs if name.endswith(("x", "f"))]
        assert len(replies) == 4
        for reply in replies:
            assert "没有读出来" in reply or "太" in reply, reply
        async with on_the_page(app, "白映雪") as other:
            await other.say("读书节几月举办")
            assert "4月" in (await other.heard()).text
