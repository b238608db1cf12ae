"""Questions and standing answers as they are looked through on the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Act, Actor, check, within
from handlers.people.selecting import unit_name
from handlers.questions import wording
from handlers.questions.rights import may_answer, may_change, may_see
from handlers.questions.views import name_of
from handlers.reach import runs_whole
from store import documents, question_list, questions
from store.engine import Store
from store.models_questions import Question, StandingAnswer
from store.question_list import AnswerPile, QuestionPile
from store.questions import QuestionState


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedForQuestions:
    """Empty: any."""

    pile: QuestionPile = QuestionPile.OPEN
    words: str = ""
    is_own: bool = False
    """Handed to the actor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedQuestion:
    """A line of the list."""

    id: int
    question: str
    who: str
    with_whom: str
    """Whom it was handed to; empty for nobody."""
    state: QuestionState
    is_disliked: bool
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A clause that was shown with the answer, of a document that the actor may see."""

    document_id: str
    title: str
    locator: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeQuestion:
    """One question with all that helps to answer it."""

    listed: ListedQuestion
    answer: str
    cited: Sequence[Cited]
    standing_id: int | None
    may_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingLine:
    """A standing answer in the list."""

    id: int
    question: str
    serves: Sequence[str]
    """Other wordings."""
    answer: str
    who: str
    seen_by: str
    basis: str
    written_at: datetime
    expires_on: date | None
    retired_at: datetime | None
    may_change: bool


@dataclass(frozen=True, slots=True)
class QuestionList:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]
    zone: ZoneInfo

    async def asked(
        self, actor: Actor, wanted: LookedForQuestions, *, offset: int = 0, limit: int = 30
    ) -> tuple[int, Sequence[ListedQuestion]]:
        """How many the actor may see of those, and some of them, newest first.

        Raises:
            NotAllowed: The actor sees nobody's questions.
        """
        check(actor, Act.SEE_QUESTIONS)

        def query(session: Session) -> tuple[int, Sequence[ListedQuestion]]:
            sought = question_list.SoughtQuestions(
                units=within(actor, Act.SEE_QUESTIONS),
                member_id=actor.member_id,
                sees_guests=runs_whole(session, actor, Act.SEE_QUESTIONS),
                pile=wanted.pile,
                words=wanted.words,
                is_own=wanted.is_own,
            )
            total, rows = question_list.asked(session, sought, offset=offset, limit=limit)
            return total, [_listed(session, row) for row in rows]

        return await self.store.read(query)

    async def look(self, actor: Actor, question_id: int) -> WholeQuestion:
        """One question.

        Raises:
            NotFound: There is none the actor may see.
        """
        check(actor, Act.SEE_QUESTIONS)

        def query(session: Session) -> WholeQuestion:
            row = questions.get(session, question_id)
            if row is None or not may_see(session, actor, row):
                raise NotFound("no question", reply=wording.NO_SUCH.format(id=question_id))
            return WholeQuestion(
                listed=_listed(session, row),
                answer=row.answer,
                cited=_cited(session, actor, row),
                standing_id=row.standing_answer_id,
                may_answer=may_answer(session, actor, row),
            )

        return await self.store.read(query)

    async def standing(
        self,
        actor: Actor,
        pile: AnswerPile = AnswerPile.HOLDING,
        words: str = "",
        *,
        offset: int = 0,
        limit: int = 30,
    ) -> tuple[int, Sequence[StandingLine]]:
        """How many standing answers the actor may see of those, and some, newest first.

        Raises:
            NotAllowed: The actor sees nobody's questions.
        """
        check(actor, Act.SEE_QUESTIONS)
        sought = question_list.SoughtAnswers(
            units=None if actor.is_operator else actor.units | actor.administered,
            today=self.clock().astimezone(self.zone).date(),
            pile=pile,
            words=words,
        )

        def query(session: Session) -> tuple[int, Sequence[StandingLine]]:
            total, rows = question_list.standing(session, sought, offset=offset, limit=limit)
            return total, [_line(session, actor, row) for row in rows]

        return await self.store.read(query)

    async def look_standing(self, actor: Actor, standing_id: int) -> StandingLine:
        """One standing answer.

        Raises:
            NotFound: There is none the actor may see.
        """
        check(actor, Act.SEE_QUESTIONS)

        def query(session: Session) -> StandingLine:
            row = questions.standing_answer(session, standing_id)
            if row is None or not actor.sees(row.visible_to):
                raise NotFound("no such standing answer", reply=f"没有答复 {standing_id}。")
            return _line(session, actor, row)

        return await self.store.read(query)


def _listed(session: Session, row: Question) -> ListedQuestion:
    return ListedQuestion(
        id=row.id,
        question=row.question,
        who=name_of(session, row.asked_by),
        with_whom=name_of(session, row.routed_to) if row.routed_to is not None else "",
        state=QuestionState(row.state),
        is_disliked=row.feedback == "down",
        asked_at=row.asked_at,
    )


def _line(session: Session, actor: Actor, row: StandingAnswer) -> StandingLine:
    return StandingLine(
        id=row.id,
        question=row.question,
        serves=tuple(row.serves or ()),
        answer=row.answer,
        who=name_of(session, row.written_by) if row.written_by is not None else "管理员",
        seen_by=unit_name(session, row.visible_to),
        basis=row.basis or "",
        written_at=row.written_at,
        expires_on=row.expires_on,
        retired_at=row.retired_at,
        may_change=row.retired_at is None and may_change(session, actor, row),
    )


def _cited(session: Session, actor: Actor, row: Question) -> list[Cited]:
    found = []
    for one in row.citations:
        document = documents.get(session, str(one.get("document_id", "")))
        if document is not None and actor.sees(document.visible_to):
            found.append(
                Cited(
                    document_id=document.id,
                    title=document.title,
                    locator=str(one.get("locator", "")),
                    quote=str(one.get("quote", "")),
                )
            )
    return found
