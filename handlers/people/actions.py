"""Who somebody is, and the roster they are on."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, UsageError
from bot.messages import ChannelName, Role, Sender
from handlers.access import Act, Actor, check, within
from handlers.people.roster import Row, read_roster
from handlers.people.wording import ROLE_WORDS
from store import audit, people
from store.engine import Store, written_here
from store.models import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone on the roster, as a list shows them."""

    member_id: int
    name: str
    unit: str
    roles: tuple[Role, ...] = ()
    web_account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, or would do."""

    added: int = 0
    known: int = 0
    units: int = 0
    errors: tuple[str, ...] = ()
    """Chinese, one per row that cannot be used; with any of them nothing is imported."""
    changes: tuple[str, ...] = ()
    """Chinese, one per thing that is different after it."""
    absent: tuple[str, ...] = ()
    """Who is on the roster, in the actor's charge, and not on the sheet; they stay."""


class _DryRun(Exception):
    """Undoes what it carries the result of."""

    def __init__(self, result: Imported) -> None:
        super().__init__()
        self.result = result


@dataclass(slots=True)
class LookedUp:
    """Who was looked up since the last write, for one message."""

    _since: object = None
    _actors: dict[tuple[ChannelName, str], Actor] = field(default_factory=dict)

    def get(self, who: tuple[ChannelName, str], latest_write: object) -> Actor | None:
        return self._actors.get(who) if self._since is latest_write else None

    def put(self, who: tuple[ChannelName, str], latest_write: object, actor: Actor) -> None:
        if self._since is not latest_write:
            self._actors.clear()
        self._since = latest_write
        self._actors[who] = actor


looked_up: ContextVar[LookedUp | None] = ContextVar("looked_up", default=None)
"""Set around the handling of a message."""


@dataclass(frozen=True, slots=True)
class People:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]
    admins: frozenset[str] = field(default=frozenset())
    """Accounts that the configuration names, as ``platform:account``."""

    async def actor(self, sender: Sender) -> Actor:
        """Who a sender is; someone unknown is a guest.

        Looked up once for the message in hand, and again after what the message changed.
        """
        known = looked_up.get()
        who = (sender.channel, sender.account)
        if known is not None and (found := known.get(who, written_here())) is not None:
            return found
        found = await self._look_up(sender)
        if known is not None:
            known.put(who, written_here(), found)
        return found

    async def _look_up(self, sender: Sender) -> Actor:
        platform = platform_of(sender)
        is_operator = (
            sender.channel is ChannelName.CONSOLE and sender.account == OPERATOR.account
        ) or f"{platform}:{sender.account}" in self.admins
        return await self.store.read(lambda session: _actor(session, sender, is_operator))

    async def everyone(self) -> Sequence[Person]:
        """The whole roster, by unit and name."""
        return await self.store.read(_everyone)

    async def named(self, name: str) -> Person:
        """The one person of this name.

        Raises:
            UsageError: There is none, or there are several.
        """
        found = [person for person in await self.everyone() if person.name == name]
        if len(found) != 1:
            what = "有好几位" if found else "没有"
            raise UsageError("no single such member", reply=f"花名册上{what}叫{name}的人。")
        return found[0]

    async def import_roster(
        self, actor: Actor, file: str, content: bytes, *, is_dry_run: bool = False
    ) -> Imported:
        """Read a sheet and take it over, all or nothing.

        Raises:
            NotAllowed: The actor may not.
            UsageError: The file is no roster.
        """
        check(actor, Act.MANAGE_PEOPLE)
        rows, errors = await asyncio.to_thread(read_roster, file, content)
        if errors:
            return Imported(errors=tuple(errors))
        now = self.clock()

        def work(session: Session) -> Imported:
            result = _import(session, rows, now, within(actor, Act.MANAGE_PEOPLE))
            if is_dry_run:
                raise _DryRun(result)
            audit.record(
                session,
                who=actor.account,
                what="roster.import",
                subject="roster",
                now=now,
                after="\n".join(result.changes),
            )
            return result

        units = {row.unit for row in rows}
        await self._check_units(actor, units)
        try:
            return await self.store.write(work)
        except _DryRun as dry_run:
            return dry_run.result

    async def _check_units(self, actor: Actor, paths: Collection[tuple[str, ...]]) -> None:
        """Who is in charge of one unit imports into it and below it, not elsewhere."""
        if actor.is_operator:
            return

        def outside(session: Session) -> str | None:
            for path in paths:
                known = people.existing_unit(session, path)
                if known is None or not actor.may(Act.MANAGE_PEOPLE, known.id):
                    return " / ".join(path)
            return None

        if (unit := await self.store.read(outside)) is not None:
            raise NotAllowed(
                "a unit outside the actor's",
                reply=f"“{unit}”不在您管理的单位里，所以一行也没有导入。请核对单位的写法。",
            )


OPERATOR = Sender(channel=ChannelName.CONSOLE, account="operator", display_name="管理员")
"""Whoever can run commands on the machine itself."""


def operator() -> Actor:
    """The actor of a command typed on the machine."""
    return Actor(sender=OPERATOR, name="管理员", is_operator=True)


def platform_of(sender: Sender) -> str:
    """The terminal has no accounts of its own: there one is whom one is on the page."""
    channel = ChannelName.WEB if sender.channel is ChannelName.CONSOLE else sender.channel
    return channel.platform


def _actor(session: Session, sender: Sender, is_operator: bool) -> Actor:
    known = people.member_with_roles(session, platform_of(sender), sender.account)
    if known is None:
        return Actor(sender=sender, name=sender.display_name, is_operator=is_operator)
    member, memberships = known
    own = {membership.unit_id for membership in memberships}
    below = people.each_with_all_below(session, own)
    held: dict[int, set[Role]] = defaultdict(set)
    for membership in memberships:
        for unit in below[membership.unit_id]:
            held[unit].add(Role(membership.role))
    return Actor(
        sender=sender,
        member_id=member.id,
        name=member.name,
        units=people.with_all_above(session, own),
        roles={unit: frozenset(roles) for unit, roles in held.items()},
        is_operator=is_operator,
    )


def _everyone(session: Session) -> list[Person]:
    units = {unit.id: unit for unit in people.units(session)}
    persons = []
    for member in people.members(session):
        memberships = people.memberships(session, member.id)
        roles = tuple(dict.fromkeys(Role(one.role) for one in memberships))
        unit = units[memberships[0].unit_id] if memberships else None
        account = next(
            (one.account for one in people.accounts(session, member.id) if one.platform == "web"),
            None,
        )
        persons.append(
            Person(
                member_id=member.id,
                name=member.name,
                unit=unit.name if unit else "未分单位",
                roles=roles,
                web_account=account,
            )
        )
    order = {unit.name: n for n, unit in enumerate(units.values())}
    return sorted(persons, key=lambda one: (order.get(one.unit, len(order)), one.member_id))


def _import(
    session: Session, rows: Sequence[Row], now: datetime, managed: Collection[int] | None
) -> Imported:
    units_before = len(people.units(session))
    on_roster = {member.id: member.name for member in people.members(session, managed)}
    added = known = 0
    changes: list[str] = []
    for row in rows:
        unit = people.unit_at(session, row.unit)
        member_id = _known_member(session, row, unit.id)
        if member_id is None:
            added += 1
            member_id = people.add_member(
                session,
                name=row.name,
                now=now,
                mobile=row.mobile,
                joined_party_on=row.joined_party_on,
            ).id
            changes.append(f"新增 {row.name}（{unit.name}）")
            is_new = True
        else:
            known += 1
            is_new = False
        on_roster.pop(member_id, None)
        changes += _brought_up_to_date(session, row, member_id, unit, is_new=is_new)
    return Imported(
        added=added,
        known=known,
        units=len(people.units(session)) - units_before,
        changes=tuple(changes),
        absent=tuple(on_roster.values()),
    )


def _brought_up_to_date(
    session: Session, row: Row, member_id: int, unit: Unit, *, is_new: bool
) -> list[str]:
    given = [role for role in row.roles if people.give_role(session, member_id, unit.id, role)]
    changes = [f"{row.name} 在{unit.name}增加角色：{ROLE_WORDS[role]}" for role in given]
    if is_new:
        changes = []
    member = people.member(session, member_id)
    if member is not None and not is_new:
        if row.mobile and member.mobile != row.mobile:
            member.mobile = row.mobile
            changes.append(f"{row.name} 换手机号")
        if row.joined_party_on and member.joined_party_on != row.joined_party_on:
            member.joined_party_on = row.joined_party_on
            changes.append(f"{row.name} 的入党日期改为 {row.joined_party_on}")
    for platform, account in row.accounts.items():
        owner = people.member_of(session, platform, account)
        if not is_new and (owner is None or owner.id != member_id):
            changes.append(f"{row.name} 绑定账号 {account}")
        people.link(session, platform, account, member_id, display_name=row.name)
    people.link(session, "web", f"m{member_id}", member_id, display_name=row.name)
    return changes


def _known_member(session: Session, row: Row, unit_id: int) -> int | None:
    """Someone the roster has already: the same account, or the same name in the same unit."""
    for platform, account in row.accounts.items():
        if member := people.member_of(session, platform, account):
            return member.id
    for member in people.members_named(session, row.name):
        if any(one.unit_id == unit_id for one in people.memberships(session, member.id)):
            return member.id
    return None
