"""What was asked, the answer given, what people thought of it, and standing answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from store.models_questions import Question, StandingAnswer


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
    confidence: float | None = None,
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
        confidence=confidence,
        state=QuestionState.ANSWERED if answered else QuestionState.UNANSWERED,
    )
    session.add(row)
    session.flush()
    return row.id


def reword(session: Session, question_id: int, answer: str) -> None:
    """Keep the answer as it was shown in the end."""
    session.get_one(Question, question_id).answer = answer


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


def in_conversation(
    session: Session, channel: str, conversation: str, *, since: datetime, limit: int
) -> Sequence[Question]:
    """What anybody asked there, newest first."""
    query = (
        select(Question)
        .where(
            Question.channel == channel,
            Question.conversation == conversation,
            Question.asked_at >= since,
        )
        .order_by(Question.id.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


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


def by_feedback(session: Session, feedback_id: str) -> Question | None:
    """The question whose answer carries this id."""
    return session.scalars(
        select(Question).where(Question.feedback_id == feedback_id)
    ).one_or_none()


def route(session: Session, question_id: int, member_id: int, now: datetime | None = None) -> None:
    """Hand a question to a person."""
    row = session.get_one(Question, question_id)
    row.state = QuestionState.ROUTED
    row.routed_to = member_id
    row.routed_at = now


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
    basis: str | None = None,
    expires_on: date | None = None,
) -> int:
    """Keep a person's reply to a question as the answer for the next who ask it."""
    row = session.get_one(Question, question_id)
    standing = StandingAnswer(
        question=row.understood,
        answer=answer,
        written_by=written_by,
        written_at=now,
        visible_to=visible_to,
        basis=basis,
        expires_on=expires_on,
        serves=[] if row.question == row.understood else [row.question],
    )
    session.add(standing)
    session.flush()
    row.state = QuestionState.CLOSED
    row.standing_answer_id = standing.id
    return standing.id


def standing_answer(session: Session, standing_id: int) -> StandingAnswer | None:
    """One standing answer, retired or not."""
    return session.get(StandingAnswer, standing_id)


def standing_answers(
    session: Session, units: Collection[int] | None, today: date | None = None
) -> Sequence[StandingAnswer]:
    """Those that someone of these units (None: anyone) may see and that hold; newest first."""
    query = (
        select(StandingAnswer)
        .where(StandingAnswer.retired_at.is_(None))
        .order_by(StandingAnswer.id.desc())
    )
    if units is not None:
        query = query.where(
            or_(StandingAnswer.visible_to.is_(None), StandingAnswer.visible_to.in_(units))
        )
    if today is not None:
        query = query.where(
            or_(StandingAnswer.expires_on.is_(None), StandingAnswer.expires_on >= today)
        )
    return session.scalars(query).all()


def between(session: Session, since: datetime, until: datetime) -> Sequence[Question]:
    """What was asked in a stretch of time, oldest first."""
    return session.scalars(
        select(Question)
        .where(Question.asked_at >= since, Question.asked_at < until)
        .order_by(Question.id)
    ).all()
