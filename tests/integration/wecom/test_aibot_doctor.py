"""What the doctor says of the AI bot, against the simulated platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app import opened
from bot.channels.wecom.aibot_callback import AiBotCallbackChannel
from bot.channels.wecom.aibot_doctor import check_callbacks, check_connection
from bot.channels.wecom.aibot_settings import AiBotSettings
from bot.config import KnowledgeSettings, Settings, StoreSettings, WeComAiBotSettings, WeComSettings
from bot.control import listening
from bot.doctor import examine
from bot.messages import IncomingMessage
from tests.fakes.aibot_callbacks import AES_KEY, TOKEN
from tests.fakes.aibot_server import BOT_ID, SECRET, FakeAiBotServer
from tests.fakes.waiting import until


@pytest.fixture
async def server() -> AsyncIterator[FakeAiBotServer]:
    fake = FakeAiBotServer()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def told(server: FakeAiBotServer, secret: str = SECRET) -> Settings:
    bot = WeComAiBotSettings(bot_id=BOT_ID, secret=secret, ws_url=server.url)
    return Settings(knowledge=KnowledgeSettings(embedding="none"), wecom=WeComSettings(aibot=bot))


async def test_good_credentials_connect_and_leave(
    server: FakeAiBotServer, session: aiohttp.ClientSession
) -> None:
    settings = AiBotSettings(bot_id=BOT_ID, secret=SECRET, ws_url=server.url)

    assert (await check_connection(settings, session)).ok

    assert [frame["cmd"] for frame in server.frames] == ["aibot_subscribe"]


async def test_each_failure_says_what_to_do(
    server: FakeAiBotServer, session: aiohttp.ClientSession
) -> None:
    settings = AiBotSettings(bot_id=BOT_ID, secret="mistyped", ws_url=server.url)
    assert "40001" in (await check_connection(settings, session)).advice

    server.cut_on.add("aibot_subscribe")
    assert "没有回答" in (await check_connection(settings, session)).advice

    nowhere = replace(settings, ws_url="ws://127.0.0.1:9/")
    assert "443" in (await check_connection(nowhere, session)).advice


async def test_callbacks_are_tried_as_the_console_would(session: aiohttp.ClientSession) -> None:
    async def accept(message: IncomingMessage) -> bool:
        raise AssertionError("nobody wrote anything")

    settings = AiBotSettings(token=TOKEN, aes_key=AES_KEY)
    bot, site = AiBotCallbackChannel(settings, accept), web.Application()
    bot.add_routes(site)
    async with TestServer(site) as ours:
        public_url = str(ours.make_url(""))
        assert all(one.ok for one in await check_callbacks(settings, session, public_url))
        other = replace(settings, token="Other01")
        assert "/wecom/aibot" in (await check_callbacks(other, session, public_url))[-1].advice
    short = replace(settings, aes_key="short")
    assert "43 位" in (await check_callbacks(short, session, None))[-1].advice
    assert "长连接" in (await check_callbacks(settings, session, None))[-1].advice


async def test_a_running_bot_is_asked_and_not_pushed_out(
    server: FakeAiBotServer, tmp_path: Path
) -> None:
    settings = told(server)
    async with (
        opened(settings, tmp_path) as app,
        app.running(),
        listening(tmp_path, app.desk.operations()),
    ):
        await server.until(lambda: server.live is not None, within_s=20)

        async def is_well() -> bool:
            (found,) = await examine(settings, tmp_path, "wecom")
            return found.is_ok

        await until(is_well)
        assert server.subscriptions == 1

    (alone,) = await examine(told(server, "mistyped"), tmp_path, "wecom")
    assert not alone.is_ok
    shared = told(server).model_copy(update={"store": StoreSettings(url="postgresql://h/d")})
    (left_alone,) = await examine(shared, tmp_path, "wecom")
    assert "/readyz" in left_alone.advice


async def test_who_only_answers_is_told_that_nobody_is_reminded(tmp_path: Path) -> None:
    bot = WeComAiBotSettings(mode="callback", token=TOKEN, aes_key=AES_KEY)
    settings = Settings(wecom=WeComSettings(aibot=bot))

    found = await examine(settings, tmp_path, "wecom")

    assert any("不能主动提醒" in finding.advice for finding in found)
