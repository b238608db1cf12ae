"""``/admin/records``: the ledger, one record with its history and pictures, and a sheet of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.admin import pages
from bot.admin.pages import Place, Visit
from bot.admin.roster import indented
from bot.admin.session import Door, Posted
from bot.errors import NotFound, UsageError
from bot.web.documents import download
from handlers.access import Act
from handlers.people.browsing import RosterList
from handlers.records import ledger_wording as wording
from handlers.records import wording as days
from handlers.records.actions import Records
from handlers.records.browsing import Entry, Line, LookedFor, RecordList, Standing
from handlers.records.steps import Steps
from handlers.records.types import RecordType
from handlers.reports.actions import MEDIA_TYPES, Form
from handlers.reports.exporting import LedgerExport
from store.models_records import RecordKind

_PATH = "/admin/records"
_STANDINGS: Sequence[tuple[Standing, str]] = (
    (Standing.TURN, "等我处理"),
    (Standing.OPEN, "办理中"),
    (Standing.SETTLED, "已完成"),
    (Standing.WITHDRAWN, "已撤回"),
)
_KINDS: Sequence[tuple[RecordKind, str]] = (
    (RecordKind.ACTIVITY, "活动"),
    (RecordKind.FORM, "填报"),
    (RecordKind.CHECK_IN, "签到"),
)
_FILTERS = ("unit", "type", "kind", "state", "from", "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One entry of a record's history in words."""

    entry: Entry
    changes: Sequence[tuple[str, str]]
    """What it says since then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPages:
    """Routes below ``/admin/records``."""

    door: Door
    browsing: RecordList
    records: Records
    deciding: Steps
    export: LedgerExport
    people: RosterList

    def add_routes(self, app: web.Application) -> None:
        one = _PATH + "/{number:[0-9]{1,12}}"
        file = one + "/files/{n:[0-9]{1,3}}"
        app.router.add_get(_PATH, self.door.showing(self._list))
        app.router.add_get(f"{_PATH}/export", self.door.showing(self._sheet))
        app.router.add_get(one, self.door.showing(self._record))
        app.router.add_post(one, self.door.acting(self._step))
        app.router.add_get(file, self.door.showing(self._file))
        app.router.add_get(f"{file}/small", self.door.showing(self._small))

    async def _list(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        query = pages.chosen(request, *_FILTERS)
        total, found = await self.browsing.page(
            actor, _wanted(query), offset=pages.offset(request), limit=pages.A_PAGE
        )
        values = {
            "found": found,
            "paging": pages.paging(request, total, query),
            "query": query,
            "units": indented(await self.people.units(actor, Act.SIGN_IN)),
            "types": _named(self.browsing.types(actor)),
            "kinds": _KINDS,
            "states": _STANDINGS,
            "sheet": pages.address(f"{_PATH}/export", query),
            "lines": {one.id: wording.labelled(one, list(one.fields))[:3] for one in found},
        }
        return pages.page(Place.RECORDS, "records.html", visit, values)

    async def _sheet(self, request: web.Request, visit: Visit) -> web.Response:
        """The filtered list as .xlsx."""
        wanted = _wanted(pages.chosen(request, *_FILTERS))
        content = await self.export.workbook(visit.visitor.actor, wanted)
        name = f"记录台账-{self.records.today():%Y%m%d}.xlsx"
        return download(content, name, MEDIA_TYPES[Form.XLSX])

    async def _record(self, request: web.Request, visit: Visit) -> web.Response:
        line = await self.browsing.line(visit.visitor.actor, pages.in_path(request, "number"))
        newest = line.newest
        values = {
            "line": line,
            "record": newest,
            "facts": wording.labelled(newest, list(newest.fields)),
            "history": [_happened(one) for one in line.entries][::-1],
            "files": list(enumerate(newest.files)),
            "needs": _needs(line),
        }
        return pages.page(Place.RECORDS, "record.html", visit, values)

    async def _step(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        """Approve, return with a reason, answer, or withdraw; as the type has it."""
        actor, number = visit.visitor.actor, pages.in_path(request, "number")
        words = posted.text("words")[:2000]
        if "withdraw" in posted.fields:
            return await self._withdraw(visit, number, words, posted)
        line = await self.browsing.line(actor, number)
        move = next((one for one in line.moves if one.id == posted.text("step")), None)
        if move is None:
            raise NotFound("no such step", reply="这条记录现在不能这样处理，可能刚被别人处理过。")
        if (move.needs_reason or move.needs_reply) and not words:
            what = "答复" if move.needs_reply else "原因"
            raise UsageError("no words", reply=f"“{move.name}”要写明{what}，请写在“说明”里。")
        view = await self.deciding.move(actor, number, move.id, words, pages.here(actor))
        said = wording.done(view) + ("交来的人会收到消息。" if view.member else "")
        return self.door.done(visit, said, f"{_PATH}/{view.id}")

    async def _withdraw(
        self, visit: Visit, number: int, words: str, posted: Posted
    ) -> web.Response:
        actor = visit.visitor.actor
        if not posted.is_sure:
            line = await self.browsing.line(actor, number)
            newest = line.newest
            return pages.sure(
                Place.RECORDS,
                visit,
                title=f"撤回 #{newest.id} {newest.type_name}？",
                lines=[
                    f"{newest.unit} {newest.member} {days.day(newest.on)}",
                    "会影响 1 条记录：统计和积分不再算它，原来的内容留在经过里。",
                ],
                fields=posted.fields,
                back=visit.path,
                label="撤回",
            )
        view = await self.records.withdraw(actor, number, pages.here(actor), reason=words)
        return self.door.done(visit, wording.withdrawn(view), f"{_PATH}/{view.id}")

    async def _file(self, request: web.Request, visit: Visit) -> web.Response:
        """As it was sent; always saved, never shown."""
        found = await self.browsing.file(
            visit.visitor.actor,
            pages.in_path(request, "number"),
            pages.in_path(request, "n"),
            is_small=False,
        )
        return download(found.content, found.name, found.media_type)

    async def _small(self, request: web.Request, visit: Visit) -> web.Response:
        found = await self.browsing.file(
            visit.visitor.actor,
            pages.in_path(request, "number"),
            pages.in_path(request, "n"),
            is_small=True,
        )
        return pages.thumbnail(found.content)


def _wanted(query: Mapping[str, str]) -> LookedFor:
    first, last = pages.day_of(query["from"]), pages.day_of(query["to"])
    if first and last and last < first:
        raise UsageError("empty period", reply="结束日期早于开始日期，请改一改。")
    return LookedFor(
        unit_id=pages.number(query["unit"]),
        type_id=query["type"],
        kind=next((one for one, _ in _KINDS if one == query["kind"]), None),
        standing=next((one for one, _ in _STANDINGS if one == query["state"]), None),
        first=first,
        last=last,
    )


def _named(types: Sequence[RecordType]) -> list[tuple[str, str]]:
    return [(one.id, f"{one.name}（保密）" if one.confidential else one.name) for one in types]


def _needs(line: Line) -> str:
    """What the words of a step are for."""
    if any(one.needs_reply for one in line.moves):
        return "答复（会发给交来的人）"
    if any(one.needs_reason for one in line.moves):
        return "说明（退回时必须写原因，会发给交来的人）"
    return "说明（可以不写）"


def _happened(entry: Entry) -> Happened:
    changes = wording.labelled(entry.view, entry.changed)
    if "on" in entry.changed:
        changes.append(("日期", days.day(entry.view.on)))
    return Happened(entry=entry, changes=changes)
