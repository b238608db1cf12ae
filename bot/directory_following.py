"""Follows a platform's directory: its events are noted, and one sync answers many of them. A chore.

Only where somebody has synced by hand before: who keeps the roster in a spreadsheet is not
surprised by people they never asked for. What a crash leaves:

=======================  =======================================================================
before the note          no note; the event was not acknowledged, so the platform sends it again
the note, before a sync  the note: it is synced when its time has come
in a sync                the note: the next try is ``SPACING`` after the one that broke off
=======================  =======================================================================
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from bot.channels.base import Directory
from bot.directory_desk import entries_of
from bot.errors import BotError, ChannelError
from handlers.people.actions import operator
from handlers.people.syncing import Syncing
from store import audit, instant, leases
from store import settings as kept_values
from store.engine import Store

logger = logging.getLogger(__name__)

QUIET = timedelta(minutes=5)
"""After the last event, since they come in droves."""
LONGEST = timedelta(minutes=30)
"""After the first, however many follow."""
SPACING = timedelta(hours=1)
"""Between two tries: each reads the whole directory."""
_LEASE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class _Noted:
    first_at: datetime
    last_at: datetime

    def is_due(self, now: datetime) -> bool:
        return now - self.last_at >= QUIET or now - self.first_at >= LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryFollowing:
    """Built once for a platform."""

    platform: str
    read: Callable[[], Awaitable[Directory]]
    syncing: Syncing
    store: Store
    clock: Callable[[], datetime]
    may_read: Callable[[], Awaitable[bool]]
    """Whether there are calls to spare for what nobody asked for."""
    every_s: float = 60.0
    owner: str = field(default_factory=lambda: uuid4().hex)

    async def note(self) -> None:
        """Something changed; durable when it returns."""
        now = self.clock()

        def work(session: Session) -> None:
            known = self._noted(session)
            noted = _Noted(now if known is None else known.first_at, now)
            kept_values.put(session, self._key("changed"), _written(noted))

        await self.store.write(work)

    async def run(self) -> None:
        """Sync when it is time."""
        if not await self.store.read(self._is_due) or not await self.may_read():
            return
        noted = await self.store.write(self._begin)
        if noted is None:
            return
        try:
            directory = await self.read()
            done = await self.syncing.take_over(
                operator(), self.platform, list(entries_of(directory))
            )
        except ChannelError as error:
            logger.warning("the directory of %s has to wait: %s", self.platform, error)
        except BotError as error:
            logger.warning("the directory of %s is not taken over: %s", self.platform, error)
            await self._done(noted)
        else:
            logger.info("%s: %d new, %d left", self.platform, len(done.added), len(done.left))
            await self._done(noted)
        finally:
            await self.store.write(self._release)

    def _begin(self, session: Session) -> _Noted | None:
        """What to answer now; then nobody else tries for a while."""
        noted, now = self._noted(session), self.clock()
        if noted is None:
            return None
        at = instant.now(session)
        if not leases.acquire(session, self._key("sync"), owner=self.owner, now=at, lease=_LEASE):
            return None
        tried = kept_values.get(session, self._key("tried"))
        if tried is not None and now - datetime.fromisoformat(tried) < SPACING:
            self._release(session)
            return None
        kept_values.put(session, self._key("tried"), now.isoformat())
        return noted

    def _is_due(self, session: Session) -> bool:
        noted = self._noted(session)
        return noted is not None and noted.is_due(self.clock()) and self._was_synced(session)

    async def _done(self, answered: _Noted) -> None:
        """Forget what was answered; an event that came meanwhile stays."""

        def work(session: Session) -> None:
            noted = self._noted(session)
            if noted is None or noted.last_at <= answered.last_at:
                kept_values.forget(session, self._key("changed"))
            else:
                left = _Noted(noted.last_at, noted.last_at)
                kept_values.put(session, self._key("changed"), _written(left))

        await self.store.write(work)

    def _release(self, session: Session) -> None:
        now = instant.now(session)
        leases.release(session, self._key("sync"), owner=self.owner, now=now)

    def _was_synced(self, session: Session) -> bool:
        return any(one.what == "roster.sync" for one in audit.about(session, self.platform))

    def _noted(self, session: Session) -> _Noted | None:
        text = kept_values.get(session, self._key("changed"))
        return None if text is None else _Noted(*map(datetime.fromisoformat, json.loads(text)))

    def _key(self, what: str) -> str:
        return f"directory.{self.platform}.{what}"


def _written(noted: _Noted) -> str:
    return json.dumps([noted.first_at.isoformat(), noted.last_at.isoformat()])
