"""The AI bot on its long connection, for whoever asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_socket import State
from tests.fakes.aibot_server import FakeAiBotServer
from tests.integration.wecom.aibot_stage import Inbox, Remembered, make


@pytest.fixture
async def server() -> AsyncIterator[FakeAiBotServer]:
    fake = FakeAiBotServer()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def answers() -> Remembered:
    return Remembered()


@pytest.fixture
async def bot(
    server: FakeAiBotServer, inbox: Inbox, answers: Remembered
) -> AsyncIterator[AiBotChannel]:
    channel = make(server, inbox, answers=answers)
    await channel.start()
    assert await channel.reached(State.LIVE, 5)
    await server.until(lambda: server.live is not None)
    yield channel
    await channel.stop()
