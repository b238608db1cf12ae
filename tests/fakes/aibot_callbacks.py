"""The platform that posts encrypted AI-bot callbacks and polls; its crypto is wechatpy's own."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from itertools import count

import aiohttp
from aiohttp import web
from wechatpy.enterprise.crypto import PrpCrypto

Json = dict[str, object]
TOKEN, AES_KEY = "Token01", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@dataclass
class FakeCallbackPlatform:
    """Signs and encrypts with another library, and takes the later message of response_url."""

    session: aiohttp.ClientSession
    bot_url: str = ""
    later: list[Json] = field(default_factory=list)
    later_codes: list[str] = field(default_factory=list)
    """The response_code that each of ``later`` used up."""
    later_errcodes: list[int] = field(default_factory=list)
    url: str = ""
    _runner: web.AppRunner | None = None
    _nonces: count[int] = field(default_factory=lambda: count(1))

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/cgi-bin/aibot/response", self._take_later)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    @property
    def response_url(self) -> str:
        return f"{self.url}/cgi-bin/aibot/response?response_code=abc"

    async def post(self, body: Json, *, age_s: int = 0, forge: bool = False) -> Json | int | None:
        """Post one callback: its decrypted answer, None for an empty one, else the status."""
        timestamp, nonce = str(int(time.time()) - age_s), f"n{next(self._nonces)}"
        encrypted = cipher().encrypt(json.dumps(body, ensure_ascii=False), "").decode()
        signature = sign(timestamp, nonce, encrypted)
        query = {
            "msg_signature": "0" * 40 if forge else signature,
            "timestamp": timestamp,
            "nonce": nonce,
        }
        async with self.session.post(
            self.bot_url, params=query, json={"encrypt": encrypted}
        ) as response:
            if response.status != 200:
                return response.status
            raw = await response.read()
        if not raw:
            return None
        answer = json.loads(raw)
        assert answer["nonce"] == nonce
        assert isinstance(answer["timestamp"], int)
        assert answer["msgsignature"] == sign(
            str(answer["timestamp"]), answer["nonce"], answer["encrypt"]
        )
        opened: Json = json.loads(cipher().decrypt(answer["encrypt"], ""))
        return opened

    async def poll(self, stream: str, *, group: str = "", user: str = "zhangsan") -> Json:
        answer = await self.post(
            {
                "msgid": f"poll{next(self._nonces)}",
                "chattype": "group" if group else "single",
                "chatid": group,
                "from": {"userid": user},
                "msgtype": "stream",
                "stream": {"id": stream},
            }
        )
        assert isinstance(answer, dict)
        return answer

    async def _take_later(self, request: web.Request) -> web.Response:
        self.later.append(await request.json())
        self.later_codes.append(request.query["response_code"])
        errcode = self.later_errcodes.pop(0) if self.later_errcodes else 0
        return web.json_response({"errcode": errcode, "errmsg": "ok"})


def sign(timestamp: str, nonce: str, encrypted: str) -> str:
    joined = "".join(sorted([TOKEN, timestamp, nonce, encrypted]))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def cipher() -> PrpCrypto:
    return PrpCrypto(base64.b64decode(AES_KEY + "="))
