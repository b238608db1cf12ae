"""Who may see and answer which questions, and change which standing answers."""

from __future__ import annotations

from sqlalchemy.orm import Session

from handlers.access import Act, Actor
from handlers.reach import runs_whole
from store import people
from store.models_questions import Question, StandingAnswer


def may_answer(session: Session, actor: Actor, row: Question) -> bool:
    """Whoever it was handed to, and those in charge of a unit of the asker."""
    return _is_with(actor, row) or _reaches(session, actor, Act.ANSWER_QUESTIONS, row.asked_by)


def may_see(session: Session, actor: Actor, row: Question) -> bool:
    """As for answering, with those who only look after a unit."""
    return _is_with(actor, row) or _reaches(session, actor, Act.SEE_QUESTIONS, row.asked_by)


def may_change(session: Session, actor: Actor, row: StandingAnswer) -> bool:
    """Whoever wrote it; a unit's, those who answer for it; everybody's, those at the top."""
    if row.written_by is not None and row.written_by == actor.member_id:
        return True
    if row.visible_to is None:
        return runs_whole(session, actor, Act.ANSWER_QUESTIONS)
    return actor.may(Act.ANSWER_QUESTIONS, row.visible_to)


def _is_with(actor: Actor, row: Question) -> bool:
    return row.routed_to == actor.member_id is not None


def _reaches(session: Session, actor: Actor, act: Act, asked_by: int | None) -> bool:
    """Over a unit of the asker; those of nobody's unit are for whoever runs the whole."""
    if asked_by is None or actor.is_operator:
        return runs_whole(session, actor, act)
    units = {one.unit_id for one in people.memberships(session, asked_by)}
    return any(actor.may(act, one) for one in units)
