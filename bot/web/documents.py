"""A document on its page, with every clause to be found, and the originals behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from aiohttp import web

from bot.errors import BotError
from bot.web import pages
from bot.web.links import Links, anchor
from handlers.access import Actor
from handlers.documents.actions import Documents
from handlers.documents.dialogue import facts
from handlers.people.actions import People
from knowledge.model import Document, Section
from store import blobs
from store.engine import Store

_GONE = "这个链接不对或已过期。请回到聊天里，再发一次 /来源。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A line of the page; ``level`` 0 is running text."""

    text: str
    level: int = 0
    anchor: str = ""
    locator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPages:
    """Routes ``/d`` and ``/b``; whoever follows a link is who it was made for."""

    documents: Documents
    people: People
    store: Store
    links: Links
    clock: Callable[[], datetime]

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/d/{document}", self._document)
        app.router.add_get("/d/{document}/file", self._original)
        app.router.add_get("/b/{blob}/{name}", self._blob)

    async def _document(self, request: web.Request) -> web.Response:
        document_id = request.match_info["document"]
        actor = await self._reader(request, f"d/{document_id}")
        if actor is None:
            return pages.notice("打不开", _GONE, status=403)
        try:
            shelved = await self.documents.find(actor, document_id)
        except BotError as error:
            return pages.notice("打不开", error.reply, status=404)
        values = {
            "document": shelved.document,
            "facts": facts(shelved),
            "notes": shelved.document.cautions,
            "blocks": list(blocks(shelved.document)),
            "original": self.links.original(document_id, actor.sender, self.clock()),
        }
        return pages.page("document.html", values)

    async def _original(self, request: web.Request) -> web.Response:
        document_id = request.match_info["document"]
        actor = await self._reader(request, f"d/{document_id}")
        if actor is None:
            return pages.notice("打不开", _GONE, status=403)
        try:
            original = await self.documents.original(actor, document_id)
        except BotError as error:
            return pages.notice("打不开", error.reply, status=404)
        return download(original.content, original.name, original.media_type)

    async def _blob(self, request: web.Request) -> web.Response:
        blob_id, name = request.match_info["blob"], request.match_info["name"]
        if await self._reader(request, f"b/{blob_id}/{name}") is None:
            return pages.notice("打不开", _GONE, status=403)
        blob = await self.store.read(lambda session: blobs.get(session, blob_id))
        if blob is None:
            return pages.notice("打不开", "这个文件已经不在了。", status=404)
        return download(blob.bytes, name, blob.media_type)

    async def _reader(self, request: web.Request, thing: str) -> Actor | None:
        sender = self.links.reader(thing, request.query.get("r", ""), self.clock())
        return None if sender is None else await self.people.actor(sender)


def blocks(document: Document) -> Iterator[Block]:
    """The text line by line; a passage's first line carries its anchor, each anchor once."""
    starts = {section.start: section for section in document.outline}
    passages = {passage.start: passage for passage in reversed(document.passages)}
    used: set[str] = set()
    for line in re.finditer(r"[^\n]+", document.text):
        inside = [at for at in passages if line.start() <= at < line.end()]
        cuts = sorted({line.start(), *inside})
        for begin, end in zip(cuts, [*cuts[1:], line.end()], strict=True):
            text = document.text[begin:end].strip()
            passage = passages.get(begin)
            locator = passage.locator if passage else ""
            name = anchor(locator)
            if text == document.title and not locator:
                continue
            yield Block(
                text=text,
                level=_heading_level(starts.get(begin), text),
                anchor="" if name in used else name,
                locator=locator,
            )
            used.add(name)


def _heading_level(section: Section | None, text: str) -> int:
    """Of a line that is nothing but a heading; an item with its words behind is running text."""
    if section is None or not text.rstrip("。：:").endswith(section.heading.rstrip("。：:")):
        return 0
    return min(section.level + 1, 4)


def download(content: bytes, name: str, media_type: str) -> web.Response:
    """Always saved, never shown: what people upload must not run as a page of ours."""
    return web.Response(
        body=content,
        headers={
            "Content-Type": media_type,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
