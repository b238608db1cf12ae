"""The secret address of a person's calendar: kept as a digest, one per member, revocable."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from store import settings


def put(session: Session, member_id: int, token: str) -> None:
    """Make ``token`` the only one that opens this member's calendar."""
    revoke(session, member_id)
    digest = _digest(token)
    settings.put(session, f"calendar.member:{member_id}", digest)
    settings.put(session, f"calendar.token:{digest}", str(member_id))


def revoke(session: Session, member_id: int) -> bool:
    """False when there was none."""
    digest = settings.get(session, f"calendar.member:{member_id}")
    if digest is None:
        return False
    settings.forget(session, f"calendar.member:{member_id}")
    settings.forget(session, f"calendar.token:{digest}")
    return True


def member_of(session: Session, token: str) -> int | None:
    """Whose calendar ``token`` opens."""
    found = settings.get(session, f"calendar.token:{_digest(token)}")
    return None if found is None else int(found)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
