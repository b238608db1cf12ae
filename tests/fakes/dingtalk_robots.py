"""Groups' custom robots and sessionWebhooks of the simulated DingTalk."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

Body = dict[str, object]
FIELDS = {
    "text": {"content"},
    "markdown": {"title", "text"},
    "link": {"title", "text", "messageUrl", "picUrl"},
    "actionCard": {"title", "text", "singleTitle", "singleURL", "btns", "btnOrientation"},
}


@dataclass(slots=True)
class Robots:
    """By access_token: its secret ("" without 加签). A session lives until its time is up."""

    clock: Callable[[], datetime]
    deliver: Callable[[str, str, str, Body], None]
    secrets: dict[str, str] = field(default_factory=lambda: {"robot-token-1": "SEC0001"})
    keywords: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    blocked_until: dict[str, datetime] = field(default_factory=dict)
    refused_too_fast: int = 0
    _sent: dict[str, deque[datetime]] = field(default_factory=lambda: defaultdict(deque))
    _uuids: set[tuple[str, str]] = field(default_factory=set)

    def open_session(self, conversation: str, **lives: float) -> str:
        """Path and query of a sessionWebhook."""
        session = secrets.token_hex(16)
        self.sessions[session] = (conversation, self.clock() + timedelta(**lives))
        return f"/robot/sendBySession?session={session}"

    async def send(self, request: web.Request) -> web.Response:
        token, now = request.query.get("access_token", ""), self.clock()
        if token not in self.secrets:
            return _error(300005, "token is not exist")
        if self.secrets[token] and (wrong := self._unsigned(request, self.secrets[token])):
            return _error(310000, wrong)
        raw = await request.read()
        body = json.loads(raw)
        if len(raw) > 20_000:
            return _error(460101, "message too long")
        if self.keywords.get(token, "") not in json.dumps(body, ensure_ascii=False):
            return _error(310000, "keywords not in content")
        if self._is_too_fast(token, now):
            return _error(130101, "send too fast, exceed 20 times per minute")
        if not _is_fit(body):
            return _error(400105, "unsupported msgtype")
        uuid = body.get("msgUuid")
        if uuid is None or (token, uuid) not in self._uuids:
            self._uuids.add((token, str(uuid)))
            kind = body["msgtype"]
            self.deliver(token, "webhook", kind, {**body[kind], "at": body.get("at", {})})
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def send_by_session(self, request: web.Request) -> web.Response:
        session = request.query.get("session", "")
        conversation, until = self.sessions.get(session, ("", self.clock()))
        body = json.loads(await request.read())
        if until <= self.clock():
            return _error(300001, "session is expired")
        if not _is_fit(body):
            return _error(400105, "unsupported msgtype")
        kind = body["msgtype"]
        self.deliver(conversation, "session", kind, {**body[kind], "at": body.get("at", {})})
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def _unsigned(self, request: web.Request, secret: str) -> str:
        timestamp = request.query.get("timestamp", "")
        now_ms = self.clock().timestamp() * 1000
        if not timestamp.isdecimal() or abs(now_ms - int(timestamp)) > 3_600_000:
            return "invalid timestamp"
        words = f"{timestamp}\n{secret}".encode()
        sign = base64.b64encode(hmac.new(secret.encode(), words, hashlib.sha256).digest())
        return "" if request.query.get("sign") == sign.decode() else "sign not match"

    def _is_too_fast(self, token: str, now: datetime) -> bool:
        """Over 20 a minute it is blocked for ten."""
        if self.blocked_until.get(token, now) > now:
            self.refused_too_fast += 1
            return True
        sent = self._sent[token]
        while sent and sent[0] <= now - timedelta(minutes=1):
            sent.popleft()
        if len(sent) >= 20:
            self.blocked_until[token] = now + timedelta(minutes=10)
            self.refused_too_fast += 1
            return True
        sent.append(now)
        return False


def _is_fit(body: Body) -> bool:
    kind = body.get("msgtype")
    content = body.get(str(kind))
    if kind not in FIELDS or not isinstance(content, dict):
        return False
    return bool(content) and set(content) <= FIELDS[str(kind)] and all(content.values())


def _error(errcode: int, errmsg: str) -> web.Response:
    return web.json_response({"errcode": errcode, "errmsg": errmsg})
