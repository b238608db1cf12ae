"""Tasks: made, given, moved from 交办 to 办结, put off, cancelled, listed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotFound, UsageError
from bot.messages import Conversation
from handlers.access import Act, Actor
from handlers.tasks import making, rights, showing
from handlers.tasks.views import (
    Assignee,
    Filter,
    Happened,
    Moved,
    NewTask,
    OccurrenceView,
    PostponementView,
    Step,
    TaskView,
)
from scheduler.planning_horizon import Planner
from scheduler.recurrence import Recurrence
from store import notices, occurrences, tasks
from store.engine import Store
from store.models_tasks import (
    OPEN_STATES,
    OccurrenceState,
    PostponementState,
    Task,
    TaskState,
)
from store.occurrences import Entry

_SAY_WHY = "延期请说明原因，例如：延期到下周五，因为材料还没齐。"
_OPEN = frozenset(OPEN_STATES)
_UNFINISHED = _OPEN | {OccurrenceState.REPORTED, OccurrenceState.DECLINED}


@dataclass(frozen=True, slots=True)
class _Rule:
    """From which states a step leads where, and whose step it is."""

    begins: frozenset[OccurrenceState]
    ends: OccurrenceState
    is_assignees: bool


_STEPS: Mapping[Step, _Rule] = {
    Step.ACCEPT: _Rule(frozenset({OccurrenceState.ASSIGNED}), OccurrenceState.ACCEPTED, True),
    Step.START: _Rule(
        frozenset({OccurrenceState.ASSIGNED, OccurrenceState.ACCEPTED}),
        OccurrenceState.WORKING,
        True,
    ),
    Step.REPORT: _Rule(_OPEN, OccurrenceState.REPORTED, True),
    Step.DECLINE: _Rule(_OPEN, OccurrenceState.DECLINED, True),
    Step.CONFIRM: _Rule(_UNFINISHED, OccurrenceState.DONE, False),
    Step.RETURN: _Rule(
        frozenset({OccurrenceState.REPORTED, OccurrenceState.DONE}), OccurrenceState.WORKING, False
    ),
    Step.GIVE_AGAIN: _Rule(frozenset({OccurrenceState.DECLINED}), OccurrenceState.ASSIGNED, False),
    Step.CANCEL: _Rule(_UNFINISHED, OccurrenceState.CANCELLED, False),
}


@dataclass(frozen=True, slots=True)
class Tasks:
    """Built once, in ``bot.app``."""

    store: Store
    planner: Planner
    clock: Callable[[], datetime]

    async def create(self, actor: Actor, new: NewTask) -> TaskView:
        """Make a task with its assignments and first occurrences; the one under ``key`` if any.

        Raises:
            UsageError: Assignee, duty or time is missing, or the time is over.
            NotAllowed: The actor may not give it to somebody it names.
        """
        now = self.clock()
        return await self.store.write(
            lambda session: making.create(session, self.planner, actor, new, now)
        )

    async def assign(self, actor: Actor, task_id: int, assignees: Sequence[Assignee]) -> TaskView:
        """Give a task to more people; who has it already keeps it as it is."""
        now = self.clock()

        def work(session: Session) -> TaskView:
            task = self._managed(session, actor, task_id)
            making.give(session, self.planner, actor, task, assignees, now)
            return showing.task(session, self.planner, task, now)

        return await self.store.write(work)

    async def move(
        self,
        actor: Actor,
        occurrence_id: int,
        step: Step,
        note: str = "",
        *,
        here: Conversation | None = None,
    ) -> Moved:
        """Take a step with an occurrence; ``here`` is the conversation it was said in.

        Raises:
            NotFound: There is no such occurrence.
            NotAllowed: It is not the actor's step.
            UsageError: It cannot be taken in this state.
        """
        now = self.clock()

        def work(session: Session) -> Moved:
            entry = _entry(session, occurrence_id)
            rule = _STEPS[step]
            is_manager = rights.manages(actor, entry.task)
            if rule.is_assignees:
                has = rights.has(session, actor, entry.assignment, entry.task, here)
                rights.must(has or is_manager, actor, step)
            else:
                rights.must(is_manager, actor, step)
            ends = rule.ends
            if step is Step.REPORT and not entry.task.is_checked:
                ends = OccurrenceState.DONE
            is_changed = entry.occurrence.state != ends
            if is_changed:
                if entry.occurrence.state not in rule.begins:
                    raise _out_of_turn(entry)
                self._set_state(session, actor, entry, ends, step, note, now)
            return Moved(occurrence=showing.occurrence(session, entry, now), is_changed=is_changed)

        return await self.store.write(work)

    def _set_state(
        self,
        session: Session,
        actor: Actor,
        entry: Entry,
        state: OccurrenceState,
        step: Step,
        note: str,
        now: datetime,
    ) -> None:
        occurrence = entry.occurrence
        if occurrence.state not in _OPEN and state in _OPEN:
            occurrence.noticed_until = max(occurrence.noticed_until, now)
        occurrence.state = state
        occurrence.version += 1
        is_done = state is OccurrenceState.DONE
        occurrence.done_at = now if is_done else None
        occurrence.done_by = actor.member_id if is_done else None
        occurrence.next_notice_at = self.planner.next_notice_at(entry.task, occurrence)
        if _STEPS[step].is_assignees:
            notices.received(session, occurrence.id, actor.member_id, now)
        _record(session, actor, entry, step, now, note)

    async def ask_postponement(
        self,
        actor: Actor,
        occurrence_id: int,
        until: datetime,
        reason: str,
        *,
        here: Conversation | None = None,
    ) -> PostponementView:
        """延期: asked by the assignee; approved at once when the actor may decide it.

        Raises:
            UsageError: There is no reason, or the time is not after the due time and now.
        """
        now = self.clock()

        def work(session: Session) -> PostponementView:
            entry = _entry(session, occurrence_id)
            manages = rights.manages(actor, entry.task)
            has = rights.has(session, actor, entry.assignment, entry.task, here)
            rights.must(has or manages, actor, "postpone")
            if entry.occurrence.state not in _OPEN:
                raise _out_of_turn(entry)
            if not reason.strip():
                raise UsageError(
                    "no reason", reply="延期请说明原因，例如：延期到下周五，因为材料还没齐。"
                )
            if until <= max(now, entry.occurrence.due_at):
                raise UsageError("not later", reply="延期的时间要晚于原定时间，也不能是过去。")
            asked = tasks.ask_postponement(
                session,
                occurrence_id,
                until=until,
                reason=reason.strip(),
                asked_by=actor.member_id,
                now=now,
            )
            _record(session, actor, entry, "ask_postponement", now, reason.strip())
            if rights.decides(session, actor, entry.assignment, entry.task):
                self._decide(session, actor, asked.id, True, "", now)
            return showing.postponement(session, asked, entry)

        return await self.store.write(work)

    async def decide_postponement(
        self, actor: Actor, postponement_id: int, *, approves: bool, note: str = ""
    ) -> PostponementView:
        """批准 or 不同意; once.

        Raises:
            NotFound: There is no such wish.
            UsageError: It is decided already.
        """
        now = self.clock()
        return await self.store.write(
            lambda session: self._decide(session, actor, postponement_id, approves, note, now)
        )

    def _decide(
        self,
        session: Session,
        actor: Actor,
        postponement_id: int,
        approves: bool,
        note: str,
        now: datetime,
    ) -> PostponementView:
        asked = tasks.postponement(session, postponement_id)
        if asked is None:
            raise NotFound(f"no postponement {postponement_id}")
        entry = _entry(session, asked.occurrence_id)
        may_decide = rights.decides(session, actor, entry.assignment, entry.task)
        rights.must(may_decide, actor, "decide a postponement")
        if asked.state != PostponementState.ASKED:
            raise UsageError("decided already", reply="这条延期申请已经处理过了。")
        asked.state = PostponementState.APPROVED if approves else PostponementState.REFUSED
        asked.decided_by, asked.decided_at = actor.member_id, now
        if approves:
            occurrence = entry.occurrence
            occurrence.due_at, occurrence.missing_year = asked.until, None
            occurrence.snoozed_until = None
            occurrence.noticed_until = max(occurrence.noticed_until, now)
            occurrence.version += 1
            occurrence.next_notice_at = self.planner.next_notice_at(entry.task, occurrence)
        what = "approve_postponement" if approves else "refuse_postponement"
        _record(session, actor, entry, what, now, note)
        return showing.postponement(session, asked, entry)

    async def postponements(self, actor: Actor) -> Sequence[PostponementView]:
        """Wishes that wait for the actor's decision, oldest first."""

        def query(session: Session) -> Sequence[PostponementView]:
            waiting = (
                (asked, _entry(session, occurrence.id, is_locked=False))
                for asked, occurrence, _ in tasks.undecided(session)
            )
            return [
                showing.postponement(session, asked, entry)
                for asked, entry in waiting
                if rights.decides(session, actor, entry.assignment, entry.task)
            ]

        return await self.store.read(query)

    async def reschedule(
        self,
        actor: Actor,
        task_id: int,
        *,
        due_at: datetime | None = None,
        rule: Recurrence | None = None,
    ) -> TaskView:
        """Another time for all who have it: what lies ahead is made anew, what was is kept."""
        now = self.clock()

        def work(session: Session) -> TaskView:
            task = self._managed(session, actor, task_id)
            making.check_time(due_at, rule, now)
            making.retime(session, self.planner, task, due_at, rule, now)
            _record_task(session, actor, task, "reschedule", now)
            return showing.task(session, self.planner, task, now)

        return await self.store.write(work)

    async def set_state(
        self, actor: Actor, task_id: int, state: TaskState, reason: str = ""
    ) -> TaskView:
        """取消, pause or resume a task; a cancelled one stays so."""
        now = self.clock()

        def work(session: Session) -> TaskView:
            task = self._managed(session, actor, task_id)
            if task.state != state:
                making.set_state(session, self.planner, task, state, now)
                _record_task(session, actor, task, state, now, reason)
            return showing.task(session, self.planner, task, now)

        return await self.store.write(work)

    async def cancel(self, actor: Actor, task_id: int, reason: str = "") -> TaskView:
        """取消."""
        return await self.set_state(actor, task_id, TaskState.CANCELLED, reason)

    async def task(self, actor: Actor, task_id: int) -> TaskView:
        """One task, as far as the actor may see it."""
        now = self.clock()

        def query(session: Session) -> TaskView:
            return showing.task(session, self.planner, self._seen(session, actor, task_id), now)

        return await self.store.read(query)

    async def occurrence(self, actor: Actor, occurrence_id: int) -> OccurrenceView:
        """One occurrence."""
        now = self.clock()

        def query(session: Session) -> OccurrenceView:
            entry = _entry(session, occurrence_id, is_locked=False)
            self._seen(session, actor, entry.task.id)
            return showing.occurrence(session, entry, now)

        return await self.store.read(query)

    async def history(self, actor: Actor, task_id: int) -> Sequence[Happened]:
        """What happened to a task, oldest first."""

        def query(session: Session) -> Sequence[Happened]:
            self._seen(session, actor, task_id)
            return showing.history(session, task_id)

        return await self.store.read(query)

    async def mine(
        self, actor: Actor, *, includes_closed: bool = False
    ) -> Sequence[OccurrenceView]:
        """我的任务: the actor's own, those of units they are in charge of, and own reminders."""
        now = self.clock()
        member_ids = [] if actor.member_id is None else [actor.member_id]

        def query(session: Session) -> Sequence[OccurrenceView]:
            entries = occurrences.of_people(
                session,
                member_ids=member_ids,
                unit_ids=actor.units,
                account=rights.account_of(actor),
                is_open=not includes_closed,
            )
            return [
                showing.occurrence(session, one, now)
                for one in entries
                if rights.has(session, actor, one.assignment, one.task, None)
            ]

        return await self.store.read(query)

    async def listed(self, actor: Actor, wanted: Filter) -> Sequence[OccurrenceView]:
        """What the actor's units have to do; with ``is_late`` what is overdue."""
        now = self.clock()

        def query(session: Session) -> Sequence[OccurrenceView]:
            entries = occurrences.of_units(
                session,
                _visible_units(actor, wanted.unit_id),
                is_open=not wanted.includes_closed,
                due_from=wanted.due_from,
                due_until=now if wanted.is_late else wanted.due_until,
            )
            return [
                showing.occurrence(session, one, now) for one in entries if _matches(one, wanted)
            ]

        return await self.store.read(query)

    def _managed(self, session: Session, actor: Actor, task_id: int) -> Task:
        task = self._seen(session, actor, task_id)
        rights.must(rights.manages(actor, task), actor, "manage this task")
        return task

    def _seen(self, session: Session, actor: Actor, task_id: int) -> Task:
        task = tasks.task(session, task_id)
        if task is None:
            raise NotFound(f"no task {task_id}")
        entries = list(occurrences.of_task(session, task_id))
        if not rights.sees(session, actor, task, entries):
            raise NotFound(f"task {task_id} is not for member {actor.member_id}")
        return task


def _visible_units(actor: Actor, unit_id: int | None) -> Collection[int] | None:
    if actor.is_operator:
        return None if unit_id is None else {unit_id}
    seen = {unit for unit in actor.roles if actor.may(Act.SEE_TASKS, unit)}
    return seen if unit_id is None else seen & {unit_id}


def _matches(entry: Entry, wanted: Filter) -> bool:
    task = entry.task
    return (wanted.document_id is None or task.document_id == wanted.document_id) and (
        wanted.label is None or wanted.label in task.labels
    )


def _entry(session: Session, occurrence_id: int, *, is_locked: bool = True) -> Entry:
    entry = occurrences.entry(session, occurrence_id, is_locked=is_locked)
    if entry is None:
        raise NotFound(f"no occurrence {occurrence_id}", reply="没有这条任务，请核对编号。")
    return entry


def _out_of_turn(entry: Entry) -> UsageError:
    word = showing.STATE_WORDS[OccurrenceState(entry.occurrence.state)]
    return UsageError(
        f"occurrence {entry.occurrence.id} is {entry.occurrence.state}",
        reply=f"这条任务现在是“{word}”，不能这样操作。",
    )


def _record(
    session: Session, actor: Actor, entry: Entry, what: str, now: datetime, note: str
) -> None:
    tasks.record(
        session,
        entry.task.id,
        what,
        now=now,
        member_id=actor.member_id,
        occurrence_id=entry.occurrence.id,
        note=note,
    )


def _record_task(
    session: Session, actor: Actor, task: Task, what: str, now: datetime, note: str = ""
) -> None:
    tasks.record(session, task.id, what, now=now, member_id=actor.member_id, note=note)
