"""Tasks as they were given, without the talk that leads there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.assembled import App
from handlers.people.actions import operator
from handlers.tasks.views import Assignee, NewTask, OccurrenceView, TaskView
from store import people


async def give_task(
    app: App,
    title: str,
    units: Sequence[str],
    *,
    document: str = "",
    locator: str = "",
    quote: str = "",
    document_id: str | None = None,
    is_checked: bool = True,
    days: int = 7,
) -> TaskView:
    """To these units, due in some days."""
    ids = await app.store.read(
        lambda session: [people.units_named(session, one)[0].id for one in units]
    )
    new = NewTask(
        title=title,
        duty=title,
        assignees=tuple(Assignee(unit_id=one) for one in ids),
        due_at=app.clock() + timedelta(days=days),
        document_id=document_id,
        document_title=document,
        locator=locator,
        quote=quote,
        is_checked=is_checked,
    )
    return await app.tasking.tasks.create(operator(), new)


async def occurrences_of(app: App, task_id: int) -> Sequence[OccurrenceView]:
    """Every occurrence of a task, by due time."""
    return (await app.tasking.tasks.task(operator(), task_id)).occurrences
