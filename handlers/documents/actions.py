"""What can be done with documents. Every action checks its actor."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from pathlib import PurePath
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotFound, UnreadableDocument
from handlers.access import Act, Actor, check
from handlers.documents.finding import id_meant
from handlers.documents.rights import check_keeps, may_keep
from handlers.documents.successors import is_named, title_page
from knowledge.library import Known, Library
from knowledge.model import Document
from knowledge.reading import document_from_json, document_to_json
from knowledge.retrieval import Standing
from store import audit, blobs, documents, shelf
from store.engine import Store
from store.models import DocumentStatus, StoredDocument

logger = logging.getLogger(__name__)

Read = Callable[[bytes, str], Awaitable[Document]]


class Outcome(StrEnum):
    """What became of one file."""

    ADDED = "added"
    REPLACED = "replaced"
    """Added; an earlier version of the file is kept as replaced."""
    UNCHANGED = "unchanged"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A file that was read, or the Chinese ``reason`` why it could not be."""

    file: str
    content: bytes = field(default=b"", repr=False)
    document: Document | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """``reason`` says in Chinese why a file could not be read."""

    file: str
    outcome: Outcome
    document: Document | None = None
    supersedes: tuple[str, ...] = ()
    """Titles of documents that this one says it replaces."""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A document as it stands on the shelf."""

    document: Document
    status: str
    """As :class:`DocumentStatus`, or ``replaced``."""
    added_at: datetime
    visible_to: int | None
    superseded_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The file as it was given."""

    name: str
    content: bytes
    media_type: str
    blob: str


@dataclass(frozen=True, slots=True)
class Documents:
    """Built once, in ``bot.app``."""

    store: Store
    library: Library
    clock: Callable[[], datetime]
    zone: ZoneInfo
    read: Read

    async def load(self) -> None:
        """Give the library what the store has; for the start, and when another process added."""
        rows = await self.store.read(documents.current)
        today = self._today()
        known = await asyncio.to_thread(lambda: [_known(row, today) for row in rows])
        await self.library.load(known)

    async def add(
        self, actor: Actor, file: str, content: bytes, *, visible_to: int | None = None
    ) -> Added:
        """Read a file and keep it; a file that cannot be read is an outcome, not an error.

        ``file`` may be a path below a folder, so that two of one name are two documents.

        Raises:
            NotAllowed: The actor may not add documents there.
        """
        await self.store.read(lambda session: check_keeps(session, actor, visible_to))
        return await self.keep(actor, await self.prepare(file, content), visible_to=visible_to)

    async def prepare(self, file: str, content: bytes) -> Prepared:
        """Read a file without keeping it; several may be read at once."""
        try:
            document = await self.read(content, PurePath(file).name)
        except UnreadableDocument as error:
            logger.info("Could not read a file of %d bytes: %s", len(content), error)
            return Prepared(file=file, reason=error.reply)
        return Prepared(file=file, content=content, document=replace(document, file=file))

    async def keep(
        self, actor: Actor, prepared: Prepared, *, visible_to: int | None = None
    ) -> Added:
        """Keep what was read, in the order in which this is called.

        Raises:
            NotAllowed: The actor may not add documents there.
        """
        document, now = prepared.document, self.clock()
        if document is None:
            return Added(file=prepared.file, outcome=Outcome.UNREADABLE, reason=prepared.reason)

        def keep(session: Session) -> tuple[Outcome, list[str], list[str]]:
            check_keeps(session, actor, visible_to)
            return _keep(session, document, prepared.content, actor, visible_to, now)

        outcome, gone, superseded = await self.store.write(keep)
        if outcome is Outcome.UNCHANGED:
            return Added(file=prepared.file, outcome=outcome, document=document)
        for document_id in gone:
            await self.library.remove(document_id)
        await self._refresh([document.id, *superseded])
        titles = tuple(
            self.library.documents[one].title for one in superseded if one in self.library.documents
        )
        return Added(file=prepared.file, outcome=outcome, document=document, supersedes=titles)

    async def shelf(self, actor: Actor, *, with_past: bool = False) -> Sequence[Shelved]:
        """What the actor may see, oldest first; ``with_past``: replaced and retired ones too."""
        query = documents.everything if with_past else documents.current
        rows = await self.store.read(query)
        return [shelved(row, self._today()) for row in rows if actor.sees(row.visible_to)]

    async def find(self, actor: Actor, id_or_file: str) -> Shelved:
        """By id, file name, title or a clear part of a title.

        Raises:
            NotFound: There is none the actor may see, or several fit.
        """
        row = await self.store.read(lambda session: documents.get(session, id_or_file))
        if row is not None and actor.sees(row.visible_to):
            return shelved(row, self._today())
        units = self._units(actor)
        meant = await self.store.read(lambda session: id_meant(session, id_or_file, units))
        return await self.find(actor, meant)

    async def original(self, actor: Actor, document_id: str) -> Original:
        """The file behind a document.

        Raises:
            NotFound: There is none the actor may see.
        """

        def read(session: Session) -> Original | None:
            row = documents.get(session, document_id)
            if row is None or row.blob is None or not actor.sees(row.visible_to):
                return None
            blob = blobs.get(session, row.blob)
            if blob is None:
                return None
            return Original(
                name=row.file, content=blob.bytes, media_type=blob.media_type, blob=blob.hash
            )

        found = await self.store.read(read)
        if found is None:
            raise NotFound("no such original", reply="没有找到这份文件的原件。")
        return found

    async def retire(self, actor: Actor, id_or_file: str, *, by: str | None = None) -> Shelved:
        """Take a document out of the answers; with ``by`` it is superseded by that one.

        Raises:
            NotFound: One of them does not exist.
            NotAllowed: The actor may not.
        """
        found = await self.find(actor, id_or_file)
        later = (await self.find(actor, by)).document.id if by else None
        status = DocumentStatus.SUPERSEDED if later else DocumentStatus.RETIRED
        document_id, now = found.document.id, self.clock()

        def work(session: Session) -> None:
            check_keeps(session, actor, found.visible_to)
            documents.set_status(session, document_id, status, by=later)
            _record(session, actor, "documents.retire", document_id, now, status, found.status)

        await self.store.write(work)
        await self._refresh([document_id])
        return await self.find(actor, document_id)

    async def remove(self, actor: Actor, id_or_file: str) -> Shelved:
        """Undo an upload; what it had replaced stands again.

        Raises:
            NotFound: There is none.
            NotAllowed: The actor may not.
        """
        found, now = await self.find(actor, id_or_file), self.clock()

        def work(session: Session) -> None:
            check_keeps(session, actor, found.visible_to)
            documents.remove(session, found.document.id)
            _record(
                session, actor, "documents.remove", found.document.id, now, "removed", found.status
            )

        await self.store.write(work)
        await self.load()
        return found

    async def reindex(
        self, actor: Actor, progress: Callable[[int, int, str], Awaitable[None]]
    ) -> Sequence[Added]:
        """Read every original anew, as after an update of the program.

        Raises:
            NotAllowed: The actor may not.
        """
        check(actor, Act.MANAGE_DOCUMENTS)
        rows = await self.store.read(documents.current)
        results = []
        for n, row in enumerate(rows):
            await progress(n, len(rows), row.file)
            results.append(await self._reread(actor, row))
        await progress(len(rows), len(rows), "")
        await self.load()
        return results

    async def permitted(self, actor: Actor) -> frozenset[str] | None:
        """Documents whose words the actor may be shown; None means all."""
        units = self._units(actor)
        if units is None:
            return None
        ids = await self.store.read(lambda session: documents.visible(session, units))
        return frozenset(ids)

    async def _reread(self, actor: Actor, row: StoredDocument) -> Added:
        try:
            original = await self.original(actor, row.id)
            name = PurePath(row.file).name
            document = replace(await self.read(original.content, name), file=row.file)
        except (UnreadableDocument, NotFound) as error:
            return Added(file=row.file, outcome=Outcome.UNREADABLE, reason=error.reply)
        body = document_to_json(document)
        if body == row.body:
            return Added(file=row.file, outcome=Outcome.UNCHANGED, document=document)

        def work(session: Session) -> None:
            stored = session.get_one(StoredDocument, row.id)
            stored.title, stored.body = document.title, body
            stored.details = _details(document)
            stored.expires_on = document.expires_on

        await self.store.write(work)
        return Added(file=row.file, outcome=Outcome.REPLACED, document=document)

    async def _refresh(self, document_ids: Sequence[str]) -> None:
        """Bring the library to what the store says of these."""
        for document_id in document_ids:
            row = await self.store.read(partial(documents.get, id_or_file=document_id))
            if row is None or row.replaced_by or row.status == DocumentStatus.RETIRED:
                await self.library.remove(document_id)
            else:
                await self.library.add(await asyncio.to_thread(_known, row, self._today()))

    def _units(self, actor: Actor) -> frozenset[int] | None:
        """Whose documents the actor may see, besides everyone's; None: all."""
        return None if actor.is_operator else actor.units | actor.administered

    def _today(self) -> date:
        return self.clock().astimezone(self.zone).date()


def _keep(
    session: Session,
    document: Document,
    content: bytes,
    actor: Actor,
    visible_to: int | None,
    now: datetime,
) -> tuple[Outcome, list[str], list[str]]:
    """One transaction: what became of it, ids it replaced, ids it superseded."""
    before = {spine.id for spine in documents.spines(session)}
    media_type = mimetypes.guess_type(document.file)[0] or "application/octet-stream"
    is_new = documents.add(
        session,
        document_id=document.id,
        file=document.file,
        title=document.title,
        details=_details(document),
        body=document_to_json(document),
        blob=blobs.put(session, content, media_type=media_type, now=now),
        now=now,
        expires_on=document.expires_on,
        visible_to=visible_to,
        added_by=actor.member_id,
    )
    if not is_new:
        return Outcome.UNCHANGED, [], []
    spines = documents.spines(session)
    gone = sorted(before - {spine.id for spine in spines})
    superseded = []
    own = title_page(document.title, _details(document))
    for spine in spines:
        if spine.id == document.id or spine.status != DocumentStatus.IN_FORCE:
            continue
        other = title_page(spine.title, spine.details)
        if is_named(other, own.replaces) and may_keep(session, actor, spine.visible_to):
            documents.set_status(session, spine.id, DocumentStatus.SUPERSEDED, by=document.id)
            superseded.append(spine.id)
        elif is_named(own, other.replaces):
            documents.set_status(session, document.id, DocumentStatus.SUPERSEDED, by=spine.id)
    _record(session, actor, "documents.add", document.id, now, document.title)
    return (Outcome.REPLACED if gone else Outcome.ADDED), gone, superseded


def _record(
    session: Session,
    actor: Actor,
    what: str,
    document_id: str,
    now: datetime,
    after: str,
    before: str | None = None,
) -> None:
    audit.record(
        session,
        who=actor.account,
        what=what,
        subject=f"document:{document_id}",
        now=now,
        before=before,
        after=after,
    )


def _details(document: Document) -> dict[str, object]:
    return {
        "issuer": document.issuer,
        "document_number": document.document_number,
        "year": document.year,
        "genre": document.genre.value,
        "passages": len(document.passages),
        "replaces": list(document.replaces),
    }


def _known(row: StoredDocument, today: date) -> Known:
    standing = Standing(_status(row, today))
    return Known(document=document_from_json(row.body), standing=standing)


def shelved(row: StoredDocument, today: date) -> Shelved:
    """Parses the text: for a long one not in the event loop."""
    return Shelved(
        document=document_from_json(row.body),
        status=_status(row, today),
        added_at=row.added_at,
        visible_to=row.visible_to,
        superseded_by=row.superseded_by,
    )


def _status(row: StoredDocument, today: date) -> str:
    return shelf.status_of(row.status, row.replaced_by, row.expires_on, today)
