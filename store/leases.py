"""What only one process may do at a time: a live connection, a leader's chores."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models import Lease


def acquire(
    session: Session, name: str, *, owner: str, now: datetime, lease: timedelta
) -> int | None:
    """Take or keep the lease; its fence, which grows with every change of owner, or None."""
    until = now + lease
    first = {"name": name, "owner": owner, "until": until, "fence": 1}
    if insert_once(session, Lease, first):
        return 1
    row = session.get_one(Lease, name, with_for_update=True)
    if row.owner != owner:
        if row.until >= now:
            return None
        row.owner = owner
        row.fence += 1
    row.until = until
    return row.fence


def renew(session: Session, name: str, *, owner: str, now: datetime, lease: timedelta) -> bool:
    """Keep the lease; False when it ran out and someone else has it."""
    kept = session.execute(
        update(Lease).where(Lease.name == name, Lease.owner == owner).values(until=now + lease)
    )
    assert isinstance(kept, CursorResult)  # noqa: S101
    return kept.rowcount > 0


def release(session: Session, name: str, *, owner: str, now: datetime) -> None:
    """Let the next one have it at once."""
    over = now - timedelta(microseconds=1)
    session.execute(
        update(Lease).where(Lease.name == name, Lease.owner == owner).values(until=over)
    )
