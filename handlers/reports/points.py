"""Points: what the ledger adds up to, for oneself and for a unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Act, Actor, check
from handlers.records.types import RecordTypes
from handlers.reports.period import Period
from handlers.reports.units import unit_of
from store import people, scores
from store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsLine:
    """A line of the ledger; what was taken back is below zero."""

    record_id: int
    on: date
    type_name: str
    hundredths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPoints:
    """A member's ledger of a period; the total is its sum."""

    name: str
    period: Period
    lines: tuple[PointsLine, ...]

    @property
    def total(self) -> int:
        return sum(one.hundredths for one in self.lines)

    @property
    def by_type(self) -> tuple[tuple[str, int], ...]:
        found: dict[str, int] = defaultdict(int)
        for one in self.lines:
            found[one.type_name] += one.hundredths
        return tuple((name, total) for name, total in found.items() if total)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPoints:
    """A member's total."""

    name: str
    unit: str
    hundredths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPoints:
    """Everybody of a unit and below it, by unit and name; those without any too."""

    unit: str
    period: Period
    members: tuple[MemberPoints, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Built once, in ``bot.app``. ``is_ranked``: members are shown in an order of merit."""

    store: Store
    types: RecordTypes
    clock: Callable[[], datetime]
    zone: ZoneInfo
    is_ranked: bool = False
    is_configured: bool = True
    """Whether any type brings points."""

    def today(self) -> date:
        """Where the people are."""
        return self.clock().astimezone(self.zone).date()

    async def own(self, actor: Actor, period: Period) -> OwnPoints:
        """The actor's.

        Raises:
            NotFound: The actor is not on the roster.
        """
        member_id = actor.member_id
        if member_id is None:
            raise NotFound("not on the roster", reply="您还不在花名册里，没有积分。")

        def query(session: Session) -> OwnPoints:
            rows = scores.ledger(
                session, member_id=member_id, first_day=period.first, last_day=period.last
            )
            return OwnPoints(
                name=actor.name,
                period=period,
                lines=tuple(
                    PointsLine(
                        record_id=one.record_id,
                        on=one.on_date,
                        type_name=type_.name if (type_ := self.types.get(one.type)) else "其他签到",
                        hundredths=one.hundredths,
                    )
                    for one in rows
                ),
            )

        return await self.store.read(query)

    async def of_unit(self, actor: Actor, unit: str, period: Period) -> UnitPoints:
        """A unit's members; in an order of merit only where that is switched on.

        Raises:
            NotFound: There is no such unit.
            NotAllowed: The actor may not see what is done there.
        """

        def query(session: Session) -> UnitPoints:
            found = unit_of(session, actor, unit)
            check(actor, Act.SEE_TASKS, found.id)
            below = people.with_all_below(session, [found.id])
            names = {one.id: one.name for one in people.units(session)}
            totals = scores.totals(session, first_day=period.first, last_day=period.last)
            members = []
            for one in people.members(session, below):
                homes = [row.unit_id for row in people.memberships(session, one.id)]
                home = next((names[id] for id in homes if id in below), "")
                members.append(
                    MemberPoints(name=one.name, unit=home, hundredths=totals.get(one.id, 0))
                )
            members.sort(key=lambda one: (one.unit, one.name))
            if self.is_ranked:
                members.sort(key=lambda one: -one.hundredths)
            return UnitPoints(unit=found.name, period=period, members=tuple(members))

        return await self.store.read(query)
