"""A messenger on loopback that rejects some requests and loses the answers to others."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
from aiohttp import web

from bot.channels.base import Guarantee, ReadBlob, Sent, Target
from bot.codec import reply_from_json, reply_to_json
from bot.errors import ChannelUnavailable, OutcomeUnknown
from bot.messages import ChannelName, Reply
from bot.outbox import DOUBT_MARK
from tests.fakes.duty_office import said

TIMEOUT_S = 3.0


@dataclass(slots=True)
class PushPlatform:
    """``arrived`` counts what each person sees: (account, words)."""

    drops_repeats: bool
    rejects: float = 0.04
    loses: float = 0.04
    arrived: Counter[tuple[str, str]] = field(default_factory=Counter)
    marked: Counter[tuple[str, str]] = field(default_factory=Counter)
    random: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/send/{account}", self._send)
        return application

    async def _send(self, request: web.Request) -> web.Response:
        account, body = request.match_info["account"], await request.text()
        if self.random.random() < self.rejects:
            return web.json_response({"errcode": 45009})
        if not (self.drops_repeats and (account, body) in self._seen):
            self._seen.add((account, body))
            words = said(reply_from_json(body))
            line = (account, words.replace(DOUBT_MARK, ""))
            (self.marked if DOUBT_MARK in words else self.arrived)[line] += 1
        if self.random.random() < self.loses and request.transport is not None:
            request.transport.abort()
        return web.json_response({"errcode": 0})


@dataclass(slots=True)
class PushChannel:
    """Our side of it, with whole replies as its bytes."""

    session: aiohttp.ClientSession
    address: str
    guarantee: Guarantee
    name: ChannelName = ChannelName.WEB
    dedupe_window_s: float = 14400.0

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> list[bytes]:
        return [reply_to_json(reply).encode()]

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        url = f"{self.address}/send/{target.conversation.id}"
        try:
            async with self.session.post(
                url, data=part, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
            ) as response:
                answer = await response.json()
        except aiohttp.ClientConnectorError as error:
            raise ChannelUnavailable("away") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OutcomeUnknown("no answer") from error
        if answer["errcode"]:
            raise ChannelUnavailable("rejected")
        return Sent(provider_id=delivery_id)

    def wait_s(self, target: Target, now: datetime) -> float:
        return 0.0
