"""What is due becomes reminders, and reminders become deliveries: each once, none lost.

Nothing is remembered between two ticks; every tick asks the tables what is due. A tick takes three
steps, each in small transactions of its own, so that nobody waits for the one writer:

1. **Plan.** An assignment whose ``plan_at`` has come gets its next occurrences, unique by
   (assignment, planned time, label), counted on from ``planned_until``, never from now.
2. **Note.** An occurrence whose ``next_notice_at`` has come gets a notice per stage that has
   passed and per recipient, unique by its key. ``noticed_until`` moves to the last of these
   stages and ``next_notice_at`` to the stage after it, in the same transaction.
3. **Gather.** When nothing is left to note, everything that waits for one recipient becomes one
   delivery; the delivery and the notices that name it are one transaction.

A crash between any two lines leaves what the last commit left: an assignment still to be planned,
an occurrence still due, a notice still waiting, or an open delivery that the outbox takes. Two
processes never do the same: on PostgreSQL each transaction holds one advisory lock and the rows it
reads, and what would be made twice meets a unique key. The time is the database's there.

==============  =====================================================================
a notice is     because
==============  =====================================================================
waiting         it is due; it leaves within the tick, or the next one
put             its delivery covers it; what became of it is the delivery's state
coalesced       a later stage, or a later occurrence of the same rule, says it too
missed          it is older than the task's catch-up window; counted and shown
needless        its occurrence was done, cancelled or put off before it could go
unreachable     there is nobody to tell, or no account to tell them through; shown
==============  =====================================================================
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from bot.messages import ChannelName
from scheduler.gathering import PostOffice, gather
from scheduler.letters import Word
from scheduler.phrases import read_when
from scheduler.planning_horizon import Planned, Planner
from scheduler.policy import Policy, Stage, StageKind
from scheduler.recipients import Addresses, Recipient
from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import WorkdayCalendar
from scheduler.when import Day, Deadline, Instant
from store import instant, notices, occurrences, settings, tasks
from store.engine import Store
from store.models_tasks import Assignment, NoticeOutcome, Task
from store.notices import NewNotice
from store.occurrences import Entry

logger = logging.getLogger(__name__)

_PLANNED_AT_ONCE = 50
_NOTED_AT_ONCE = 200
_GATHERED_AT_ONCE = 100
_CALENDAR_KEY = "calendar.years"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What one tick did."""

    planned: int = 0
    noted: int = 0
    deliveries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """Built once, in ``bot.app``; ``channels`` reach a person, best first."""

    store: Store
    planner: Planner
    word: Word
    channels: Sequence[ChannelName]

    async def fire_due(self) -> Fired:
        """One tick: everything that is due now; a replica that is at it already is left alone."""
        if not await self.store.read(_is_anything_due):
            return Fired()
        planned = await self._repeat(self._plan, _PLANNED_AT_ONCE)
        noted = await self._repeat(self._note, _NOTED_AT_ONCE)
        deliveries = await self._repeat(self._gather, _GATHERED_AT_ONCE)
        if deliveries:
            logger.info("%d reminders in %d deliveries", noted, deliveries)
        return Fired(planned=planned, noted=noted, deliveries=deliveries)

    async def _repeat(self, step: Callable[[Session, datetime], int], at_once: int) -> int:
        """Until a transaction finds less than it could take."""
        total = 0
        while True:
            done = await self.store.write(lambda session: _alone(session, step))
            total += done
            if done < at_once:
                return total

    def _plan(self, session: Session, now: datetime) -> int:
        rows = tasks.to_plan(session, now, _PLANNED_AT_ONCE)
        for assignment, task in rows:
            materialise(session, self.planner, assignment, task, now)
        return len(rows)

    def _note(self, session: Session, now: datetime) -> int:
        entries = occurrences.due(session, now, _NOTED_AT_ONCE)
        addresses = Addresses(session, self.channels)
        addresses.prepare(entry.assignment for entry in entries)
        new: list[NewNotice] = []
        for entry in entries:
            passed = [
                stage
                for stage in self.planner.stages(entry.task, entry.occurrence)
                if stage.at <= now
            ]
            new += _notices(entry, passed, self.planner.policy(entry.task), addresses, now)
            if passed:
                entry.occurrence.noticed_until = passed[-1].at
            entry.occurrence.next_notice_at = self.planner.next_notice_at(
                entry.task, entry.occurrence
            )
        session.flush()
        notices.add_once(session, new, now)
        return len(entries)

    def _gather(self, session: Session, now: datetime) -> int:
        if occurrences.is_any_due(session, now):
            return 0
        recipients = notices.waiting_recipients(session, _GATHERED_AT_ONCE)
        if recipients:
            post = PostOffice(
                session=session,
                addresses=Addresses(session, self.channels),
                planner=self.planner,
                word=self.word,
                now=now,
            )
            gather(post, recipients)
        return len(recipients)

    async def follow_calendar(self) -> bool:
        """Plan anew what was provisional, when the calendar knows more years than the last time."""
        calendar = self.planner.calendar
        known = {str(year): _digest(calendar, year) for year in sorted(calendar.years)}

        def work(session: Session) -> bool:
            stored = settings.get(session, _CALENDAR_KEY)
            before = dict(_year_and_digest(one) for one in (stored or "").split(",") if one)
            if before == known:
                return False
            listed = ",".join(f"{year}:{digest}" for year, digest in known.items())
            settings.put(session, _CALENDAR_KEY, listed)
            if stored is None:
                return True
            now = instant.now(session)
            for year, digest in known.items():
                if before.get(year) == "" or before.get(year) == digest:
                    continue
                if year in before:
                    occurrences.doubt_year(session, int(year), now)
                plan_anew(session, self.planner, int(year), now)
            return True

        return await self.store.write(work)


def _digest(calendar: WorkdayCalendar, year: int) -> str:
    off, on = calendar.of_year(year)
    days = ",".join(map(str, (*sorted(off), "|", *sorted(on))))
    return sha256(days.encode()).hexdigest()[:8]


def _year_and_digest(stored: str) -> tuple[str, str]:
    """An earlier version kept the year alone."""
    year, _, digest = stored.partition(":")
    return year, digest


def _is_anything_due(session: Session) -> bool:
    now = instant.now(session)
    return (
        tasks.is_any_to_plan(session, now)
        or occurrences.is_any_due(session, now)
        or notices.is_any_waiting(session)
    )


def _alone(session: Session, step: Callable[[Session, datetime], int]) -> int:
    return step(session, instant.now(session)) if notices.may_fire(session) else 0


def materialise(
    session: Session, planner: Planner, assignment: Assignment, task: Task, now: datetime
) -> Planned:
    """Make the next occurrences of an assignment, and say when to look again."""
    planned = planner.plan(task, assignment, now)
    for due in planned.dues:
        values = {
            "assignment_id": assignment.id,
            "task_id": task.id,
            "planned_at": due.at,
            "label": due.label,
            "due_at": due.at,
            "missing_year": due.missing_year,
            "noticed_until": assignment.assigned_at,
            "next_notice_at": planner.first_notice_at(task, due.at, assignment.assigned_at),
            "created_at": now,
        }
        occurrences.add_once(session, values)
    assignment.planned_until = planned.until
    assignment.plan_at = planned.again_at if assignment.is_active else None
    return planned


def plan_anew(session: Session, planner: Planner, year: int, now: datetime) -> None:
    """Replace guesses about ``year``, and count reminders by the calendar that is known now."""
    for assignment, task in occurrences.provisional_assignments(session, year):
        _read_again(planner, task)
        guesses = occurrences.forget_provisional(session, assignment.id, year)
        if not guesses:
            continue
        just_before = guesses[0].planned_at - timedelta(microseconds=1)
        assignment.planned_until = max(assignment.assigned_at, just_before)
        planned = {due.at for due in materialise(session, planner, assignment, task, now).dues}
        for told in guesses:
            if told.is_told and told.planned_at not in planned:
                occurrences.withdraw(session, told.occurrence_id)
                tasks.record(
                    session,
                    task.id,
                    "moved",
                    now=now,
                    member_id=None,
                    occurrence_id=told.occurrence_id,
                    note=f"{year}年的节假日安排已公布，日期有变。",
                )
    occurrences.settle_year(session, year)
    for entry in occurrences.open_since(session, datetime(year - 1, 12, 1, tzinfo=UTC)):
        entry.occurrence.next_notice_at = planner.next_notice_at(entry.task, entry.occurrence)


def _read_again(planner: Planner, task: Task) -> None:
    """A single time that was said in working days; the hour stays as it was settled."""
    if not task.when_words or task.rule is not None or task.due_at is None:
        return
    when = read_when(
        task.when_words,
        now=task.created_at.astimezone(SHANGHAI),
        calendar=planner.days(task.unit_id).calendar,
        terms=planner.terms,
    )
    match when:
        case Instant(at=at) | Deadline(at=at):
            day = at.astimezone(SHANGHAI).date()
        case Day(on=on):
            day = on
        case _:
            return
    hour = task.due_at.astimezone(SHANGHAI).timetz()
    task.due_at = datetime.combine(day, hour)


def _notices(
    entry: Entry, passed: Sequence[Stage], policy: Policy, addresses: Addresses, now: datetime
) -> list[NewNotice]:
    """A streak of reminders that were due meanwhile is told once, by its last."""
    reminders = [stage for stage in passed if stage.kind is not StageKind.ESCALATED]
    found = []
    for stage in passed:
        if now - stage.at > policy.catch_up:
            outcome = NoticeOutcome.MISSED
        elif stage.kind is StageKind.ESCALATED or stage is reminders[-1] or not policy.coalesces:
            outcome = NoticeOutcome.WAITING
        else:
            outcome = NoticeOutcome.COALESCED
        recipients = _recipients(entry, stage, addresses)
        if not recipients:
            found.append(_notice(entry, stage, None, NoticeOutcome.UNREACHABLE))
        found += [_notice(entry, stage, recipient, outcome) for recipient in recipients]
    return found


def _recipients(entry: Entry, stage: Stage, addresses: Addresses) -> tuple[Recipient, ...]:
    if stage.to is not None:
        return addresses.above(entry.assignment, stage.to)
    return addresses.of(entry.assignment, entry.task)


def _notice(
    entry: Entry, stage: Stage, recipient: Recipient | None, outcome: NoticeOutcome
) -> NewNotice:
    return NewNotice(
        occurrence_id=entry.occurrence.id,
        due_at=entry.occurrence.due_at,
        stage=stage.name,
        scheduled_at=stage.at,
        recipient=None if recipient is None else recipient.key,
        member_id=None if recipient is None else recipient.member_id,
        outcome=outcome,
    )
