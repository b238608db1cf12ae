"""On which platform somebody wants to be written to, and which they used last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from store import settings
from store.inserting import HotStatement
from store.models import Setting

_PREFERS = "reach.prefers:"
_SEEN_EVERY = timedelta(minutes=1)
_USED = HotStatement(
    "UPDATE account SET seen_at = ?"
    " WHERE platform = ? AND account = ? AND (seen_at IS NULL OR seen_at < ?)"
)


def prefer(session: Session, member_id: int, platform: str | None) -> None:
    """Set it; None: wherever they wrote last."""
    if platform is None:
        settings.forget(session, f"{_PREFERS}{member_id}")
    else:
        settings.put(session, f"{_PREFERS}{member_id}", platform)


def preferred(session: Session, member_ids: Collection[int]) -> Mapping[int, str]:
    """What those said who said anything."""
    keys = {f"{_PREFERS}{one}": one for one in member_ids}
    rows = session.execute(select(Setting.key, Setting.value).where(Setting.key.in_(keys)))
    return {keys[key]: value for key, value in rows}


def used(session: Session, platform: str, account: str, now: datetime) -> None:
    """Somebody wrote from this account; known to the minute."""
    _USED.run(session, now, platform, account, now - _SEEN_EVERY)
