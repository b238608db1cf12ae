"""``/admin``: today at a glance."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot.admin import charts, pages
from bot.admin.pages import Place, Visit
from bot.admin.session import Door
from bot.channels.base import Health
from bot.model_writer import ModelUsage
from handlers.access import Act, Actor
from handlers.board.actions import Bar, Board
from handlers.people.joining import Joining
from handlers.records.browsing import RecordList
from handlers.tasks.actions import Tasks

_GB = 2**30
_MB = 2**20
_DAYS = 14
_LITTLE = 0.1
_LITTLE_GB = 2
_PARTS = {
    "store": "数据库",
    "index": "文件索引",
    "loops": "后台任务",
    "ticks": "定时的事",
    "calendar": "工作日历",
    "disk": "磁盘",
    "backup": "自动备份",
    "quotas": "发送额度",
    **pages.CHANNELS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """In GB; ours in MB."""

    free: float
    total: float
    ours: float

    @property
    def is_low(self) -> bool:
        return self.free < _LITTLE_GB or self.free < self.total * _LITTLE


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage:
    """Route ``/admin``."""

    door: Door
    board: Board
    joining: Joining
    records: RecordList
    tasks: Tasks
    health: Callable[[], Awaitable[Mapping[str, Health]]]
    usage: ModelUsage
    folder: Path

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/admin", self.door.showing(self._board))

    async def _board(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        figures = await self.board.figures(actor)
        values: dict[str, object] = {
            "figures": figures,
            "waiting": await self._waiting(actor),
            "due": charts.columns(figures.due),
            "asked": charts.columns(figures.asked),
            "asked_total": sum(bar.count for bar in figures.asked),
            "unanswered_total": sum(bar.part for bar in figures.asked),
            "states": charts.slices(figures.states),
            "width": charts.WIDTH,
            "height": charts.HEIGHT,
            "machine": None,
        }
        if visit.visitor.runs_whole:
            values["machine"] = await self._machine()
        return pages.page(Place.BOARD, "board.html", visit, values)

    async def _waiting(self, actor: Actor) -> Sequence[tuple[str, int, str]]:
        """What waits for the actor's own word: what, how many, on which page if any."""
        found = []
        if actor.may(Act.MANAGE_PEOPLE):
            wishes = await self.joining.wishes(actor)
            found.append(("加入申请", len(wishes), f"{Place.ROSTER}/joining"))
        if actor.may(Act.MANAGE_TASKS):
            postponements = await self.tasks.postponements(actor)
            found.append(("延期申请", len(postponements), f"{Place.TASKS}/postponements"))
        records = await self.records.waiting(actor)
        found.append(("待审的填报", records, f"{Place.RECORDS}?state=turn"))
        return [one for one in found if one[1]]

    async def _machine(self) -> Mapping[str, object]:
        state = await self.health()
        spent = await self.usage.spent() if self.usage.writer is not None else None
        used = [Bar(on=on, count=tokens) for on, tokens in await self.usage.by_day(_DAYS)]
        return {
            "health": [(_PARTS.get(name, name), one) for name, one in state.items()],
            "disk": await asyncio.to_thread(_disk, self.folder),
            "spent": spent,
            "said": await self.usage.said(),
            "tokens": charts.columns(used) if spent is not None else [],
        }


def _disk(folder: Path) -> Disk:
    usage = shutil.disk_usage(folder)
    ours = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Disk(free=usage.free / _GB, total=usage.total / _GB, ours=ours / _MB)
