"""A callback that the vendor's own crypto sealed, and our answer opened by it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.channels.wecom.aibot_callback import AiBotCallbackChannel
from bot.channels.wecom.aibot_settings import AiBotSettings
from bot.messages import IncomingMessage
from tests.fakes.aibot_callbacks import AES_KEY, TOKEN
from tests.fakes.aibot_server import message

SCRIPT = Path(__file__).parent / "aibot_clients" / "node_crypto.mjs"


async def node(what: str, **given: str) -> dict[str, str]:
    folder = os.environ["YAODIAN_NODE_MODULES"]
    given = {"token": TOKEN, "key": AES_KEY, **given}
    process = await asyncio.create_subprocess_exec(
        "node", str(SCRIPT), folder, what, json.dumps(given), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    found: dict[str, str] = json.loads(out)
    return found


@pytest.mark.needs("node", "node_modules")
async def test_the_vendors_crypto_and_ours_understand_each_other() -> None:
    stored: list[IncomingMessage] = []

    async def accept(message: IncomingMessage) -> bool:
        stored.append(message)
        return True

    bot = AiBotCallbackChannel(AiBotSettings(token=TOKEN, aes_key=AES_KEY), accept)
    app = web.Application()
    bot.add_routes(app)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://{}:{}/wecom/aibot".format(*runner.addresses[0][:2])
    timestamp, nonce = str(int(time.time())), "n1"
    text = json.dumps(message("三年级二班🙂几点开会"), ensure_ascii=False)

    sealed = await node("seal", timestamp=timestamp, nonce=nonce, message=text)
    query = {"msg_signature": sealed["signature"], "timestamp": timestamp, "nonce": nonce}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, params=query, json={"encrypt": sealed["encrypted"]}) as response,
    ):
        answer = await response.json()
    opened = await node(
        "open",
        timestamp=str(answer["timestamp"]),
        nonce=answer["nonce"],
        encrypted=answer["encrypt"],
    )
    await runner.cleanup()

    assert [m.text for m in stored] == ["三年级二班🙂几点开会"]
    assert opened["signature"] == answer["msgsignature"]
    assert json.loads(opened["message"])["msgtype"] == "stream"
