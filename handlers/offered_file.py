"""A file that somebody was shown the effect of on the page; it counts after a yes of the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.errors import UsageError
from handlers.access import Actor
from store import blobs, pending
from store.engine import Store

LASTING = timedelta(minutes=30)
_PAGE = "admin"
_OVER = "这个文件等得太久了，或者已经用过了。请重新上传。"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedFiles:
    """One file of a kind for each person; a later one takes the place of an earlier."""

    store: Store
    clock: Callable[[], datetime]
    kind: str

    async def put(self, actor: Actor, name: str, content: bytes) -> str:
        """Keep a file until its yes; a token that names it."""
        now = self.clock()

        def work(session: Session) -> str:
            self._forget(session, actor, now)
            blob = blobs.put(session, content, media_type="application/octet-stream", now=now)
            state: dict[str, object] = {"blob": blob, "name": name}
            pending.put(session, *self._place(actor), state=state, until=now + LASTING)
            return blob

        return await self.store.write(work)

    async def get(self, actor: Actor, token: str) -> tuple[str, bytes]:
        """Name and bytes of what waits.

        Raises:
            UsageError: It is not the one that waits, or it waited too long.
        """
        now = self.clock()

        def look(session: Session) -> tuple[str, bytes]:
            state = pending.get(session, *self._place(actor), now)
            row = blobs.get(session, token) if state and state["blob"] == token else None
            if state is None or row is None:
                raise UsageError("no file waits", reply=_OVER)
            return str(state["name"]), row.bytes

        return await self.store.read(look)

    async def forget(self, actor: Actor) -> None:
        """It was used; its bytes go, unless something else has them."""
        now = self.clock()
        await self.store.write(lambda session: self._forget(session, actor, now))

    def _forget(self, session: Session, actor: Actor, now: datetime) -> None:
        state = pending.get(session, *self._place(actor), now)
        pending.forget(session, *self._place(actor))
        if state is not None:
            session.flush()
            blobs.forget_unused(session, [str(state["blob"])])

    def _place(self, actor: Actor) -> tuple[str, str, str]:
        return _PAGE, self.kind, actor.account
