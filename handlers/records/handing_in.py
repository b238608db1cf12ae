"""A form becomes a record, within one transaction: once, in its window, with whoever deals with it.

What is handed in again after it was withdrawn, or corrected after it was returned, is a new entry
that names the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, UsageError
from bot.messages import Conversation, Reply, Role
from handlers.access import Actor
from handlers.posting import Post
from handlers.records import case_wording, forms, rights
from handlers.records.actions import Records
from handlers.records.form_parties import asked_of
from handlers.records.form_state import Form, listed
from handlers.records.limits import limit_days
from handlers.records.record_views import RecordView
from handlers.records.roll_call_book import entered_by
from handlers.records.types import Move, Party, RecordType
from handlers.records.window_book import WindowBook
from store import cases, people, records
from store.cases import Case
from store.models_records import WITHDRAWN, Record, RecordKind
from store.records import NewRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class HandingIn:
    """Built once, in ``bot.app``; its methods run inside a unit of work."""

    records: Records
    book: WindowBook
    post: Post

    def take(self, session: Session, actor: Actor, form: Form, here: Conversation) -> RecordView:
        """Make a record of a form, and tell whose turn it is.

        Raises:
            NotAllowed: The actor does not hand in this type.
            UsageError: It is not open, or was handed in before.
        """
        rights.check_submits(actor, form.type, None)
        if form.corrects is not None:
            record = self._corrected(session, actor, form, form.corrects, here)
        else:
            record = self._first(session, actor, form, here)
        view = self.records.views.view(session, actor, record)
        self._tell(session, actor, form.type, record)
        return view

    def check_open(self, session: Session, actor: Actor, type_: RecordType) -> None:
        """Refuse politely, with when it opens.

        Raises:
            UsageError: It is not open now.
        """
        if type_.needs_window and not self.book.is_open(session, actor, type_):
            raise UsageError("not open", reply=self.book.refusal(session, actor, type_))

    def to_correct(
        self, session: Session, actor: Actor, record_id: int
    ) -> tuple[Record, RecordType]:
        """The newest entry of a form that the actor may still change.

        Raises:
            NotFound: There is none the actor may see.
            NotAllowed: It is somebody else's.
            UsageError: It is settled.
        """
        record, type_ = self.records.views.seen(session, actor, record_id)
        window = cases.of(session, record.id).window_id
        row = None if window is None else cases.window(session, window)
        party = asked_of(session, type_, actor.member_id, row.unit_id if row else None)
        submitters = self.records.views.submitters(session, record)
        own = actor.member_id is not None and actor.member_id in submitters
        if not own and (type_.per == "person" or party[1] != record.unit_id):
            raise NotAllowed(f"member {actor.member_id} may not change record {record.id}")
        if record.kind != RecordKind.FORM or type_.one_vote_per_rater:
            raise UsageError("cannot be changed", reply=case_wording.NOT_TO_CHANGE)
        states = {one.id: one for one in type_.states}
        if record.state == WITHDRAWN or (type_.moves and states[record.state].is_final):
            raise UsageError("settled", reply=case_wording.settled(type_, record.state))
        return record, type_

    def _first(self, session: Session, actor: Actor, form: Form, here: Conversation) -> Record:
        type_, today = form.type, self.records.today()
        window = self.book.current(session, actor, type_)
        if type_.needs_window and window is None:
            raise UsageError("not open", reply=self.book.refusal(session, actor, type_))
        party, unit_id = asked_of(
            session, type_, actor.member_id, window.unit_id if window else None
        )
        about = "、".join(map(str, listed(form.values.get(type_.votes_on))))
        name = f"w{window.id}" if window else ""
        key = forms.once_key(type_, party, today, name, about) or f"form:{form.nonce}"
        state, entered = type_.states[0], entered_by(actor, here, self.records.clock())
        new = NewRecord(
            kind=RecordKind.FORM,
            type=type_.id,
            on=today,
            unit_id=unit_id,
            member_id=actor.member_id,
            key=key,
            fields=_kept(form),
            state=state.id,
            is_counted=state.is_final,
            is_confidential=type_.confidential,
            hundredths=self.records.views.hundredths(type_),
        )
        record_id = records.add(session, new, entered, form.files)
        if record_id is None:
            return self._once_more(session, actor, form, key, here)
        case = self._case(session, form, unit_id)
        cases.keep(session, record_id, case._replace(window_id=window.id if window else None))
        return session.get_one(Record, record_id)

    def _once_more(
        self, session: Session, actor: Actor, form: Form, key: str, here: Conversation
    ) -> Record:
        """After a withdrawal: a new entry in its place."""
        before = records.keyed(session, key)
        if before is None or before.state != WITHDRAWN:
            number = before.id if before is not None else 0
            raise UsageError("handed in before", reply=case_wording.once(form.type, number))
        return self._follow(session, actor, form, before, here, form.type.states[0].id, "重新提交")

    def _corrected(
        self, session: Session, actor: Actor, form: Form, record_id: int, here: Conversation
    ) -> Record:
        record, type_ = self.to_correct(session, actor, record_id)
        back = next(
            (
                one
                for one in type_.moves_from(record.state)
                if Party.SUBMITTER in one.who and not one.fills and not one.needs_reason
            ),
            None,
        )
        state = back.to if back is not None else record.state
        return self._follow(session, actor, form, record, here, state, "更正")

    def _follow(
        self,
        session: Session,
        actor: Actor,
        form: Form,
        before: Record,
        here: Conversation,
        state: str,
        reason: str,
    ) -> Record:
        type_ = form.type
        after = records.follow(
            session,
            before,
            entered_by(actor, here, self.records.clock()),
            state=state,
            is_counted=any(one.is_final for one in type_.states if one.id == state),
            fields={**_unasked(before, type_), **_kept(form)},
            reason=reason,
            hundredths=self.records.views.hundredths(type_),
            files=form.files,
        )
        if after is None:
            raise UsageError("somebody was quicker", reply=case_wording.QUICKER)
        known = cases.of(session, after.id)
        fresh = self._case(session, form, before.unit_id)
        cases.keep(
            session,
            after.id,
            known._replace(
                owner_id=fresh.owner_id or known.owner_id, due_on=fresh.due_on or known.due_on
            ),
        )
        return after

    def _case(self, session: Session, form: Form, unit_id: int | None) -> Case:
        """Who deals with it and until when, as the form itself says, or as the admin has set."""
        type_, owner_id, due_on = form.type, None, None
        named = listed(form.values.get(type_.owner_field))
        if named:
            owner_id = _only(session, str(named[0]), unit_id)
        if said := form.values.get(type_.due_field):
            due_on = date.fromisoformat(str(said))
        elif (days := limit_days(session, type_)) is not None:
            due_on = self.records.today() + timedelta(days=days)
        return Case(owner_id=owner_id, due_on=due_on)

    def _tell(self, session: Session, actor: Actor, type_: RecordType, record: Record) -> None:
        """Whoever may take the next step, nearest to the unit; and whoever deals with it."""
        moves = [one for one in type_.moves_from(record.state) if not one.at_close]
        if type_.hidden_until_closed or not moves:
            return
        now, key = self.records.clock(), f"record:{record.id}:turn"
        owner = cases.of(session, record.id).owner_id
        told = set(turn_of(session, moves, record.unit_id, without=actor.member_id))
        if owner is not None and owner != actor.member_id:
            self._post(session, owner, key, case_wording.given(type_, record.id, moves), now)
            told.discard(owner)
        for member_id in told:
            self._post(session, member_id, key, case_wording.turn(type_, record.id, moves), now)

    def _post(
        self, session: Session, member_id: int, key: str, reply: Reply, now: datetime
    ) -> None:
        self.post.to_member(session, member_id, f"{key}:{member_id}", reply, now)


def turn_of(
    session: Session, moves: Sequence[Move], unit_id: int | None, *, without: int | None
) -> list[int]:
    """Who holds a role that one of the moves asks for, in the unit or the next above it."""
    roles = [one for move in moves for one in move.who if isinstance(one, Role)]
    level: Collection[int] = people.root_units(session) if unit_id is None else {unit_id}
    while level:
        found = {
            member.id
            for role in dict.fromkeys(roles)
            for member in people.holders(session, role, level)
        } - {without}
        if found:
            return sorted(one for one in found if one is not None)
        above = {people.parent_of(session, unit) for unit in level}
        level = {unit for unit in above if unit is not None}
    return []


def _kept(form: Form) -> dict[str, object]:
    return {
        name: value
        for name, value in form.values.items()
        if value not in ("", [])
        and (field := form.type.field(name))
        and field.is_asked(form.values)
    }


def _unasked(before: Record, type_: RecordType) -> dict[str, object]:
    """What an entry says beside its form: the reply to it, for instance."""
    return {name: value for name, value in before.fields.items() if type_.field(name) is None}


def _only(session: Session, name: str, unit_id: int | None) -> int | None:
    """The one member of this name, of several the one who is in the unit."""
    found = people.members_named(session, name)
    if len(found) > 1 and unit_id is not None:
        found = [
            one
            for one in found
            if unit_id in {row.unit_id for row in people.memberships(session, one.id)}
        ]
    return found[0].id if len(found) == 1 else None
