"""``/admin/sessions``: where one is signed in, each to be ended."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from bot.admin import pages
from bot.admin.pages import Place, Visit
from bot.admin.session import Door, Posted
from bot.errors import NotFound
from handlers.people.signing_in import SignIn

PATH = "/admin/sessions"
_GONE = "那一处已经退出了。"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsPage:
    """Route ``/admin/sessions``."""

    door: Door
    sign_in: SignIn

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get(PATH, self.door.showing(self._list))
        app.router.add_post(PATH, self.door.acting(self._end))

    async def _list(self, request: web.Request, visit: Visit) -> web.Response:
        found = await self.sign_in.sessions(visit.visitor.actor, visit.secret)
        return pages.page(Place.NONE, "sessions.html", visit, {"found": found})

    async def _end(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        if not await self.sign_in.leave_one(visit.visitor.actor, posted.text("id")):
            raise NotFound("no such session", reply=_GONE)
        return self.door.done(visit, "那一处已退出。", PATH)
