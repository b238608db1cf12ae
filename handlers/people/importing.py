"""A roster's sheet on the page: looked at first, taken over after a yes of the same person."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.access import Actor
from handlers.offered_file import OfferedFiles
from handlers.people.actions import Imported, People


@dataclass(frozen=True, slots=True)
class RosterFiles:
    """Built once, in ``bot.app``."""

    people: People

    async def offer(self, actor: Actor, name: str, content: bytes) -> tuple[Imported, str]:
        """What a sheet would change; with a token for ``take``, empty when there are errors.

        Raises:
            NotAllowed: The actor may not, or not in all of its units.
            UsageError: The file is no roster.
        """
        result = await self.people.import_roster(actor, name, content, is_dry_run=True)
        if result.errors:
            return result, ""
        return result, await self._files.put(actor, name, content)

    async def take(self, actor: Actor, token: str) -> Imported:
        """Take over the sheet that the actor was shown; it is full of personal data, and goes.

        Raises:
            UsageError: It is not the one that waits, or it waited too long.
        """
        name, content = await self._files.get(actor, token)
        result = await self.people.import_roster(actor, name, content)
        await self._files.forget(actor)
        return result

    @property
    def _files(self) -> OfferedFiles:
        return OfferedFiles(store=self.people.store, clock=self.people.clock, kind="roster.import")
