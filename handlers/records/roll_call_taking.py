"""Takes an answer to a roll call. Every odd case has one outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.messages import Conversation
from handlers.access import Actor
from handlers.records.answers import Said, Word
from handlers.records.on_site_code import is_code, was_code
from handlers.records.roll_call_book import Book, entered_by, is_opened_in
from handlers.records.roll_call_views import Answered, Line, Result
from store import roll_calls
from store.models_records import CheckIn, RollCall, RollCallMember
from store.records import Entered, NewFile

EARLY = timedelta(minutes=30)
"""How long before it starts one may sign in."""
MAKE_UP_FOR = timedelta(days=7)
_STANDINGS = {Word.PRESENT: CheckIn.PRESENT, Word.LATE: CheckIn.LATE, Word.LEAVE: CheckIn.LEAVE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Its methods run inside a unit of work."""

    book: Book

    def meant(
        self,
        session: Session,
        member_id: int,
        said: Said,
        roll_call_id: int | None,
        here: Conversation,
        now: datetime,
    ) -> tuple[RollCall, RollCallMember | None] | Answered:
        """The roll call an answer is about, with the member's line on its roster."""
        opened: Sequence[tuple[RollCall, RollCallMember]] = ()
        found: RollCall | Answered | None
        if roll_call_id is not None:
            found = roll_calls.get(session, roll_call_id)
        else:
            opened = roll_calls.open_for(session, member_id, now)
            found = self.only_one(session, member_id, said, opened, here, now)
        if found is None or isinstance(found, Answered):
            return found or Answered(result=Result.NONE_OPEN)
        lines = {one.id: line for one, line in opened}
        return found, lines.get(found.id) or roll_calls.expected(session, found.id, member_id)

    def only_one(
        self,
        session: Session,
        member_id: int,
        said: Said,
        opened: Sequence[tuple[RollCall, RollCallMember]],
        here: Conversation,
        now: datetime,
    ) -> RollCall | Answered:
        """The only one that fits of those that are open, else the last one there was."""
        candidates = [one for one, _ in opened]
        if said.code and (by_code := self.meant_by_code(session, candidates, said, now)):
            return by_code
        in_this_chat = [one for one in candidates if is_opened_in(one, here)]
        candidates = in_this_chat or candidates
        if said.word is not Word.MAKE_UP and len(candidates) > 1:
            missing = {one.id for one, line in opened if line.standing == CheckIn.MISSING}
            waiting = [one for one in candidates if one.id in missing]
            if len(waiting) > 1:
                choices = tuple(self.book.view(session, one) for one in waiting)
                return Answered(result=Result.WHICH, choices=choices)
            candidates = waiting or candidates[:1]
        if candidates and said.word is not Word.MAKE_UP:
            return candidates[0]
        latest = roll_calls.latest_for(session, member_id, now - MAKE_UP_FOR)
        if latest is None:
            here_open = roll_calls.open_in(session, here.channel, here.id, now)
            if here_open and here.is_group:
                view = self.book.view(session, here_open[0])
                return Answered(result=Result.NOT_EXPECTED, view=view)
            return Answered(result=Result.NONE_OPEN)
        return latest

    def meant_by_code(
        self, session: Session, candidates: Sequence[RollCall], said: Said, now: datetime
    ) -> RollCall | Answered | None:
        """The one whose place shows the code; None when the code does not settle it."""
        asking = [one for one in candidates if one.secret is not None]
        fitting = [one for one in asking if is_code(one.secret or "", said.code, now)]
        if fitting:
            return fitting[0]
        if not asking and self.shown_elsewhere(session, said.code, now):
            return Answered(result=Result.NOT_EXPECTED)
        if not said.is_code_only:
            return None
        return asking[0] if asking else Answered(result=Result.NONE_OPEN)

    def shown_elsewhere(self, session: Session, code: str, now: datetime) -> bool:
        """Whether some open roll call shows this code now."""
        asking = roll_calls.open_with_code(session, now)
        return any(is_code(one.secret or "", code, now) for one in asking)

    def wrong_code(
        self, session: Session, roll_call: RollCall, member_id: int, code: str, now: datetime
    ) -> Result | None:
        """What is wrong with a member's code for ``roll_call``, if anything."""
        secret, who = roll_call.secret or "", (roll_call.id, member_id)
        if not code:
            return Result.CODE_MISSING
        if self.book.tries.are_too_many(who, now):
            return Result.CODE_TOO_OFTEN
        if is_code(secret, code, now):
            return None
        self.book.tries.add(who, now)
        if was_code(secret, code, now, roll_call.opened_at):
            return Result.CODE_OLD
        is_other = self.shown_elsewhere(session, code, now)
        return Result.CODE_OTHER if is_other else Result.CODE_WRONG

    def take(
        self,
        session: Session,
        actor: Actor,
        roll_call: RollCall,
        line: RollCallMember,
        said: Said,
        here: Conversation,
        now: datetime,
        files: Sequence[NewFile],
    ) -> Answered:
        """One member's own answer to one roll call that expects them."""
        entered = entered_by(actor, here, now)
        view = self.book.view(session, roll_call, with_unit=here.is_group)
        is_there = line.standing in (CheckIn.PRESENT, CheckIn.LATE)
        if not view.is_open:
            if is_there:
                return Answered(result=Result.ALREADY, standing=CheckIn(line.standing), view=view)
            if said.word is Word.MAKE_UP and now - roll_call.closes_at <= MAKE_UP_FOR:
                return self.ask_to_make_up(session, roll_call, line, said, entered)
            return Answered(result=Result.CLOSED, standing=CheckIn(line.standing), view=view)
        if said.word is Word.MAKE_UP:
            said = Said(word=Word.PRESENT, code=said.code)
        if said.word is Word.COMING:
            return Answered(result=Result.COMING, view=view)
        standing = _STANDINGS[said.word]
        if is_there and standing in (line.standing, CheckIn.PRESENT) and not files:
            return Answered(result=Result.ALREADY, standing=CheckIn(line.standing), view=view)
        if standing is CheckIn.LEAVE:
            if is_there:
                return Answered(result=Result.ALREADY, standing=CheckIn(line.standing), view=view)
            if not said.reason:
                return Answered(result=Result.REASON_MISSING, view=view)
        else:
            if now < roll_call.starts_at - EARLY:
                return Answered(result=Result.TOO_EARLY, view=view)
            if roll_call.secret is not None and not is_there:
                wrong = self.wrong_code(session, roll_call, line.member_id, said.code, now)
                if wrong is not None:
                    return Answered(result=wrong, view=view)
        was = CheckIn(line.standing)
        if is_there and standing is CheckIn.PRESENT:
            standing = was
        if not self.book.put(session, roll_call, line, standing, said, entered, files):
            return Answered(result=Result.ALREADY, standing=standing, view=view)
        if was is standing and files:
            return Answered(result=Result.PHOTO_ADDED, standing=standing, view=view)
        return Answered(
            result=Result.DONE if was is CheckIn.MISSING else Result.CORRECTED,
            standing=standing,
            view=view.moved(was, standing),
        )

    def take_all(
        self,
        session: Session,
        actor: Actor,
        roll_call: RollCall,
        lines: Sequence[RollCallMember],
        said: Said,
        here: Conversation,
        now: datetime,
    ) -> Answered:
        standing = _STANDINGS.get(said.word, CheckIn.PRESENT)
        changed = [
            line.name
            for line in lines
            if self.book.put(session, roll_call, line, standing, said, entered_by(actor, here, now))
        ]
        if roll_call.closed_at is not None:
            self.book.recount(session, roll_call, entered_by(actor, here, now))
        return Answered(
            result=Result.DONE if changed else Result.ALREADY,
            standing=standing,
            view=self.book.view(session, roll_call),
            names=tuple(changed or (line.name for line in lines)),
        )

    def ask_to_make_up(
        self,
        session: Session,
        roll_call: RollCall,
        line: RollCallMember,
        said: Said,
        entered: Entered,
    ) -> Answered:
        if line.standing == CheckIn.ASKED:
            view = self.book.view(session, roll_call)
            return Answered(result=Result.ALREADY, standing=CheckIn.ASKED, view=view)
        self.book.put(session, roll_call, line, CheckIn.ASKED, said, entered)
        view = self.book.view(session, roll_call)
        asks = Line(member_id=line.member_id, name=line.name, standing=CheckIn.ASKED)
        reply = self.book.wording.make_up(view, asks, said.reason)
        key = f"roll:{roll_call.id}:asks:{line.member_id}:{int(entered.at.timestamp())}"
        if roll_call.opened_by is not None:
            self.book.deliver(session, [roll_call.opened_by], key, reply)
        return Answered(result=Result.ASKED, standing=CheckIn.ASKED, view=view)
