"""One handler for callbacks, in a process of its own; prints the port it listens on.

python -m bench.callback_server bare|wechatpy|inbox [--place FOLDER_OR_URL] [--stored-signatures]
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from aiohttp import web

from bot.channels.crypto import CallbackCrypto
from bot.channels.seen import MemorySeen, StoredSeen
from bot.channels.wecom.callback import Callback
from bot.channels.wecom.envelope import read_ciphertext
from bot.dispatcher import Dispatcher
from bot.messages import IncomingMessage, Reply
from store.engine import Store

TOKEN = "Sunny2024"  # noqa: S105 - of this bench alone
AES_KEY = "k7Qm2ZxV9bNc4LsT8wRf1YhJ6uPdG3aE5oKiXtCzBvM"
CORP = "wwschool00000001"
AGENT = 1000002
PATH = "/wecom/app"

Handler = Callable[[web.Request], Awaitable[web.Response]]


def bare() -> Handler:
    """The ceiling: check the signature, decrypt, answer with a sealed passive reply."""
    crypto = CallbackCrypto(TOKEN, AES_KEY, CORP)
    words = "<xml><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[收到]]></Content></xml>"

    async def receive(request: web.Request) -> web.Response:
        query = request.query
        ciphertext = read_ciphertext(await request.read())
        crypto.open(query["msg_signature"], query["timestamp"], query["nonce"], ciphertext)
        sealed = crypto.seal(words.encode(), query["timestamp"], query["nonce"])
        answer = (
            f"<xml><Encrypt><![CDATA[{sealed.ciphertext}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{sealed.signature}]]></MsgSignature>"
            f"<TimeStamp>{sealed.timestamp}</TimeStamp>"
            f"<Nonce><![CDATA[{sealed.nonce}]]></Nonce></xml>"
        )
        return web.Response(text=answer, content_type="application/xml")

    return receive


def wechatpy() -> Handler:
    """What a bot on wechatpy does, without any store."""
    from wechatpy.enterprise import parse_message
    from wechatpy.enterprise.crypto import WeChatCrypto

    crypto = WeChatCrypto(TOKEN, AES_KEY, CORP)

    async def receive(request: web.Request) -> web.Response:
        query = request.query
        given = (query["msg_signature"], query["timestamp"], query["nonce"])
        parse_message(crypto.decrypt_message(await request.read(), *given))
        return web.Response()

    return receive


async def inbox(place: str, *, is_stored: bool, stack: AsyncExitStack) -> Handler:
    """Ours: everything until the acknowledgement, with the real dispatcher's durable insert."""
    store = await Store.open(place)
    stack.push_async_callback(store.close)

    def now() -> datetime:
        return datetime.now(UTC)

    async def handle(_: IncomingMessage) -> Reply | None:
        raise AssertionError("nothing is handled while inserts are measured")

    dispatcher = Dispatcher(
        store=store,
        handle=handle,
        is_fast=lambda _: False,
        channels={},
        clock=now,
        most_waiting=10**9,
        most_per_turn=10**9,
    )
    seen = StoredSeen(store) if is_stored else MemorySeen(now)
    crypto = CallbackCrypto(TOKEN, AES_KEY, CORP)
    return Callback(crypto, AGENT, dispatcher.accept, seen, now).receive


async def serve(kind: str, place: str, *, is_stored: bool) -> None:
    async with AsyncExitStack() as stack:
        if kind == "inbox":
            handler = await inbox(place, is_stored=is_stored, stack=stack)
        else:
            handler = bare() if kind == "bare" else wechatpy()
        app = web.Application()
        app.router.add_post(PATH, handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["bare", "wechatpy", "inbox"])
    parser.add_argument("--place", default="")
    parser.add_argument("--stored-signatures", action="store_true")
    chosen = parser.parse_args()
    asyncio.run(serve(chosen.kind, chosen.place, is_stored=chosen.stored_signatures))


if __name__ == "__main__":
    main()
