"""An OpenAI-compatible server of embeddings on loopback."""

from __future__ import annotations

import asyncio
import base64
from array import array
from dataclasses import dataclass, field

from aiohttp import web

_TOPICS = ("图书", "陪餐", "安全", "家访", "心理", "劳动")


@dataclass
class FakeEmbeddingServer:
    """Counts topics, and gives vectors that are not of length 1; a ``status`` but 200 refuses."""

    status: int = 200
    texts: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    base_url: str = ""
    _runner: web.AppRunner | None = None
    _given: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/embeddings", self._embed)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def answered(self) -> None:
        """Wait until vectors have been given."""
        await self._given.wait()

    async def _embed(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if self.status != 200:
            return web.json_response({"error": {"message": "no"}}, status=self.status)
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        self.texts += texts
        self.models.append(asked["model"])
        self.keys.append(request.headers["Authorization"])
        self._given.set()
        is_packed = asked.get("encoding_format") == "base64"
        rows = [
            {"object": "embedding", "index": n, "embedding": _vector(text, is_packed=is_packed)}
            for n, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return web.json_response(
            {"object": "list", "data": rows, "model": asked["model"], "usage": usage}
        )


def _vector(text: str, *, is_packed: bool) -> list[float] | str:
    numbers = array("f", [3.0 * text.count(topic) for topic in _TOPICS] + [0.3])
    return base64.b64encode(numbers.tobytes()).decode() if is_packed else list(numbers)
