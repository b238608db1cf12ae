"""HTTP mode: ``/dingtalk/bot``, ``/dingtalk/card`` and ``/dingtalk/events``.

Signatures of messages and of taps cover the time and nothing of the body, so that a used pair of
timestamp and signature with another body is refused, and an exact repeat is answered like the
first and does nothing. Whatever fails is one and the same 403 (413 for a body over the limit).

Source:
    DingTalk, 机器人接收消息 (HTTP 模式), 事件回调 of cards and 配置 HTTP 推送 of events.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import secrets
from datetime import timedelta

from aiohttp import web

from bot.channels.base import Health
from bot.channels.bodies import read_capped
from bot.channels.crypto import CallbackCrypto
from bot.channels.dingtalk.card_route import (
    PATH,
    SIGNATURE,
    TIMESTAMP,
    tap_secret,
    tap_signature,
)
from bot.channels.dingtalk.inbound import Inbound
from bot.channels.dingtalk.incoming import Json, object_of
from bot.channels.dingtalk.settings import AppSettings
from bot.channels.seen import SeenSignatures, Verdict
from bot.errors import BadSignature

logger = logging.getLogger(__name__)

WINDOW_S = 3600
BODY_LIMIT_BYTES = 256 * 1024
_TIMESTAMP = re.compile(r"[0-9]{13}", re.ASCII)
_CHECKS = frozenset({"check_url", "check_create_suite_url", "check_update_suite_url"})


class Callbacks:
    """``WayIn`` over HTTP.

    Args:
        settings: Whose secret signs; with an event token and key events are taken, too.
        inbound: Stores what is authentic.
        seen: Remembers signatures; share it between replicas.
    """

    def __init__(self, settings: AppSettings, inbound: Inbound, seen: SeenSignatures) -> None:
        self._secret = settings.client_secret
        self._tap_secret = tap_secret(settings)
        self._inbound = inbound
        self._seen = seen
        self._crypto = (
            CallbackCrypto(
                settings.event_token, settings.event_aes_key, settings.client_id, platform="钉钉"
            )
            if settings.has_events
            else None
        )

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    def health(self) -> Health:
        trouble = self._inbound.trouble()
        return Health(is_ready=not trouble, detail=trouble)

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/dingtalk/bot", self._robot)
        app.router.add_post(PATH, self._card)
        app.router.add_post("/dingtalk/events", self._events)

    async def _robot(self, request: web.Request) -> web.Response:
        timestamp, sign = request.headers.get("timestamp", ""), request.headers.get("sign", "")
        try:
            found = await self._authentic(request, timestamp, sign, signed(timestamp, self._secret))
        except BadSignature as error:
            return self._refused(error)
        if found is not None:
            await self._inbound.message(found[0])
        return web.json_response({})

    async def _card(self, request: web.Request) -> web.Response:
        timestamp, sign = request.headers.get(TIMESTAMP, ""), request.headers.get(SIGNATURE, "")
        expected = tap_signature(timestamp, self._tap_secret)
        try:
            found = await self._authentic(request, timestamp, sign, expected)
        except BadSignature as error:
            return self._refused(error)
        if found is not None:
            await self._inbound.tap(*found)
        return web.json_response({})

    async def _events(self, request: web.Request) -> web.Response:
        body = await read_capped(request, BODY_LIMIT_BYTES)
        try:
            event = self._opened(request, body)
        except BadSignature as error:
            return self._refused(error)
        name = str(event.get("EventType"))
        if name not in _CHECKS:
            await self._inbound.event(name)
        assert self._crypto is not None  # noqa: S101 - else nothing was opened
        now_ms = str(int(self._inbound.clock().timestamp() * 1000))
        sealed = self._crypto.seal(b"success", now_ms, secrets.token_hex(8))
        return web.json_response(
            {
                "msg_signature": sealed.signature,
                "timeStamp": sealed.timestamp,
                "nonce": sealed.nonce,
                "encrypt": sealed.ciphertext,
            }
        )

    def _opened(self, request: web.Request, body: bytes) -> Json:
        """An event; the documents and practice spell two parameters differently."""
        if self._crypto is None:
            raise BadSignature("events are not configured")
        timestamp = _either(request, "timestamp", "timeStamp")
        self._check_age(timestamp)
        signature, nonce = _either(request, "msg_signature", "signature"), _either(request, "nonce")
        envelope = object_of(body.decode(errors="replace")) or {}
        ciphertext = envelope.get("encrypt")
        if not isinstance(ciphertext, str):
            raise BadSignature("no ciphertext")
        plain = self._crypto.open(signature, timestamp, nonce, ciphertext)
        return object_of(plain.decode(errors="replace")) or {}

    async def _authentic(
        self, request: web.Request, timestamp: str, sign: str, expected: bytes
    ) -> tuple[Json, str] | None:
        """The body and what names this callback; None where there is nothing to be read."""
        raw = await read_capped(request, BODY_LIMIT_BYTES)
        self._check_age(timestamp)
        if not hmac.compare_digest(expected, sign.encode(errors="replace")):
            raise BadSignature("callback signature differs")
        digest = hashlib.sha256(raw).hexdigest()
        until = self._inbound.clock() + timedelta(seconds=2 * WINDOW_S)
        key = f"dingtalk:{request.path}:{timestamp}:{sign}"
        verdict = await self._seen.first_use(
            hashlib.sha256(key.encode()).hexdigest(), digest, until
        )
        if verdict is Verdict.FORGED:
            raise BadSignature("a used signature came with another body")
        body = object_of(raw.decode(errors="replace"))
        if body is None:
            self._inbound.counts["unreadable"] += 1
        if verdict is Verdict.REPEAT:
            self._inbound.counts["repeat"] += 1
        # A repeat may be of what was not stored, when we were killed in between: the inbox drops
        # what it has.
        return None if body is None else (body, digest)

    def _check_age(self, timestamp: str) -> None:
        if not _TIMESTAMP.fullmatch(timestamp):
            raise BadSignature("callback timestamp is not milliseconds")
        if abs(self._inbound.clock().timestamp() - int(timestamp) / 1000) > WINDOW_S:
            raise BadSignature("callback timestamp is too far away")

    def _refused(self, error: BadSignature) -> web.Response:
        self._inbound.counts["refused"] += 1
        logger.info("refused a DingTalk callback: %s", error)
        return web.Response(status=403, text=BadSignature.default_reply)


def signed(timestamp: str, secret: str) -> bytes:
    """What the header ``sign`` holds."""
    words = f"{timestamp}\n{secret}".encode(errors="replace")
    return base64.b64encode(hmac.new(secret.encode(), words, hashlib.sha256).digest())


def _either(request: web.Request, *names: str) -> str:
    for name in names:
        if len(values := request.query.getall(name, [])) == 1 and len(values[0]) <= 128:
            return values[0]
    raise BadSignature(f"callback parameter {names[0]} is missing, doubled or too long")
