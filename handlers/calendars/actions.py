"""The year's holidays as an admin brings them in; kept in the store, in force at once."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from handlers.access import Act, Actor
from handlers.reach import runs_whole
from handlers.tasks import rights
from scheduler.school_calendar import WorkdayCalendar
from scheduler.year_notice import YearNotice, read_year
from store import audit, settings
from store.engine import Store

_PREFIX = "calendar.year."


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendars:
    """Built once, in ``bot.app``; ``calendar`` is the one that everybody looks at."""

    store: Store
    calendar: WorkdayCalendar
    configured: WorkdayCalendar
    """What is known without any upload."""
    plan_anew: Callable[[], Awaitable[bool]]
    clock: Callable[[], datetime]

    async def offer(self, actor: Actor, text: str) -> YearNotice:
        """Read a year, and change nothing.

        Raises:
            NotAllowed: The actor does not run the whole.
            UsageError: It is no notice and no year file.
        """
        await self._check(actor)
        return read_year(text)

    async def put(self, actor: Actor, notice: YearNotice) -> None:
        """Take a year over: from now on it counts, and what was provisional is planned anew."""
        await self._check(actor)
        now = self.clock()
        kept = json.dumps(notice.to_json())

        def work(session: Session) -> None:
            key = f"{_PREFIX}{notice.year}"
            audit.record(
                session,
                who=rights.account_of(actor),
                what="calendar.put",
                subject=f"calendar:{notice.year}",
                now=now,
                before=settings.get(session, key) or "",
                after=kept,
            )
            settings.put(session, key, kept)

        await self.store.write(work)
        await self.follow()

    async def follow(self) -> bool:
        """Look at what was brought in, here or on another replica; True when plans changed."""
        stored = await self.store.read(lambda session: settings.under(session, _PREFIX))
        told = self.configured
        for content in stored:
            told = told.with_year_file(json.loads(content))
        self.calendar.take_over(told)
        return await self.plan_anew()

    def years(self) -> Sequence[int]:
        """Those that are known, earliest first."""
        return sorted(self.calendar.years)

    async def _check(self, actor: Actor) -> None:
        is_allowed = await self.store.read(
            lambda session: runs_whole(session, actor, Act.MANAGE_PEOPLE)
        )
        rights.must(is_allowed, actor, "set the year's holidays")
