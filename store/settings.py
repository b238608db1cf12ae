"""Small values that outlive the process."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.inserting import put as put_row
from store.models import Setting


def get(session: Session, key: str) -> str | None:
    """The value, or None when it was never set."""
    row = session.get(Setting, key)
    return None if row is None else row.value


def under(session: Session, prefix: str) -> list[str]:
    """The values of all keys that begin so, by key."""
    query = select(Setting.value).where(Setting.key.startswith(prefix, autoescape=True))
    return list(session.scalars(query.order_by(Setting.key)))


def put(session: Session, key: str, value: str) -> None:
    """Set or overwrite."""
    put_row(session, Setting, {"key": key, "value": value})


def forget(session: Session, key: str) -> None:
    """Back to never set."""
    session.execute(delete(Setting).where(Setting.key == key))
