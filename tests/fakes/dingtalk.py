"""DingTalk's two HTTP APIs on loopback, with their limits and their faults.

Both families, the robots' webhooks and sessionWebhooks share one server; the paths tell them apart.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from tests.fakes.dingtalk_answers import json_of, new_error, old_error, old_ok
from tests.fakes.dingtalk_directory import DirectoryApi
from tests.fakes.dingtalk_notices import Notices
from tests.fakes.dingtalk_robots import Robots
from tests.fakes.dingtalk_todo import TodoApi

Body = dict[str, object]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MSG_PARAMS = {
    "sampleText": {"content"},
    "sampleMarkdown": {"title", "text"},
    "sampleImageMsg": {"photoURL"},
    "sampleLink": {"text", "title", "picUrl", "messageUrl"},
    "sampleActionCard": {"title", "text", "singleTitle", "singleURL"},
    "sampleFile": {"mediaId", "fileName", "fileType"},
    "sampleAudio": {"mediaId", "duration"},
}
FILE_TYPES = {"xlsx", "pdf", "zip", "rar", "doc", "docx"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What somebody sees: ``how`` is robot, group, session, webhook, notice or card."""

    to: str
    how: str
    kind: str
    body: Body

    @property
    def text(self) -> str:
        content = self.body.get("content") or self.body.get("text") or ""
        return str(content)


@dataclass(slots=True)
class FakeDingTalk:
    """One corp with one app. ``script`` holds faults for the next calls of a path, in order.

    A fault is an error of the new family (status, code), one of the old (errcode, sub_code) as two
    strings, or one of ``html``, ``punish``, ``timeout``, ``cut`` (closed before it is done),
    ``lost`` (done, then closed without an answer) and ``slow`` (until ``released`` is set).
    """

    client_id: str = "dingapp0000000001"
    client_secret: str = "app-secret-one"
    robot_code: str = "dingapp0000000001"
    members: set[str] = field(default_factory=lambda: {"zhang", "li", "wang"})
    groups: set[str] = field(default_factory=lambda: {"cidGroup1"})
    flow_controlled: Counter[str] = field(default_factory=Counter)
    """How many more sends to an account are held back."""
    shares_tokens: bool = True
    """Whether the old family takes the new family's token."""
    rights: set[str] = field(default_factory=lambda: {"robot", "card", "todo", "contact"})
    is_trusted: bool = True
    lifetime_s: int = 7200
    templates: set[str] = field(default_factory=set)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    ahead: timedelta = timedelta()
    script: dict[str, deque[object]] = field(default_factory=lambda: defaultdict(deque))
    released: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    calls: Counter[str] = field(default_factory=Counter)
    tokens: set[str] = field(default_factory=set)
    old_tokens: set[str] = field(default_factory=set)
    delivered: list[Delivered] = field(default_factory=list)
    recalled: set[str] = field(default_factory=set)
    media: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    cards: dict[str, Body] = field(default_factory=dict)
    streamed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    finalized: set[str] = field(default_factory=set)
    routes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Card callback addresses and what taps are signed with, by routeKey."""
    directory: DirectoryApi = field(default_factory=DirectoryApi)
    todo: TodoApi = field(default_factory=TodoApi)
    robots: Robots = field(init=False)
    notices: Notices = field(init=False)
    _guids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.robots = Robots(clock=lambda: self.clock(), deliver=self.deliver)
        self.notices = Notices(
            members=self.members, clock=lambda: self.clock(), deliver=self.deliver
        )

    def app(self) -> web.Application:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        for method, path, handler in (
            ("POST", "/v1.0/oauth2/accessToken", self._access_token),
            ("GET", "/gettoken", self._gettoken),
            ("POST", "/v1.0/robot/oToMessages/batchSend", self._batch_send),
            ("POST", "/v1.0/robot/groupMessages/send", self._group_send),
            ("POST", "/v1.0/robot/otoMessages/batchRecall", self._recall),
            ("POST", "/v1.0/robot/groupMessages/recall", self._recall),
            ("POST", "/v1.0/card/instances/createAndDeliver", self._create_card),
            ("PUT", "/v1.0/card/instances", self._update_card),
            ("PUT", "/v1.0/card/streaming", self._stream_card),
            ("POST", "/v1.0/card/callbacks/register", self._register),
            ("POST", "/media/upload", self._upload),
            ("POST", "/robot/send", self.robots.send),
            ("POST", "/robot/sendBySession", self.robots.send_by_session),
            *self.notices.routes(),
            *self.directory.routes(),
            *self.todo.routes(),
        ):
            app.router.add_route(method, path, self._guarded(path, handler))
        return app

    def deliver(self, to: str, how: str, kind: str, body: Body) -> None:
        self.delivered.append(Delivered(to=to, how=how, kind=kind, body=body))
        self.arrived.set()

    def _guarded(self, path: str, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            response = await answer(request)
            date = self.clock() + self.ahead
            response.headers["Date"] = format_datetime(date.astimezone(UTC), usegmt=True)
            return response

        async def answer(request: web.Request) -> web.StreamResponse:
            self.calls[path] += 1
            fault = self.script[path].popleft() if self.script[path] else None
            if fault == "slow":
                await self.released.wait()
            if (faulty := _faulty(fault, path)) is not None:
                return faulty
            if fault == "cut":
                return _close(request)
            if (refusal := self._refusal(path, request)) is not None:
                return refusal
            response = await handler(request)
            return _close(request) if fault == "lost" else response

        return handle

    def _refusal(self, path: str, request: web.Request) -> web.Response | None:
        if path in ("/gettoken", "/v1.0/oauth2/accessToken") or path.startswith("/robot/"):
            return None
        if path.startswith("/v1.0/"):
            if "x-acs-dingtalk-access-token" not in request.headers:
                return new_error(400, "AuthenticationFailed.MissingParameter")
            if request.headers["x-acs-dingtalk-access-token"] not in self.tokens:
                return new_error(400, "InvalidAuthentication")
            if not self.is_trusted:
                return new_error(403, "Forbidden.AccessDenied.IpNotInWhiteList")
            right = path.split("/")[2]
            if right not in self.rights:
                code = "Forbidden.AccessDenied.AccessTokenPermissionDenied"
                return new_error(403, code, scopes=[f"{right}.Write"])
            return None
        known = self.old_tokens | (self.tokens if self.shares_tokens else set())
        if request.query.get("access_token") not in known:
            return old_error("88", "40014")
        if not self.is_trusted:
            return old_error("88", "60020")
        is_directory = path.startswith(("/topapi/v2/user/", "/topapi/v2/department/"))
        is_allowed = "contact" in self.rights or not is_directory
        return None if is_allowed else old_error("88", "60011")

    async def _access_token(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        if (body.get("appKey"), body.get("appSecret")) != (self.client_id, self.client_secret):
            return new_error(400, "invalidClientIdOrSecret")
        token = secrets.token_hex(16)
        self.tokens.add(token)
        return web.json_response({"accessToken": token, "expireIn": self.lifetime_s})

    async def _gettoken(self, request: web.Request) -> web.Response:
        given = (request.query.get("appkey"), request.query.get("appsecret"))
        if given != (self.client_id, self.client_secret):
            return old_error("40089", "")
        token = secrets.token_hex(16)
        self.old_tokens.add(token)
        return old_ok(access_token=token, expires_in=self.lifetime_s)

    async def _batch_send(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        users = body.get("userIds")
        if body.get("robotCode") != self.robot_code:
            return new_error(400, "invalidParameter.robotCode.auth")
        if not isinstance(users, list) or not users:
            return new_error(400, "invalidParameter.userIds.empty")
        if len(users) > 20:
            return new_error(400, "invalidParameter.userIds.overMax")
        if (refusal := self._unfit(body)) is not None:
            return refusal
        invalid = [user for user in users if user not in self.members]
        held = [user for user in users if self.flow_controlled[user] > 0]
        for user in held:
            self.flow_controlled[user] -= 1
        for user in users:
            if user not in invalid and user not in held:
                self.deliver(user, "robot", str(body["msgKey"]), _param(body))
        return web.json_response(
            {
                "processQueryKey": secrets.token_hex(12),
                "invalidStaffIdList": invalid,
                "flowControlledStaffIdList": held,
                "filteredStaffIdList": [],
            }
        )

    async def _group_send(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        if body.get("robotCode") != self.robot_code:
            return new_error(400, "invalidParameter.robotCode.auth")
        if body.get("openConversationId") not in self.groups:
            return new_error(400, "invalid.openConversationId")
        if (refusal := self._unfit(body)) is not None:
            return refusal
        conversation = str(body["openConversationId"])
        self.deliver(conversation, "group", str(body["msgKey"]), _param(body))
        return web.json_response({"processQueryKey": secrets.token_hex(12)})

    def _unfit(self, body: Body) -> web.Response | None:
        wanted = MSG_PARAMS.get(str(body.get("msgKey")))
        if wanted is None:
            return new_error(400, "invalidParameter.msgKey.invalid")
        param = body.get("msgParam")
        if not isinstance(param, str) or len(param.encode()) > 15_000:
            return new_error(400, "invalidParameter.msgParam.invalid")
        given = json.loads(param)
        if set(given) != wanted or not all(isinstance(one, str) for one in given.values()):
            return new_error(400, "invalidParameter.msgParam.invalid")
        is_file = body["msgKey"] == "sampleFile"
        if is_file and (given["mediaId"] not in self.media or given["fileType"] not in FILE_TYPES):
            return new_error(400, "invalidParameter.msgParam.invalid")
        return None

    async def _recall(self, request: web.Request) -> web.Response:
        keys = json_of(await request.read()).get("processQueryKeys")
        assert isinstance(keys, list)
        self.recalled.update(keys)
        return web.json_response({"successResult": keys, "failedResult": {}})

    async def _create_card(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        track, space = str(body.get("outTrackId", "")), str(body.get("openSpaceId", ""))
        if body.get("cardTemplateId") not in self.templates or not 0 < len(track) <= 64:
            return new_error(400, "param.error")
        if body.get("callbackType") not in ("STREAM", "HTTP") or not _is_card(body):
            return new_error(400, "param.error")
        if body["callbackType"] == "HTTP" and body.get("callbackRouteKey") not in self.routes:
            return new_error(400, "param.callbackRouteKeyNotExist")
        kind, _, to = space.removeprefix("dtv1.card//").partition(".")
        reached = to in (self.members if kind == "IM_ROBOT" else self.groups)
        model = "imRobotOpenDeliverModel" if kind == "IM_ROBOT" else "imGroupOpenDeliverModel"
        if model not in body:
            return new_error(400, "param.error")
        if track not in self.cards and reached:
            self.cards[track] = body
            self.deliver(to, "card", str(body["cardTemplateId"]), body)
        result = {
            "outTrackId": track,
            "deliverResults": [
                {
                    "spaceType": kind,
                    "spaceId": to,
                    "success": reached,
                    "errorMsg": "" if reached else "space not found",
                    "carrierId": secrets.token_hex(4),
                }
            ],
        }
        return web.json_response({"success": True, "result": result})

    async def _update_card(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        if body.get("outTrackId") not in self.cards or not _is_card(body):
            return new_error(400, "param.cardNotExist")
        self.cards[str(body["outTrackId"])] |= body
        return web.json_response({"success": True, "result": True})

    async def _stream_card(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        track, guid = str(body.get("outTrackId")), str(body.get("guid"))
        if track not in self.cards or not body.get("key") or body.get("isFull") is not True:
            return new_error(400, "param.error")
        if guid not in self._guids:
            self._guids.add(guid)
            self.streamed[track].append(str(body.get("content")))
            if body.get("isFinalize"):
                self.finalized.add(track)
        return web.json_response({"success": True, "result": True})

    async def _register(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        key, route = (
            str(body["callbackRouteKey"]),
            (str(body["callbackUrl"]), str(body.get("apiSecret", ""))),
        )
        if body.get("forceUpdate") is True:
            self.routes[key] = route
        url, secret = self.routes.setdefault(key, route)
        result = {"callbackUrl": url, "apiSecret": secret}
        return web.json_response({"success": True, "result": result})

    def tap_headers(self, route_key: str, timestamp: str) -> dict[str, str]:
        """Of a tap, as DingTalk signs it."""
        secret = self.routes[route_key][1].encode()
        digest = hmac.new(secret, timestamp.encode(), hashlib.sha256).digest()
        return {
            "x-ddpaas-signature-timestamp": timestamp,
            "x-ddpaas-signature": base64.b64encode(digest).decode(),
        }

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        media = form["media"]
        assert isinstance(media, web.FileField)
        kind, content, name = str(form["type"]), media.file.read(), media.filename
        if kind not in ("image", "voice", "video", "file"):
            return old_error("40004", "")
        if not 0 < len(content) <= 20 * 1024 * 1024:
            return old_error("40009", "")
        media_id = f"@media-{secrets.token_hex(8)}"
        self.media[media_id], self.names[media_id] = content, name
        return old_ok(type=kind, media_id=media_id, created_at=1767225600000)


def _param(body: Body) -> Body:
    return json_of(str(body["msgParam"]).encode())


def _is_card(body: Body) -> bool:
    """Variables are strings and nothing else."""
    card = body.get("cardData")
    values = card.get("cardParamMap") if isinstance(card, dict) else None
    return isinstance(values, dict) and all(isinstance(one, str) for one in values.values())


def _faulty(fault: object, path: str) -> web.Response | None:
    if fault == "html":
        return web.Response(text="<!doctypehtml><title>滑动验证</title>", content_type="text/html")
    if fault == "punish":
        refusal = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "u1"}
        return web.json_response(refusal)
    if fault == "timeout" and path.startswith("/v1.0/"):
        return new_error(504, "ServiceUnavailable")
    if fault == "timeout":
        return old_error("15", "isp.top-remote-connection-timeout")
    match fault:
        case (int(status), str(code)):
            return new_error(status, code)
        case (str(errcode), str(sub_code)):
            return old_error(errcode, sub_code)
    return None


def _close(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.close()
    return web.Response()
