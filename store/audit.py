"""Who did what to what: append-only, each entry's hash over the one before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, select, text
from sqlalchemy.orm import Session

from store.instant import to_microseconds
from store.models import Account, AuditEntry, Member, Membership

_START = "0" * 64
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(792114)")


def record(
    session: Session,
    *,
    who: str,
    what: str,
    subject: str,
    now: datetime,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Append an entry; ``before`` and ``after`` are JSON or short text."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ONE_AT_A_TIME)
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.n.desc()).limit(1)).first()
    entry = AuditEntry(
        n=1 if last is None else last.n + 1,
        at=now,
        who=who,
        what=what,
        subject=subject,
        before=before,
        after=after,
        prev_hash=_START if last is None else last.hash,
    )
    entry.hash = _hash(entry)
    session.add(entry)
    session.flush()


def about(session: Session, subject: str) -> Sequence[AuditEntry]:
    """The history of one thing, oldest first."""
    return session.scalars(
        select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.n)
    ).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Empty and None: any. ``units``: of people who are in these units and in no other."""

    units: Collection[int] | None
    name: str = ""
    """In the name of whoever did it."""
    what: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Before it."""


def sought(
    session: Session, wanted: Sought, *, offset: int = 0, limit: int = 30
) -> tuple[int, Sequence[AuditEntry]]:
    """How many there are, and some of them, newest first."""
    conditions = _by_people_of(wanted.units)
    if wanted.name:
        named = Member.name.contains(wanted.name, autoescape=True)
        conditions.append(_is_by(select(Member.id).where(named)))
    if wanted.what:
        conditions.append(AuditEntry.what == wanted.what)
    if wanted.since is not None:
        conditions.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEntry.at < wanted.until)
    total = session.scalar(select(func.count(AuditEntry.n)).where(*conditions)) or 0
    query = select(AuditEntry).where(*conditions).order_by(AuditEntry.n.desc())
    return total, session.scalars(query.offset(offset).limit(limit)).all()


def latest(
    session: Session,
    *,
    who: Collection[str] | None = None,
    units: Collection[int] | None = None,
    what: str = "",
    before: int | None = None,
    limit: int = 50,
) -> Sequence[AuditEntry]:
    """Newest first: by these accounts, of deeds that begin with ``what``, older than ``before``.

    ``units`` as in :class:`Sought`.
    """
    query = select(AuditEntry).order_by(AuditEntry.n.desc()).limit(limit)
    query = query.where(*_by_people_of(units))
    if who is not None:
        query = query.where(AuditEntry.who.in_(who))
    if what:
        query = query.where(AuditEntry.what.startswith(what))
    if before is not None:
        query = query.where(AuditEntry.n < before)
    return session.scalars(query).all()


def reseal(session: Session, redact: Callable[[AuditEntry], bool]) -> int | None:
    """Let ``redact`` change entries (True when it did), and seal the rest of the chain again.

    For what the law wants out of the log; the deed itself is to be recorded after it. Returns
    the number of the first entry that changed.
    """
    first, prev_hash = None, _START
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.n)).all():
        if redact(entry) and first is None:
            first = entry.n
        if first is not None:
            entry.prev_hash, entry.hash = f"resealing:{entry.n}", ""
            session.flush()
            entry.prev_hash = prev_hash
            entry.hash = _hash(entry)
        prev_hash = entry.hash
    session.flush()
    return first


def first_broken(session: Session) -> int | None:
    """The number of the first entry that was changed, or follows a gap; None when all are whole."""
    expected, prev_hash = 1, _START
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.n)):
        is_whole = entry.prev_hash == prev_hash and entry.hash == _hash(entry)
        if entry.n != expected or not is_whole:
            return expected
        expected, prev_hash = entry.n + 1, entry.hash
    return None


def _by_people_of(units: Collection[int] | None) -> list[ColumnElement[bool]]:
    if units is None:
        return []
    here = select(Membership.member_id).where(Membership.unit_id.in_(units))
    elsewhere = select(Membership.member_id).where(Membership.unit_id.not_in(units))
    return [_is_by(here.except_(elsewhere))]


def _is_by(members: Select[int] | CompoundSelect[int]) -> ColumnElement[bool]:
    who = Account.platform + ":" + Account.account
    return AuditEntry.who.in_(select(who).where(Account.member_id.in_(members)))


def _hash(entry: AuditEntry) -> str:
    fields = [
        entry.n,
        to_microseconds(entry.at),
        entry.who,
        entry.what,
        entry.subject,
        entry.before,
        entry.after,
        entry.prev_hash,
    ]
    return sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()
