"""Questions with people: handed over, answered, kept as standing answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import ChannelName, Conversation, Reply
from handlers import undo
from handlers.access import Act, Actor, check, within
from handlers.posting import Post
from handlers.questions import wording
from handlers.questions.alike import is_near, is_same
from handlers.questions.owners import Rules, owners
from handlers.questions.rights import may_answer, may_change
from handlers.questions.views import Asked, StandingView, asked_of, card, name_of, view
from handlers.reach import runs_whole
from store import audit, people, question_list, questions
from store.engine import Store
from store.models import DeliveryKind
from store.models_questions import Question, StandingAnswer
from store.questions import QuestionState

_LEAST_CHARS = 4
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """A standing answer that fits a question, in words."""

    id: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What became of a person's reply. ``standing_id`` None: it was not kept."""

    asker: str
    is_told: bool
    standing_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Built once, in ``bot.app``."""

    store: Store
    post: Post
    clock: Callable[[], datetime]
    zone: ZoneInfo
    rules: Rules = field(default_factory=Rules)
    unsure_below: float = 0.4
    """An answer less certain than this is given, and shown to a person."""

    async def standing(self, actor: Actor, *wordings: str) -> Stood | None:
        """What a person answered to this very question, as far as the actor may see it."""
        found = await self._fitting(actor, wordings, is_same)
        if found is None:
            return None
        row, who = found
        day = row.written_at.astimezone(self.zone)
        basis = f"，依据：{row.basis}" if row.basis else ""
        said = wording.BY_LINE.format(
            who=who, day=f"{day.year}年{day.month}月{day.day}日", basis=basis
        )
        return Stood(id=row.id, text=f"{row.answer}\n\n{said}")

    async def near(self, actor: Actor, *wordings: str) -> Stood | None:
        """What a person answered to a question like it, said as such."""
        found = await self._fitting(actor, wordings, is_near)
        if found is None:
            return None
        row, who = found
        said = wording.NEAR.format(question=row.question, who=who, answer=row.answer)
        return Stood(id=row.id, text=said)

    async def _fitting(
        self, actor: Actor, wordings: Sequence[str], fits: Callable[[str, str], bool]
    ) -> tuple[StandingAnswer, str] | None:
        units = None if actor.is_operator else actor.units | actor.administered
        today = self.clock().astimezone(self.zone).date()

        def query(session: Session) -> tuple[StandingAnswer, str] | None:
            for row in questions.standing_answers(session, units, today):
                known = (row.question, *(row.serves or ()))
                if any(fits(one, asked) for one in known for asked in wordings):
                    return row, view(session, row).who
            return None

        return await self.store.read(query)

    async def hand_over(self, actor: Actor, question_id: int, why: str) -> tuple[str, ...]:
        """Give a question to whoever has to know; the names of those who were told.

        ``why`` is a key of ``wording.WHY``. Once only; small talk goes to nobody.
        """
        now = self.clock()

        def work(session: Session) -> tuple[str, ...]:
            row = questions.get(session, question_id)
            if row is None or row.routed_to is not None or len(row.question.strip()) < _LEAST_CHARS:
                return ()
            found = owners(session, self.post, self.rules, row.understood, row.asked_by)
            told = []
            for member_id in found[:_MOST_TOLD]:
                reply = Reply(card=card(session, row, why))
                key = f"question:{row.id}:{member_id}"
                if self.post.to_member(session, member_id, key, reply, now) is not None:
                    told.append(member_id)
            if not told:
                return ()
            questions.route(session, row.id, told[0], now)
            names = tuple(name_of(session, one) for one in told)
            _record(session, actor, "question.route", row.id, now, "、".join(names))
            return names

        return await self.store.write(work)

    async def hand_over_disliked(self, actor: Actor, feedback_id: str) -> tuple[str, ...]:
        """As :meth:`hand_over`, for the answer that got a 👎."""
        row = await self.store.read(lambda session: questions.by_feedback(session, feedback_id))
        if row is None or row.account != actor.sender.account:
            return ()
        return await self.hand_over(actor, row.id, "down")

    async def pass_on(self, actor: Actor, question_id: int, member_id: int) -> str:
        """Give a question to somebody else; their name.

        Raises:
            UsageError: They cannot be reached.
        """
        now = self.clock()

        def work(session: Session) -> str:
            row = self._answerable(session, actor, question_id)
            before = name_of(session, row.routed_to)
            reply = Reply(card=card(session, row, "unanswered"))
            key = f"question:{row.id}:{member_id}"
            name = name_of(session, member_id)
            if self.post.to_member(session, member_id, key, reply, now) is None:
                raise UsageError("unreachable", reply=f"{name}已经收到过，或者没有可以送达的账号。")
            questions.route(session, row.id, member_id, now)
            _record(session, actor, "question.route", row.id, now, name, before)
            return name

        return await self.store.write(work)

    async def reply(
        self,
        actor: Actor,
        question_id: int,
        answer: str,
        *,
        basis: str | None = None,
        expires_on: date | None = None,
    ) -> Given:
        """A person's answer: back to the asker, and kept for the next who ask.

        Raises:
            NotFound: There is no such question for the actor.
            UsageError: The answer is empty, or would not hold any more.
        """
        now = self.clock()
        if not answer.strip():
            raise UsageError("empty", reply=wording.NO_REPLY)
        self._check_day(expires_on, now)

        def work(session: Session) -> Given:
            row = self._answerable(session, actor, question_id)
            standing_id = questions.stand(
                session,
                question_id=row.id,
                answer=answer.strip(),
                written_by=actor.member_id,
                now=now,
                visible_to=_seen_from(session, actor, row),
                basis=basis,
                expires_on=expires_on,
            )
            _record(session, actor, "question.answer", row.id, now, answer.strip(), row.answer)
            undo.remember(session, actor, "standing.retire", {"standing_id": standing_id}, now)
            said = answer.strip() + (f"\n\n依据：{basis}" if basis else "")
            return self._bring_back(session, actor, row, said, standing_id, now)

        return await self.store.write(work)

    async def same_as(self, actor: Actor, question_id: int, other_id: int) -> Given:
        """The question asks what another asked: the standing answer serves both.

        Raises:
            UsageError: The other has no standing answer.
        """
        now = self.clock()

        def work(session: Session) -> Given:
            row = self._answerable(session, actor, question_id)
            other = self._answerable(session, actor, other_id)
            standing = questions.standing_answer(session, other.standing_answer_id or 0)
            if standing is None or standing.retired_at is not None:
                raise UsageError("no standing answer", reply=f"问题 {other_id} 还没有答复。")
            standing.serves = [*(standing.serves or []), row.understood]
            row.state, row.standing_answer_id = QuestionState.CLOSED, standing.id
            _record(session, actor, "question.answer", row.id, now, f"同 {other_id}")
            undo.forget(session, actor)
            return self._bring_back(session, actor, row, standing.answer, standing.id, now)

        return await self.store.write(work)

    def _bring_back(
        self,
        session: Session,
        actor: Actor,
        row: Question,
        answer: str,
        standing_id: int,
        now: datetime,
    ) -> Given:
        """To the asker's private chat, even where a group heard the question."""
        said = wording.CAME_BACK.format(
            question=row.question, who=_called(session, actor), answer=answer
        )
        chat = Conversation(channel=ChannelName(row.channel), id=row.account)
        conversation = self.post.open_to(session, chat)
        key = f"question:{row.id}:reply:{standing_id}"
        kind = DeliveryKind.REPLY
        told = None
        if conversation is not None:
            told = self.post.to(session, conversation, key, Reply(text=said), now, kind=kind)
        asker = name_of(session, row.asked_by)
        return Given(asker=asker, is_told=told is not None, standing_id=standing_id)

    async def close(self, actor: Actor, question_id: int) -> None:
        """It needs no answer."""
        now = self.clock()

        def work(session: Session) -> None:
            row = self._answerable(session, actor, question_id)
            before, row.state = row.state, QuestionState.CLOSED
            _record(session, actor, "question.close", row.id, now, "不用答复", before)

        await self.store.write(work)

    async def waiting(self, actor: Actor, *, limit: int = 20) -> tuple[int, Sequence[Asked]]:
        """How many nobody has answered of those the actor may see, and the newest of them."""
        check(actor, Act.SEE_QUESTIONS)

        def query(session: Session) -> tuple[int, Sequence[Asked]]:
            sought = question_list.SoughtQuestions(
                units=within(actor, Act.SEE_QUESTIONS),
                member_id=actor.member_id,
                sees_guests=runs_whole(session, actor, Act.SEE_QUESTIONS),
            )
            total, rows = question_list.asked(session, sought, limit=limit)
            return total, [asked_of(session, row) for row in rows]

        return await self.store.read(query)

    async def standing_list(self, actor: Actor) -> Sequence[StandingView]:
        """Standing answers that the actor may see, newest first."""
        check(actor, Act.SEE_QUESTIONS)
        units = None if actor.is_operator else actor.units | actor.administered

        def query(session: Session) -> list[StandingView]:
            return [view(session, row) for row in questions.standing_answers(session, units)]

        return await self.store.read(query)

    async def retire(self, actor: Actor, standing_id: int) -> str:
        """Take a standing answer out of use; the question it was for.

        Raises:
            NotFound: There is none.
            NotAllowed: The actor may not answer for its unit.
        """
        now = self.clock()

        def work(session: Session) -> str:
            row = _changeable(session, actor, standing_id)
            row.retired_at = now
            undo.forget(session, actor)
            _record_standing(session, actor, "standing.retire", row, now, row.answer, "停用")
            return row.question

        return await self.store.write(work)

    async def change_expiry(self, actor: Actor, standing_id: int, until: date | None) -> None:
        """Say on which day a standing answer holds for the last time (None: it goes on holding).

        Raises:
            NotFound: There is none.
            NotAllowed: The actor may not answer for its unit.
            UsageError: The day has passed.
        """
        now = self.clock()
        self._check_day(until, now)

        def work(session: Session) -> None:
            row = _changeable(session, actor, standing_id)
            before, row.expires_on = row.expires_on, until
            days = [str(one) if one else "一直" for one in (before, until)]
            _record_standing(session, actor, "standing.expiry", row, now, *days)

        await self.store.write(work)

    def _check_day(self, until: date | None, now: datetime) -> None:
        if until is not None and until < now.astimezone(self.zone).date():
            raise UsageError("over", reply="有效期已经过了，请改一下日期。")

    def _answerable(self, session: Session, actor: Actor, question_id: int) -> Question:
        row = questions.get(session, question_id)
        if row is None or not may_answer(session, actor, row):
            raise NotFound("no question", reply=wording.NO_SUCH.format(id=question_id))
        return row


def _changeable(session: Session, actor: Actor, standing_id: int) -> StandingAnswer:
    row = questions.standing_answer(session, standing_id)
    if row is None or row.retired_at is not None or not actor.sees(row.visible_to):
        raise NotFound("no such standing answer", reply=f"没有答复 {standing_id}。")
    if not may_change(session, actor, row):
        raise NotAllowed(f"member {actor.member_id} may not change {standing_id}")
    return row


def _seen_from(session: Session, actor: Actor, row: Question) -> int | None:
    """The answer is for those below the unit that the answerer speaks for; a guest's for all."""
    if row.asked_by is None or actor.is_operator:
        return None
    above = people.with_all_above(
        session, [one.unit_id for one in people.memberships(session, row.asked_by)]
    )
    spoken_for = [
        one.unit_id
        for one in people.memberships(session, actor.member_id or 0)
        if one.unit_id in above and actor.may(Act.ANSWER_QUESTIONS, one.unit_id)
    ]
    if spoken_for:
        return spoken_for[0]
    return next((one.unit_id for one in people.memberships(session, row.asked_by)), None)


def _called(session: Session, actor: Actor) -> str:
    return name_of(session, actor.member_id) if actor.member_id is not None else "管理员"


def _record(
    session: Session,
    actor: Actor,
    what: str,
    question_id: int,
    now: datetime,
    after: str,
    before: str | None = None,
) -> None:
    audit.record(
        session,
        who=actor.account,
        what=what,
        subject=f"question:{question_id}",
        now=now,
        before=before,
        after=after,
    )


def _record_standing(
    session: Session,
    actor: Actor,
    what: str,
    row: StandingAnswer,
    now: datetime,
    before: str,
    after: str,
) -> None:
    audit.record(
        session,
        who=actor.account,
        what=what,
        subject=f"standing:{row.id}",
        now=now,
        before=before,
        after=after,
    )
