"""Signing in on the admin page: a link from the chat, used once, opens a session.

A link:

=========  ===============================================  =====================================
state      who moves it                                     after a crash
=========  ===============================================  =====================================
offered    ``link``; an earlier one of the person is gone   the person asks for another
used       ``enter``, one of several at once                no cookie arrived: ask for another
over       the clock, ten minutes later                     the same
=========  ===============================================  =====================================

A session is open from ``enter`` until it is left, the person leaves all, the clock ends it (eight
hours, or one idle hour), or the person is no longer who they were: the roster is asked at every
request. Using a link up and opening the session is one transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.errors import NotAllowed
from bot.messages import ChannelName, Role, Sender
from handlers.access import Act, Actor, check
from handlers.people.actions import People
from store import audit, people, signing_in
from store.engine import Store
from store.models_signing_in import PageSession
from store.signing_in import Holder

LINK_LASTS = timedelta(minutes=10)
SESSION_LASTS = timedelta(hours=8)
IDLE_LASTS = timedelta(hours=1)
_SEEN_EVERY = timedelta(minutes=1)
_SHOWN_CHARS = 16
"""Of the digest of a secret: enough to tell sessions apart, and good for nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who is signed in, and until when at most."""

    actor: Actor
    until: datetime
    runs_whole: bool
    """An admin at the top of the tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A browser in which somebody is signed in; ``id`` names it without opening it."""

    id: str
    opened_at: datetime
    seen_at: datetime
    until: datetime
    is_this: bool


@dataclass(frozen=True, slots=True)
class SignIn:
    """Built once, in ``bot.app``."""

    store: Store
    people: People
    clock: Callable[[], datetime]
    """The real time: the demo's may jump."""

    async def link(self, actor: Actor) -> str:
        """A token for the actor's one-time address; the one before is good no more.

        Raises:
            NotAllowed: There is nothing on the page for the actor.
        """
        check(actor, Act.SIGN_IN)
        token = secrets.token_urlsafe(32)
        until = self.clock() + LINK_LASTS
        holder = _holder(actor)

        def work(session: Session) -> None:
            signing_in.purge(session, until - LINK_LASTS)
            signing_in.offer(session, token, holder, until=until)

        await self.store.write(work)
        return token

    async def offered(self, token: str) -> str | None:
        """The name of whom a token lets in; None when it lets nobody in. Uses nothing up."""
        now = self.clock()

        def query(session: Session) -> str | None:
            holder = signing_in.offered(session, token, now)
            if holder is None:
                return None
            member = people.member(session, holder.member_id or 0)
            return member.name if member else "管理员"

        return await self.store.read(query)

    async def enter(self, token: str) -> str | None:
        """Use a token up; the secret of the session that it opens."""
        now = self.clock()

        def work(session: Session) -> str | None:
            holder = signing_in.use(session, token, now)
            return None if holder is None else _open(session, holder, now)

        return await self.store.write(work)

    async def enter_as(self, sender: Sender) -> str:
        """Open a session for whom a platform has vouched for.

        Raises:
            NotAllowed: There is nothing on the page for them.
        """
        actor, now = await self.people.actor(sender), self.clock()
        check(actor, Act.SIGN_IN)
        return await self.store.write(lambda session: _open(session, _holder(actor), now))

    async def visitor(self, secret: str) -> Visitor | None:
        """Who is signed in with ``secret``; None when nobody is any more."""
        now = self.clock()

        def query(session: Session) -> tuple[PageSession | None, frozenset[int]]:
            return signing_in.session_of(session, secret), people.root_units(session)

        row, roots = await self.store.read(query)
        if row is None or row.until <= now or row.seen_at + IDLE_LASTS <= now:
            return None
        sender = Sender(channel=ChannelName(row.channel), account=row.account)
        actor = await self.people.actor(sender)
        if actor.member_id != row.member_id or not actor.may(Act.SIGN_IN):
            return None
        if row.seen_at + _SEEN_EVERY <= now:
            await self.store.write(lambda session: signing_in.seen(session, secret, now))
        is_admin = any(Role.ADMIN in actor.roles.get(one, ()) for one in roots)
        return Visitor(actor=actor, until=row.until, runs_whole=actor.is_operator or is_admin)

    async def leave(self, actor: Actor, secret: str) -> None:
        """End one session."""
        now = self.clock()

        def work(session: Session) -> None:
            if signing_in.close(session, secret):
                _record(session, _holder(actor), "session.close", now, "1 处")

        await self.store.write(work)

    async def sessions(self, actor: Actor, secret: str) -> Sequence[OpenSession]:
        """Where the actor is signed in, the latest first; ``secret`` is this browser's."""
        now, here = self.clock(), signing_in.digest(secret)
        rows = await self.store.read(
            lambda session: signing_in.sessions_of(
                session, _holder(actor), now, seen_since=now - IDLE_LASTS
            )
        )
        return [
            OpenSession(
                id=row.hash[:_SHOWN_CHARS],
                opened_at=row.opened_at,
                seen_at=row.seen_at,
                until=row.until,
                is_this=row.hash == here,
            )
            for row in rows
        ]

    async def leave_one(self, actor: Actor, session_id: str) -> bool:
        """End one of the actor's own sessions; False when there is none of this id."""
        now = self.clock()

        def work(session: Session) -> bool:
            holder = _holder(actor)
            for row in signing_in.sessions_of(session, holder, now):
                if row.hash[:_SHOWN_CHARS] == session_id:
                    session.delete(row)
                    _record(session, holder, "session.close", now, "1 处")
                    return True
            return False

        return await self.store.write(work)

    async def leave_all(self, actor: Actor) -> int:
        """End every session of the actor; how many that were."""
        now = self.clock()

        def work(session: Session) -> int:
            count = signing_in.close_all(session, _holder(actor))
            if count:
                _record(session, _holder(actor), "session.close", now, f"{count} 处")
            return count

        return await self.store.write(work)


def _open(session: Session, holder: Holder, now: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    signing_in.open_session(session, secret, holder, now=now, until=now + SESSION_LASTS)
    _record(session, holder, "session.open", now, "管理网页")
    return secret


def _holder(actor: Actor) -> Holder:
    if actor.member_id is None and not actor.is_operator:
        raise NotAllowed("guests have no page")
    return Holder(
        channel=actor.sender.channel, account=actor.sender.account, member_id=actor.member_id
    )


def _record(session: Session, holder: Holder, what: str, now: datetime, after: str) -> None:
    platform = ChannelName(holder.channel).platform
    subject = f"member:{holder.member_id}" if holder.member_id is not None else "settings"
    audit.record(
        session,
        who=f"{platform}:{holder.account}",
        what=what,
        subject=subject,
        now=now,
        after=after,
    )
