"""A roster's sheet on the page: looked at first, taken over after a yes of the same person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.errors import UsageError
from handlers.access import Actor
from handlers.people.actions import Imported, People
from store import blobs, pending

LASTING = timedelta(minutes=30)
_PLACE = ("admin", "roster.import")
_OVER = "这份花名册等得太久了，或者已经导入过。请重新上传。"


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
        now = self.people.clock()

        def work(session: Session) -> str:
            _forget(session, actor, _waiting(session, actor, self.people))
            blob = blobs.put(session, content, media_type="application/octet-stream", now=now)
            state: dict[str, object] = {"blob": blob, "name": name}
            pending.put(session, *_PLACE, actor.account, state=state, until=now + LASTING)
            return blob

        return result, await self.people.store.write(work)

    async def take(self, actor: Actor, token: str) -> Imported:
        """Take over the sheet that the actor was shown.

        Raises:
            UsageError: It is not the one that waits, or it waited too long.
        """

        def look(session: Session) -> tuple[str, bytes]:
            state = _waiting(session, actor, self.people)
            row = blobs.get(session, token) if state and state["blob"] == token else None
            if state is None or row is None:
                raise UsageError("no sheet waits", reply=_OVER)
            return str(state["name"]), row.bytes

        name, content = await self.people.store.read(look)
        result = await self.people.import_roster(actor, name, content)
        await self.people.store.write(lambda session: _forget(session, actor, {"blob": token}))
        return result


def _waiting(session: Session, actor: Actor, people: People) -> dict[str, object] | None:
    return pending.get(session, *_PLACE, actor.account, people.clock())


def _forget(session: Session, actor: Actor, state: dict[str, object] | None) -> None:
    """The sheet is no longer needed: it is full of personal data."""
    pending.forget(session, *_PLACE, actor.account)
    if state is not None:
        session.flush()
        blobs.forget_unused(session, [str(state["blob"])])
