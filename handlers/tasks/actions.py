"""Tasks: made, given, moved from 交办 to 办结, put off, cancelled, listed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotFound, UsageError
from bot.messages import Conversation
from handlers.access import Act, Actor
from handlers.people.selecting import member_meant
from handlers.tasks import handing, happening, making, postponing, rights, showing, steps
from handlers.tasks.telling import Telling
from handlers.tasks.views import (
    Assignee,
    Filter,
    HandedOver,
    Happened,
    Moved,
    NewTask,
    OccurrenceView,
    PostponementView,
    Proof,
    Step,
    TaskView,
)
from scheduler.planning_horizon import Planner
from scheduler.recurrence import Recurrence
from store import occurrences, tasks
from store.engine import Store
from store.models_tasks import Task, TaskState
from store.occurrences import Entry

MOST_LABELS = 10
LABEL_CHARS = 30


@dataclass(frozen=True, slots=True)
class Tasks:
    """Built once, in ``bot.app``."""

    store: Store
    planner: Planner
    clock: Callable[[], datetime]
    telling: Telling = field(default_factory=Telling)

    async def create(
        self, actor: Actor, new: NewTask, *, instead_of: int | None = None
    ) -> TaskView:
        """Make a task with its assignments and first occurrences; the one under ``key`` if any.

        It takes the place of the task ``instead_of``: what that has ahead is withdrawn, what was
        due by now is still to be done.

        Raises:
            UsageError: Assignee, duty or time is missing, or the time is over.
            NotAllowed: The actor may not give it to somebody it names.
        """
        now = self.clock()

        def work(session: Session) -> TaskView:
            made = making.create(session, self.planner, actor, new, now)
            if instead_of is not None and instead_of != made.id:
                task = self._managed(session, actor, instead_of)
                making.give_way(session, task, made.id, now)
                note = f"《{new.document_title}》{new.locator}"
                _record_task(session, actor, task, "supersede", now, note)
            return made

        return await self.store.write(work)

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
        files: Sequence[Proof] = (),
    ) -> Moved:
        """Take a step with an occurrence; ``here`` is the conversation it was said in.

        ``files`` go with a report, for who checks it.

        Raises:
            NotFound: There is no such occurrence.
            NotAllowed: It is not the actor's step.
            UsageError: It cannot be taken in this state.
        """
        now = self.clock()
        return await self.store.write(
            lambda session: steps.move(
                session,
                self.planner,
                actor,
                occurrence_id,
                step,
                note,
                here,
                now,
                files=files,
                telling=self.telling,
            )
        )

    async def hand_over(self, actor: Actor, occurrence_ids: Sequence[int], to: str) -> HandedOver:
        """转交: these, with what is to come of them; all or none. ``to`` as people name members.

        Raises:
            NotFound: There is no such occurrence, or nobody of this name.
            NotAllowed: One is not the actor's to give away, or to give to this member.
            UsageError: One is not one person's.
        """
        now = self.clock()

        def work(session: Session) -> HandedOver:
            member = member_meant(session, to)
            done = [
                handing.hand_over(
                    session, self.planner, actor, number, member, now, telling=self.telling
                )
                for number in occurrence_ids
            ]
            return HandedOver(member_id=member.id, name=member.name, count=sum(done))

        return await self.store.write(work)

    async def attach(
        self,
        actor: Actor,
        occurrence_id: int,
        files: Sequence[Proof],
        *,
        here: Conversation | None = None,
    ) -> OccurrenceView:
        """Keep photos and files with an occurrence, for who checks it and for the proof.

        Raises:
            NotAllowed: It is neither the actor's own nor given by them.
        """
        now = self.clock()

        def work(session: Session) -> OccurrenceView:
            entry = steps.entry_of(session, occurrence_id)
            has = rights.has(session, actor, entry.assignment, entry.task, here)
            rights.must(has or rights.manages(actor, entry.task), actor, "attach files")
            steps.attach(session, actor, entry, files, now)
            return showing.occurrence(session, entry, now)

        return await self.store.write(work)

    async def proofs(self, actor: Actor, occurrence_id: int) -> Sequence[Proof]:
        """Photos and files of an occurrence, oldest first; none for who may not see them."""

        def query(session: Session) -> Sequence[Proof]:
            entry = steps.entry_of(session, occurrence_id, is_locked=False)
            if not rights.sees_proofs(session, actor, entry):
                return ()
            return showing.proofs(session, occurrence_id)

        return await self.store.read(query)

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
        return await self.store.write(
            lambda session: postponing.ask(
                session,
                self.planner,
                actor,
                occurrence_id,
                until,
                reason,
                here,
                now,
                telling=self.telling,
            )
        )

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
            lambda session: postponing.decide(
                session,
                self.planner,
                actor,
                postponement_id,
                approves,
                note,
                now,
                telling=self.telling,
            )
        )

    async def postponements(self, actor: Actor) -> Sequence[PostponementView]:
        """Wishes that wait for the actor's decision, oldest first."""
        return await self.store.read(lambda session: postponing.waiting(session, actor))

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
                if state is TaskState.CANCELLED:
                    self.telling.cancelled(session, actor, task, reason, now)
                making.set_state(session, self.planner, task, state, now)
                _record_task(session, actor, task, state, now, reason)
            return showing.task(session, self.planner, task, now)

        return await self.store.write(work)

    async def set_checked(self, actor: Actor, task_id: int, *, is_checked: bool) -> TaskView:
        """Whether who gave it has to say 办结 after the report."""
        now = self.clock()

        def work(session: Session) -> TaskView:
            task = self._managed(session, actor, task_id)
            if task.is_checked != is_checked:
                task.is_checked = is_checked
                _record_task(session, actor, task, "check" if is_checked else "uncheck", now)
            return showing.task(session, self.planner, task, now)

        return await self.store.write(work)

    async def give_instead(
        self, actor: Actor, task_id: int, assignees: Sequence[Assignee]
    ) -> TaskView:
        """改派: these have it from now on; what others had ahead is withdrawn.

        Raises:
            UsageError: Nobody is named.
            NotAllowed: The actor may not give it to somebody it names.
        """
        if not assignees:
            raise UsageError("no assignee", reply="请写明改派给谁。")
        now = self.clock()

        def work(session: Session) -> TaskView:
            task = self._managed(session, actor, task_id)
            before = showing.task(session, self.planner, task, now).assignees
            making.give(session, self.planner, actor, task, assignees, now)
            making.take_from_others(session, self.planner, task, assignees, now)
            _record_task(session, actor, task, "reassign", now, f"原来：{'、'.join(before)}")
            return showing.task(session, self.planner, task, now)

        return await self.store.write(work)

    async def set_labels(self, actor: Actor, task_id: int, labels: Sequence[str]) -> TaskView:
        """清单, 项目: those it is in from now on.

        Raises:
            UsageError: They are too many or too long.
        """
        if len(labels) > MOST_LABELS or any(len(one) > LABEL_CHARS for one in labels):
            reply = f"最多 {MOST_LABELS} 个清单，每个不超过 {LABEL_CHARS} 个字。"
            raise UsageError("labels", reply=reply)
        now = self.clock()

        def work(session: Session) -> TaskView:
            task = self._managed(session, actor, task_id)
            task.labels = list(dict.fromkeys(labels))
            _record_task(session, actor, task, "label", now, "、".join(task.labels))
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
            entry = steps.entry_of(session, occurrence_id, is_locked=False)
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
        self,
        actor: Actor,
        *,
        includes_closed: bool = False,
        due_from: datetime | None = None,
        due_until: datetime | None = None,
    ) -> Sequence[OccurrenceView]:
        """我的任务: the actor's own, those of units they are in charge of, and own reminders.

        With closed ones there may be many: name the stretch of time that is looked at.
        """
        now = self.clock()
        member_ids = [] if actor.member_id is None else [actor.member_id]

        def query(session: Session) -> Sequence[OccurrenceView]:
            entries = occurrences.of_people(
                session,
                member_ids=member_ids,
                unit_ids=actor.units,
                account=rights.account_of(actor),
                is_open=not includes_closed,
                due_from=due_from,
                due_until=due_until,
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
        rights.must(rights.commands(session, actor, task), actor, "manage this task")
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


def _record_task(
    session: Session, actor: Actor, task: Task, what: str, now: datetime, note: str = ""
) -> None:
    happening.record(session, actor, task, what, now, note=note)
