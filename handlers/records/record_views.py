"""An entry of the ledger as people see it, and who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Actor
from handlers.records import rights
from handlers.records.types import RecordType, RecordTypes
from store import cases, people, records
from store.models import Member, Unit
from store.models_records import WITHDRAWN, Record, RecordKind
from store.records import NewFile

_UNNAMED = "不署名"
"""Shown in place of somebody's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """An entry as people see it."""

    id: int
    type: RecordType | None
    type_name: str
    state: str
    state_name: str
    on: date
    unit: str
    member: str
    fields: Mapping[str, object]
    entered_at: datetime
    entered_by: str
    reason: str
    is_counted: bool
    files: tuple[NewFile, ...] = ()
    owner: str = ""
    """Who deals with it."""
    due_on: date | None = None
    is_form: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Its methods run inside a unit of work."""

    types: RecordTypes
    zone: ZoneInfo
    points: Mapping[str, float] = field(default_factory=dict)

    def seen(self, session: Session, actor: Actor, record_id: int) -> tuple[Record, RecordType]:
        """The newest entry of a line.

        Raises:
            NotFound: There is none that the actor may see.
        """
        record = records.newest(session, record_id)
        type_ = self.types.get(record.type) if record else None
        if record is None or type_ is None:
            raise NotFound("no such record", reply="没有这条记录，请核对编号。")
        submitters = self.submitters(session, record)
        deciders = tuple(who for move in type_.moves for who in move.who)
        owner = cases.of(session, record.id).owner_id
        may = rights.is_among(actor, type_.see, record.unit_id, submitters=submitters, owner=owner)
        if not may and (
            type_.confidential or not rights.is_among(actor, deciders, record.unit_id, owner=owner)
        ):
            raise NotFound("not to be seen", reply="没有这条记录，请核对编号。")
        if self.is_hidden(session, actor, record, type_):
            raise NotFound("still hidden", reply="这一条现在还不能看。")
        return record, type_

    def is_hidden(self, session: Session, actor: Actor, record: Record, type_: RecordType) -> bool:
        """Whether nobody but who handed it in may see it: before the end, or ever."""
        if actor.member_id is not None and actor.member_id == record.member_id:
            return False
        if type_.anonymous:
            return True
        window_id = cases.of(session, record.id).window_id
        window = cases.window(session, window_id) if window_id is not None else None
        return type_.hidden_until_closed and (window is None or window.closed_at is None)

    def submitters(self, session: Session, record: Record) -> tuple[int | None, int | None]:
        """Whom a record counts for, and who handed it in first; not who decided on it since."""
        root = session.get(Record, record.root_id) if record.root_id else record
        return record.member_id, (root or record).entered_by

    def hundredths(self, type_: RecordType) -> int:
        """The points that a record of the type brings, times 100."""
        return round(self.points.get(type_.points_key, 0) * 100)

    def view(self, session: Session, actor: Actor, record: Record) -> RecordView:
        """An entry as the actor sees it."""
        type_ = self.types.get(record.type)
        unit = session.get(Unit, record.unit_id) if record.unit_id else None
        member = session.get(Member, record.member_id) if record.member_id else None
        by = session.get(Member, record.entered_by) if record.entered_by else None
        states = {one.id: one.name for one in type_.states} if type_ else {}
        is_withdrawn = record.state == WITHDRAWN
        is_own = actor.member_id is not None and actor.member_id == record.member_id
        is_unnamed = type_ is not None and type_.is_anonymous(record.fields) and not is_own
        case = cases.of(session, record.id)
        owner = session.get(Member, case.owner_id) if case.owner_id else None
        return RecordView(
            id=record.id,
            type=type_,
            type_name=type_.name if type_ else "签到",
            state=record.state,
            state_name="已撤回" if is_withdrawn else states.get(record.state, "已登记"),
            on=record.on_date,
            unit=unit.name if unit and not is_unnamed else "",
            member="" if is_unnamed or member is None else member.name,
            fields=record.fields,
            entered_at=record.entered_at.astimezone(self.zone),
            entered_by=_UNNAMED
            if is_unnamed and record.entered_by == record.member_id
            else by.name
            if by
            else record.entered_account,
            reason=record.reason,
            is_counted=record.is_counted,
            files=tuple(records.files_of(session, record.id)),
            owner=owner.name if owner else "",
            due_on=case.due_on,
            is_form=record.kind == RecordKind.FORM,
        )


def own_unit(session: Session, actor: Actor) -> int | None:
    """The first unit that the actor is in."""
    if actor.member_id is None:
        return None
    own = people.memberships(session, actor.member_id)
    return own[0].unit_id if own else None
