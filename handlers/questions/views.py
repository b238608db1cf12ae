"""Questions and standing answers as people see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from bot.messages import Card
from handlers.people.selecting import unit_name
from handlers.questions import wording
from store import people
from store.models_questions import Question, StandingAnswer
from store.questions import QuestionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as those who answer it see it."""

    id: int
    question: str
    who: str
    state: QuestionState
    feedback: str | None
    answer: str
    asked_at: datetime
    routed_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingView:
    """A standing answer as a list shows it."""

    id: int
    question: str
    answer: str
    who: str
    basis: str | None
    expires_on: date | None
    serves: int


def asked_of(session: Session, row: Question) -> Asked:
    """A question as it is listed."""
    return Asked(
        id=row.id,
        question=row.question,
        who=name_of(session, row.asked_by),
        state=QuestionState(row.state),
        feedback=row.feedback,
        answer=row.answer,
        asked_at=row.asked_at,
        routed_to="" if row.routed_to is None else name_of(session, row.routed_to),
    )


def card(session: Session, row: Question, why: str) -> Card:
    """What its owner is sent; ``why`` is a key of ``wording.WHY``."""
    who = name_of(session, row.asked_by)
    facts = [("谁问的", who), ("为什么转给您", wording.WHY[why])]
    if row.answer and why != "unanswered":
        facts.append(("我答的是", row.answer[:200]))
    return Card(
        title=f"有人问（问题 {row.id}）",
        body=f"{row.question}\n\n{wording.HOW_TO_REPLY.format(id=row.id)}",
        facts=tuple(facts),
        key=f"question:{row.id}",
    )


def name_of(session: Session, member_id: int | None) -> str:
    """With the unit; someone who is not on the roster is 访客."""
    member = None if member_id is None else people.member(session, member_id)
    if member is None:
        return "访客"
    held = people.memberships(session, member.id)
    return f"{member.name}（{unit_name(session, held[0].unit_id)}）" if held else member.name


def view(session: Session, row: StandingAnswer) -> StandingView:
    """A standing answer as it is listed."""
    return StandingView(
        id=row.id,
        question=row.question,
        answer=row.answer,
        who=name_of(session, row.written_by) if row.written_by is not None else "管理员",
        basis=row.basis,
        expires_on=row.expires_on,
        serves=1 + len(row.serves or ()),
    )
