"""When a type is handed in: windows, opened and closed by whoever opens the type, or by the year.

=========  ==================================================  ==================================
state      who moves it                                        after a crash
=========  ==================================================  ==================================
announced  ``open`` with a later beginning                     it opens when its time comes
open       ``open``, or the first that is handed in in season  the same
closed     ``close`` once, by hand or by the clock             the clock closes it at the next look
=========  ==================================================  ==================================

What is handed in is checked against the window in the same transaction, so nothing slips in late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, UsageError
from bot.messages import Conversation
from handlers.access import Actor
from handlers.posting import Post
from handlers.records import form_wording, rights
from handlers.records.form_opening import FormOpening
from handlers.records.form_parties import Asked, all_asked
from handlers.records.limits import limit_days, set_limit_days
from handlers.records.roll_call_book import account
from handlers.records.types import RecordType
from handlers.records.window_book import WindowBook, keep_menu
from handlers.records.window_views import Standing, Tally, WindowView
from store import audit, cases, people, records
from store.engine import Store
from store.models_windows import FormWindow
from store.records import Entered

_MOST_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class FormWindows:
    """Built once, in ``bot.app``."""

    store: Store
    book: WindowBook
    post: Post

    async def units(self, actor: Actor) -> Mapping[int, str]:
        """Names of the units where the actor may open something."""
        rows = await self.store.read(people.units)
        return {one.id: one.name for one in rows if actor.is_operator or one.id in actor.roles}

    async def open(
        self, actor: Actor, opening: FormOpening, here: Conversation, *, key: str
    ) -> WindowView:
        """Open one and tell those who are asked, when it begins; the same ``key`` opens it once.

        Raises:
            NotAllowed: The actor does not open this type there.
            UsageError: The unit is not clear, or the time is over.
        """
        now, type_ = self.book.clock(), opening.type
        if opening.closes_at <= max(now, opening.opens_at):
            raise UsageError("already over", reply=form_wording.OVER_ALREADY)

        def work(session: Session) -> WindowView:
            if (known := cases.window_by_key(session, key)) is not None:
                return self.book.view(session, known)
            unit_id = self._unit_of(session, actor, opening)
            rights.check_opens(actor, type_, unit_id)
            for other in cases.windows(session, type_.id, open_at=now):
                if other.unit_id == unit_id:
                    raise UsageError(
                        "open already",
                        reply=form_wording.open_already(self.book.view(session, other)),
                    )
            window = cases.open_window(
                session,
                {
                    "key": key,
                    "type": type_.id,
                    "title": type_.name,
                    "unit_id": unit_id,
                    "opened_at": opening.opens_at.astimezone(UTC),
                    "closes_at": opening.closes_at.astimezone(UTC),
                    "opened_by": actor.member_id,
                    "opened_account": account(actor),
                    "channel": here.channel,
                    "conversation": here.id,
                },
            )
            if window is None:
                raise UsageError("opened at the same time")
            if opening.menu:
                keep_menu(session, window.id, opening.menu)
            view = self.book.view(session, window)
            self._note(session, account(actor), window, "form.open", now, after=view.title)
            self._announce(session, view, all_asked(session, type_, unit_id), actor.member_id)
            return view

        return await self.store.write(work)

    async def put_off(self, actor: Actor, type_: RecordType, closes_at: datetime) -> WindowView:
        """Let it last longer, or less long.

        Raises:
            NotFound: The actor leads none that is open.
            UsageError: The time is over.
        """
        now = self.book.clock()
        if closes_at <= now:
            raise UsageError("already over", reply=form_wording.OVER_ALREADY)

        def work(session: Session) -> WindowView:
            window = self.book.led(session, actor, type_)
            before = f"{window.closes_at:%Y-%m-%d %H:%M}"
            if not cases.put_off(session, window.id, closes_at.astimezone(UTC)):
                raise UsageError("closed", reply=form_wording.CLOSED_ALREADY)
            session.refresh(window)
            after = f"{window.closes_at:%Y-%m-%d %H:%M}"
            self._note(
                session, account(actor), window, "form.put_off", now, before=before, after=after
            )
            return self.book.view(session, window)

        return await self.store.write(work)

    async def close(self, actor: Actor, type_: RecordType) -> Standing:
        """Take nothing more; who handed in and who did not.

        Raises:
            NotFound: The actor leads none.
            UsageError: It is closed already.
        """
        now = self.book.clock()

        def work(session: Session) -> Standing:
            window = self.book.led(session, actor, type_)
            if not self._close(session, window, account(actor), actor.member_id, now):
                raise UsageError("closed", reply=form_wording.CLOSED_ALREADY)
            return self.book.standing(session, window)

        return await self.store.write(work)

    async def close_due(self) -> None:
        """Close what is over, and tell whoever opened it."""
        now = self.book.clock()
        if not await self.store.read(lambda session: cases.due_to_close(session, now)):
            return

        def work(session: Session) -> None:
            for window in cases.due_to_close(session, now):
                if not self._close(session, window, "scheduler", None, now):
                    continue
                if window.opened_by is not None and window.type in {
                    one.id for one in self.book.types
                }:
                    reply = form_wording.closed(self.book.standing(session, window))
                    key = f"form-window:{window.id}:closed"
                    self.post.to_member(session, window.opened_by, key, reply, now)

        await self.store.write(work)

    async def show(self, actor: Actor, type_: RecordType) -> Standing:
        """Who has handed in and who has not.

        Raises:
            NotFound: The actor leads none.
        """
        return await self.store.read(
            lambda session: self.book.standing(session, self.book.led(session, actor, type_))
        )

    async def nudge(self, actor: Actor, type_: RecordType) -> tuple[Standing, Sequence[str]]:
        """Remind those who have not handed in, once an hour at most; who was reminded now.

        Raises:
            NotFound: The actor leads none.
            UsageError: It is not open.
        """
        now = self.book.clock()

        def work(session: Session) -> tuple[Standing, Sequence[str]]:
            window = self.book.led(session, actor, type_)
            view = self.book.view(session, window)
            if not view.is_open:
                raise UsageError("not open", reply=form_wording.not_open(view))
            standing = self.book.standing(session, window)
            told = []
            for one in standing.missing:
                keys = [
                    (member, f"form-nudge:{window.id}:{member}:{now:%Y%m%d%H}")
                    for member in one.members
                ]
                sent = [
                    self.post.to_member(session, member, key, form_wording.nudge(view), now)
                    for member, key in keys
                ]
                if any(delivery is not None for delivery in sent):
                    told.append(one.name)
            return standing, told

        return await self.store.write(work)

    async def set_limit(self, actor: Actor, type_: RecordType, days: int) -> None:
        """How many days there are to deal with a record of this type, from now on.

        Raises:
            NotAllowed: The actor does not open this type.
            UsageError: So many days make no sense.
        """
        rights.check_opens(actor, type_, None)
        if not 1 <= days <= _MOST_DAYS:
            raise UsageError("no such limit", reply=form_wording.how_to_limit(type_))
        now = self.book.clock()

        def work(session: Session) -> None:
            before = limit_days(session, type_)
            set_limit_days(session, type_, days)
            audit.record(
                session,
                who=account(actor),
                what="form.limit",
                subject=f"record-type:{type_.id}",
                now=now,
                before="" if before is None else str(before),
                after=str(days),
            )

        await self.store.write(work)

    async def tally(self, actor: Actor, type_: RecordType) -> Tally:
        """How the votes fell; only once they are closed, and without who cast them.

        Raises:
            NotFound: The actor may see none.
            UsageError: It is not closed yet, or the type is no vote.
        """
        if not type_.votes_on:
            raise UsageError("no vote", reply=form_wording.no_vote(type_))

        def query(session: Session) -> Tally:
            window = self.book.led(session, actor, type_, or_sees=True)
            view = self.book.view(session, window)
            if type_.hidden_until_closed and window.closed_at is None:
                raise UsageError("still hidden", reply=form_wording.still_hidden(view))
            votes = [one.fields for one in cases.in_window(session, window.id)]
            return Tally.of(view, type_, votes)

        return await self.store.read(query)

    def _close(
        self, session: Session, window: FormWindow, who: str, by: int | None, now: datetime
    ) -> bool:
        if not cases.close_window(session, window.id, now):
            return False
        session.refresh(window)
        self._note(session, who, window, "form.close", now)
        type_ = self.book.types.get(window.type)
        moves = () if type_ is None else tuple(one for one in type_.moves if one.at_close)
        entered = Entered(
            by=by, account=who, channel=window.channel, conversation=window.conversation, at=now
        )
        for record in cases.in_window(session, window.id) if moves else ():
            move = next((one for one in moves if record.state in one.leaves), None)
            if move is not None and type_ is not None:
                final = any(one.is_final for one in type_.states if one.id == move.to)
                records.follow(session, record, entered, state=move.to, is_counted=final)
        return True

    def _unit_of(self, session: Session, actor: Actor, opening: FormOpening) -> int | None:
        if len(opening.unit_ids) == 1:
            return opening.unit_ids[0]
        if opening.unit_ids:
            raise UsageError("several units fit", reply=form_wording.WHICH_UNIT)
        if actor.is_operator and actor.member_id is None:
            return None
        may = {
            unit_id for unit_id in actor.roles if rights.is_among(actor, opening.type.open, unit_id)
        }
        tops = [one for one in may if people.parent_of(session, one) not in may]
        if len(tops) > 1:
            raise UsageError("several units fit", reply=form_wording.WHICH_UNIT)
        if not tops:
            raise NotAllowed(f"member {actor.member_id} may not open {opening.type.id}")
        return tops[0]

    def _announce(
        self, session: Session, view: WindowView, asked: Sequence[Asked], opener: int | None
    ) -> None:
        now = self.book.clock()
        due_at = view.opens_at.astimezone(UTC) if view.opens_at > now else None
        members = {member for one in asked for member in one.members} - {opener}
        for member_id, where in self.post.where(session, members).items():
            self.post.to(
                session,
                where,
                f"form-window:{view.id}:{member_id}",
                form_wording.announced(view),
                now,
                due_at=due_at,
            )

    @staticmethod
    def _note(
        session: Session,
        who: str,
        window: FormWindow,
        what: str,
        now: datetime,
        before: str = "",
        after: str = "",
    ) -> None:
        audit.record(
            session, who=who, what=what, subject=f"form-window:{window.id}", now=now,
            before=before, after=after,
        )  # fmt: skip
