"""Questions and standing answers a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from store.board import waits_for
from store.models_questions import Question, StandingAnswer
from store.questions import QuestionState


class QuestionPile(StrEnum):
    """Which questions are looked at."""

    OPEN = "open"
    """Nobody has answered yet."""
    DISLIKED = "disliked"
    """The answer got a 👎, and nobody has done anything about it."""
    CLOSED = "closed"
    """Answered by a person, or let be."""


class AnswerPile(StrEnum):
    """Which standing answers are looked at."""

    HOLDING = "holding"
    OVER = "over"
    """Their last day has passed."""
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtQuestions:
    """Of people in ``units`` (None: of all), or handed to ``member_id``."""

    units: Collection[int] | None
    member_id: int | None
    sees_guests: bool
    pile: QuestionPile = QuestionPile.OPEN
    words: str = ""
    is_own: bool = False
    """Only those handed to ``member_id``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtAnswers:
    """Of those that everyone or ``units`` (None: all) may see."""

    units: Collection[int] | None
    today: date
    pile: AnswerPile = AnswerPile.HOLDING
    words: str = ""


def asked(
    session: Session, sought: SoughtQuestions, *, offset: int = 0, limit: int = 30
) -> tuple[int, Sequence[Question]]:
    """How many there are, and some of them, newest first."""
    conditions = [
        waits_for(sought.units, sought.member_id, sees_guests=sought.sees_guests),
        *_of(sought.pile),
    ]
    if sought.words:
        conditions.append(Question.question.contains(sought.words, autoescape=True))
    if sought.is_own:
        conditions.append(Question.routed_to == sought.member_id)
    total = session.scalar(select(func.count(Question.id)).where(*conditions)) or 0
    query = select(Question).where(*conditions).order_by(Question.id.desc())
    return total, session.scalars(query.offset(offset).limit(limit)).all()


def standing(
    session: Session, sought: SoughtAnswers, *, offset: int = 0, limit: int = 30
) -> tuple[int, Sequence[StandingAnswer]]:
    """How many there are, and some of them, newest first."""
    conditions = [*_standing(sought.pile, sought.today)]
    if sought.units is not None:
        here = StandingAnswer.visible_to.in_(sought.units)
        conditions.append(or_(StandingAnswer.visible_to.is_(None), here))
    if sought.words:
        texts = (StandingAnswer.question, StandingAnswer.answer)
        conditions.append(or_(*(one.contains(sought.words, autoescape=True) for one in texts)))
    total = session.scalar(select(func.count(StandingAnswer.id)).where(*conditions)) or 0
    query = select(StandingAnswer).where(*conditions).order_by(StandingAnswer.id.desc())
    return total, session.scalars(query.offset(offset).limit(limit)).all()


def _of(pile: QuestionPile) -> list[ColumnElement[bool]]:
    match pile:
        case QuestionPile.OPEN:
            return [Question.state.in_((QuestionState.UNANSWERED, QuestionState.ROUTED))]
        case QuestionPile.DISLIKED:
            return [Question.feedback == "down", Question.state != QuestionState.CLOSED]
        case QuestionPile.CLOSED:
            return [Question.state == QuestionState.CLOSED]


def _standing(pile: AnswerPile, today: date) -> list[ColumnElement[bool]]:
    lives = StandingAnswer.retired_at.is_(None)
    match pile:
        case AnswerPile.HOLDING:
            lasts = or_(StandingAnswer.expires_on.is_(None), StandingAnswer.expires_on >= today)
            return [lives, lasts]
        case AnswerPile.OVER:
            return [lives, StandingAnswer.expires_on < today]
        case AnswerPile.RETIRED:
            return [StandingAnswer.retired_at.is_not(None)]
