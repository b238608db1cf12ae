"""Steps that a type declares: approved, returned, given to somebody, answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import Conversation
from handlers.access import Actor
from handlers.people.selecting import member_meant
from handlers.posting import Post
from handlers.records import case_wording, rights
from handlers.records.evidence import placed
from handlers.records.form_opening import last_moment
from handlers.records.handing_in import turn_of
from handlers.records.record_views import RecordView, Views
from handlers.records.roll_call_book import entered_by
from handlers.records.types import Move, RecordType
from scheduler.school_calendar import WorkdayCalendar
from store import cases, records
from store.cases import Case
from store.engine import Store
from store.models_records import Record
from store.records import NewFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Built once, in ``bot.app``."""

    store: Store
    views: Views
    post: Post
    calendar: WorkdayCalendar
    clock: Callable[[], datetime]

    async def move(
        self,
        actor: Actor,
        record_id: int,
        move_name: str,
        words: str,
        here: Conversation,
        files: Sequence[NewFile] = (),
    ) -> RecordView:
        """Take a step that the type declares, and tell those whom it concerns.

        Raises:
            NotFound: No such record, or no such step from where it stands.
            NotAllowed: It is not the actor's step.
            UsageError: A reason, a reply or a name is missing, or somebody was quicker.
        """
        now = self.clock()

        def work(session: Session) -> RecordView:
            record, type_ = self.views.seen(session, actor, record_id)
            move = _named(type_, record, move_name)
            case = cases.of(session, record.id)
            own = self.views.submitters(session, record)
            if not rights.is_among(
                actor, move.who, record.unit_id, submitters=own, owner=case.owner_id
            ):
                raise NotAllowed(f"member {actor.member_id} may not {move.id} record {record.id}")
            _check_words(record, type_, move, words)
            fields, evidence = dict(record.fields), placed(files, type_) if move.fills else []
            if move.needs_owner:
                case = self._given(session, words, case)
            if move.needs_reply:
                fields["reply"] = words
            if move.fills:
                fields[move.fills] = words
            after = records.follow(
                session,
                record,
                entered_by(actor, here, now),
                state=move.to,
                is_counted=any(one.is_final for one in type_.states if one.id == move.to),
                fields=fields,
                reason=words,
                hundredths=self.views.hundredths(type_),
                files=[*records.files_of(session, record.id), *evidence] if evidence else None,
            )
            if after is None:
                raise UsageError("somebody was quicker", reply=case_wording.QUICKER)
            cases.keep(session, after.id, case)
            view = self.views.view(session, actor, after)
            self._tell(session, actor, after, type_, move, words)
            return view

        return await self.store.write(work)

    async def set_due(self, actor: Actor, record_id: int, words: str) -> tuple[RecordView, date]:
        """Until when one record is to be dealt with, whatever was set for its type.

        Raises:
            NotFound: There is none the actor may see.
            NotAllowed: The actor does not decide about it.
            UsageError: No day was said.
        """
        until = last_moment(words, self.clock().astimezone(self.views.zone), self.calendar)
        if until is None:
            raise UsageError("no day", reply=case_wording.HOW_TO_SET_DUE)

        def work(session: Session) -> RecordView:
            record, type_ = self.views.seen(session, actor, record_id)
            if not rights.is_among(actor, (*type_.approve, *type_.open), record.unit_id):
                raise NotAllowed(f"member {actor.member_id} may not set the time of {record.id}")
            cases.keep(
                session, record.id, cases.of(session, record.id)._replace(due_on=until.date())
            )
            return self.views.view(session, actor, record)

        return await self.store.write(work), until.date()

    def _given(self, session: Session, words: str, case: Case) -> Case:
        """Who it is given to, and until when: 张三 到9月30日."""
        name, _, rest = words.strip().partition(" ")
        member = member_meant(session, name)
        until = last_moment(rest, self.clock().astimezone(self.views.zone), self.calendar)
        due_on = case.due_on if until is None else until.date()
        return case._replace(owner_id=member.id, due_on=due_on)

    def _tell(
        self,
        session: Session,
        actor: Actor,
        record: Record,
        type_: RecordType,
        move: Move,
        words: str,
    ) -> None:
        now, key = self.clock(), f"record:{record.id}"
        case, told = cases.of(session, record.id), {actor.member_id}
        moves = type_.moves_from(record.state)
        if record.member_id is not None and record.member_id not in told:
            said = "" if move.needs_owner else words
            reply = case_wording.moved(type_, record, said, moves)
            self.post.to_member(session, record.member_id, f"{key}:moved", reply, now)
            told.add(record.member_id)
        if case.owner_id is not None and case.owner_id not in told:
            given = case_wording.given(type_, record.id, moves, case.due_on)
            self.post.to_member(session, case.owner_id, f"{key}:owner", given, now)
            told.add(case.owner_id)
        if move.needs_owner:
            return
        for member_id in turn_of(session, moves, record.unit_id, without=actor.member_id):
            if member_id not in told:
                turn = case_wording.turn(type_, record.id, moves)
                self.post.to_member(session, member_id, f"{key}:turn:{member_id}", turn, now)


def _check_words(record: Record, type_: RecordType, move: Move, words: str) -> None:
    if case_wording.needs_words(move) and not words:
        told = type_.wording.get("returned", "没有答复不能办结。") if move.needs_reply else ""
        reply = f"{told}请这样写——{case_wording.step(move, record.id)}"
        raise UsageError("words are missing", reply=reply)


def _named(type_: RecordType, record: Record, name: str) -> Move:
    """By id, by name, or by how the name begins or ends: 办结 for 答复并办结."""
    moves = type_.moves_from(record.state)
    for fits in (
        lambda one: name in (one.id, one.name),
        lambda one: one.name.startswith(name) or one.name.endswith(name),
    ):
        if found := [one for one in moves if fits(one)]:
            return found[0]
    steps = "、".join(one.name for one in moves) or "没有"
    raise NotFound("no such step", reply=f"这条记录现在可以做的：{steps}。")
