"""The vendor's Python client against our simulated platform: argv = ws url."""

import asyncio
import json
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

import aibot.ws  # noqa: E402
from aibot import WSClient, WSClientOptions  # noqa: E402

aibot.ws._SSL_CONTEXT = None

Frame = dict[str, Any]


def say(name: str, value: object) -> None:
    sys.stdout.write(json.dumps([name, value], ensure_ascii=False) + "\n")
    sys.stdout.flush()


async def main() -> None:
    client = WSClient(WSClientOptions(bot_id="bot-1", secret="long-secret", ws_url=sys.argv[1]))
    client.on("authenticated", lambda: say("authenticated", True))
    client.on("error", lambda error: None)
    done = asyncio.Event()

    async def answer(frame: Frame) -> None:
        say("text", frame["body"]["text"]["content"])
        await client.reply_stream(frame, "s1", "一", False)
        await client.reply_stream(frame, "s1", "一二", True)
        await client.send_message(
            "zhangsan", {"msgtype": "markdown", "markdown": {"content": "推送"}}
        )
        say("done", True)
        done.set()

    client.on("message.text", answer)
    await client.connect()
    await done.wait()
    client.disconnect()


asyncio.run(main())
