"""An OpenAI-compatible server on loopback, with every fault a provider can have."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import JsonValue

from knowledge.writer_limits import Usage

Say = Callable[[str, str], str]
"""Rules and words of a prompt -> what the model says."""


@dataclass
class FakeModelServer:
    """Says ``says`` in small pieces; a ``status`` but 200 refuses, a ``fault`` goes wrong."""

    says: Say = lambda rules, words: ""
    status: int = 200
    error: dict[str, JsonValue] = field(default_factory=lambda: {"message": "no"})
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    """``cut``, ``unfinished``, ``garbage``, ``not_json``, ``endless``, ``silent``, ``filter``,
    ``length``, ``pause``, ``tools``."""
    pause_after: int = 0
    """With ``pause``: pieces before it stops until :attr:`go_on` is set."""
    piece_chars: int = 3
    usage: Usage | None = None
    requests: list[dict[str, JsonValue]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    base_url: str = ""
    _runner: web.AppRunner | None = None
    _asked: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def asked(self, times: int) -> None:
        """Wait until that many requests have come."""
        async with self._asked:
            await self._asked.wait_for(lambda: len(self.requests) >= times)

    @property
    def words(self) -> list[str]:
        """What the prompts said, rules and all."""
        return [json.dumps(request["messages"], ensure_ascii=False) for request in self.requests]

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"

    async def stop(self) -> None:
        self.go_on.set()
        if self._runner:
            await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        async with self._asked:
            self.requests.append(asked)
            self._asked.notify_all()
        self.keys.append(request.headers.get("Authorization", ""))
        if self.status != 200:
            return web.json_response(
                {"error": self.error}, status=self.status, headers=self.headers
            )
        if self.fault == "not_json":
            return web.Response(text="<html>网关</html>", content_type="text/html")
        rules, words = (str(message["content"]) for message in asked["messages"])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await self._speak(response, self.says(rules, words))
        except ConnectionError:
            return response
        return response

    async def _speak(self, response: web.StreamResponse, text: str) -> None:
        if self.fault == "silent":
            await self.go_on.wait()
            return
        pieces = [text[at : at + self.piece_chars] for at in range(0, len(text), self.piece_chars)]
        for number, piece in enumerate(pieces):
            if self.fault == "pause" and number == self.pause_after:
                await self.go_on.wait()
            if self.fault in {"cut", "unfinished", "garbage"} and number == len(pieces) // 2:
                await self._break(response)
                return
            await self._send(response, {"content": piece})
        while self.fault == "endless":
            await self._send(response, {"content": text or "再说一句。"})
            await asyncio.sleep(0)
        finish = {"filter": "content_filter", "length": "length"}.get(self.fault, "stop")
        await self._send(response, {}, finish)
        if self.usage is not None:
            await self._send_usage(response, self.usage)
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()

    async def _break(self, response: web.StreamResponse) -> None:
        if self.fault == "garbage":
            await response.write(b'data: {"choices": [{"delta": \n\n')
        if self.fault == "cut":
            transport = response._req.transport if response._req else None
            if transport is not None:
                transport.abort()
            raise ConnectionResetError
        await response.write_eof()

    async def _send(
        self, response: web.StreamResponse, delta: dict[str, JsonValue], finish: str | None = None
    ) -> None:
        await self._event(
            response, {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        )

    async def _send_usage(self, response: web.StreamResponse, usage: Usage) -> None:
        counted: dict[str, JsonValue] = {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total,
        }
        await self._event(response, {"choices": [], "usage": counted})

    async def _event(self, response: web.StreamResponse, body: dict[str, JsonValue]) -> None:
        event = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "fake"} | body
        await response.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
