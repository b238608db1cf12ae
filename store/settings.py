"""Small values that outlive the process."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from store.inserting import put as put_row
from store.models import Setting


def get(session: Session, key: str) -> str | None:
    """The value, or None when it was never set."""
    row = session.get(Setting, key)
    return None if row is None else row.value


def put(session: Session, key: str, value: str) -> None:
    """Set or overwrite."""
    put_row(session, Setting, {"key": key, "value": value})


def forget(session: Session, key: str) -> None:
    """Back to never set."""
    session.execute(delete(Setting).where(Setting.key == key))
