"""A backup every night, some kept; made up for in the morning when the machine was off."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import BotError
from handlers.backups.actions import Backups, Made
from handlers.backups.warnings import Warnings
from handlers.people.actions import operator
from store import leases
from store import settings as kept_values
from store.engine import Store

logger = logging.getLogger(__name__)

DONE = "backup.done"
"""When the last one was made."""
_BEGAN = "backup.began"
"""When we first looked; nights before that are not made up for."""
_LEASE = "backup"
_LONGEST = timedelta(hours=2)
_AGAIN_AFTER = timedelta(hours=1)
_NAME = re.compile(r"yaodian-\d{8}-\d{6}\.zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When, where and how many; ``kept`` 0 means that none are made."""

    at: time
    folder: Path
    kept: int


@dataclass(slots=True, kw_only=True)
class Nightly:
    """Built once, in ``bot.app``. Replicas agree through the store on who makes it."""

    backups: Backups
    warnings: Warnings
    plan: Plan
    clock: Callable[[], datetime]
    zone: ZoneInfo
    _failed_at: datetime | None = None

    async def run(self) -> Made | None:
        """Make the backup of last night if it is not there; a chore, so it may be called often."""
        now = self.clock()
        is_resting = self._failed_at is not None and now < self._failed_at + _AGAIN_AFTER
        if self.plan.kept == 0 or is_resting:
            return None
        owner = uuid4().hex
        if not await self._store.write(lambda session: self._is_ours(session, owner, now)):
            return None
        try:
            made = await self._make(now)
        finally:
            await self._store.write(
                lambda session: leases.release(session, _LEASE, owner=owner, now=now)
            )
        return made

    async def _make(self, now: datetime) -> Made | None:
        here = now.astimezone(self.zone)
        file = self.plan.folder / f"yaodian-{here:%Y%m%d-%H%M%S}.zip"
        try:
            made = await self.backups.make(operator(), file)
        except BotError as error:
            self._failed_at = now
            logger.error("the nightly backup failed: %s", error)
            await self.warnings.tell(
                "backup",
                f"每天的自动备份没有做成：{error.reply}\n"
                "一小时后会再试。请到装要点的电脑上看看，也可以用 yaodian backup 备份到别处。",
            )
            return None
        self._failed_at = None
        await self._store.write(lambda session: kept_values.put(session, DONE, now.isoformat()))
        gone = await asyncio.to_thread(_keep_newest, self.plan.folder, self.plan.kept)
        logger.info("made the nightly backup, %d bytes; let go of %d", made.size_bytes, gone)
        return made

    def _is_ours(self, session: Session, owner: str, now: datetime) -> bool:
        """Whether it is due, and no other replica is at it."""
        since = read_moment(kept_values.get(session, DONE) or kept_values.get(session, _BEGAN))
        if since is None:
            kept_values.put(session, _BEGAN, now.isoformat())
            return False
        if since >= self._last_night(now):
            return False
        return leases.acquire(session, _LEASE, owner=owner, now=now, lease=_LONGEST) is not None

    def _last_night(self, now: datetime) -> datetime:
        here = now.astimezone(self.zone)
        at = datetime.combine(here.date(), self.plan.at, tzinfo=self.zone)
        return at if at <= here else at - timedelta(days=1)

    @property
    def _store(self) -> Store:
        return self.backups.store


def read_moment(text: str | None) -> datetime | None:
    """A moment as it is kept; None when there is none, or none that can be read."""
    with suppress(ValueError):
        return datetime.fromisoformat(text) if text else None
    return None


def _keep_newest(folder: Path, count: int) -> int:
    """Only files that are named as ours go; how many went."""
    ours = sorted(one for one in folder.iterdir() if _NAME.fullmatch(one.name))
    for old in ours[:-count]:
        old.unlink(missing_ok=True)
    return len(ours[:-count])
