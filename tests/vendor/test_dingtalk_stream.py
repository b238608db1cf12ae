"""The simulated gateway is what DingTalk's own stream client takes for DingTalk."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.dingtalk_stream import MESSAGES, FakeStream

LISTENER = Path(__file__).with_name("dingtalk_listener.py")
PATIENCE_S = 60.0


@pytest.fixture
async def gateway() -> AsyncIterator[FakeStream]:
    fake = FakeDingTalk()
    gateway = FakeStream(fake)
    async with TestServer(gateway.mount(fake.app())) as server:
        gateway.base = str(server.make_url("")).rstrip("/")
        yield gateway


async def test_the_official_client_connects_hears_and_acknowledges(gateway: FakeStream) -> None:
    fake = gateway.dingtalk
    client = await asyncio.create_subprocess_exec(
        sys.executable, str(LISTENER), fake.client_id, fake.client_secret,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "DINGTALK_OPENAPI_ENDPOINT": gateway.base},
    )  # fmt: skip
    assert client.stdout is not None
    try:
        await gateway.connected()
        body = {
            "msgId": "m1", "msgtype": "text", "text": {"content": "签到"}, "conversationType": "1",
            "conversationId": "cid1", "senderStaffId": "zhang", "senderNick": "张",
        }  # fmt: skip
        ack = await gateway.push("CALLBACK", MESSAGES, body)  # type: ignore[arg-type]
        async with asyncio.timeout(PATIENCE_S):
            assert json.loads(await client.stdout.readline()) == {"text": "签到", "from": "zhang"}
        event = await gateway.push("EVENT", "*", {}, eventType="user_add_org", eventId="e1")
        async with asyncio.timeout(PATIENCE_S):
            assert json.loads(await client.stdout.readline()) == {"event": "user_add_org"}

        assert (ack["code"], event["code"]) == (200, 200)
        topics = {str(one["topic"]) for one in gateway.subscriptions if isinstance(one, dict)}
        assert MESSAGES in topics

        await gateway.cut()
        await gateway.connected(times=2)
        assert gateway.refused == 0, "a new ticket for the new connection"
    finally:
        client.kill()
        await client.wait()
