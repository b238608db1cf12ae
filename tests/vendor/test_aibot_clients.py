"""The simulated long connection as the clients of others see it, which keeps it honest."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fakes.aibot_server import FakeAiBotServer, event

CLIENTS = Path(__file__).parent / "aibot_clients"


@dataclass
class Client:
    """A client in its own process; each line it prints is ``[name, value]``."""

    process: asyncio.subprocess.Process
    seen: list[tuple[str, object]] = field(default_factory=list)

    async def until(self, name: str) -> object:
        assert self.process.stdout
        async with asyncio.timeout(15):
            while line := await self.process.stdout.readline():
                found, value = json.loads(line)
                self.seen.append((found, value))
                if found == name:
                    return value
        raise AssertionError(f"the client ended before {name!r}; saw {self.seen}")


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[Client]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
async def server() -> AsyncIterator[FakeAiBotServer]:
    fake = FakeAiBotServer()
    await fake.start()
    yield fake
    await fake.stop()


def node_modules() -> str:
    folder = os.environ.get("YAODIAN_NODE_MODULES", "")
    assert Path(folder, "@wecom/aibot-node-sdk").is_dir(), (
        "set YAODIAN_NODE_MODULES to the node_modules folder that holds @wecom/aibot-node-sdk"
    )
    return folder


@pytest.mark.needs("node", "node_modules")
async def test_the_vendors_node_client_is_at_home(server: FakeAiBotServer) -> None:
    async with running("node", str(CLIENTS / "node_sdk.mjs"), node_modules(), server.url) as client:
        await client.until("authenticated")
        await server.until(lambda: server.live is not None)
        await server.call("aibot_event_callback", event("enter_chat"))
        await client.until("welcomed")
        await server.call("aibot_event_callback", event("template_card_event", task_id="t@1"))
        assert await client.until("updated") == "t@1"
        await server.say("您好")
        assert await client.until("text") == "您好"
        assert "846608" in str(await client.until("refused"))
        media_id = await client.until("done")
        assert server.uploads[str(media_id)] == bytes([7]) * 600 * 1024
        assert [body["msgtype"] for body in server.bodies("aibot_send_msg")] == ["file", "markdown"]
        assert server.live is not None
        await server.kick(server.live)
        assert await client.until("replaced") is True


async def test_the_vendors_python_client_is_at_home(server: FakeAiBotServer) -> None:
    assert find_spec("aibot"), "install wecom-aibot-python-sdk"
    script = str(CLIENTS / "official_python_sdk.py")
    async with running(sys.executable, script, server.url) as client:
        await client.until("authenticated")
        await server.until(lambda: server.live is not None)
        await server.say("您好")
        assert await client.until("text") == "您好"
        assert await client.until("done") is True
        assert len(server.sent("aibot_respond_msg")) == 2
        assert server.finished_streams == {"s1"}


async def test_another_python_client_is_at_home(server: FakeAiBotServer) -> None:
    assert find_spec("wecom_aibot_sdk"), "install wecom-aibot-sdk"
    script = str(CLIENTS / "other_python_sdk.py")
    async with running(sys.executable, script, server.url) as client:
        await client.until("authenticated")
        await server.until(lambda: server.live is not None)
        await server.call("aibot_event_callback", event("enter_chat"))
        await client.until("welcomed")
        await server.say("您好")
        media_id = await client.until("done")
        assert server.uploads[str(media_id)] == b"7" * 700_000
        assert server.live is not None
        await server.kick(server.live)
        assert await client.until("replaced") is True
