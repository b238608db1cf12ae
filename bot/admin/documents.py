"""``/admin/documents``: what there is, each clause of it, who may see it, and a file to add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.admin import pages
from bot.admin.pages import Place, Visit
from bot.admin.roster import indented
from bot.admin.session import Door, Posted
from bot.errors import NotAllowed, UnreadableDocument, UsageError
from bot.web.documents import blocks, download
from bot.web.links import anchor
from handlers.access import Act, Actor
from handlers.documents.actions import Documents
from handlers.documents.browsing import DocumentList, Folder, LookedForDocuments
from handlers.documents.dialogue import STATUS_WORDS, facts
from handlers.documents.keeping import Keeping
from handlers.documents.receiving import DocumentFiles
from handlers.documents.uploading import about, said_of
from handlers.people.browsing import RosterList
from knowledge.model import Document

_PATH = str(Place.DOCUMENTS)
_ADD = f"{_PATH}/add"
_FILTERS = ("words", "status", "unit")
_EVERYONE = "all"
_FORM_BYTES = 64 * 1024
"""Of what comes with a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsPages:
    """Routes below ``/admin/documents``."""

    door: Door
    shelf: DocumentList
    documents: Documents
    keeping: Keeping
    people: RosterList
    limit_bytes: int

    def add_routes(self, app: web.Application) -> None:
        one = _PATH + "/{id:[0-9a-f]{12}}"
        most = self.limit_bytes + _FORM_BYTES
        app.router.add_get(_PATH, self.door.showing(self._list))
        app.router.add_get(_ADD, self.door.showing(self._empty))
        app.router.add_post(_ADD, self.door.acting(self._add, most_bytes=most))
        app.router.add_get(one, self.door.showing(self._one))
        app.router.add_post(one, self.door.acting(self._change))
        app.router.add_get(f"{one}/original", self.door.showing(self._original))

    async def _list(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        query = pages.chosen(request, *_FILTERS)
        wanted = LookedForDocuments(
            words=query["words"],
            status=query["status"] if query["status"] in STATUS_WORDS else "",
            unit_id=pages.number(query["unit"]),
        )
        total, found = await self.shelf.page(
            actor, wanted, offset=pages.offset(request), limit=pages.A_PAGE
        )
        may_add, _ = await self.shelf.may_add(actor)
        values = {
            "found": found,
            "paging": pages.paging(request, total, query),
            "query": query,
            "statuses": list(STATUS_WORDS.items()),
            "status_words": STATUS_WORDS,
            "units": indented(await self.people.units(actor)),
            "may_add": may_add,
        }
        return pages.page(Place.DOCUMENTS, "documents.html", visit, values)

    async def _one(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        folder = await self.shelf.look(actor, request.match_info["id"])
        document = folder.shelved.document
        values = {
            "folder": folder,
            "document": document,
            "facts": facts(folder.shelved),
            "outline": _outline(document),
            "blocks": list(blocks(document)),
            "units": await self._readers(actor, folder.for_everyone) if folder.may_keep else [],
            "shown_to": folder.shelved.visible_to or _EVERYONE,
        }
        return pages.page(Place.DOCUMENTS, "document.html", visit, values)

    async def _original(self, request: web.Request, visit: Visit) -> web.Response:
        found = await self.documents.original(visit.visitor.actor, request.match_info["id"])
        return download(found.content, found.name, found.media_type)

    async def _change(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        folder = await self.shelf.look(visit.visitor.actor, request.match_info["id"])
        match posted.text("do"):
            case "retire":
                return await self._retire(visit, posted, folder)
            case "supersede":
                return await self._supersede(visit, posted, folder)
            case "restore":
                return await self._restore(visit, folder)
            case "show":
                return await self._show_to(visit, posted, folder)
        raise UsageError("no such deed", reply="没看懂要做什么，请回到这份文件再试。")

    async def _retire(self, visit: Visit, posted: Posted, folder: Folder) -> web.Response:
        actor, document = visit.visitor.actor, folder.shelved.document
        await self.keeping.kept(actor, document.id)
        if not posted.is_sure:
            lines = [f"共 {len(document.passages)} 条，以后的回答不再用它；原文还在，可以恢复。"]
            return _sure(visit, posted, f"停用《{document.title}》？", lines, "停用")
        await self.keeping.retire(actor, document.id)
        return self.door.done(visit, f"《{document.title}》已停用，可以在这里恢复。", visit.path)

    async def _supersede(self, visit: Visit, posted: Posted, folder: Folder) -> web.Response:
        actor, document = visit.visitor.actor, folder.shelved.document
        if not posted.text("by"):
            raise UsageError("no successor", reply="请写代替它的那份文件的名称。")
        await self.keeping.kept(actor, document.id)
        later = (await self.documents.find(actor, posted.text("by"))).document
        if later.id == document.id:
            raise UsageError("itself", reply="一份文件不能代替它自己，请写另一份的名称。")
        if not posted.is_sure:
            lines = ["以后问到旧文件的内容，会说明它已被代替；可以恢复。"]
            title = f"《{document.title}》由《{later.title}》代替？"
            return _sure(visit, posted, title, lines, "标为被代替")
        await self.keeping.retire(actor, document.id, later.id)
        said = f"《{document.title}》已标为被《{later.title}》代替。"
        return self.door.done(visit, said, visit.path)

    async def _restore(self, visit: Visit, folder: Folder) -> web.Response:
        document = folder.shelved.document
        if not folder.may_restore:
            raise UsageError("nothing to restore", reply="这份文件现在不用恢复，或者您不能改它。")
        await self.keeping.restore(visit.visitor.actor, document.id)
        return self.door.done(visit, f"《{document.title}》恢复有效，又能问到了。", visit.path)

    async def _show_to(self, visit: Visit, posted: Posted, folder: Folder) -> web.Response:
        actor, document = visit.visitor.actor, folder.shelved.document
        unit_id = _reader(posted)
        await self.keeping.kept(actor, document.id)
        if not posted.is_sure:
            readers = dict(await self._readers(actor, folder.for_everyone))
            name = readers.get(_EVERYONE if unit_id is None else unit_id, "").strip()
            if not name:
                raise UsageError("not for them", reply="只能给您管理的单位看，请重新选。")
            title = f"《{document.title}》改给{name}看？"
            lines = [f"现在给{folder.seen_by}看。改了以后，别的人问不到它，链接也打不开。"]
            return _sure(visit, posted, title, lines, "改")
        seen_by = await self.keeping.show_to(actor, document.id, unit_id)
        said = f"《{document.title}》现在给{seen_by}看，包括下面的单位。"
        return self.door.done(visit, said, visit.path)

    async def _empty(self, request: web.Request, visit: Visit) -> web.Response:
        return await self._adding(visit, {"offer": None})

    async def _add(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        """First show what was read, then, after a yes, keep it."""
        actor = visit.visitor.actor
        if posted.is_sure:
            added = await self._files.take(actor, posted.text("file"), _reader(posted))
            where = f"{_PATH}/{added.document.id}" if added.document else _PATH
            return self.door.done(visit, said_of(added), where)
        file = posted.files.get("file")
        if file is None:
            return await self._adding(visit, {"offer": None, "trouble": ("", "请先选一个文件。")})
        try:
            offer, token = await self._files.offer(actor, file.name, file.content)
        except UnreadableDocument as error:
            return await self._adding(visit, {"offer": None, "trouble": (file.name, error.reply)})
        _, for_everyone = await self.shelf.may_add(actor)
        return await self._adding(
            visit,
            {
                "offer": offer,
                "about": about(offer),
                "file": token,
                "units": await self._readers(actor, for_everyone),
                "shown_to": offer.visible_to or _EVERYONE,
            },
        )

    async def _adding(self, visit: Visit, values: Mapping[str, object]) -> web.Response:
        may_add, _ = await self.shelf.may_add(visit.visitor.actor)
        if not may_add:
            raise NotAllowed("may not add documents")
        most = {"limit_mb": self.limit_bytes // 2**20, "trouble": None}
        return pages.page(Place.DOCUMENTS, "document_add.html", visit, {**most, **values})

    async def _readers(self, actor: Actor, for_everyone: bool) -> Sequence[tuple[int | str, str]]:
        """Whom the actor may show a document to."""
        units = indented(await self.people.units(actor, Act.MANAGE_DOCUMENTS))
        return [*([(_EVERYONE, "所有人")] if for_everyone else []), *units]

    @property
    def _files(self) -> DocumentFiles:
        return DocumentFiles(self.keeping)


def _reader(posted: Posted) -> int | None:
    """The unit that was chosen; None for everyone.

    Raises:
        UsageError: Nobody was.
    """
    if posted.text("unit") == _EVERYONE:
        return None
    unit_id = posted.number("unit")
    if unit_id is None:
        raise UsageError("no readers", reply="请选给谁看。")
    return unit_id


def _sure(
    visit: Visit, posted: Posted, title: str, lines: Sequence[str], label: str
) -> web.Response:
    return pages.sure(
        Place.DOCUMENTS,
        visit,
        title=title,
        lines=lines,
        fields=posted.fields,
        back=visit.path,
        label=label,
    )


def _outline(document: Document) -> list[tuple[str, str, str, int]]:
    """Anchor, number, heading and level of each section, as far as there is a clause to go to."""
    found, waiting = [], list(document.passages)
    for section in document.outline:
        while waiting and waiting[0].start < section.start:
            waiting.pop(0)
        if waiting and waiting[0].start < section.end:
            where = anchor(waiting[0].locator)
            found.append((where, section.locator, section.heading, min(section.level, 4)))
    return found
