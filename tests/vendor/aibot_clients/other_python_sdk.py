"""A third party's Python client against our simulated platform: argv = ws url."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from wecom_aibot_sdk import WSClient

Frame = dict[str, Any]


def say(name: str, value: object) -> None:
    sys.stdout.write(json.dumps([name, value], ensure_ascii=False) + "\n")
    sys.stdout.flush()


class Quiet:
    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_arguments: None


async def main() -> None:
    client = WSClient("bot-1", "long-secret", ws_url=sys.argv[1], logger=Quiet())
    replaced = asyncio.Event()
    client.on("authenticated", lambda *_: say("authenticated", True))

    async def welcome(frame: Frame) -> None:
        await client.reply_welcome(frame, {"msgtype": "text", "text": {"content": "您好"}})
        say("welcomed", True)

    async def answer(frame: Frame) -> None:
        say("text", frame["body"]["text"]["content"])
        await client.reply_stream(frame, "s1", "一二", True)
        media = await client.upload_media(b"7" * 700_000, type="file", filename="a.bin")
        await client.send_media_message("zhangsan", "file", media["media_id"])
        say("done", media["media_id"])

    client.on("event.enter_chat", welcome)
    client.on("message.text", answer)
    client.on("event.disconnected_event", lambda *_: replaced.set())
    await client.connect()
    await replaced.wait()
    say("replaced", True)


asyncio.run(main())
