"""Where the AI bot's platform keeps files, each encrypted with a key of its own."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY = bytes(range(32))


@dataclass
class MediaHost:
    files: dict[str, bytes] = field(default_factory=dict)
    base: str = ""

    def keep(self, name: str, content: bytes) -> dict[str, object]:
        """What a message carries of it."""
        self.files[name] = _sealed(content)
        return {"url": f"{self.base}/{quote(name)}", "aeskey": base64.b64encode(KEY).decode()}

    async def _serve(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        disposition = f"attachment; filename*=UTF-8''{quote(name)}"
        return web.Response(body=self.files[name], headers={"Content-Disposition": disposition})


@asynccontextmanager
async def media_host() -> AsyncIterator[MediaHost]:
    host, app = MediaHost(), web.Application()
    app.router.add_get("/{name}", host._serve)
    async with TestServer(app) as server:
        host.base = str(server.make_url("")).rstrip("/")
        yield host


def _sealed(content: bytes) -> bytes:
    """With ``cryptography`` alone, none of our code."""
    count = 32 - len(content) % 32
    cipher = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).encryptor()
    return cipher.update(content + bytes([count]) * count) + cipher.finalize()
