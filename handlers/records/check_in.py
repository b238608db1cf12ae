"""Roll calls: opened, answered, nudged, made up for, closed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.codec import reply_to_json
from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import ChannelName, Conversation
from handlers.access import Actor
from handlers.records import rights
from handlers.records.answers import Said
from handlers.records.opening import Opening, for_task
from handlers.records.roll_call_book import (
    Book,
    account,
    entered_by,
    is_open,
    lines_named,
)
from handlers.records.roll_call_taking import MAKE_UP_FOR, Taking
from handlers.records.roll_call_views import Answered, Line, Nudged, Result, RollCallView
from handlers.tasks import proving
from store import outbox, people, records, roll_calls
from store.engine import Store
from store.models import DeliveryKind
from store.models_records import CheckIn, RollCallMember
from store.records import NewFile

_NUDGE_AGAIN = timedelta(minutes=1)
_JUST_CLOSED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCalls:
    """Built once, in ``bot.app``."""

    store: Store
    book: Book

    @property
    def taking(self) -> Taking:
        return Taking(book=self.book)

    async def units(self, actor: Actor) -> Mapping[int, str]:
        """Names of the units where the actor may open something."""
        rows = await self.store.read(people.units)
        return {one.id: one.name for one in rows if actor.is_operator or one.id in actor.roles}

    async def unit_names(self) -> frozenset[str]:
        """Of every unit there is."""
        return frozenset(one.name for one in await self.store.read(people.units))

    async def open(
        self, actor: Actor, opening: Opening, here: Conversation, *, key: str
    ) -> RollCallView:
        """Open one and freeze its roster; the same ``key`` opens it once.

        Opened in a private chat, everybody who is expected is invited.

        Raises:
            NotFound: There is no such task.
            NotAllowed: The actor may not open this type there.
            UsageError: The unit is not clear, nobody is in it, or the type is confidential here.
        """
        opening, unit_id = await self._allowed(actor, opening, here)
        now = self.book.clock()

        def work(session: Session) -> RollCallView:
            known = roll_calls.by_key(session, key)
            if known is not None:
                return self.book.view(session, known)
            members = people.members(session, people.with_all_below(session, [unit_id]))
            if not members:
                raise UsageError("nobody there", reply="这个单位在花名册上还没有人，没法签到。")
            values = self._values(actor, opening, here, unit_id, key, now)
            opened = roll_calls.open_once(session, values, members)
            if opened is None:
                raise UsageError("opened at the same time")
            if opening.occurrence_id is not None:
                entry = proving.provable(session, actor, opening.occurrence_id, here)
                proving.begin(session, actor, entry, opening.title, now)
            view = self.book.view(session, opened)
            if not here.is_group:
                ids = [one.id for one in members if one.id != actor.member_id]
                self.book.deliver(
                    session, ids, f"roll:{opened.id}:open", self.book.wording.invitation(view)
                )
            return view

        return await self.store.write(work)

    async def reach(
        self, actor: Actor, opening: Opening, here: Conversation
    ) -> Mapping[ChannelName, int]:
        """How many would be asked through which channel; raises what :meth:`open` does."""
        opening, unit_id = await self._allowed(actor, opening, here)

        def query(session: Session) -> Mapping[ChannelName, int]:
            members = people.members(session, people.with_all_below(session, [unit_id]))
            if here.is_group:
                return {here.channel: len(members)}
            ids = [one.id for one in members if one.id != actor.member_id]
            return self.book.reach(session, ids)

        return await self.store.read(query)

    async def _allowed(
        self, actor: Actor, opening: Opening, here: Conversation
    ) -> tuple[Opening, int]:
        """What it is about and for which unit, where the actor may."""
        if opening.occurrence_id is not None:
            opening = await self._for_task(actor, opening, opening.occurrence_id, here)
        unit_id = await self._unit_of(actor, opening, here)
        type_ = opening.type
        if type_ is not None:
            rights.check_opens(actor, type_, unit_id)
            if type_.confidential and here.is_group:
                raise UsageError("confidential", reply="这一类是保密的，请在私聊里办。")
        elif not actor.is_operator and unit_id not in actor.roles:
            raise NotAllowed("may not open a roll call there")
        return opening, unit_id

    async def answer(
        self,
        actor: Actor,
        said: Said,
        here: Conversation,
        *,
        roll_call_id: int | None = None,
        files: Sequence[NewFile] = (),
    ) -> Answered:
        """Take what somebody says about being there; nothing is taken twice."""
        if said.names and not said.is_guess:
            return await self._answer_for(actor, said, here, roll_call_id)
        now = self.book.clock()

        def work(session: Session) -> Answered:
            if actor.member_id is None:
                return Answered(result=Result.NOT_EXPECTED)
            meant = self.taking.meant(session, actor.member_id, said, roll_call_id, here, now)
            if isinstance(meant, Answered):
                return meant
            found, line = meant
            if said.is_guess and self.book.leads(actor, found):
                others, unclear = _told_apart(lines_named(session, found.id, said.names))
                if others and not unclear:
                    return self.taking.take_all(session, actor, found, others, said, here, now)
            if line is None:
                return Answered(result=Result.NOT_EXPECTED, view=self.book.view(session, found))
            return self.taking.take(session, actor, found, line, said, here, now, files)

        return await self.store.write(work)

    async def decide(
        self,
        actor: Actor,
        roll_call_id: int,
        member_id: int,
        here: Conversation,
        *,
        is_agreed: bool,
        reason: str = "",
    ) -> tuple[RollCallView, Line] | None:
        """Agree to somebody's signing in afterwards, or not; they are told, with the reason.

        None when it was decided before.

        Raises:
            NotFound: There is no such roll call, or nobody asked.
            NotAllowed: It is not the actor's to decide.
        """
        now = self.book.clock()

        def work(session: Session) -> tuple[RollCallView, Line] | None:
            roll_call = self.book.led(session, actor, roll_call_id)
            line = roll_calls.expected(session, roll_call.id, member_id)
            if line is None:
                raise NotFound("not on the roster")
            if line.standing != CheckIn.ASKED or line.record_id is None:
                return None
            record = records.newest(session, line.record_id)
            standing = CheckIn.PRESENT if is_agreed else CheckIn.MISSING
            entered = entered_by(actor, here, now)
            self.book.follow(session, record, standing, entered, reason=reason)
            roll_calls.move(session, line, standing, line.record_id)
            self.book.recount(session, roll_call, entered)
            view = self.book.view(session, roll_call)
            reply = self.book.wording.decided(view, is_agreed, reason)
            key = f"roll:{roll_call.id}:made_up:{line.record_id}:{int(now.timestamp())}"
            self.book.deliver(session, [member_id], key, reply)
            return view, Line(member_id=member_id, name=line.name, standing=standing)

        return await self.store.write(work)

    async def nudge(self, actor: Actor, roll_call_id: int | None, here: Conversation) -> Nudged:
        """Remind those who have not answered, and only them.

        Raises:
            NotFound: There is no such roll call.
            NotAllowed: It is not the actor's.
            UsageError: It is over.
        """
        now = self.book.clock()

        def work(session: Session) -> Nudged:
            roll_call = self.book.led(session, actor, roll_call_id, here)
            view = self.book.view(session, roll_call)
            if not view.is_open:
                raise UsageError("closed", reply=f"“{view.title}”的签到已经结束了。")
            missing = roll_calls.roster(session, roll_call.id, CheckIn.MISSING)
            missing = [one for one in missing if one.member_id != actor.member_id]
            fresh = [
                one for one in missing
                if one.nudged_at is None or now - one.nudged_at >= _NUDGE_AGAIN
            ]  # fmt: skip
            key = f"roll:{roll_call.id}:nudge:{int(now.timestamp())}"
            reached = self.book.deliver(
                session, [one.member_id for one in fresh], key, self.book.wording.nudge(view)
            )
            roll_calls.nudged(session, roll_call.id, reached, now)
            return Nudged(
                view=view,
                told=tuple(one.name for one in fresh if one.member_id in reached),
                unreachable=tuple(one.name for one in fresh if one.member_id not in reached),
                too_soon=tuple(one.name for one in missing if one not in fresh),
            )

        return await self.store.write(work)

    async def close(
        self, actor: Actor, roll_call_id: int | None, here: Conversation
    ) -> RollCallView:
        """Close it now; closing it again changes nothing.

        Raises:
            NotFound: There is no such roll call.
            NotAllowed: It is not the actor's.
        """
        now = self.book.clock()

        def work(session: Session) -> RollCallView:
            roll_call = self.book.led(session, actor, roll_call_id, here)
            self.book.close(session, roll_call, now)
            return self.book.view(session, roll_call, with_roster=True)

        return await self.store.write(work)

    async def close_due(self) -> datetime | None:
        """Close what is over and tell who opened it; when the next one closes."""
        now = self.book.clock()

        def work(session: Session) -> datetime | None:
            for roll_call in roll_calls.due_to_close(session, now):
                if not self.book.close(session, roll_call, now):
                    continue
                reply = self.book.wording.closed(
                    self.book.view(session, roll_call, with_roster=True)
                )
                draft = outbox.Draft(
                    key=f"roll:{roll_call.id}:closed",
                    kind=DeliveryKind.BROADCAST,
                    channel=roll_call.channel,
                    conversation=roll_call.conversation,
                    is_group=roll_call.is_group,
                    reply=reply_to_json(reply),
                )
                outbox.add(session, draft, now=now)
            return roll_calls.next_closing(session)

        return await self.store.write(work)

    async def show(
        self, actor: Actor, roll_call_id: int | None, here: Conversation
    ) -> RollCallView:
        """With its roster; only for those who lead it.

        Raises:
            NotFound: There is no such roll call.
            NotAllowed: It is not the actor's.
        """

        def query(session: Session) -> RollCallView:
            roll_call = self.book.led(session, actor, roll_call_id, here)
            return self.book.view(session, roll_call, with_roster=True)

        return await self.store.read(query)

    async def lately_open(self) -> Sequence[tuple[RollCallView, Conversation]]:
        """Open ones and those just closed, with the chat each was opened in."""
        since = self.book.clock() - _JUST_CLOSED

        def query(session: Session) -> list[tuple[RollCallView, Conversation]]:
            return [
                (
                    self.book.view(session, one),
                    Conversation(
                        channel=ChannelName(one.channel),
                        id=one.conversation,
                        is_group=one.is_group,
                    ),
                )
                for one in roll_calls.lately_open(session, since)
            ]

        return await self.store.read(query)

    async def _answer_for(
        self, actor: Actor, said: Said, here: Conversation, roll_call_id: int | None
    ) -> Answered:
        now = self.book.clock()

        def work(session: Session) -> Answered:
            roll_call = self.book.led(session, actor, roll_call_id, here)
            if not is_open(roll_call, now) and now - roll_call.closes_at > MAKE_UP_FOR:
                return Answered(result=Result.CLOSED, view=self.book.view(session, roll_call))
            lines, unclear = _told_apart(lines_named(session, roll_call.id, said.names))
            if unclear:
                view = self.book.view(session, roll_call)
                return Answered(result=Result.UNKNOWN_NAMES, view=view, names=unclear)
            return self.taking.take_all(session, actor, roll_call, lines, said, here, now)

        return await self.store.write(work)

    async def _for_task(
        self, actor: Actor, opening: Opening, occurrence_id: int, here: Conversation
    ) -> Opening:
        def query(session: Session) -> Opening:
            entry = proving.provable(session, actor, occurrence_id, here)
            unit_id = entry.assignment.unit_id
            return for_task(opening, entry.task.title, unit_id, self.book.types)

        return await self.store.read(query)

    async def _unit_of(self, actor: Actor, opening: Opening, here: Conversation) -> int:
        """The unit that was named, else the one this chat belongs to, else the actor's own."""

        def query(session: Session) -> list[int]:
            if opening.unit_ids:
                return list(opening.unit_ids)
            row = people.conversation(session, here.channel, here.id)
            if row is not None and row.unit_id is not None:
                return [row.unit_id]
            if actor.member_id is None:
                return []
            own = people.memberships(session, actor.member_id)
            return list(dict.fromkeys(one.unit_id for one in own))

        found = await self.store.read(query)
        if len(found) != 1:
            raise UsageError("which unit", reply="请写明是哪个单位的签到，例如：第一党支部。")
        return found[0]

    def _values(
        self,
        actor: Actor,
        opening: Opening,
        here: Conversation,
        unit_id: int,
        key: str,
        now: datetime,
    ) -> dict[str, object]:
        return {
            "key": key,
            "type": opening.type.id if opening.type else "roll_call",
            "title": opening.title,
            "unit_id": unit_id,
            "place": opening.place,
            "starts_at": opening.starts_at,
            "closes_at": opening.closes_at,
            "opened_at": now,
            "opened_by": actor.member_id,
            "opened_account": account(actor),
            "channel": here.channel,
            "conversation": here.id,
            "is_group": here.is_group,
            "secret": secrets.token_hex(16) if opening.wants_code else None,
            "occurrence_id": opening.occurrence_id,
            "is_confidential": opening.type.confidential if opening.type else False,
        }


def _told_apart(
    found: Mapping[str, Sequence[RollCallMember]],
) -> tuple[list[RollCallMember], tuple[str, ...]]:
    """The one line of each name; names that fit none, or several."""
    lines = [fitting[0] for fitting in found.values() if len(fitting) == 1]
    return lines, tuple(name for name, fitting in found.items() if len(fitting) != 1)
