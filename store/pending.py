"""What a person was asked and has not answered yet: one thing per person and conversation."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy.orm import Session

from store import settings


def put(
    session: Session,
    channel: str,
    conversation: str,
    account: str,
    *,
    state: dict[str, object],
    until: datetime,
) -> None:
    """Remember what was asked; an earlier question to the same person falls away."""
    kept = {"state": state, "until": until.isoformat()}
    settings.put(session, _key(channel, conversation, account), json.dumps(kept))


def get(
    session: Session, channel: str, conversation: str, account: str, now: datetime
) -> dict[str, object] | None:
    """What was asked, unless it is over."""
    kept = settings.get(session, _key(channel, conversation, account))
    if kept is None:
        return None
    found = json.loads(kept)
    if datetime.fromisoformat(found["until"]) <= now:
        return None
    state: dict[str, object] = found["state"]
    return state


def forget(session: Session, channel: str, conversation: str, account: str) -> None:
    """It was answered."""
    settings.forget(session, _key(channel, conversation, account))


def _key(channel: str, conversation: str, account: str) -> str:
    return "\n".join(("pending", channel, conversation, account))
