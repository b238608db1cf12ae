"""What a roll call has to do with a task: who may open it for one, and what its end proves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.messages import Conversation
from handlers.access import Actor
from handlers.tasks import rights, steps
from handlers.tasks.telling import Telling
from handlers.tasks.views import Step
from scheduler.planning_horizon import Planner
from store import occurrences
from store.occurrences import Entry

OPENED = "roll_call"


def provable(
    session: Session, actor: Actor, occurrence_id: int, here: Conversation | None
) -> Entry:
    """An occurrence that the actor may hold a roll call for.

    Raises:
        NotFound: There is no such occurrence.
        NotAllowed: It is neither the actor's nor in their charge.
        UsageError: Nothing is left to do.
    """
    entry = steps.entry_of(session, occurrence_id, is_locked=False)
    has = rights.has(session, actor, entry.assignment, entry.task, here)
    rights.must(has or rights.manages(actor, entry.task), actor, "hold a roll call for a task")
    if entry.occurrence.state not in steps.OPEN:
        raise steps.out_of_turn(entry)
    return entry


def begin(session: Session, actor: Actor, entry: Entry, title: str, now: datetime) -> None:
    """Note in the task's history that a roll call was opened for it."""
    steps.record(session, actor, entry, OPENED, now, title)


def prove(
    planner: Planner,
    telling: Telling,
    session: Session,
    actor: Actor,
    occurrence_id: int,
    note: str,
    now: datetime,
) -> None:
    """Report an open occurrence as done, with ``note``; one that is closed stays as it is."""
    entry = occurrences.entry(session, occurrence_id, is_locked=True)
    if entry is not None and entry.occurrence.state in steps.OPEN:
        steps.report(session, planner, actor, entry, note, now)
        telling.moved(session, actor, entry, Step.REPORT, note, (), now)
