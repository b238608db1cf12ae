"""A platform's directory into the roster: units, members, who has left. Nobody is deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import UsageError
from bot.messages import ChannelName, Role
from handlers.access import Act, Actor, check
from store import audit, people
from store.engine import Store
from store.models import Account, Member

_DIRECTORIES = {ChannelName.WECOM_APP.platform, ChannelName.DINGTALK.platform}
"""Platforms that say who works there; having opened the page says nothing."""
_EMPTY = "平台上一个人也没读到，多半是应用的可见范围没有设好；花名册没有改动。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody as the platform has them; every unit is its path, the topmost first."""

    account: str
    name: str
    units: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What changed, by name.

    ``elsewhere`` left this platform and are on another; ``kept`` left and stay, being admins.
    """

    added: tuple[str, ...]
    linked: tuple[str, ...]
    left: tuple[str, ...]
    elsewhere: tuple[str, ...]
    kept: tuple[str, ...]
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncing:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def take_over(
        self, actor: Actor, platform: str, entries: Sequence[Entry], *, is_dry_run: bool = False
    ) -> Synced:
        """Bring the roster in line with the platform, all or nothing.

        Who is new becomes 教师 of their units, or is found on the roster by name and unit; who
        is gone from every platform is deactivated, with the records kept. Roles given here are
        never taken away.

        Raises:
            NotAllowed: The actor does not manage people.
            UsageError: The platform named nobody.
        """
        check(actor, Act.MANAGE_PEOPLE)
        if not entries:
            raise UsageError("an empty directory", reply=_EMPTY)
        now = self.clock()

        def work(session: Session) -> Synced:
            done = _take_over(session, platform, entries, now)
            if is_dry_run:
                raise _DryRun(done)
            audit.record(
                session,
                who=actor.account,
                what="roster.sync",
                subject=platform,
                now=now,
                after="\n".join([*done.added, *done.linked, *done.left, *done.elsewhere]),
            )
            return done

        try:
            return await self.store.write(work)
        except _DryRun as dry_run:
            return dry_run.done


@dataclass(frozen=True, slots=True)
class _Gone:
    left: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


class _DryRun(Exception):
    def __init__(self, done: Synced) -> None:
        super().__init__("only looked")
        self.done = done


def _take_over(session: Session, platform: str, entries: Sequence[Entry], now: datetime) -> Synced:
    accounts = {
        row.account: row.member_id
        for row in session.scalars(select(Account).where(Account.platform == platform))
        if row.member_id is not None
    }
    added: list[str] = []
    linked: list[str] = []
    known = 0
    for entry in entries:
        units = [people.unit_at(session, path) for path in entry.units if path]
        member_id = accounts.get(entry.account)
        member = session.get(Member, member_id) if member_id is not None else None
        if member is None:
            member = _same_person(session, platform, entry, {unit.id for unit in units})
            (linked if member is not None else added).append(entry.name)
            member = member or people.add_member(session, name=entry.name, now=now)
            people.link(session, platform, entry.account, member.id, display_name=entry.name)
        else:
            known += 1
        member.name, member.is_active = entry.name, True
        held = {membership.unit_id for membership in people.memberships(session, member.id)}
        for unit in units:
            if unit.id not in held:
                people.give_role(session, member.id, unit.id, Role.TEACHER)
    gone = _let_go(session, platform, accounts, {entry.account for entry in entries})
    return Synced(
        added=tuple(added),
        linked=tuple(linked),
        left=tuple(gone.left),
        elsewhere=tuple(gone.elsewhere),
        kept=tuple(gone.kept),
        known=known,
    )


def _same_person(session: Session, platform: str, entry: Entry, units: set[int]) -> Member | None:
    """The one of this name in these units who has no account here yet."""
    found = [
        member
        for member in people.members_named(session, entry.name)
        if units & {one.unit_id for one in people.memberships(session, member.id)}
        and platform not in {one.platform for one in people.accounts(session, member.id)}
    ]
    return found[0] if len(found) == 1 else None


def _let_go(
    session: Session, platform: str, accounts: Mapping[str, int], present: set[str]
) -> _Gone:
    """Of members without an account in ``present``: stop them, or only their account here."""
    gone = _Gone()
    still_here = {member for account, member in accounts.items() if account in present}
    for account, member_id in accounts.items():
        member = session.get(Member, member_id)
        if account in present or member_id in still_here or member is None or not member.is_active:
            continue
        roles = {membership.role for membership in people.memberships(session, member_id)}
        others = {one.platform for one in people.accounts(session, member_id)} - {platform}
        if Role.ADMIN in roles:
            gone.kept.append(member.name)
        elif others & _DIRECTORIES:
            people.unlink(session, platform, account)
            gone.elsewhere.append(member.name)
        else:
            member.is_active = False
            gone.left.append(member.name)
    return gone
