"""Keeping documents: what a file would be, for whom it is, who may see it, what stands again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from sqlalchemy.orm import Session

from bot.errors import NotAllowed
from handlers import undo
from handlers.access import Act, Actor, check
from handlers.documents.actions import Added, Documents, Outcome, Shelved
from handlers.documents.rights import check_keeps, may_keep
from handlers.documents.successors import is_named, title_page
from handlers.people.selecting import unit_name
from knowledge.model import Document
from store import audit, documents, people
from store.models import DocumentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A file that was read and is not kept yet."""

    name: str
    document: Document
    visible_to: int | None
    seen_by: str
    replaces: tuple[str, ...]
    """Titles of what it seems to take the place of."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Built once, in ``bot.app``."""

    documents: Documents

    async def offer(self, actor: Actor, name: str, content: bytes) -> Offer:
        """Read a file, and say what it would be.

        Raises:
            UnreadableDocument: It cannot be read.
            NotAllowed: The actor keeps no documents.
        """
        check(actor, Act.MANAGE_DOCUMENTS)
        document = await self.documents.read(content, PurePath(name).name)
        home = None if actor.is_operator else await self._home(actor)
        return Offer(
            name=name,
            document=document,
            visible_to=home,
            seen_by=await self.documents.store.read(lambda session: unit_name(session, home)),
            replaces=tuple(await self._seems_to_replace(actor, replace(document, file=name))),
        )

    async def add(self, actor: Actor, name: str, content: bytes, visible_to: int | None) -> Added:
        """Keep it; ``undo`` can take it back.

        Raises:
            NotAllowed: The actor may not add documents there.
        """
        added = await self.documents.add(actor, name, content, visible_to=visible_to)
        if added.document is not None and added.outcome is not Outcome.UNCHANGED:
            await self._remember(actor, "documents.add", added.document.id)
        return added

    async def retire(self, actor: Actor, document_id: str, by: str | None = None) -> Shelved:
        """Take it out of the answers; ``undo`` can put it back.

        Raises:
            NotFound: One of them does not exist.
            NotAllowed: The actor may not.
        """
        found = await self.documents.retire(actor, document_id, by=by)
        await self._remember(actor, "documents.retire", found.document.id)
        return found

    async def restore(self, actor: Actor, document_id: str) -> Shelved:
        """Let it be in force again.

        Raises:
            NotFound: There is none that the actor may see.
            NotAllowed: The actor may not.
        """
        found = await self.documents.find(actor, document_id)
        now = self.documents.clock()

        def work(session: Session) -> None:
            check_keeps(session, actor, found.visible_to)
            documents.set_status(session, found.document.id, DocumentStatus.IN_FORCE)
            audit.record(
                session,
                who=actor.account,
                what="documents.restore",
                subject=f"document:{found.document.id}",
                now=now,
                before=found.status,
                after=DocumentStatus.IN_FORCE,
            )

        await self.documents.store.write(work)
        await self.documents.load()
        return found

    async def kept(self, actor: Actor, name: str) -> Shelved:
        """One that the actor may change.

        Raises:
            NotFound: There is none that the actor may see.
            NotAllowed: The actor may not change it.
        """
        found = await self.documents.find(actor, name)
        await self.documents.store.read(
            lambda session: check_keeps(session, actor, found.visible_to)
        )
        return found

    async def show_to(self, actor: Actor, document_id: str, unit_id: int | None) -> str:
        """Say who may see it from now on (None: everyone); their name.

        Raises:
            NotFound: There is none that the actor may see.
            NotAllowed: The actor may not, or not for that unit.
        """
        found = await self.documents.find(actor, document_id)
        now = self.documents.clock()

        def work(session: Session) -> str:
            check_keeps(session, actor, found.visible_to)
            check_keeps(session, actor, unit_id)
            before = unit_name(session, found.visible_to)
            documents.show_to(session, found.document.id, unit_id)
            after = unit_name(session, unit_id)
            audit.record(
                session,
                who=actor.account,
                what="documents.show_to",
                subject=f"document:{found.document.id}",
                now=now,
                before=before,
                after=after,
            )
            return after

        return await self.documents.store.write(work)

    async def _home(self, actor: Actor) -> int | None:
        """Who runs the whole adds for everyone; who keeps one unit's documents adds for it."""
        rights = [one for one in actor.roles if actor.may(Act.MANAGE_DOCUMENTS, one)]
        if not rights:
            raise NotAllowed("no unit to add documents for")

        def topmost(session: Session) -> int | None:
            if people.root_units(session) & set(rights):
                return None
            return min(rights, key=lambda one: len(people.with_all_above(session, [one])))

        return await self.documents.store.read(topmost)

    async def _seems_to_replace(self, actor: Actor, document: Document) -> Sequence[str]:
        """Titles of the actor's own: the same file or title again, and what it names."""

        def fits(one: documents.Spine) -> bool:
            return one.id != document.id and (
                one.file == document.file
                or one.title == document.title
                or is_named(title_page(one.title, one.details), document.replaces)
            )

        def titles(session: Session) -> list[str]:
            found = [one for one in documents.spines(session) if fits(one)]
            kept = [one.title for one in found if may_keep(session, actor, one.visible_to)]
            return list(dict.fromkeys(kept))

        return await self.documents.store.read(titles)

    async def _remember(self, actor: Actor, name: str, document_id: str) -> None:
        known, now = {"document_id": document_id}, self.documents.clock()
        await self.documents.store.write(
            lambda session: undo.remember(session, actor, name, known, now)
        )
