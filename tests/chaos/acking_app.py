"""A process that stores what it is told, says so, and handles it; killed by its test.

It reads message ids from its standard input, prints ``acked ID`` once an id is durable, and notes
each message it handles in the reply's delivery.
"""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime

from bot.dispatcher import Dispatcher
from bot.messages import IncomingMessage, Reply
from store.engine import Store
from tests.fakes.messages import message


async def main(place: str) -> None:
    store = await Store.open(place)

    async def handle(incoming: IncomingMessage) -> Reply | None:
        await asyncio.sleep(random.uniform(0, 0.02))  # noqa: S311
        return Reply(text=incoming.message_id)

    dispatcher = Dispatcher(
        store=store,
        handle=handle,
        is_fast=lambda incoming: False,
        channels={},
        clock=lambda: datetime.now(UTC),
        most_per_turn=10_000,
        most_waiting=10_000,
    )
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )

    async def accept(message_id: str) -> None:
        conversation = str(int(message_id) % 7)
        await dispatcher.accept(message(message_id, conversation=conversation))
        print(f"acked {message_id}", flush=True)  # noqa: T201

    async with asyncio.TaskGroup() as group:
        group.create_task(dispatcher.run())
        while line := await reader.readline():
            group.create_task(accept(line.decode().strip()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
