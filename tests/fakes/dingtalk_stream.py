"""DingTalk's stream gateway on loopback: tickets that are good for one connection, frames, acks."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import WSMsgType, web

from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.dingtalk_answers import json_of, new_error

Body = dict[str, object]
MESSAGES = "/v1.0/im/bot/messages/get"
CARDS = "/v1.0/card/instances/callback"
OPEN = "/v1.0/gateway/connections/open"
_PATIENCE_S = 60.0


@dataclass(slots=True)
class FakeStream:
    """Beside ``dingtalk``; a frame goes to the newest connection and waits for its ack."""

    dingtalk: FakeDingTalk
    base: str = ""
    """Of the server, once it runs."""
    tickets: dict[str, bool] = field(default_factory=dict)
    """Whether it was used."""
    stolen: int = 0
    """How many of the next tickets somebody else uses first."""
    connections: list[web.WebSocketResponse] = field(default_factory=list)
    opened: int = 0
    refused: int = 0
    subscriptions: list[object] = field(default_factory=list)
    acks: dict[str, Body] = field(default_factory=dict)
    times_acked: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def mount(self, app: web.Application) -> web.Application:
        app.router.add_post(OPEN, self._open)
        app.router.add_get("/connect", self._connect)
        return app

    async def connected(self, times: int = 1) -> None:
        """Wait until so many connections have been opened, and one is live."""
        async with asyncio.timeout(_PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: self.opened >= times and bool(self.connections))

    async def push(
        self, kind: str, topic: str, data: Body, message_id: str = "", **headers: str
    ) -> Body:
        """Send a frame and wait for its acknowledgement, whatever becomes of the connection."""
        message_id = message_id or secrets.token_hex(8)
        await self.send(kind, topic, data, message_id, **headers)
        return await self.acknowledged(message_id)

    async def acknowledged(self, message_id: str) -> Body:
        """Wait for the acknowledgement of that frame."""
        async with asyncio.timeout(_PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: message_id in self.acks)
        return self.acks[message_id]

    async def send(
        self, kind: str, topic: str, data: Body, message_id: str, **headers: str
    ) -> None:
        """Send a frame to the newest connection."""
        await self.connected()
        frame = {
            "specVersion": "1.0",
            "type": kind,
            "headers": {
                "topic": topic,
                "messageId": message_id,
                "contentType": "application/json",
                "time": str(int(time.time() * 1000)),
                **headers,
            },
            "data": json.dumps(data, ensure_ascii=False),
        }
        await self.connections[-1].send_str(json.dumps(frame, ensure_ascii=False))

    async def cut(self) -> None:
        """Close the newest connection without a word."""
        await self.connected()
        connection = self.connections.pop()
        transport = connection._req.transport if connection._req else None
        if transport is not None:
            transport.abort()

    async def say_goodbye(self) -> web.WebSocketResponse:
        """Announce the end of the newest connection; returns it, still open."""
        await self.connected()
        old = self.connections[-1]
        await self.send("SYSTEM", "disconnect", {"reason": "rebalance"}, secrets.token_hex(8))
        return old

    async def _open(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        given = (body.get("clientId"), body.get("clientSecret"))
        if given != (self.dingtalk.client_id, self.dingtalk.client_secret):
            return new_error(400, "invalidClientIdOrSecret")
        subscriptions = body.get("subscriptions")
        self.subscriptions = subscriptions if isinstance(subscriptions, list) else []
        ticket = secrets.token_urlsafe(24) + "+/="
        self.tickets[ticket] = self.stolen > 0
        self.stolen = max(0, self.stolen - 1)
        endpoint = self.base.replace("http", "ws", 1) + "/connect"
        return web.json_response({"endpoint": endpoint, "ticket": ticket})

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        ticket = unquote(request.query.get("ticket", ""))
        if self.tickets.get(ticket) is not False:
            self.refused += 1
            return web.Response(status=401)
        self.tickets[ticket] = True
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        async with self._changed:
            self.connections.append(connection)
            self.opened += 1
            self._changed.notify_all()
        async for message in connection:
            if message.type is WSMsgType.TEXT:
                await self._take(json.loads(message.data))
        async with self._changed:
            if connection in self.connections:
                self.connections.remove(connection)
            self._changed.notify_all()
        return connection

    async def _take(self, ack: Body) -> None:
        headers = ack.get("headers")
        assert isinstance(headers, dict)
        message_id = str(headers["messageId"])
        async with self._changed:
            self.acks[message_id] = ack
            self.times_acked[message_id] += 1
            self._changed.notify_all()
