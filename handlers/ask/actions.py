"""Asking, and what follows an answer: its clauses, its originals, what the asker thought of it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.messages import Conversation
from handlers.access import Act, Actor, check
from handlers.asker import asker_of
from handlers.documents.actions import Documents
from handlers.questions.actions import Questions, Stood
from knowledge.library import Library
from knowledge.model import Answer, Citation, Passage, Turn
from store import questions
from store.engine import Store
from store.models_questions import Question

CONTEXT = timedelta(minutes=30)
"""How long a question may lean on the ones before it."""
TURNS = 5
QUOTABLE = timedelta(days=7)
"""How long an answer may be quoted to ask on."""
_QUOTABLE = 100
_QUOTED_CHARS = 1_000
_TELLING_CHARS = 40

_BARE = re.compile(r"[\s*`>#…]+")
_citations = TypeAdapter(tuple[Citation, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer as it is kept; ``feedback_id`` is what 👍 and 👎 come back with."""

    answer: Answer
    feedback_id: str
    question_id: int
    handed_to: tuple[str, ...] = ()
    """Who was asked instead, by name."""
    remark: str = ""
    """What a person once answered to a question like it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A cited passage, whole."""

    citation: Citation
    passage: Passage


@dataclass(frozen=True, slots=True)
class Ask:
    """Built once, in ``bot.app``."""

    store: Store
    library: Library
    documents: Documents
    clock: Callable[[], datetime]
    questions: Questions | None = None
    """People who answer what the documents do not."""

    async def ask(
        self,
        actor: Actor,
        question: str,
        conversation: Conversation,
        *,
        previous: Sequence[Turn] | None = None,
    ) -> Answered:
        """Answer from what the actor may see, and keep question and answer.

        Args:
            actor: Who asks.
            question: As typed.
            conversation: Where.
            previous: Turns before it; None: the stored ones of the last half hour.
        """
        answered = await self.begin(actor, question, conversation, previous=previous)
        async with aclosing(self.grow(actor, answered)) as states:
            async for state in states:
                answered = replace(answered, answer=state)
        return answered

    async def begin(
        self,
        actor: Actor,
        question: str,
        conversation: Conversation,
        *,
        previous: Sequence[Turn] | None = None,
    ) -> Answered:
        """As :meth:`ask`, in the documents' own words; :meth:`grow` goes on from there."""
        check(actor, Act.ASK)
        if previous is None:
            previous = await self._turns(actor, conversation)
        allowed = await self.documents.permitted(actor)
        answer = await self.library.quoted(
            question, previous, allowed=allowed, now=self.clock(), asker=asker_of(actor)
        )
        stood = await self._stood(actor, question, answer)
        if stood is not None:
            answer = replace(
                answer, answered=True, text=stood.text, citations=(), cautions=(), confidence=1.0
            )
        now = self.clock()
        feedback_id = uuid4().hex

        def keep(session: Session) -> int:
            return questions.add(
                session,
                feedback_id=feedback_id,
                question=question,
                understood=answer.question,
                answered=answer.answered,
                answer=answer.text,
                citations=[asdict(citation) for citation in answer.citations],
                elapsed_ms=answer.elapsed_ms,
                channel=conversation.channel,
                conversation=conversation.id,
                account=actor.sender.account,
                asked_by=actor.member_id,
                now=now,
                confidence=answer.confidence,
                standing_answer_id=stood.id if stood else None,
            )

        question_id = await self.store.write(keep)
        answered = Answered(answer=answer, feedback_id=feedback_id, question_id=question_id)
        return await self._with_people(actor, question, answered)

    async def _stood(self, actor: Actor, question: str, answer: Answer) -> Stood | None:
        if self.questions is None:
            return None
        return await self.questions.standing(actor, answer.question, question)

    async def _with_people(self, actor: Actor, question: str, answered: Answered) -> Answered:
        """Hand over what the documents do not say, or hardly."""
        answer = answered.answer
        if self.questions is None or actor.is_operator:
            return answered
        if answer.answered and answer.confidence >= self.questions.unsure_below:
            return answered
        why = "unsure" if answer.answered else "unanswered"
        near = await self.questions.near(actor, answer.question, question)
        names = await self.questions.hand_over(actor, answered.question_id, why)
        return replace(answered, handed_to=names, remark=near.text if near else "")

    async def grow(self, actor: Actor, answered: Answered) -> AsyncGenerator[Answer, None]:
        """The answer in the writer's words, growing; the last one holds and is kept.

        Yields nothing where there is no writer, or nothing for it to do.
        """
        text = answered.answer.text
        async with aclosing(self.library.written(answered.answer, asker_of(actor))) as states:
            async for state in states:
                text = state.text
                yield state
        if text != answered.answer.text:
            await self.store.write(
                lambda session: questions.reword(session, answered.question_id, text)
            )

    async def consider(self, actor: Actor, question: str, previous: Sequence[Turn]) -> Answer:
        """Answer without keeping anything, as an evaluation does."""
        allowed = await self.documents.permitted(actor)
        return await self.library.answer(
            question, previous, allowed=allowed, now=self.clock(), asker=asker_of(actor)
        )

    async def judge(self, actor: Actor, feedback_id: str, verdict: str | None) -> bool:
        """Keep what the asker thought (``up``, ``down``, None); False when it is not theirs."""
        now = self.clock()

        def work(session: Session) -> bool:
            return questions.give_feedback(
                session, feedback_id, account=actor.sender.account, feedback=verdict, now=now
            )

        is_theirs = await self.store.write(work)
        if is_theirs and verdict == "down" and self.questions is not None:
            await self.questions.hand_over_disliked(actor, feedback_id)
        return is_theirs

    async def last(self, actor: Actor, conversation: Conversation) -> Question | None:
        """The actor's latest question in this conversation."""
        rows = await self._recent(actor, conversation, limit=1)
        return rows[-1] if rows else None

    async def clauses(self, actor: Actor, conversation: Conversation) -> Sequence[Clause]:
        """The passages that the latest answer cites, as far as the actor may (still) see them.

        Raises:
            NotFound: Nothing was asked lately.
        """
        row = await self.last(actor, conversation)
        if row is None:
            raise NotFound("no question to look back at", reply="这里还没有答过问题，先问一个吧。")
        allowed = await self.documents.permitted(actor)
        found = []
        for citation in _citations.validate_python(row.citations):
            document = self.library.documents.get(citation.document_id)
            if document is None or (allowed is not None and document.id not in allowed):
                continue
            passage = next(
                (one for one in document.passages if one.start <= citation.start < one.end), None
            )
            if passage is not None:
                found.append(Clause(citation=citation, passage=passage))
        return found

    async def quoted_turns(self, quoted: str, conversation: Conversation) -> list[Turn]:
        """The turn that a quotation is of, whoever asked it in this conversation; at most one."""
        if not quoted:
            return []
        since = self.clock() - QUOTABLE

        def read(session: Session) -> Sequence[Question]:
            return questions.in_conversation(
                session, conversation.channel, conversation.id, since=since, limit=_QUOTABLE
            )

        rows = await self.store.read(read)
        row = next((row for row in rows if _is_quoted(row.answer, quoted)), None)
        if row is None:
            return [Turn(user="", bot=quoted[:_QUOTED_CHARS])]
        return [Turn(user=row.question, bot=_said(row))]

    async def _turns(self, actor: Actor, conversation: Conversation) -> list[Turn]:
        rows = await self._recent(actor, conversation, limit=TURNS)
        return [Turn(user=row.question, bot=_said(row)) for row in rows]

    async def _recent(
        self, actor: Actor, conversation: Conversation, *, limit: int
    ) -> Sequence[Question]:
        since = self.clock() - CONTEXT

        def read(session: Session) -> Sequence[Question]:
            return questions.recent(
                session,
                channel=conversation.channel,
                conversation=conversation.id,
                account=actor.sender.account,
                since=since,
                limit=limit,
            )

        return await self.store.read(read)


def _is_quoted(answer: str, quoted: str) -> bool:
    """Whether it is this answer's beginning, or a part of it; platforms drop marks and spaces."""
    ours, theirs = (_BARE.sub("", text) for text in (answer, quoted))
    beginning = ours[:_TELLING_CHARS]
    return bool(beginning) and (beginning in theirs or (len(theirs) >= 8 and theirs in ours))


def _said(row: Question) -> str:
    """What the bot said, with the titles it named: a follow-up may mean one of them."""
    citations = _citations.validate_python(row.citations)
    titles = dict.fromkeys(f"《{citation.document}》{citation.locator}" for citation in citations)
    return "\n".join([row.answer, *titles])
