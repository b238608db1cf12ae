"""The ledger of records: only ever added to. What counts is the newest entry of each line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from store import audit, blobs, cases
from store.inserting import HotInsert, Plain
from store.models_records import (
    RECORDED,
    WITHDRAWN,
    Record,
    RecordFile,
    RecordKind,
    RollCall,
    RollCallMember,
    ScoreEntry,
)
from store.pieces import PIECE, pieces
from store.scores import enter


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """By whom, from which chat, when."""

    by: int | None
    account: str
    channel: str
    conversation: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecord:
    """A first entry. ``hundredths`` are the points that its type brings, times 100."""

    kind: RecordKind
    type: str
    on: date
    unit_id: int | None
    member_id: int | None = None
    key: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    state: str = RECORDED
    is_counted: bool = True
    roll_call_id: int | None = None
    occurrence_id: int | None = None
    is_confidential: bool = False
    hundredths: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records are meant; None is no condition."""

    types: Collection[str] | None = None
    kinds: Collection[RecordKind] | None = None
    states: Collection[str] | None = None
    is_counted: bool | None = True
    unit_ids: Collection[int] | None = None
    member_id: int | None = None
    roll_call_id: int | None = None
    occurrence_ids: Collection[int] | None = None
    first_day: date | None = None
    last_day: date | None = None
    with_confidential: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """An attachment whose bytes are stored already."""

    name: str
    blob: str
    field: str = ""
    thumbnail: str | None = None


_COLUMNS = (
    "key", "kind", "type", "state", "is_counted", "unit_id", "member_id", "roll_call_id",
    "occurrence_id", "on_date", "fields", "is_confidential", "entered_by", "entered_account",
    "channel", "conversation", "entered_at", "reason",
)  # fmt: skip
_ADD = HotInsert("record", *_COLUMNS)


def add(
    session: Session, new: NewRecord, entered: Entered, files: Sequence[NewFile] = ()
) -> int | None:
    """A first entry; its id, or None when ``key`` was entered before."""
    record_id = _ADD.new_id(session, *_values(new, entered).values())
    if record_id is None:
        return None
    _add_files(session, record_id, files)
    enter(
        session,
        record_id=record_id,
        type=new.type,
        member_id=new.member_id,
        unit_id=new.unit_id,
        on=new.on,
        hundredths=new.hundredths if new.is_counted else 0,
        now=entered.at,
    )
    return record_id


def follow(
    session: Session,
    record: Record,
    entered: Entered,
    *,
    state: str,
    is_counted: bool,
    fields: Mapping[str, object] | None = None,
    on: date | None = None,
    reason: str = "",
    hundredths: int = 0,
    files: Sequence[NewFile] | None = None,
) -> Record | None:
    """An entry that takes the place of ``record``; None when another one did so before.

    The files stay unless others are given. The ledger is given the difference: what the type's
    ``hundredths`` are now, less what this line of entries has brought so far.
    """
    taken = session.scalars(select(Record.id).where(Record.replaces == record.id)).first()
    if taken is not None:
        return None
    root_id = record.root_id or record.id
    after = Record(
        kind=record.kind,
        type=record.type,
        state=state,
        is_counted=is_counted,
        root_id=root_id,
        replaces=record.id,
        unit_id=record.unit_id,
        member_id=record.member_id,
        roll_call_id=record.roll_call_id,
        occurrence_id=record.occurrence_id,
        on_date=on or record.on_date,
        fields=dict(record.fields if fields is None else fields),
        is_confidential=record.is_confidential,
        entered_by=entered.by,
        entered_account=entered.account,
        channel=entered.channel,
        conversation=entered.conversation,
        entered_at=entered.at,
        reason=reason,
    )
    session.add(after)
    session.flush()
    _add_files(session, after.id, files_of(session, record.id) if files is None else files)
    cases.follow(session, record.id, after.id)
    line = select(Record.id).where((Record.id == root_id) | (Record.root_id == root_id))
    so_far = session.scalar(
        select(func.coalesce(func.sum(ScoreEntry.hundredths), 0)).where(
            ScoreEntry.record_id.in_(line)
        )
    )
    enter(
        session,
        record_id=after.id,
        type=after.type,
        member_id=after.member_id,
        unit_id=after.unit_id,
        on=after.on_date,
        hundredths=(hundredths if is_counted else 0) - int(so_far or 0),
        now=entered.at,
    )
    _note(session, record, after, entered)
    return after


def _note(session: Session, before: Record, after: Record, entered: Entered) -> None:
    """In the log of deeds too: which entries, not what they say, which goes when they go.

    Who only answers a roll call anew leaves that to the ledger, which says as much.
    """
    if after.kind == RecordKind.CHECK_IN and entered.by == after.member_id:
        return
    if after.state == before.state:
        what = "record.correct"
    else:
        what = "record.withdraw" if after.state == WITHDRAWN else "record.move"
    keys = before.fields.keys() | after.fields.keys()
    changed = sorted(one for one in keys if before.fields.get(one) != after.fields.get(one))
    if before.on_date != after.on_date:
        changed.append("on_date")
    audit.record(
        session,
        who=entered.account,
        what=what,
        subject=f"record:{after.root_id}",
        now=entered.at,
        before=f"#{before.id} {before.state}",
        after=" ".join([f"#{after.id} {after.state} {entered.channel}", *changed]),
    )


def get(session: Session, record_id: int) -> Record | None:
    """One entry."""
    return session.get(Record, record_id)


def keyed(session: Session, key: str) -> Record | None:
    """The newest entry of the line that was entered under a key."""
    first = session.scalars(select(Record).where(Record.key == key)).one_or_none()
    return None if first is None else newest(session, first.id)


def newest(session: Session, record_id: int) -> Record | None:
    """The entry that counts, of the line that ``record_id`` belongs to."""
    record = session.get(Record, record_id)
    if record is None:
        return None
    root_id = record.root_id or record.id
    line = (Record.id == root_id) | (Record.root_id == root_id)
    return session.scalars(select(Record).where(line, _is_newest())).one()


def history(session: Session, record_id: int) -> Sequence[Record]:
    """Every entry of a line, oldest first."""
    record = session.get(Record, record_id)
    if record is None:
        return ()
    root_id = record.root_id or record.id
    line = (Record.id == root_id) | (Record.root_id == root_id)
    return session.scalars(select(Record).where(line).order_by(Record.id)).all()


def find(session: Session, wanted: Wanted, *, limit: int | None = None) -> Sequence[Record]:
    """What counts of the records that are wanted, by day."""
    if wanted.occurrence_ids is not None and len(wanted.occurrence_ids) > PIECE:
        found = [
            one
            for some in pieces(wanted.occurrence_ids)
            for one in find(session, replace(wanted, occurrence_ids=some), limit=limit)
        ]
        return sorted(found, key=lambda one: (one.on_date, one.id))[:limit]
    query = select(Record).where(*conditions(wanted)).order_by(Record.on_date, Record.id)
    return session.scalars(query if limit is None else query.limit(limit)).all()


def count(session: Session, wanted: Wanted) -> int:
    """How many ``find`` gives."""
    query = select(func.count()).select_from(Record).where(*conditions(wanted))
    return session.scalar(query) or 0


def files_of(session: Session, record_id: int) -> list[NewFile]:
    """The attachments of one entry."""
    rows = session.scalars(
        select(RecordFile).where(RecordFile.record_id == record_id).order_by(RecordFile.n)
    )
    return [
        NewFile(name=row.name, blob=row.blob, field=row.field, thumbnail=row.thumbnail)
        for row in rows
    ]


def concerning(session: Session, member_id: int) -> Sequence[Record]:
    """Every entry that is about a member or was entered by them, oldest first."""
    return session.scalars(
        select(Record)
        .where((Record.member_id == member_id) | (Record.entered_by == member_id))
        .order_by(Record.id)
    ).all()


def remove_expired(session: Session, type: str, before: date) -> int:
    """Take out whole lines of a type that ended before a day; how many entries.

    Roll calls of the type that took place before it go with their lists, once nothing is left
    that names them.
    """
    old = session.execute(
        select(Record.id, Record.root_id).where(
            Record.type == type, Record.on_date < before, _is_newest()
        )
    ).all()
    gone = 0
    for roots in pieces(row.root_id or row.id for row in old):
        line = Record.id.in_(roots) | Record.root_id.in_(roots)
        ids = session.scalars(select(Record.id).where(line).order_by(Record.id.desc())).all()
        files = [file for some in pieces(ids) for file in _files(session, some)]
        _remove(session, ids)
        blobs.forget_unused(session, files)
        gone += len(ids)
    _remove_roll_calls(session, type, before)
    return gone


def _files(session: Session, record_ids: Sequence[int]) -> list[str]:
    rows = session.execute(
        select(RecordFile.blob, RecordFile.thumbnail).where(RecordFile.record_id.in_(record_ids))
    )
    return [one for row in rows for one in row if one]


def _remove_roll_calls(session: Session, type: str, before: date) -> None:
    midnight = datetime.combine(before, time(), UTC)
    session.flush()
    session.execute(
        delete(RollCall).where(
            RollCall.type == type,
            RollCall.closed_at.is_not(None),
            RollCall.starts_at < midnight,
            ~select(Record.id).where(Record.roll_call_id == RollCall.id).exists(),
        )
    )


def _remove(session: Session, ids: Sequence[int]) -> None:
    for some in pieces(ids):
        session.execute(
            update(RollCallMember).where(RollCallMember.record_id.in_(some)).values(record_id=None)
        )
        session.execute(delete(ScoreEntry).where(ScoreEntry.record_id.in_(some)))
    for some in pieces(ids):  # the newest first: what follows another goes before it
        session.execute(delete(Record).where(Record.id.in_(some)))


def _values(new: NewRecord, entered: Entered) -> dict[str, Plain]:
    """In the order of ``_COLUMNS``."""
    return {
        "key": new.key,
        "kind": new.kind,
        "type": new.type,
        "state": new.state,
        "is_counted": new.is_counted,
        "unit_id": new.unit_id,
        "member_id": new.member_id,
        "roll_call_id": new.roll_call_id,
        "occurrence_id": new.occurrence_id,
        "on_date": new.on,
        "fields": dict(new.fields),
        "is_confidential": new.is_confidential,
        "entered_by": entered.by,
        "entered_account": entered.account,
        "channel": entered.channel,
        "conversation": entered.conversation,
        "entered_at": entered.at,
        "reason": "",
    }


def _add_files(session: Session, record_id: int, files: Sequence[NewFile]) -> None:
    for n, file in enumerate(files):
        session.add(
            RecordFile(
                record_id=record_id,
                n=n,
                field=file.field,
                name=file.name,
                blob=file.blob,
                thumbnail=file.thumbnail,
            )
        )


def _is_newest() -> ColumnElement[bool]:
    later = aliased(Record)
    return ~select(later.id).where(later.replaces == Record.id).exists()


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What rows of ``Record`` have to be."""
    found: list[ColumnElement[bool]] = [_is_newest()]
    for column, values in (
        (Record.type, wanted.types),
        (Record.kind, wanted.kinds),
        (Record.state, wanted.states),
        (Record.unit_id, wanted.unit_ids),
        (Record.occurrence_id, wanted.occurrence_ids),
    ):
        if values is not None:
            found.append(column.in_(list(values)))
    if wanted.is_counted is not None:
        found.append(Record.is_counted == wanted.is_counted)
    if wanted.member_id is not None:
        found.append(Record.member_id == wanted.member_id)
    if wanted.roll_call_id is not None:
        found.append(Record.roll_call_id == wanted.roll_call_id)
    if wanted.first_day is not None:
        found.append(Record.on_date >= wanted.first_day)
    if wanted.last_day is not None:
        found.append(Record.on_date <= wanted.last_day)
    if not wanted.with_confidential:
        found.append(~Record.is_confidential)
    return found
