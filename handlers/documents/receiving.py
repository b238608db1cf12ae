"""A document on the page: what it would be is shown first; it counts after a yes of the same."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.access import Actor
from handlers.documents.actions import Added
from handlers.documents.keeping import Keeping, Offer
from handlers.offered_file import OfferedFiles


@dataclass(frozen=True, slots=True)
class DocumentFiles:
    """Built once, in ``bot.app``."""

    keeping: Keeping

    async def offer(self, actor: Actor, name: str, content: bytes) -> tuple[Offer, str]:
        """What a file would be, with a token for ``take``.

        Raises:
            UnreadableDocument: It cannot be read.
            NotAllowed: The actor keeps no documents.
        """
        offer = await self.keeping.offer(actor, name, content)
        return offer, await self._files.put(actor, name, content)

    async def take(self, actor: Actor, token: str, visible_to: int | None) -> Added:
        """Keep the file that the actor was shown, for a unit or (None) for everyone.

        Raises:
            UsageError: It is not the one that waits, or it waited too long.
            NotAllowed: The actor keeps no documents there.
        """
        name, content = await self._files.get(actor, token)
        added = await self.keeping.add(actor, name, content, visible_to)
        await self._files.forget(actor)
        return added

    @property
    def _files(self) -> OfferedFiles:
        shelf = self.keeping.documents
        return OfferedFiles(store=shelf.store, clock=shelf.clock, kind="documents.add")
