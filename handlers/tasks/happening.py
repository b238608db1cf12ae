"""What people did to tasks: each in the task's history, and in the log too of who is in charge."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from handlers.access import Act, Actor
from store import audit, tasks
from store.models_tasks import Task


def record(
    session: Session,
    actor: Actor,
    task: Task,
    what: str,
    now: datetime,
    *,
    occurrence_id: int | None = None,
    note: str = "",
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Append it; ``before`` and ``after`` are words for the log, ``note`` stands in both."""
    tasks.record(
        session,
        task.id,
        what,
        now=now,
        member_id=actor.member_id,
        occurrence_id=occurrence_id,
        note=note,
    )
    if not _is_in_charge(actor, task):
        return
    audit.record(
        session,
        who=actor.account,
        what=f"task.{what}",
        subject=f"task:{task.id}",
        now=now,
        before=before,
        after="，".join(filter(None, (after, note))) or task.title,
    )


def _is_in_charge(actor: Actor, task: Task) -> bool:
    """People's reminders of their own, and what they do with their own tasks, are not listed."""
    if actor.is_operator:
        return True
    return task.unit_id is not None and actor.may(Act.MANAGE_TASKS, task.unit_id)
