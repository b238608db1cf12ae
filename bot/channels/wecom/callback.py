"""``GET|POST /wecom/app``: check, store, acknowledge — and nothing else before the answer.

Order of the checks: size, envelope, age, signature, decryption, replay. Whatever fails is one and
the same 403 (413 for a body over 64 KiB). What is authentic but means nothing to us is counted
and answered 200, since WeCom would only repeat it.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

from bot.channels.base import Accept
from bot.channels.bodies import parameter, read_capped
from bot.channels.crypto import WINDOW_S, CallbackCrypto, check_age
from bot.channels.seen import SeenSignatures, Verdict
from bot.channels.wecom.envelope import (
    BODY_LIMIT_BYTES,
    UnreadableXml,
    read_ciphertext,
    read_message,
)
from bot.channels.wecom.incoming import kind_of, to_incoming
from bot.errors import BadSignature

logger = logging.getLogger(__name__)

_REMEMBERED = timedelta(seconds=2 * WINDOW_S)
_ALARMS = frozenset(
    f"event.{name}"
    for name in ("inactive_alert", "low_active_alert", "low_active", "close_inactive_agent")
)


class Callback:
    """The app's callback address.

    Args:
        crypto: Opens what WeCom sends.
        agent_id: The app's number.
        accept: Stores a message durably; the answer waits for it and for nothing else.
        seen: Remembers signatures; share it between replicas.
        clock: Aware UTC now.
    """

    def __init__(
        self,
        crypto: CallbackCrypto,
        agent_id: int,
        accept: Accept,
        seen: SeenSignatures,
        clock: Callable[[], datetime],
    ) -> None:
        self._crypto = crypto
        self._agent_id = agent_id
        self._accept = accept
        self._seen = seen
        self._clock = clock
        self.counts: Counter[str] = Counter()
        """Callbacks by what they were: ``text``, ``event.click``, ``refused``, ``repeat`` …"""
        self.is_suspended = False
        """WeCom closed the app because nobody used it; an administrator has to reopen it."""

    def add_routes(self, app: web.Application, path: str = "/wecom/app") -> None:
        app.router.add_get(path, self.verify_address, allow_head=False)
        app.router.add_post(path, self.receive)

    async def verify_address(self, request: web.Request) -> web.Response:
        """Answer the console's check of the address with the decrypted words alone."""
        try:
            words = self._open(request, request.query.get("echostr", ""))
        except BadSignature as error:
            return self._refused(error)
        self.counts["url_check"] += 1
        return web.Response(body=words, content_type="text/plain")

    async def receive(self, request: web.Request) -> web.Response:
        """Store one message or event, then answer 200 with an empty body."""
        body = await read_capped(request, BODY_LIMIT_BYTES)
        try:
            ciphertext = read_ciphertext(body)
            plain = self._open(request, ciphertext)
            await self._check_use(request.query["msg_signature"], body)
        except BadSignature as error:
            return self._refused(error)
        await self._store(plain)
        return web.Response()

    def _open(self, request: web.Request, ciphertext: str) -> bytes:
        timestamp = parameter(request, "timestamp")
        check_age(timestamp, self._clock().timestamp())
        signature, nonce = parameter(request, "msg_signature"), parameter(request, "nonce")
        return self._crypto.open(signature, timestamp, nonce, ciphertext)

    async def _check_use(self, signature: str, body: bytes) -> None:
        """A signature covers the ciphertext, not what is around it."""
        until = self._clock() + _REMEMBERED
        digest = hashlib.sha256(body).hexdigest()
        verdict = await self._seen.first_use(signature, digest, until)
        if verdict is Verdict.FORGED:
            raise BadSignature("a used signature came with another body")
        if verdict is Verdict.REPEAT:
            self.counts["repeat"] += 1

    async def _store(self, plain: bytes) -> None:
        try:
            message = read_message(plain)
        except UnreadableXml as error:
            self.counts["unreadable"] += 1
            logger.warning("an authentic WeCom message is unreadable: %s", error)
            return
        kind = kind_of(message)
        self.counts[kind] += 1
        self._note_alarm(kind)
        incoming = to_incoming(message, plain, self._agent_id)
        if incoming is None:
            logger.debug("WeCom sent %s, which nothing here handles", kind)
        else:
            await self._accept(incoming)

    def _note_alarm(self, kind: str) -> None:
        if kind in _ALARMS:
            logger.warning("WeCom says the app is little used or suspended: %s", kind)
        if kind in ("event.close_inactive_agent", "event.reopen_inactive_agent"):
            self.is_suspended = kind == "event.close_inactive_agent"

    def _refused(self, error: BadSignature) -> web.Response:
        self.counts["refused"] += 1
        logger.info("refused a WeCom callback: %s", error)
        return web.Response(status=403, text=BadSignature.default_reply)
