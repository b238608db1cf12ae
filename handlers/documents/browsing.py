"""Documents as they are looked through on the page: listed, and one with all about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Act, Actor, check
from handlers.documents.actions import Shelved, shelved
from handlers.documents.rights import may_keep
from handlers.people.selecting import unit_name
from store import documents, people, shelf
from store.engine import Store
from store.models import DocumentStatus, StoredDocument

_NONE = "没有这份文件，或者它不是给您看的。"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedForDocuments:
    """Empty and None: any that is searched."""

    words: str = ""
    status: str = ""
    unit_id: int | None = None
    """Kept for it or for one below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDocument:
    """A line of the list."""

    id: str
    title: str
    issuer: str
    number: str
    clauses: int
    status: str
    seen_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One document with all about it."""

    shelved: Shelved
    seen_by: str
    added_by: str
    superseded_by: str
    """The title of what took its place; its id is in ``shelved``."""
    newer: str | None
    """The id of the upload that replaced it."""
    versions: Sequence[tuple[str, datetime]]
    may_keep: bool
    for_everyone: bool
    """Whether who looks may keep documents that are for everyone."""

    @property
    def may_restore(self) -> bool:
        gone = (DocumentStatus.RETIRED, DocumentStatus.SUPERSEDED)
        return self.may_keep and self.shelved.status in gone

    @property
    def may_retire(self) -> bool:
        return self.may_keep and self.shelved.status in (
            DocumentStatus.IN_FORCE,
            DocumentStatus.EXPIRED,
        )


@dataclass(frozen=True, slots=True)
class DocumentList:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]
    zone: ZoneInfo

    async def page(
        self, actor: Actor, wanted: LookedForDocuments, *, offset: int = 0, limit: int = 30
    ) -> tuple[int, Sequence[ListedDocument]]:
        """How many the actor may see of those, and some of them, newest first.

        Raises:
            NotAllowed: There is nothing on the page for the actor.
        """
        check(actor, Act.SIGN_IN)
        today = self._today()

        def query(session: Session) -> tuple[int, Sequence[ListedDocument]]:
            below = None
            if wanted.unit_id is not None:
                below = people.with_all_below(session, [wanted.unit_id])
            sought = shelf.SoughtDocuments(
                units=None if actor.is_operator else actor.units | actor.administered,
                today=today,
                words=wanted.words,
                status=wanted.status,
                visible_to=below,
            )
            total, rows = shelf.sought(session, sought, offset=offset, limit=limit)
            return total, [_listed(session, row) for row in rows]

        return await self.store.read(query)

    async def look(self, actor: Actor, document_id: str) -> Folder:
        """One of them, also one that was retired or replaced.

        Raises:
            NotFound: There is none the actor may see.
        """
        check(actor, Act.SIGN_IN)
        today = self._today()

        def query(session: Session) -> tuple[StoredDocument, Callable[[Shelved], Folder]]:
            row = session.get(StoredDocument, document_id)
            if row is None or not actor.sees(row.visible_to):
                raise NotFound(f"no document {document_id}", reply=_NONE)
            return row, _folder(session, actor, row)

        row, folder = await self.store.read(query)
        return folder(await asyncio.to_thread(shelved, row, today))

    async def may_add(self, actor: Actor) -> tuple[bool, bool]:
        """Whether the actor may add documents at all, and whether for everyone."""
        everyone = await self.store.read(lambda session: may_keep(session, actor, None))
        return actor.may(Act.MANAGE_DOCUMENTS), everyone

    def _today(self) -> date:
        return self.clock().astimezone(self.zone).date()


def _listed(session: Session, row: shelf.Back) -> ListedDocument:
    clauses = row.details.get("passages")
    return ListedDocument(
        id=row.id,
        title=row.title,
        issuer=str(row.details.get("issuer") or ""),
        number=str(row.details.get("document_number") or ""),
        clauses=clauses if isinstance(clauses, int) else 0,
        status=row.status,
        seen_by=unit_name(session, row.visible_to),
        added_at=row.added_at,
    )


def _folder(session: Session, actor: Actor, row: StoredDocument) -> Callable[[Shelved], Folder]:
    later = documents.get(session, row.superseded_by) if row.superseded_by else None
    adder = people.member(session, row.added_by) if row.added_by is not None else None
    seen_by, versions = unit_name(session, row.visible_to), shelf.versions(session, row)
    keeps, everyone = (may_keep(session, actor, one) for one in (row.visible_to, None))

    def made(found: Shelved) -> Folder:
        return Folder(
            shelved=found,
            seen_by=seen_by,
            added_by=adder.name if adder else "",
            superseded_by=later.title if later and actor.sees(later.visible_to) else "",
            newer=row.replaced_by,
            versions=versions,
            may_keep=keeps,
            for_everyone=everyone,
        )

    return made
