"""The whole ``yaodian serve`` is killed among the messages of DingTalk's stream.

What was acknowledged is handled exactly once and answered. DingTalk drops no repeat of a robot's
answer, so that what was on its way at the kill may arrive twice; nothing else does.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from aiohttp.test_utils import TestServer

from tests.chaos.serving import START_S, Server
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.dingtalk_stream import MESSAGES, FakeStream
from tests.fakes.waiting import until

MESSAGES_SENT = int(os.environ.get("YAODIAN_CALLBACKS", "300"))
KILLS = 2
ON_THEIR_WAY = 16
"""Most that the outbox sends at once; and so many messages are sent ahead of their acks."""
WORDS = ("党课多久上一次？", "/来源", "到", "请假 家里有事", "/我的任务")
Body = dict[str, object]


def said(number: int, gateway: FakeStream) -> Body:
    """One message of each member, so that each answer tells whom it is for."""
    account, now_ms = f"t{number}", int(time.time() * 1000)
    session = gateway.dingtalk.robots.open_session(account, minutes=90)
    return {
        "msgId": f"m{number}",
        "msgtype": "text",
        "text": {"content": WORDS[number % len(WORDS)]},
        "conversationType": "1",
        "conversationId": f"cid{number}",
        "senderStaffId": account,
        "sessionWebhook": gateway.base + session,
        "sessionWebhookExpiredTime": now_ms + 90 * 60_000,
        "createAt": now_ms,
    }


async def test_what_was_acknowledged_is_handled_once_after_a_kill(tmp_path: Path) -> None:
    fake = FakeDingTalk(members={f"t{n}" for n in range(MESSAGES_SENT)})
    gateway = FakeStream(fake)
    kill_at = {MESSAGES_SENT * n // (KILLS + 1) for n in range(1, KILLS + 1)}
    async with TestServer(gateway.mount(fake.app())) as platform:
        gateway.base = str(platform.make_url("")).rstrip("/")
        app = "YAODIAN__DINGTALK__APP__"
        configured = {
            f"{app}CLIENT_ID": fake.client_id,
            f"{app}CLIENT_SECRET": fake.client_secret,
            f"{app}API_BASE": gateway.base,
            f"{app}OAPI_BASE": gateway.base,
        }
        server = Server(tmp_path / "data", configured)
        try:
            await server.start()
            for number in range(MESSAGES_SENT):
                if number in kill_at:
                    await server.kill()
                    await server.start()
                    await gateway.connected(times=gateway.opened + bool(not gateway.connections))
                await tried(gateway, number)
                if number % ON_THEIR_WAY == 0 or number == MESSAGES_SENT - 1:
                    await gateway.acknowledged(f"m{number}")
            acked = {f"t{one.removeprefix('m')}" for one in gateway.acks}
            await until(lambda: acked <= {one.to for one in fake.delivered}, START_S)
        finally:
            await server.kill()

    answers = Counter(one.to for one in fake.delivered)
    twice = [account for account, times in answers.items() if times > 1]
    assert len(acked) > MESSAGES_SENT * 0.9
    assert len(twice) <= KILLS * ON_THEIR_WAY
    assert set(await asyncio.to_thread(deliveries, tmp_path / "data")) == {1}


async def tried(gateway: FakeStream, number: int) -> None:
    """Send it; what is lost with a connection is not sent again, and not acknowledged either."""
    try:
        await gateway.send("CALLBACK", MESSAGES, said(number, gateway), f"m{number}")
    except ConnectionError:
        return


def deliveries(folder: Path) -> list[int]:
    """How many answers were made for each message."""
    with closing(sqlite3.connect(folder / "yaodian.db")) as store:
        query = "SELECT count(*) FROM delivery WHERE channel = 'dingtalk' GROUP BY conversation"
        return [int(row[0]) for row in store.execute(query)]
