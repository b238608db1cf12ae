"""How long something may take to be dealt with: no rule of ours, an admin says so."""

from __future__ import annotations

from sqlalchemy.orm import Session

from handlers.records.types import RecordType
from store import settings


def limit_days(session: Session, type_: RecordType) -> int | None:
    """How long a record of a type may take, once an admin has said so."""
    kept = settings.get(session, f"form limit {type_.id}") if type_.limit_set_by_admin else None
    return None if kept is None else int(kept)


def set_limit_days(session: Session, type_: RecordType, days: int) -> None:
    """For records that are handed in from now on."""
    settings.put(session, f"form limit {type_.id}", str(days))
