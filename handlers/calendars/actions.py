"""The year's holidays as an admin brings them in; kept in the store, in force at once."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from handlers.access import Act, Actor
from handlers.reach import runs_whole
from handlers.tasks import rights
from scheduler.planning_horizon import Days, Planner
from scheduler.school_calendar import QuietHours, WorkdayCalendar
from scheduler.year_notice import YearNotice, read_year
from store import audit, people, settings
from store.engine import Store

_PREFIX = "calendar.year."


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDays:
    """What is configured for a unit and those below it, beside what counts for all."""

    name: str
    extra_holidays: Sequence[date] = ()
    extra_workdays: Sequence[date] = ()
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendars:
    """Built once, in ``bot.app``; ``planner`` is the one that everybody plans with."""

    store: Store
    planner: Planner
    units: Sequence[UnitDays]
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
        stored, own = await self.store.read(
            lambda session: (settings.under(session, _PREFIX), self._below(session))
        )
        told = self.configured
        for content in stored:
            told = told.with_year_file(json.loads(content))
        self.planner.calendar.take_over(told)
        self._settle(own)
        return await self.plan_anew()

    def _below(self, session: Session) -> Sequence[tuple[UnitDays, frozenset[int]]]:
        """Each configured unit with all below it, the largest first: the nearest one counts."""
        found = []
        for one in self.units:
            ids = [row.id for row in people.units_named(session, one.name)]
            found.append((one, people.with_all_below(session, ids)))
        return sorted(found, key=lambda pair: -len(pair[1]))

    def _settle(self, own: Sequence[tuple[UnitDays, frozenset[int]]]) -> None:
        days: dict[int, Days] = {}
        for one, ids in own:
            for unit_id in ids:
                above = days.get(unit_id) or self.planner.days(None)
                days[unit_id] = Days(
                    calendar=above.calendar.with_extra(one.extra_holidays, one.extra_workdays),
                    quiet=one.quiet or above.quiet,
                )
        self.planner.of_unit.clear()
        self.planner.of_unit.update(days)

    def years(self) -> Sequence[int]:
        """Those that are known, earliest first."""
        return sorted(self.planner.calendar.years)

    async def _check(self, actor: Actor) -> None:
        is_allowed = await self.store.read(
            lambda session: runs_whole(session, actor, Act.MANAGE_PEOPLE)
        )
        rights.must(is_allowed, actor, "set the year's holidays")
