"""The whole way of a WeCom message in a process of its own, for measuring how it acknowledges.

Callback, inbox, dispatcher, outbox and the app's sending, as wired in production. It prints the
port it listens on.

python -m tests.chaos.wecom_app FOLDER API_BASE HANDLING_S
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web

from bot.channels.seen import MemorySeen
from bot.channels.wecom.app import AppDependencies, WeComApp
from bot.channels.wecom.settings import AppSettings
from bot.dispatcher import Dispatcher
from bot.messages import ChannelName, IncomingMessage, Reply
from bot.outbox import Outbox
from store.engine import Store
from tests.fakes.wecom import FakeWeCom
from tests.fakes.wecom_callbacks import AES_KEY, TOKEN


def now() -> datetime:
    return datetime.now(UTC)


async def no_blob(blob: str) -> bytes:
    raise KeyError(blob)


async def no_trouble(*_: object) -> None:
    return


async def main(folder: str, api_base: str, handling_s: float) -> None:
    async def handle(message: IncomingMessage) -> Reply | None:
        await asyncio.sleep(handling_s)
        return Reply(text=f"收到：{message.text}")

    async def accept(message: IncomingMessage) -> bool:
        return await dispatcher.accept(message)

    corp = FakeWeCom()
    settings = AppSettings(
        corp_id=corp.corp_id,
        agent_id=corp.agent_id,
        secret=corp.secret,
        token=TOKEN,
        aes_key=AES_KEY,
        api_base=api_base,
    )
    async with AsyncExitStack() as stack:
        store = await Store.open(folder)
        stack.push_async_callback(store.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        wecom = WeComApp(
            settings,
            AppDependencies(
                session=session, accept=accept, seen=MemorySeen(now), read_blob=no_blob, clock=now
            ),
        )
        dispatcher = Dispatcher(
            store=store,
            handle=handle,
            is_fast=lambda message: message.text.startswith("签到"),
            channels={ChannelName.WECOM_APP: wecom},
            clock=now,
            most_per_turn=10_000 if handling_s == 0 else 5,
            most_waiting=20_000 if handling_s == 0 else 1_000,
        )
        outbox = Outbox(
            store=store,
            channels={ChannelName.WECOM_APP: wecom},
            read_blob=no_blob,
            on_trouble=no_trouble,
            clock=now,
            lease=timedelta(seconds=30),
            first_retry_s=0.1,
        )
        app = web.Application()
        wecom.add_routes(app)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with asyncio.TaskGroup() as group:
            group.create_task(dispatcher.run())
            group.create_task(outbox.run())
            print(runner.addresses[0][1], flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
