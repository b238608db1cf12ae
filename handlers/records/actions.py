"""The ledger of records: entered after a yes, corrected and withdrawn by new entries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import Conversation
from handlers.access import Actor
from handlers.records import rights
from handlers.records.evidence import placed
from handlers.records.reading import RecordDraft, read_records
from handlers.records.record_views import RecordView, Views, own_unit
from handlers.records.roll_call_book import entered_by
from handlers.records.roster_view import roster_view
from handlers.records.types import RecordTypes
from scheduler.school_calendar import Term, WorkdayCalendar
from store import cases, records
from store.engine import Store
from store.models_records import RECORDED, WITHDRAWN, Record, RecordKind
from store.records import NewFile, NewRecord, Wanted

_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Built once, in ``bot.app``."""

    store: Store
    views: Views
    clock: Callable[[], datetime]
    calendar: WorkdayCalendar
    terms: Sequence[Term] = ()

    @property
    def types(self) -> RecordTypes:
        return self.views.types

    @property
    def zone(self) -> ZoneInfo:
        return self.views.zone

    def today(self) -> date:
        """Where the people are."""
        return self.clock().astimezone(self.zone).date()

    async def draft(self, actor: Actor, text: str) -> list[RecordDraft]:
        """The records that a sentence tells, with nothing stored."""
        roster = await self.store.read(lambda session: roster_view(session, actor.member_id))
        now = self.clock().astimezone(self.zone)

        def read() -> list[RecordDraft]:
            return read_records(
                text,
                now=now,
                types=self.types,
                roster=roster,
                calendar=self.calendar,
                terms=self.terms,
            )

        return await asyncio.to_thread(read)

    async def enter_drafts(
        self,
        actor: Actor,
        drafts: Sequence[Mapping[str, object]],
        here: Conversation,
        *,
        key: str,
        files: Sequence[NewFile] = (),
    ) -> list[RecordView]:
        """Store what was confirmed; under the same ``key`` once.

        Args:
            actor: Whose sentence it was.
            drafts: As ``RecordDraft.to_json``, with ``unit_id``.
            here: Where it was confirmed.
            key: Names the confirmation.
            files: Evidence of the first.

        Raises:
            NotAllowed: The actor may not hand in such a record for that unit.
        """
        now = self.clock()

        def work(session: Session) -> list[RecordView]:
            stored = []
            for n, draft in enumerate(drafts):
                new = self._of_draft(session, actor, draft, f"draft:{key}:{n}")
                type_ = self.types.get(new.type)
                own = placed(files, type_) if n == 0 and type_ is not None else ()
                record_id = records.add(session, new, entered_by(actor, here, now), own)
                if record_id is not None:
                    stored.append(
                        self.views.view(session, actor, session.get_one(Record, record_id))
                    )
            return stored

        return await self.store.write(work)

    async def correct(
        self,
        actor: Actor,
        record_id: int,
        here: Conversation,
        *,
        fields: Mapping[str, object] | None = None,
        on: date | None = None,
        reason: str = "",
    ) -> RecordView:
        """Enter what is right in place of what was entered, which stays in the history.

        Raises:
            NotFound: There is no such record.
            NotAllowed: It is neither the actor's nor in their charge.
            UsageError: Somebody was quicker.
        """
        return await self._replace(actor, record_id, here, fields, on, reason, is_withdrawal=False)

    async def withdraw(
        self, actor: Actor, record_id: int, here: Conversation, *, reason: str = ""
    ) -> RecordView:
        """Take a record back; its points go too, its history stays.

        Raises:
            NotFound: There is no such record.
            NotAllowed: It is neither the actor's nor in their charge.
            UsageError: Somebody was quicker.
        """
        return await self._replace(actor, record_id, here, None, None, reason, is_withdrawal=True)

    async def history(self, actor: Actor, record_id: int) -> list[RecordView]:
        """Every entry of a record's line, oldest first.

        Raises:
            NotFound: There is none the actor may see.
        """

        def query(session: Session) -> list[RecordView]:
            self.views.seen(session, actor, record_id)
            return [
                self.views.view(session, actor, one) for one in records.history(session, record_id)
            ]

        return await self.store.read(query)

    async def mine(self, actor: Actor, *, limit: int = _LISTED) -> list[RecordView]:
        """The actor's newest records, whatever their state."""

        def query(session: Session) -> list[RecordView]:
            if actor.member_id is None:
                return []
            own = records.concerning(session, actor.member_id)
            replaced = {one.replaces for one in own}
            newest = [one for one in own if one.id not in replaced]
            return [self.views.view(session, actor, one) for one in newest[-limit:]][::-1]

        return await self.store.read(query)

    async def waiting(self, actor: Actor) -> list[RecordView]:
        """Records in whose state it is the actor's turn."""

        def query(session: Session) -> list[RecordView]:
            open_states = {
                state.id for type_ in self.types for state in type_.states if not state.is_final
            }
            wanted = Wanted(
                kinds=[RecordKind.FORM], states=open_states, is_counted=None, with_confidential=True
            )
            found = []
            for record in records.find(session, wanted):
                type_ = self.types.get(record.type)
                if type_ is None or self.views.is_hidden(session, actor, record, type_):
                    continue
                owner = cases.of(session, record.id).owner_id
                own = self.views.submitters(session, record)
                if any(
                    rights.is_among(actor, move.who, record.unit_id, submitters=own, owner=owner)
                    for move in type_.moves_from(record.state)
                    if not move.at_close
                ):
                    found.append(self.views.view(session, actor, record))
            return found[:_LISTED]

        return await self.store.read(query)

    async def _replace(
        self,
        actor: Actor,
        record_id: int,
        here: Conversation,
        fields: Mapping[str, object] | None,
        on: date | None,
        reason: str,
        *,
        is_withdrawal: bool,
    ) -> RecordView:
        now = self.clock()

        def work(session: Session) -> RecordView:
            record, type_ = self.views.seen(session, actor, record_id)
            submitters = self.views.submitters(session, record)
            is_own = actor.member_id is not None and actor.member_id in submitters
            if not is_own and not rights.is_among(actor, type_.open, record.unit_id):
                raise NotAllowed(f"member {actor.member_id} may not change record {record.id}")
            if record.state == WITHDRAWN:
                raise UsageError("withdrawn", reply="这条记录已经撤回了。")
            after = records.follow(
                session,
                record,
                entered_by(actor, here, now),
                state=WITHDRAWN if is_withdrawal else record.state,
                is_counted=record.is_counted and not is_withdrawal,
                fields=fields,
                on=on,
                reason=reason,
                hundredths=self.views.hundredths(type_),
            )
            if after is None:
                raise UsageError("somebody was quicker", reply="这条记录刚被别人改过，请再看一下。")
            return self.views.view(session, actor, after)

        return await self.store.write(work)

    def _of_draft(
        self, session: Session, actor: Actor, draft: Mapping[str, object], key: str
    ) -> NewRecord:
        type_ = self.types.get(str(draft["type"]))
        if type_ is None:
            raise NotFound("no such type")
        unit_id = draft.get("unit_id")
        if not isinstance(unit_id, int):
            unit_id = own_unit(session, actor)
        rights.check_submits(actor, type_, unit_id)
        named = (
            "topic",
            "expected",
            "present",
            "on_leave",
            "absent",
            "late",
            "who",
            "start",
            "end",
        )
        fields = {name: draft[name] for name in named if draft.get(name) not in (None, [], "")}
        said_on = draft.get("on")
        return NewRecord(
            kind=RecordKind.ACTIVITY,
            type=type_.id,
            on=date.fromisoformat(said_on) if isinstance(said_on, str) else self.today(),
            unit_id=unit_id,
            key=key,
            fields=fields,
            state=RECORDED,
            is_confidential=type_.confidential,
            hundredths=self.views.hundredths(type_),
        )
