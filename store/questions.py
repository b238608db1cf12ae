"""What was asked, the answer given, what people thought of it, and standing answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from store.models import Question, StandingAnswer


class QuestionState(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    ROUTED = "routed"
    """With a person."""
    CLOSED = "closed"
    """That person replied."""


def add(
    session: Session,
    *,
    feedback_id: str,
    question: str,
    understood: str,
    answered: bool,
    answer: str,
    citations: Sequence[Mapping[str, object]],
    elapsed_ms: float,
    channel: str,
    conversation: str,
    account: str,
    now: datetime,
    asked_by: int | None = None,
    standing_answer_id: int | None = None,
) -> int:
    """Keep a question with its answer; ``feedback_id`` is what 👍 and 👎 come back with."""
    row = Question(
        feedback_id=feedback_id,
        question=question,
        understood=understood,
        answered=answered,
        answer=answer,
        citations=[dict(citation) for citation in citations],
        elapsed_ms=elapsed_ms,
        asked_at=now,
        channel=channel,
        conversation=conversation,
        account=account,
        asked_by=asked_by,
        standing_answer_id=standing_answer_id,
        state=QuestionState.ANSWERED if answered else QuestionState.UNANSWERED,
    )
    session.add(row)
    session.flush()
    return row.id


def get(session: Session, question_id: int) -> Question | None:
    """One question."""
    return session.get(Question, question_id)


def recent(
    session: Session,
    *,
    channel: str,
    conversation: str,
    account: str,
    since: datetime,
    limit: int = 5,
) -> Sequence[Question]:
    """What this sender asked in this conversation, oldest first."""
    latest = session.scalars(
        select(Question)
        .where(
            Question.channel == channel,
            Question.conversation == conversation,
            Question.account == account,
            Question.asked_at >= since,
        )
        .order_by(Question.id.desc())
        .limit(limit)
    ).all()
    return latest[::-1]


def give_feedback(
    session: Session, feedback_id: str, *, account: str, feedback: str | None, now: datetime
) -> bool:
    """Set, change or take back (None) the asker's own opinion; False when it is not theirs."""
    row = session.scalars(select(Question).where(Question.feedback_id == feedback_id)).one_or_none()
    if row is None or row.account != account:
        return False
    row.feedback = feedback
    row.feedback_at = now
    return True


def route(session: Session, question_id: int, member_id: int) -> None:
    """Hand an unanswered question to a person."""
    row = session.get_one(Question, question_id)
    row.state = QuestionState.ROUTED
    row.routed_to = member_id


def in_state(session: Session, state: QuestionState, *, limit: int = 100) -> Sequence[Question]:
    """Newest first."""
    return session.scalars(
        select(Question).where(Question.state == state).order_by(Question.id.desc()).limit(limit)
    ).all()


def stand(
    session: Session,
    *,
    question_id: int,
    answer: str,
    written_by: int | None,
    now: datetime,
    visible_to: int | None = None,
) -> int:
    """Keep a person's reply to a question as the answer for the next who ask it."""
    row = session.get_one(Question, question_id)
    standing = StandingAnswer(
        question=row.understood,
        answer=answer,
        written_by=written_by,
        written_at=now,
        visible_to=visible_to,
    )
    session.add(standing)
    session.flush()
    row.state = QuestionState.CLOSED
    row.standing_answer_id = standing.id
    return standing.id


def standing_answers(session: Session, units: Sequence[int]) -> Sequence[StandingAnswer]:
    """Those that someone of these units, with all above, may see; newest first."""
    may_see = or_(StandingAnswer.visible_to.is_(None), StandingAnswer.visible_to.in_(units))
    return session.scalars(
        select(StandingAnswer)
        .where(StandingAnswer.retired_at.is_(None), may_see)
        .order_by(StandingAnswer.id.desc())
    ).all()
