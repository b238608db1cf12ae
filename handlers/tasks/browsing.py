"""Tasks as somebody looks through them who looks after units: filtered, counted, page by page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Act, Actor, check, within
from handlers.records.browsing import Picture
from handlers.reminders.actions import Receipt, receipts
from handlers.tasks import rights, showing, steps
from handlers.tasks.views import Happened, OccurrenceView, Proof, Step
from scheduler.recurrence import Recurrence
from store import blobs, occurrences, people
from store.engine import Store
from store.models_tasks import OPEN_STATES, OccurrenceState, TaskState
from store.occurrences import Entry, Sought

_MOST_HISTORY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Which tasks are looked for; ``states`` empty: those that are open."""

    unit_id: int | None = None
    states: Collection[OccurrenceState] = ()
    document: str = ""
    words: str = ""
    """A part of the title."""
    is_late: bool = False
    due_from: datetime | None = None
    due_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One occurrence with its task, what happened, and what who looks may do with it."""

    occurrence: OccurrenceView
    duty: str
    rule: Recurrence | None
    labels: tuple[str, ...]
    document_id: str | None
    created_by: str
    created_at: datetime
    is_paused: bool
    history: Sequence[Happened]
    receipts: Sequence[Receipt]
    proofs: Sequence[Proof]
    steps: Sequence[Step]
    commands: bool
    """Whether who looks may cancel the whole task."""
    open_total: int
    """How many of the task are open."""


@dataclass(frozen=True, slots=True)
class TaskList:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def page(
        self, actor: Actor, looked: Looked, *, offset: int = 0, limit: int = 30
    ) -> tuple[int, Sequence[OccurrenceView]]:
        """How many fit, and some of them by due time.

        Raises:
            NotAllowed: The actor may see no unit's tasks.
        """
        check(actor, Act.SEE_TASKS)
        now = self.clock()

        def query(session: Session) -> tuple[int, Sequence[OccurrenceView]]:
            wanted = Sought(
                unit_ids=_units(session, actor, looked.unit_id),
                states=looked.states or OPEN_STATES,
                document=looked.document,
                words=looked.words,
                due_from=looked.due_from,
                due_until=now if looked.is_late else looked.due_until,
            )
            total, found = occurrences.sought(session, wanted, offset=offset, limit=limit)
            return total, [showing.occurrence(session, one, now) for one in found]

        return await self.store.read(query)

    async def siblings(
        self, actor: Actor, task_id: int, *, offset: int = 0, limit: int = 30
    ) -> tuple[int, Sequence[OccurrenceView]]:
        """The occurrences of one task that the actor may see, by due time."""
        check(actor, Act.SEE_TASKS)
        now = self.clock()

        def query(session: Session) -> tuple[int, Sequence[OccurrenceView]]:
            wanted = Sought(unit_ids=_units(session, actor, None), task_id=task_id)
            total, found = occurrences.sought(session, wanted, offset=offset, limit=limit)
            return total, [showing.occurrence(session, one, now) for one in found]

        return await self.store.read(query)

    async def count(self, actor: Actor, looked: Looked) -> int:
        """How many fit."""
        total, _ = await self.page(actor, looked, limit=0)
        return total

    async def documents(self, actor: Actor) -> Sequence[str]:
        """Titles of the documents that the actor's tasks come from."""
        check(actor, Act.SEE_TASKS)

        def query(session: Session) -> Sequence[str]:
            return occurrences.documents(session, _units(session, actor, None))

        return await self.store.read(query)

    async def detail(self, actor: Actor, occurrence_id: int) -> Detail:
        """One occurrence with everything of it.

        Raises:
            NotFound: There is none that the actor may see.
        """
        now = self.clock()

        def query(session: Session) -> Detail:
            entry = _seen(session, actor, occurrence_id)
            task = entry.task
            rule = cast("Mapping[str, str | bool | None] | None", task.rule)
            open_ones = Sought(task_id=task.id, states=OPEN_STATES)
            return Detail(
                occurrence=showing.occurrence(session, entry, now),
                duty=task.duty,
                rule=None if rule is None else Recurrence.from_json(rule),
                labels=tuple(task.labels),
                document_id=task.document_id,
                created_by=showing.name(session, task.created_by),
                created_at=task.created_at,
                is_paused=task.state == TaskState.PAUSED,
                history=showing.history(session, task.id, occurrence_id)[-_MOST_HISTORY:],
                receipts=receipts(session, occurrence_id),
                proofs=_proofs(session, actor, entry),
                steps=steps.possible(session, actor, entry),
                commands=rights.commands(session, actor, task)
                and task.state != TaskState.CANCELLED,
                open_total=occurrences.sought(session, open_ones, limit=0)[0],
            )

        return await self.store.read(query)

    async def file(self, actor: Actor, occurrence_id: int, n: int, *, is_small: bool) -> Picture:
        """The ``n``-th photo or file that was sent for an occurrence.

        Raises:
            NotFound: There is none that the actor may see.
        """

        def query(session: Session) -> Picture:
            files = _proofs(session, actor, _seen(session, actor, occurrence_id))
            found = files[n] if n < len(files) else None
            blob_id = found and (found.thumbnail if is_small else found.blob)
            blob = blobs.get(session, blob_id) if blob_id else None
            if found is None or blob is None:
                raise NotFound("no such file", reply="没有这个附件，可能已经清除了。")
            return Picture(name=found.name, media_type=blob.media_type, content=blob.bytes)

        return await self.store.read(query)


def _proofs(session: Session, actor: Actor, entry: Entry) -> Sequence[Proof]:
    """None for who may know of the task and not see its photos."""
    may = rights.sees_proofs(session, actor, entry)
    return showing.proofs(session, entry.occurrence.id) if may else ()


def _seen(session: Session, actor: Actor, occurrence_id: int) -> Entry:
    check(actor, Act.SEE_TASKS)
    entry = steps.entry_of(session, occurrence_id, is_locked=False)
    wanted = Sought(
        unit_ids=_units(session, actor, None), task_id=entry.task.id, occurrence_id=occurrence_id
    )
    is_listed = occurrences.sought(session, wanted, limit=0)[0] > 0
    if not is_listed and not rights.sees(session, actor, entry.task, [entry]):
        raise NotFound("not for this actor", reply="没有这条任务，请核对编号。")
    return entry


def _units(session: Session, actor: Actor, unit_id: int | None) -> Collection[int] | None:
    """The unit with all below it, as far as the actor may see them."""
    seen = within(actor, Act.SEE_TASKS)
    if unit_id is None:
        return seen
    below = people.with_all_below(session, [unit_id])
    return below if seen is None else below & frozenset(seen)
