"""qyapi on loopback: what the app and the group webhooks call, with its limits and its faults."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from tests.fakes.wecom_answers import (
    Body,
    calls_back,
    close,
    cut_off,
    error,
    is_image,
    json_of,
    ok,
    rows_of,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
LIMITS = {"image": 10, "voice": 2, "video": 10, "file": 20}
PIECE = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a member sees on the phone."""

    account: str
    msgtype: str
    body: Body

    @property
    def text(self) -> str:
        content = self.body[self.msgtype]
        assert isinstance(content, dict)
        return str(content.get("content", ""))


@dataclass(slots=True)
class FakeWeCom:
    """One corp with one app. ``script`` holds faults for the next calls of a path, in order.

    A fault is an errcode, or one of ``html``, ``cut`` (closed before it is done), ``lost`` (done,
    then closed without an answer) and ``slow`` (answers when ``released`` is set).
    """

    corp_id: str = "wwschool00000001"
    secret: str = "app-secret-one"
    agent_id: int = 1000002
    members: set[str] = field(default_factory=lambda: {"zhang", "li", "wang"})
    unlicensed: set[str] = field(default_factory=set)
    webhooks: set[str] = field(default_factory=lambda: {"hook-key-1"})
    has_callback: bool = True
    is_trusted: bool = True
    lifetime_s: int = 7200
    departments: list[Body] = field(default_factory=list)
    staff: list[Body] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    ahead: timedelta = timedelta()
    script: dict[str, deque[int | str]] = field(default_factory=lambda: defaultdict(deque))
    released: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with every message that a member gets."""
    calls: Counter[str] = field(default_factory=Counter)
    tokens: set[str] = field(default_factory=set)
    delivered: list[Delivered] = field(default_factory=list)
    group: list[Body] = field(default_factory=list)
    cards: dict[str, Body] = field(default_factory=dict)
    recalled: set[str] = field(default_factory=set)
    media: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    menu: Body | None = None
    _codes: dict[str, datetime] = field(default_factory=dict)
    _seen: dict[str, datetime] = field(default_factory=dict)
    _sent: dict[str, deque[datetime]] = field(default_factory=lambda: defaultdict(deque))
    _task_ids: set[str] = field(default_factory=set)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        for path, handler in (
            ("gettoken", self._gettoken),
            ("message/send", self._send),
            ("message/update_template_card", self._update),
            ("message/recall", self._recall),
            ("media/upload", self._upload),
            ("media/get", self._download),
            ("menu/create", self._menu),
            ("department/list", self._department_list),
            ("department/simplelist", self._department_ids),
            ("department/get", self._department),
            ("user/simplelist", self._users),
            ("auth/getuserinfo", self._userinfo),
            ("user/getuserinfo", self._userinfo),
            ("getcallbackip", self._callback_ips),
            ("webhook/send", self._webhook),
            ("webhook/upload_media", self._upload),
        ):
            app.router.add_route("*", f"/cgi-bin/{path}", self._guarded(path, handler))
        return app

    def new_response_code(self) -> str:
        code = secrets.token_hex(8)
        self._codes[code] = self.clock() + timedelta(hours=72)
        return code

    def _guarded(self, path: str, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            response = await answer(request)
            date = self.clock() + self.ahead
            response.headers["Date"] = format_datetime(date, usegmt=True)
            return response

        async def answer(request: web.Request) -> web.StreamResponse:
            self.calls[path] += 1
            fault = self.script[path].popleft() if self.script[path] else 0
            if fault == "slow":
                await self.released.wait()
            if fault == "html":
                return web.Response(
                    status=502, text="<html>Bad Gateway</html>", content_type="text/html"
                )
            if isinstance(fault, int) and fault:
                return error(fault)
            if fault == "cut":
                return close(request)
            if (refusal := self._refusal(path, request)) is not None:
                return error(refusal)
            response = await handler(request)
            return close(request) if fault == "lost" else response

        return handle

    def _refusal(self, path: str, request: web.Request) -> int | None:
        if path == "gettoken":
            return None
        if path.startswith("webhook/"):
            return None if request.query.get("key") in self.webhooks else 93000
        token = request.query.get("access_token", "")
        if not token:
            return 41001
        if token not in self.tokens:
            return 40014
        return None if self.is_trusted else 60020

    async def _gettoken(self, request: web.Request) -> web.Response:
        if request.query.get("corpid") != self.corp_id:
            return error(40013)
        if request.query.get("corpsecret") != self.secret:
            return error(40001)
        token = secrets.token_hex(16)
        self.tokens.add(token)
        return ok(access_token=token, expires_in=self.lifetime_s)

    async def _send(self, request: web.Request) -> web.Response:
        raw = await request.read()
        body = json_of(raw)
        if body.get("agentid") != self.agent_id:
            return error(40056)
        names = [name for name in str(body.get("touser", "")).split("|") if name]
        if not names:
            return error(82001)
        if len(names) > 1000:
            return error(40031)
        if (refusal := self._unfit(body)) is not None:
            return error(refusal)
        invalid = [name for name in names if name not in self.members]
        if len(invalid) == len(names):
            return error(81013)
        if not self._is_repeat(raw, body):
            self._deliver(body, [name for name in names if name in self.members])
        answer: Body = {"msgid": f"M{hashlib.sha256(raw).hexdigest()[:20]}"}
        unlicensed = [name for name in names if name in self.unlicensed]
        answer["invaliduser"] = "|".join(invalid).lower()
        answer["unlicenseduser"] = "|".join(unlicensed).lower()
        if calls_back(body):
            answer["response_code"] = self.new_response_code()
        return ok(**answer)

    def _unfit(self, body: Body) -> int | None:
        msgtype = str(body.get("msgtype"))
        content = body.get(msgtype)
        if not isinstance(content, dict):
            return 40008
        if msgtype in ("text", "markdown"):
            return None if content.get("content") else 44004
        if msgtype in LIMITS:
            return None if content.get("media_id") in self.media else 40007
        if msgtype == "textcard":
            return None if all(content.get(k) for k in ("title", "description", "url")) else 40058
        if msgtype == "news":
            return None if 1 <= len(content.get("articles", ())) <= 8 else 45008
        return self._unfit_card(content) if msgtype == "template_card" else 40008

    def _unfit_card(self, card: Body) -> int | None:
        kind = card.get("card_type")
        if len(rows_of(card, "horizontal_content_list")) > 6 or len(rows_of(card, "jump_list")) > 3:
            return 42037
        if kind == "text_notice":
            return None if card.get("card_action") else 42045
        if kind != "button_interaction":
            return 42031
        if not self.has_callback:
            return 43012
        task_id, buttons = str(card.get("task_id")), rows_of(card, "button_list")
        if not TASK_ID.fullmatch(task_id):
            return 42014
        if task_id in self._task_ids:
            return 42015
        keys = [str(button.get("key")) for button in buttons]
        if not 1 <= len(buttons) <= 6 or any(len(key.encode()) > 1024 for key in keys):
            return 42037
        if len(set(keys)) < len(keys):
            return 42051
        self._task_ids.add(task_id)
        self.cards[task_id] = card
        return None

    def _is_repeat(self, raw: bytes, body: Body) -> bool:
        """As the duplicate check sees it, which remembers only requests that asked for it."""
        if body.get("enable_duplicate_check") != 1:
            return False
        interval = body.get("duplicate_check_interval", 1800)
        assert isinstance(interval, int)
        now, digest = self.clock(), hashlib.sha256(raw).hexdigest()
        if digest in self._seen and self._seen[digest] > now:
            return True
        self._seen[digest] = now + timedelta(seconds=min(interval, 14_400))
        return False

    def _deliver(self, body: Body, names: list[str]) -> None:
        """Over 30 a minute are dropped without a word."""
        now = self.clock()
        for name in names:
            recent = self._sent[name]
            while recent and recent[0] <= now - timedelta(minutes=1):
                recent.popleft()
            if len(recent) < 30 and name not in self.unlicensed:
                recent.append(now)
                shown = cut_off(body)
                self.delivered.append(
                    Delivered(account=name, msgtype=str(body["msgtype"]), body=shown)
                )
                self.arrived.set()

    async def _update(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        code = str(body.get("response_code"))
        if self._codes.pop(code, self.clock()) <= self.clock():
            return error(60140)
        if ("button" in body) == ("template_card" in body):
            return error(40058)
        self.cards[f"update:{len(self.cards)}"] = body
        return ok(invaliduser=[])

    async def _recall(self, request: web.Request) -> web.Response:
        self.recalled.add(str(json_of(await request.read()).get("msgid")))
        return ok()

    async def _upload(self, request: web.Request) -> web.Response:
        kind = request.query.get("type", "")
        if kind not in LIMITS:
            return error(40004)
        field_ = await (await request.multipart()).next()
        if field_ is None or getattr(field_, "name", "") != "media":
            return error(44001)
        content = bytes(await field_.read())  # type: ignore[union-attr]
        if not 5 < len(content) <= LIMITS[kind] * 1024 * 1024:
            return error(45001)
        media_id = f"media-{secrets.token_hex(8)}"
        self.media[media_id] = content
        self.names[media_id] = str(getattr(field_, "filename", ""))
        return ok(type=kind, media_id=media_id, created_at="1767225600")

    async def _download(self, request: web.Request) -> web.Response:
        content = self.media.get(request.query.get("media_id", ""))
        if content is None:
            return error(40007)
        headers = {"Content-Disposition": 'attachment; filename="a.bin"'}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
        if wanted is None:
            if len(content) > PIECE:
                return error(830002)
            return web.Response(body=content, headers=headers)
        start, end = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        return web.Response(status=206, body=content[start : end + 1], headers=headers)

    async def _menu(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        buttons = rows_of(body, "button")
        for button in buttons:
            below = rows_of(button, "sub_button")
            if len(str(button.get("name")).encode()) > 16 or len(below) > 5:
                return error(40018)
        if not 1 <= len(buttons) <= 3:
            return error(40016)
        self.menu = body
        return ok()

    async def _department_list(self, request: web.Request) -> web.Response:
        return ok(department=self.departments)

    async def _department_ids(self, request: web.Request) -> web.Response:
        ids = [{key: row[key] for key in ("id", "parentid", "order")} for row in self.departments]
        return ok(department_id=ids)

    async def _department(self, request: web.Request) -> web.Response:
        found = [row for row in self.departments if str(row["id"]) == request.query.get("id")]
        return ok(department=found[0]) if found else error(60003)

    async def _users(self, request: web.Request) -> web.Response:
        wanted = request.query.get("department_id")
        return ok(
            userlist=[
                row
                for row in self.staff
                if wanted in [str(one) for one in row["department"]]  # type: ignore[attr-defined]
            ]
        )

    async def _userinfo(self, request: web.Request) -> web.Response:
        account = self.codes.pop(request.query.get("code", ""), None)
        if account is None:
            return error(40029)
        return ok(openid="outsider") if account == "" else ok(userid=account, UserId=account)

    async def _callback_ips(self, request: web.Request) -> web.Response:
        return ok(ip_list=["127.0.0.*"])

    async def _webhook(self, request: web.Request) -> web.Response:
        key = f"webhook:{request.query['key']}"
        recent = self._sent[key]
        now = self.clock()
        while recent and recent[0] <= now - timedelta(minutes=1):
            recent.popleft()
        if len(recent) >= 20:
            return error(45009)
        body = json_of(await request.read())
        msgtype = str(body.get("msgtype"))
        content = body.get(msgtype)
        if not isinstance(content, dict):
            return error(40008)
        if msgtype in ("text", "markdown_v2") and not content.get("content"):
            return error(44004)
        limit = {"text": 2048, "markdown_v2": 4096}.get(msgtype, 1 << 30)
        if len(str(content.get("content", "")).encode()) > limit:
            return error(45002)
        if msgtype == "image" and not is_image(content):
            return error(301019)
        recent.append(now)
        self.group.append(body)
        return ok()
