"""Tables of questions: what was asked, and the replies of people that answer the next who ask."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base, _Id


class Question(Base):
    """What was asked and what became of it."""

    __tablename__ = "question"
    __table_args__ = (Index("ix_question_context", "channel", "conversation", "account", "id"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    feedback_id: Mapped[str] = mapped_column(String(32), unique=True)
    question: Mapped[str]
    understood: Mapped[str]
    answered: Mapped[bool]
    answer: Mapped[str]
    citations: Mapped[list[dict[str, object]]]
    elapsed_ms: Mapped[float]
    asked_at: Mapped[datetime]
    channel: Mapped[str] = mapped_column(String(32))
    conversation: Mapped[str]
    account: Mapped[str]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    feedback: Mapped[str | None] = mapped_column(String(16))
    feedback_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16))
    routed_to: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    standing_answer_id: Mapped[int | None] = mapped_column(ForeignKey("standing_answer.id"))
    confidence: Mapped[float | None]
    routed_at: Mapped[datetime | None]


class StandingAnswer(Base):
    """A person's reply that answers the next who ask."""

    __tablename__ = "standing_answer"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    question: Mapped[str]
    answer: Mapped[str]
    visible_to: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    written_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    written_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    basis: Mapped[str | None]
    """What it rests on, as its writer put it: 《…》第三条."""
    expires_on: Mapped[date | None]
    serves: Mapped[list[str] | None]
    """Further wordings of the question."""
