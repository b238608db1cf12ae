"""Who did what to what: append-only, each entry's hash over the one before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from store.instant import to_microseconds
from store.models import AuditEntry

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


def latest(
    session: Session,
    *,
    who: Collection[str] | None = None,
    what: str = "",
    before: int | None = None,
    limit: int = 50,
) -> Sequence[AuditEntry]:
    """Newest first: by these accounts, of deeds that begin with ``what``, older than ``before``."""
    query = select(AuditEntry).order_by(AuditEntry.n.desc()).limit(limit)
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
