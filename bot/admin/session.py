"""Who is at the admin page: signing in, the cookie, and what guards every request.

What a browser holds is one secret in an HttpOnly cookie. A form carries a token made of it, so a
page of somebody else's can neither read nor guess it; ``Origin`` and ``Sec-Fetch-Site`` are looked
at besides. A link of the chat is shown by GET and used up by POST alone: what fetches addresses
ahead of people uses up nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.admin import pages
from bot.admin.pages import Place, Visit
from bot.buckets import Buckets
from bot.channels.base import SignsIn
from bot.errors import BotError, ChannelError, NotAllowed, NotFound
from bot.messages import ChannelName, Sender
from bot.web.addresses import caller
from bot.web.pages import is_own_page
from handlers.people.signing_in import SESSION_LASTS, SignIn

logger = logging.getLogger(__name__)

LOGINS_A_MINUTE = 30
ACTIONS_A_MINUTE = 60
_FORM_BYTES = 256 * 1024
_STATE_S = 600
_SAID_S = 60
_SAID_CHARS = 400
_STATE = "yaodian_state"
_SAID = "yaodian_said"
_TOKEN = "token"  # noqa: S105 the name of a form's field
_NOT_OURS = "这个请求不是从管理网页发来的，没有执行。请回到管理网页再试。"
_TOO_FAST = "操作得太快了，请过一分钟再试。"
_TOO_LARGE = "发来的内容太大了，最多 {most} MB，请拆开再试。"
_OVER = "登录链接不对、用过了，或者过了 10 分钟。请在聊天里再发一次 /登录。"
_REFUSED = "没有登录成功。请确认您在花名册上有管理的角色，或在聊天里发 /登录。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that came with a form."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a form brought."""

    fields: Mapping[str, str]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field without the white space around it; empty when it is not there."""
        return self.fields.get(name, "").strip()

    def number(self, name: str) -> int | None:
        """A field that is a number in digits."""
        return pages.number(self.fields.get(name, ""))

    @property
    def is_sure(self) -> bool:
        """Whether the page that asks once more has been answered."""
        return self.fields.get("sure") == "yes"


Show = Callable[[web.Request, Visit], Awaitable[web.Response]]
Do = Callable[[web.Request, Visit, Posted], Awaitable[web.Response]]


class Door:
    """Lets people in and out, and stands before every page. Built once, in ``bot.app``."""

    def __init__(
        self,
        *,
        sign_in: SignIn,
        public_url: str | None,
        ways: Mapping[ChannelName, SignsIn],
        monotonic: Callable[[], float],
    ) -> None:
        self._sign_in = sign_in
        self._public_url = public_url or ""
        self._ways = {name.platform: (name, way) for name, way in ways.items()}
        self._is_secure = self._public_url.startswith("https://")
        self._cookie = "__Host-yaodian" if self._is_secure else "yaodian"
        self._logins = Buckets(monotonic=monotonic, a_minute=LOGINS_A_MINUTE)
        self._actions = Buckets(monotonic=monotonic, a_minute=ACTIONS_A_MINUTE)

    def add_routes(self, app: web.Application) -> None:
        token = "/login/{token:[A-Za-z0-9_-]{40,64}}"  # noqa: S105 a route
        app.router.add_get("/login", self._how)
        app.router.add_get(token, self._offered)
        app.router.add_post(token, self._enter)
        app.router.add_get("/login/{platform:[a-z]{2,16}}", self._go)
        app.router.add_get("/login/{platform:[a-z]{2,16}}/back", self._come_back)
        app.router.add_post("/admin/leave", self.acting(self._leave))

    def showing(self, show: Show) -> Handler:
        """A page for whoever is signed in."""

        async def handler(request: web.Request) -> web.StreamResponse:
            visit = await self._visit(request)
            if visit is None:
                return self._who_are_you()
            try:
                response = await show(request, visit)
            except BotError as error:
                return _refused(visit, error)
            if visit.said:
                response.del_cookie(_SAID, path="/admin")
            return response

        return handler

    def acting(self, do: Do, *, most_bytes: int = _FORM_BYTES) -> Handler:
        """What a form does; only our own page's form, of whoever is signed in, not too fast."""

        async def handler(request: web.Request) -> web.StreamResponse:
            visit = await self._visit(request)
            if visit is None:
                return self._who_are_you()
            if not self._is_ours(request):
                return _refused(visit, NotAllowed("not our page", reply=_NOT_OURS))
            if not self._actions.take(visit.visitor.actor.account):
                return _refused(visit, BotError("too fast", reply=_TOO_FAST), status=429)
            try:
                posted = await _posted(request, most_bytes)
            except web.HTTPRequestEntityTooLarge:
                too_large = _TOO_LARGE.format(most=max(most_bytes // 2**20, 1))
                return _refused(visit, BotError("too large", reply=too_large), status=413)
            if not hmac.compare_digest(posted.text(_TOKEN).encode(), visit.token.encode()):
                return _refused(visit, NotAllowed("no token", reply=_NOT_OURS))
            try:
                return await do(request, visit, posted)
            except BotError as error:
                return _refused(visit, error)

        return handler

    def done(self, visit: Visit, said: str, where: str) -> web.Response:
        """Go to a page that says what was done."""
        words = said[:_SAID_CHARS].encode()
        signed = f"{base64.urlsafe_b64encode(words).decode()}.{_signature(visit.secret, words)}"
        response = web.Response(status=303, headers={"Location": where})
        self._keep(response, _SAID, signed, max_age=_SAID_S, path="/admin")
        return response

    async def _visit(self, request: web.Request) -> Visit | None:
        secret = request.cookies.get(self._cookie, "")
        visitor = await self._sign_in.visitor(secret) if secret else None
        if visitor is None:
            return None
        return Visit(
            visitor=visitor,
            secret=secret,
            token=_signature(secret, b"form"),
            path=request.path,
            said=_said(request.cookies.get(_SAID, ""), secret),
        )

    def _is_ours(self, request: web.Request) -> bool:
        """By what browsers say of where a request comes from; the token is asked for besides."""
        if not is_own_page(request):
            origin = request.headers.get("Origin", "")
            is_site = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
            return is_site and bool(self._public_url) and origin == self._public_url
        return True

    def _who_are_you(self) -> web.Response:
        return pages.plain("login.html", {"ways": self._other_ways()}, status=401)

    def _other_ways(self) -> list[tuple[str, str]]:
        return [(f"/login/{name}", pages.PLATFORMS.get(name, name)) for name in self._ways]

    async def _how(self, request: web.Request) -> web.StreamResponse:
        if await self._visit(request) is not None:
            raise web.HTTPSeeOther("/admin")
        return pages.plain("login.html", {"ways": self._other_ways()})

    async def _offered(self, request: web.Request) -> web.Response:
        if not self._logins.take(caller(request)):
            return _notice("请稍等", _TOO_FAST, status=429)
        name = await self._sign_in.offered(request.match_info["token"])
        if name is None:
            return _notice("登录不了", _OVER, status=403)
        return pages.plain("enter.html", {"name": name})

    async def _enter(self, request: web.Request) -> web.Response:
        if not self._logins.take(caller(request)):
            return _notice("请稍等", _TOO_FAST, status=429)
        if not self._is_ours(request):
            return _notice("登录不了", _NOT_OURS, status=403)
        secret = await self._sign_in.enter(request.match_info["token"])
        if secret is None:
            return _notice("登录不了", _OVER, status=403)
        return self._let_in(secret)

    async def _go(self, request: web.Request) -> web.Response:
        """To a platform that knows who somebody is; it sends them back with the same state."""
        _, way = self._way(request)
        state = secrets.token_hex(16)
        back = f"{self._base(request)}/login/{request.match_info['platform']}/back"
        response = web.Response(status=303, headers={"Location": way.sign_in_url(back, state)})
        self._keep(response, _STATE, state, max_age=_STATE_S, path="/login")
        return response

    async def _come_back(self, request: web.Request) -> web.Response:
        name, way = self._way(request)
        state, code = request.query.get("state", ""), request.query.get("code", "")
        kept = request.cookies.get(_STATE, "")
        if not self._logins.take(caller(request)):
            return _notice("请稍等", _TOO_FAST, status=429)
        if not kept or not hmac.compare_digest(state.encode(), kept.encode()) or not code:
            return _notice("登录不了", _REFUSED, status=403)
        try:
            account = await way.account_of(code)
            secret = await self._sign_in.enter_as(Sender(channel=name, account=account))
        except (NotAllowed, NotFound, ChannelError) as error:
            logger.info("a sign-in through %s was refused: %s", name, error)
            return _notice("登录不了", _REFUSED, status=403)
        response = self._let_in(secret)
        response.del_cookie(_STATE, path="/login")
        return response

    def _way(self, request: web.Request) -> tuple[ChannelName, SignsIn]:
        way = self._ways.get(request.match_info["platform"])
        if way is None:
            raise web.HTTPNotFound(text="没有这个页面。")
        return way

    def _base(self, request: web.Request) -> str:
        return self._public_url or f"{request.scheme}://{request.host}"

    def _let_in(self, secret: str) -> web.Response:
        response = web.Response(status=303, headers={"Location": "/admin"})
        lasts_s = int(SESSION_LASTS.total_seconds())
        self._keep(response, self._cookie, secret, max_age=lasts_s, path="/")
        return response

    async def _leave(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        await self._sign_in.leave(visit.visitor.actor, visit.secret)
        response = pages.plain("login.html", {"ways": self._other_ways(), "has_left": True})
        response.del_cookie(
            self._cookie, path="/", secure=self._is_secure, httponly=True, samesite="Lax"
        )
        return response

    def _keep(
        self, response: web.Response, name: str, text: str, *, max_age: int, path: str
    ) -> None:
        response.set_cookie(
            name,
            text,
            max_age=max_age,
            path=path,
            secure=self._is_secure,
            httponly=True,
            samesite="Lax",
        )


async def _posted(request: web.Request, most_bytes: int) -> Posted:
    """Raises ``HTTPRequestEntityTooLarge`` for more than ``most_bytes``."""
    roomy = request.clone(client_max_size=most_bytes)
    fields: dict[str, str] = {}
    files: dict[str, Upload] = {}
    for name, value in (await roomy.post()).items():
        if isinstance(value, web.FileField):
            content = await _read(value)
            if value.filename and content:
                files[name] = Upload(name=value.filename, content=content)
        elif isinstance(value, str):
            fields[name] = value
    return Posted(fields=fields, files=files)


async def _read(file: web.FileField) -> bytes:
    try:
        return await asyncio.to_thread(file.file.read)
    finally:
        await asyncio.to_thread(file.file.close)


def _said(cookie: str, secret: str) -> str:
    """What the last action said; nothing, when it was not for this session."""
    encoded, _, signature = cookie.rpartition(".")
    try:
        words = base64.urlsafe_b64decode(encoded)
    except ValueError:
        return ""
    if not hmac.compare_digest(signature.encode(), _signature(secret, words).encode()):
        return ""
    return words.decode("utf-8", "ignore")


def _signature(secret: str, words: bytes) -> str:
    return hmac.new(secret.encode(), words, hashlib.sha256).hexdigest()


def _refused(visit: Visit, error: BotError, *, status: int | None = None) -> web.Response:
    logger.info("refused on the admin page: %s", error)
    if status is None:
        status = (
            403 if isinstance(error, NotAllowed) else 404 if isinstance(error, NotFound) else 400
        )
    title = {403: "不能这样做", 404: "没有找到"}.get(status, "没有做成")
    return pages.page(
        Place.NONE, "refused.html", visit, {"title": title, "text": error.reply}, status
    )


def _notice(title: str, text: str, *, status: int) -> web.Response:
    return pages.plain("login.html", {"title": title, "text": text, "ways": []}, status=status)
