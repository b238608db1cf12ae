"""``/c/…``: the screen of a roll call where people meet, and the page that its QR code opens.

What scans an address ahead of people signs nobody in: opening the page shows a button, and only
that button's POST counts. Inside a platform that vouches for people, its silent sign-in takes the
button's place. Whoever cannot be told apart is shown what to send in the chat.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web

from bot.channels.base import SignsInInside
from bot.errors import BotError
from bot.messages import ChannelName, Conversation, Sender
from bot.web import pages
from bot.web.links import Links
from handlers.access import Actor
from handlers.people.actions import People
from handlers.records import wording
from handlers.records.answers import Said, Word
from handlers.records.check_in import RollCalls
from handlers.records.on_site import OnSite, Shown
from handlers.records.qr import drawing
from handlers.records.roll_call_views import Result
from store.models_records import CheckIn

logger = logging.getLogger(__name__)

Identify = Callable[[web.Request], Awaitable[Sender | None]]

_GONE = "这个链接不对或已过期。请回到聊天里，再发一次 /签到 二维码。"
_NOT_OURS = "请从扫码打开的页面上点“签到”。"
_NOT_VOUCHED = "没能确认您是谁。请在聊天里把屏幕上的六位数字发给要点，例如：签到 123456。"
_STATE = "yaodian_check_in"
_STATE_S = 300
_SIGNED = (Result.DONE, Result.CORRECTED, Result.ALREADY)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInPages:
    """The screen is for whoever leads, by a signed link; the rest is for everybody."""

    roll_calls: RollCalls
    on_site: OnSite
    people: People
    links: Links
    identify: Identify
    ways: Mapping[ChannelName, SignsInInside]
    public_url: str
    clock: Callable[[], datetime]

    def add_routes(self, app: web.Application) -> None:
        screen, scanned = "/c/{id:[0-9]{1,12}}", "/c/{id:[0-9]{1,12}}/{code:[0-9]{6}}"
        app.router.add_get(screen, self._screen)
        app.router.add_get(f"{screen}/now", self._now)
        app.router.add_get(scanned, self._offered)
        app.router.add_post(scanned, self._sign_in)
        app.router.add_get(f"{scanned}/back", self._come_back)

    async def _screen(self, request: web.Request) -> web.Response:
        try:
            shown = await self._shown(request)
        except BotError as error:
            return pages.notice("打不开", error.reply, status=404)
        if shown is None:
            return pages.notice("打不开", _GONE, status=403)
        view = shown.view
        now = f"{request.path}/now?{urlencode({'r': request.query['r']})}"
        values = {
            "view": view,
            "when": wording.span(view.starts_at, view.closes_at),
            "now": now,
            **await _standing(shown, self.clock()),
        }
        return pages.page("screen.html", values)

    async def _now(self, request: web.Request) -> web.Response:
        try:
            shown = await self._shown(request)
        except BotError:
            shown = None
        if shown is None:
            raise web.HTTPForbidden(text=_GONE)
        standing = await _standing(shown, self.clock())
        return web.json_response(standing, headers={"Cache-Control": "no-store"})

    async def _shown(self, request: web.Request) -> Shown | None:
        """None for a link that opens nothing."""
        number = int(request.match_info["id"])
        token = request.query.get("r", "")
        sender = self.links.reader(f"c/{number}", token, self.clock())
        if sender is None:
            return None
        return await self.on_site.now(await self.people.actor(sender), number)

    async def _offered(self, request: web.Request) -> web.StreamResponse:
        agent = request.headers.get("User-Agent", "")
        for way in self.ways.values():
            if way.is_inside(agent):
                return self._go(request, way)
        sender = await self.identify(request)
        values = {
            "name": "" if sender is None else sender.display_name,
            "is_known": sender is not None,
            "code": request.match_info["code"],
            "action": request.path_qs,
        }
        return pages.page("scanned.html", values)

    async def _sign_in(self, request: web.Request) -> web.Response:
        sender = await self.identify(request)
        if sender is None or not pages.is_own_page(request):
            return pages.notice("没有签上", _NOT_OURS, status=403)
        return await self._answered(request, sender)

    def _go(self, request: web.Request, way: SignsInInside) -> web.Response:
        state = secrets.token_hex(16)
        base = self.public_url or f"{request.scheme}://{request.host}"
        url = way.inside_sign_in_url(f"{base}{request.path}/back", state)
        response = web.Response(status=303, headers={"Location": url})
        response.set_cookie(
            _STATE,
            state,
            max_age=_STATE_S,
            path="/c",
            secure=base.startswith("https://"),
            httponly=True,
            samesite="Lax",
        )
        return response

    async def _come_back(self, request: web.Request) -> web.Response:
        agent = request.headers.get("User-Agent", "")
        state, kept = request.query.get("state", ""), request.cookies.get(_STATE, "")
        found = [(name, way) for name, way in self.ways.items() if way.is_inside(agent)]
        if not found or not kept or not hmac.compare_digest(state.encode(), kept.encode()):
            return pages.notice("没有签上", _NOT_VOUCHED, status=403)
        name, way = found[0]
        try:
            account = await way.account_of(request.query.get("code", ""))
        except BotError as error:
            logger.info("a check-in through %s was refused: %s", name, error)
            return pages.notice("没有签上", _NOT_VOUCHED, status=403)
        response = await self._answered(request, Sender(channel=name, account=account))
        response.del_cookie(_STATE, path="/c")
        return response

    async def _answered(self, request: web.Request, sender: Sender) -> web.Response:
        actor = await self.people.actor(sender)
        number, code = int(request.match_info["id"]), request.match_info["code"]
        return await self._entered(actor, number, Said(word=Word.PRESENT, code=code))

    async def _entered(self, actor: Actor, number: int, said: Said) -> web.Response:
        here = Conversation(channel=actor.sender.channel, id=actor.account)
        found = await self.roll_calls.answer(actor, said, here, roll_call_id=number)
        text = wording.answered(found, actor.name, is_group=False).text
        if found.result in _SIGNED:
            return pages.notice("已签到", text, status=200)
        return pages.notice("没有签上", text, status=409)


async def _standing(shown: Shown, now: datetime) -> dict[str, str | int | bool]:
    """What changes on the screen."""
    view = shown.view
    return {
        "is_open": view.is_open,
        "code": shown.code,
        "picture": await asyncio.to_thread(drawing, shown.scanned) if shown.code else "",
        "left_s": max(0, round((shown.until - now).total_seconds())),
        "expected": view.expected,
        "present": view.present,
        "on_leave": view.number(CheckIn.LEAVE),
        "missing": view.missing,
    }
