"""All of the admin page: its parts, and what they are built of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from bot.admin import pages
from bot.admin.session import Door


class Pages(Protocol):
    """Some routes."""

    def add_routes(self, app: web.Application) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSite:
    """Routes ``/login`` and ``/admin``. Built once, in ``bot.app``."""

    door: Door
    parts: Sequence[Pages]

    def add_routes(self, app: web.Application) -> None:
        """Reads the templates: not for the event loop."""
        pages.prepare()
        app.router.add_static("/admin/static", pages.STATIC)
        self.door.add_routes(app)
        for part in self.parts:
            part.add_routes(app)
