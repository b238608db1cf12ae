"""``/admin/audit``: who did what to what, and what was before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.admin import pages
from bot.admin.pages import Place, Visit
from bot.admin.session import Door
from handlers.deeds import DEEDS
from handlers.trail import Deed, LookedForDeeds, Trail

_FILTERS = ("name", "what", "since", "until")
_WHERE: Mapping[str, str] = {
    "document": Place.DOCUMENTS,
    "member": Place.ROSTER,
    "question": Place.QUESTIONS,
    "standing": f"{Place.QUESTIONS}/standing",
    "record": Place.RECORDS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Route ``/admin/audit``."""

    door: Door
    trail: Trail

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get(Place.AUDIT, self.door.showing(self._list))

    async def _list(self, request: web.Request, visit: Visit) -> web.Response:
        query = pages.chosen(request, *_FILTERS)
        wanted = LookedForDeeds(
            name=query["name"],
            what=query["what"] if query["what"] in DEEDS else "",
            since=pages.day_of(query["since"]),
            until=pages.day_of(query["until"]),
        )
        total, found = await self.trail.page(
            visit.visitor.actor, wanted, offset=pages.offset(request), limit=pages.A_PAGE
        )
        values = {
            "found": [(one, _where(one)) for one in found],
            "paging": pages.paging(request, total, query),
            "query": query,
            "deeds": list(DEEDS.items()),
        }
        return pages.page(Place.AUDIT, "audit.html", visit, values)


def _where(one: Deed) -> str:
    """Where on the page one can look at it; empty for nowhere."""
    place = _WHERE.get(one.kind)
    return f"{place}/{one.key}" if place and one.key else ""
