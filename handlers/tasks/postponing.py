"""延期: asked with a reason, and decided once; in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotFound, UsageError
from bot.messages import Conversation
from handlers.access import Actor
from handlers.tasks import rights, showing
from handlers.tasks.steps import OPEN, entry_of, out_of_turn, record
from handlers.tasks.telling import Telling
from handlers.tasks.views import PostponementView
from scheduler.planning_horizon import Planner
from store import tasks
from store.models_tasks import PostponementState

_SAY_WHY = "延期请说明原因，例如：延期到下周五，因为材料还没齐。"


def ask(
    session: Session,
    planner: Planner,
    actor: Actor,
    occurrence_id: int,
    until: datetime,
    reason: str,
    here: Conversation | None,
    now: datetime,
    *,
    telling: Telling | None = None,
) -> PostponementView:
    """Asked by the assignee; approved at once when the actor may decide it."""
    entry = entry_of(session, occurrence_id)
    manages = rights.manages(actor, entry.task)
    has = rights.has(session, actor, entry.assignment, entry.task, here)
    rights.must(has or manages, actor, "postpone")
    if entry.occurrence.state not in OPEN:
        raise out_of_turn(entry)
    if not reason.strip():
        raise UsageError("no reason", reply=_SAY_WHY)
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
    record(session, actor, entry, "ask_postponement", now, reason.strip())
    if rights.decides(session, actor, entry.assignment, entry.task):
        decide(session, planner, actor, asked.id, True, "", now, telling=telling)
    elif telling is not None:
        telling.asked(session, actor, entry, asked, now)
    return showing.postponement(session, asked, entry)


def decide(
    session: Session,
    planner: Planner,
    actor: Actor,
    postponement_id: int,
    approves: bool,
    note: str,
    now: datetime,
    *,
    telling: Telling | None = None,
) -> PostponementView:
    """批准 or 不同意, once."""
    asked = tasks.postponement(session, postponement_id)
    if asked is None:
        raise NotFound(f"no postponement {postponement_id}")
    entry = entry_of(session, asked.occurrence_id)
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
        occurrence.next_notice_at = planner.next_notice_at(entry.task, occurrence)
    what = "approve_postponement" if approves else "refuse_postponement"
    record(session, actor, entry, what, now, note)
    if telling is not None:
        telling.decided(session, actor, entry, asked, approves, note, now)
    return showing.postponement(session, asked, entry)


def waiting(session: Session, actor: Actor) -> Sequence[PostponementView]:
    """Wishes that wait for the actor's decision, oldest first."""
    found = (
        (asked, entry_of(session, occurrence.id, is_locked=False))
        for asked, occurrence, _ in tasks.undecided(session)
    )
    return [
        showing.postponement(session, asked, entry)
        for asked, entry in found
        if rights.decides(session, actor, entry.assignment, entry.task)
    ]
