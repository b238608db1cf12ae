"""The board: what is due, late, open and wrong, as far as somebody may see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from handlers.access import Act, Actor, check, within
from handlers.board.deliveries import reach
from store import board, people, roll_calls, undelivered
from store.engine import Store
from store.models import DeliveryState
from store.models_records import CheckIn, RollCall
from store.models_tasks import OccurrenceState

DAYS = 14
_CALLS = 6
_TROUBLE_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day of a chart; ``part`` of ``count`` is what stands out."""

    on: date
    count: int
    part: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A check-in that is open."""

    id: int
    title: str
    closes_at: datetime
    present: int
    expected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """None and empty: the actor may not see it."""

    due_today: int | None = None
    due_week: int | None = None
    late: int | None = None
    states: Mapping[OccurrenceState, int]
    """Of what falls due this month."""
    due: Sequence[Bar] = ()
    unanswered: int | None = None
    asked: Sequence[Bar] = ()
    calls: Sequence[OpenCall] = ()
    failed: int | None = None
    uncertain: int | None = None
    waiting: int | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]
    zone: ZoneInfo

    async def figures(self, actor: Actor) -> Figures:
        """Everything the actor may see, at one moment.

        Raises:
            NotAllowed: There is nothing on the page for the actor.
        """
        check(actor, Act.SIGN_IN)
        now = self.clock()
        return await self.store.read(lambda session: self._figures(session, actor, now))

    def _figures(self, session: Session, actor: Actor, now: datetime) -> Figures:
        today = now.astimezone(self.zone).date()
        midnight = self._midnight(today)
        due, asked = self._due(session, actor, today), self._asked(session, actor, today)
        month = self._midnight(today.replace(day=1))
        after = self._midnight((today.replace(day=1) + timedelta(days=32)).replace(day=1))
        sees_tasks, sees_questions = actor.may(Act.SEE_TASKS), actor.may(Act.SEE_QUESTIONS)
        tasks = within(actor, Act.SEE_TASKS)
        roots = people.root_units(session)
        sees_guests = any(actor.may(Act.SEE_QUESTIONS, one) for one in roots)
        failed = uncertain = waiting = None
        if actor.may(Act.SEE_DELIVERIES):
            units, since = reach(session, actor), midnight - timedelta(days=_TROUBLE_DAYS)
            lost = (DeliveryState.FAILED, DeliveryState.MISSED)
            failed = undelivered.count(session, lost, units, since=since)
            uncertain = undelivered.count(session, [DeliveryState.UNCERTAIN], units)
            waiting = undelivered.count(session, [DeliveryState.OPEN], units)
        return Figures(
            due_today=due[0].count if due else None,
            due_week=sum(bar.count for bar in due[:7]) if due else None,
            late=board.late(session, tasks, now) if sees_tasks else None,
            states=board.by_state(session, tasks, month, after) if sees_tasks else {},
            due=due,
            unanswered=board.open_questions(
                session,
                within(actor, Act.SEE_QUESTIONS),
                actor.member_id,
                sees_guests=sees_guests,
            )
            if sees_questions
            else None,
            asked=asked,
            calls=[_call(session, one) for one in self._open_calls(session, actor, now)],
            failed=failed,
            uncertain=uncertain,
            waiting=waiting,
        )

    def _due(self, session: Session, actor: Actor, today: date) -> Sequence[Bar]:
        if not actor.may(Act.SEE_TASKS):
            return ()
        units = within(actor, Act.SEE_TASKS)
        found = board.due_by_day(session, units, self._midnight(today), DAYS)
        days = [today + timedelta(days=n) for n in range(DAYS)]
        return [Bar(on=day, count=found.get(n, 0)) for n, day in enumerate(days)]

    def _asked(self, session: Session, actor: Actor, today: date) -> Sequence[Bar]:
        if not actor.may(Act.SEE_QUESTIONS):
            return ()
        first = today - timedelta(days=DAYS - 1)
        units = within(actor, Act.SEE_QUESTIONS)
        if units is not None and people.root_units(session) & frozenset(units):
            units = None
        rows = board.asked_by_day(session, units, self._midnight(first), DAYS)
        found = {one.day: one for one in rows}
        return [
            Bar(
                on=first + timedelta(days=n),
                count=found[n].count if n in found else 0,
                part=found[n].unanswered if n in found else 0,
            )
            for n in range(DAYS)
        ]

    def _open_calls(self, session: Session, actor: Actor, now: datetime) -> Sequence[RollCall]:
        if not actor.may(Act.SEE_PEOPLE):
            return ()
        return board.open_roll_calls(session, within(actor, Act.SEE_PEOPLE), now, _CALLS)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


def _call(session: Session, row: RollCall) -> OpenCall:
    counts = roll_calls.counts(session, row.id)
    return OpenCall(
        id=row.id,
        title=row.title,
        closes_at=row.closes_at,
        present=counts.get(CheckIn.PRESENT, 0) + counts.get(CheckIn.LATE, 0),
        expected=sum(counts.values()),
    )
