"""Files that somebody sent and that wait to be used as a proof; by account, for a day."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from store import settings

LASTING = timedelta(days=1)
_MOST = 20


class WaitingFile(NamedTuple):
    """A blob with the name it came under."""

    name: str
    media_type: str
    blob: str
    sent_at: datetime


def add(
    session: Session, platform: str, account: str, files: Sequence[WaitingFile], now: datetime
) -> None:
    """Keep files beside those that wait already; the oldest make room."""
    kept = [*look(session, platform, account, now), *files][-_MOST:]
    rows = [[one.name, one.media_type, one.blob, one.sent_at.isoformat()] for one in kept]
    settings.put(session, _key(platform, account), json.dumps(rows, ensure_ascii=False))


def look(session: Session, platform: str, account: str, now: datetime) -> list[WaitingFile]:
    """What waits, oldest first; it goes on waiting."""
    found = settings.get(session, _key(platform, account))
    files = [
        WaitingFile(name, media_type, blob, datetime.fromisoformat(sent_at))
        for name, media_type, blob, sent_at in json.loads(found or "[]")
    ]
    return [one for one in files if one.sent_at > now - LASTING]


def kept(session: Session, platform: str, account: str) -> list[str]:
    """The blobs of all that were kept, also of those that wait no more."""
    found = settings.get(session, _key(platform, account))
    return [blob for _name, _type, blob, _at in json.loads(found or "[]")]


def take(session: Session, platform: str, account: str, now: datetime) -> list[WaitingFile]:
    """What waits, oldest first; it waits no more."""
    found = look(session, platform, account, now)
    settings.forget(session, _key(platform, account))
    return found


def drop(session: Session, platform: str, account: str, used: Collection[str]) -> None:
    """These blobs were used and wait no more."""
    rows = json.loads(settings.get(session, _key(platform, account)) or "[]")
    left = [row for row in rows if row[2] not in used]
    settings.put(session, _key(platform, account), json.dumps(left, ensure_ascii=False))


def _key(platform: str, account: str) -> str:
    return "\n".join(("waiting", platform, account))
