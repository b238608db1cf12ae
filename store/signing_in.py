"""One-time links and sessions of the pages, by the digest of what the browser holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, CursorResult, Delete, delete, select, update
from sqlalchemy.orm import Session

from store.models_signing_in import PageSession, SignInLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose a link or a session is; ``member_id`` None: an admin whom only the settings know."""

    channel: str
    account: str
    member_id: int | None


def offer(session: Session, token: str, holder: Holder, *, until: datetime) -> None:
    """Let ``token`` open a session once; what the holder was offered before is worth nothing."""
    session.execute(delete(SignInLink).where(_of(SignInLink, holder)))
    session.add(
        SignInLink(
            hash=digest(token),
            channel=holder.channel,
            account=holder.account,
            member_id=holder.member_id,
            until=until,
        )
    )


def offered(session: Session, token: str, now: datetime) -> Holder | None:
    """Whom ``token`` would let in, without using it up."""
    row = session.get(SignInLink, digest(token))
    return None if row is None or row.used_at is not None or row.until <= now else _holder(row)


def use(session: Session, token: str, now: datetime) -> Holder | None:
    """Use ``token`` up; of several at once one alone gets it."""
    used = session.execute(
        update(SignInLink)
        .where(
            SignInLink.hash == digest(token), SignInLink.used_at.is_(None), SignInLink.until > now
        )
        .values(used_at=now)
    )
    assert isinstance(used, CursorResult)  # noqa: S101
    return _holder(session.get_one(SignInLink, digest(token))) if used.rowcount else None


def open_session(
    session: Session, secret: str, holder: Holder, *, now: datetime, until: datetime
) -> None:
    """Let ``secret`` stand for the holder."""
    session.add(
        PageSession(
            hash=digest(secret),
            channel=holder.channel,
            account=holder.account,
            member_id=holder.member_id,
            opened_at=now,
            seen_at=now,
            until=until,
        )
    )


def session_of(session: Session, secret: str) -> PageSession | None:
    """The session of a browser, over or not."""
    return session.get(PageSession, digest(secret))


def seen(session: Session, secret: str, now: datetime) -> None:
    """Say that the session is in use."""
    row = session.get(PageSession, digest(secret))
    if row is not None:
        row.seen_at = now


def close(session: Session, secret: str) -> bool:
    """End a session; False when it had ended."""
    return _gone(session, delete(PageSession).where(PageSession.hash == digest(secret))) > 0


def close_all(session: Session, holder: Holder) -> int:
    """End every session of the holder, and what was offered; how many sessions that were."""
    session.execute(delete(SignInLink).where(_of(SignInLink, holder)))
    return _gone(session, delete(PageSession).where(_of(PageSession, holder)))


def sessions_of(
    session: Session, holder: Holder, now: datetime, *, seen_since: datetime | None = None
) -> Sequence[PageSession]:
    """Browsers in which the holder is signed in, the latest first."""
    query = select(PageSession).where(_of(PageSession, holder), PageSession.until > now)
    if seen_since is not None:
        query = query.where(PageSession.seen_at > seen_since)
    return session.scalars(query.order_by(PageSession.opened_at.desc())).all()


def purge(session: Session, now: datetime) -> None:
    """Forget what is over."""
    session.execute(delete(SignInLink).where(SignInLink.until <= now))
    session.execute(delete(PageSession).where(PageSession.until <= now))


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode()).hexdigest()


def _of(table: type[SignInLink | PageSession], holder: Holder) -> ColumnElement[bool]:
    if holder.member_id is not None:
        return table.member_id == holder.member_id
    is_account = (table.channel == holder.channel) & (table.account == holder.account)
    return is_account & table.member_id.is_(None)


def _holder(row: SignInLink) -> Holder:
    return Holder(channel=row.channel, account=row.account, member_id=row.member_id)


def _gone(session: Session, statement: Delete) -> int:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101
    return result.rowcount
