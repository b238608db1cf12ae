"""Tasks as somebody looks through them who looks after units: filtered, counted, page by page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.access import Act, Actor, check, within
from handlers.tasks import showing
from handlers.tasks.views import OccurrenceView
from store import occurrences, people
from store.engine import Store
from store.models_tasks import OPEN_STATES, OccurrenceState, Task
from store.occurrences import Sought


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Which tasks are looked for; ``states`` empty: those that are open."""

    unit_id: int | None = None
    states: Collection[OccurrenceState] = ()
    document: str = ""
    is_late: bool = False
    due_from: datetime | None = None
    due_until: datetime | None = None


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
                due_from=looked.due_from,
                due_until=now if looked.is_late else looked.due_until,
            )
            total, found = occurrences.sought(session, wanted, offset=offset, limit=limit)
            return total, [showing.occurrence(session, one, now) for one in found]

        return await self.store.read(query)

    async def count(self, actor: Actor, looked: Looked) -> int:
        """How many fit."""
        total, _ = await self.page(actor, looked, limit=0)
        return total

    async def documents(self, actor: Actor) -> Sequence[str]:
        """Titles of the documents that the actor's tasks come from."""
        units = within(actor, Act.SEE_TASKS)

        def query(session: Session) -> Sequence[str]:
            titles = select(Task.document_title).where(Task.document_title != "").distinct()
            if units is not None:
                titles = titles.where(Task.unit_id.in_(units))
            return session.scalars(titles.order_by(Task.document_title)).all()

        return await self.store.read(query)


def _units(session: Session, actor: Actor, unit_id: int | None) -> Collection[int] | None:
    """The unit with all below it, as far as the actor may see them."""
    seen = within(actor, Act.SEE_TASKS)
    if unit_id is None:
        return seen
    below = people.with_all_below(session, [unit_id])
    return below if seen is None else below & frozenset(seen)
