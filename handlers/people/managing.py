"""Changing the roster: roles, newcomers, leavers, groups of units."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import Role
from handlers import undo
from handlers.access import Act, Actor, check
from handlers.people import wording
from handlers.people.listing import Listed, all_listed, one_listed, seen_units
from handlers.people.selecting import member_meant, role_meant, unit_meant, unit_name
from store import audit, occurrences, people, roster
from store.engine import Store
from store.models import Member, Membership
from store.roster import SoughtPeople


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A role that is given or taken, not yet or just now."""

    member_id: int
    name: str
    unit_id: int
    unit: str
    role: Role
    is_held: bool
    """Whether it was held before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaver:
    """Someone who leaves, with what is left to hand over."""

    member_id: int
    name: str
    open_tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def listed(
        self, actor: Actor, unit: str = "", *, limit: int = 40
    ) -> tuple[int, Sequence[Listed]]:
        """How many are in a unit and all below it, and some of them; whom the actor may see."""
        check(actor, Act.SEE_PEOPLE)

        def query(session: Session) -> tuple[int, Sequence[Listed]]:
            unit_id = unit_meant(session, unit).id if unit else None
            wanted = SoughtPeople(unit_ids=seen_units(session, actor, unit_id))
            total, found = roster.sought(session, wanted, limit=limit)
            return total, all_listed(session, found)

        return await self.store.read(query)

    async def look(self, actor: Actor, who: str) -> Listed:
        """One person.

        Raises:
            NotFound: There is none the actor may see.
        """

        def query(session: Session) -> Listed:
            member = member_meant(session, who)
            units = {one.unit_id for one in people.memberships(session, member.id)}
            is_seen = any(actor.may(Act.SEE_PEOPLE, one) for one in units)
            if not (actor.is_operator or is_seen or member.id == actor.member_id):
                raise NotFound("not for this actor")
            return one_listed(session, member)

        return await self.store.read(query)

    async def consider_role(self, actor: Actor, who: str, role: str, unit: str = "") -> RoleChange:
        """What giving or taking a role would change; without ``unit`` it is the member's own.

        Raises:
            NotAllowed: The unit is not the actor's.
            UsageError: It is not clear who, what or where.
        """
        meant = role_meant(role)

        def query(session: Session) -> RoleChange:
            member = member_meant(session, who)
            held = people.memberships(session, member.id)
            unit_id = unit_meant(session, unit).id if unit else _only_unit(session, held)
            check(actor, Act.MANAGE_PEOPLE, unit_id)
            return RoleChange(
                member_id=member.id,
                name=member.name,
                unit_id=unit_id,
                unit=unit_name(session, unit_id),
                role=meant,
                is_held=any((one.unit_id, one.role) == (unit_id, meant) for one in held),
            )

        return await self.store.read(query)

    async def give(self, actor: Actor, member_id: int, role: Role, unit_id: int) -> RoleChange:
        """Let a member be something in a unit."""
        return await self._change(actor, member_id, role, unit_id, gives=True)

    async def take(self, actor: Actor, member_id: int, role: Role, unit_id: int) -> RoleChange:
        """Take a role away; a member without any stays a teacher of the unit.

        Raises:
            UsageError: It would leave nobody to administer.
        """
        return await self._change(actor, member_id, role, unit_id, gives=False)

    async def _change(
        self, actor: Actor, member_id: int, role: Role, unit_id: int, *, gives: bool
    ) -> RoleChange:
        check(actor, Act.MANAGE_PEOPLE, unit_id)
        now = self.clock()

        def work(session: Session) -> RoleChange:
            member = _active(session, member_id)
            before = _roles_in_words(session, member_id)
            is_held = _holds(session, member_id, unit_id, role)
            if gives:
                people.give_role(session, member_id, unit_id, role)
            elif is_held:
                if role is Role.ADMIN:
                    _must_leave_an_admin(session, member_id, {unit_id})
                people.take_role(session, member_id, unit_id, role)
                if not people.memberships(session, member_id):
                    people.give_role(session, member_id, unit_id, Role.TEACHER)
            if is_held is not gives:
                values = {"member_id": member_id, "role": role.value, "unit_id": unit_id}
                undo.remember(session, actor, "role.give" if gives else "role.take", values, now)
                audit.record(
                    session,
                    who=actor.account,
                    what="role.give" if gives else "role.take",
                    subject=f"member:{member_id}",
                    now=now,
                    before=before,
                    after=_roles_in_words(session, member_id),
                )
            return RoleChange(
                member_id=member_id,
                name=member.name,
                unit_id=unit_id,
                unit=unit_name(session, unit_id),
                role=role,
                is_held=is_held,
            )

        return await self.store.write(work)

    async def add(self, actor: Actor, name: str, unit: str, role: str = "教师") -> Listed:
        """Put one person on the roster.

        Raises:
            UsageError: Somebody of this name is in the unit already, or there is no name.
        """
        meant, now = role_meant(role), self.clock()
        if not name.strip():
            raise UsageError("no name", reply="请写上姓名。")

        def work(session: Session) -> Listed:
            found = unit_meant(session, unit)
            check(actor, Act.MANAGE_PEOPLE, found.id)
            for namesake in people.members_named(session, name):
                if any(o.unit_id == found.id for o in people.memberships(session, namesake.id)):
                    reply = f"{found.name}已经有{name}了。改角色请发 /角色 {name} 角色。"
                    raise UsageError("a namesake in the unit", reply=reply)
            member = newcomer(session, name, found.id, meant, now)
            undo.remember(session, actor, "member.add", {"member_id": member.id}, now)
            _record(session, actor, "member.add", member, now, None)
            return one_listed(session, member)

        return await self.store.write(work)

    async def consider_leaving(self, actor: Actor, who: str) -> Leaver:
        """Who would leave, and what they would leave behind."""

        def query(session: Session) -> Leaver:
            member = member_meant(session, who)
            must_manage(session, actor, member.id)
            return _leaver(session, member)

        return await self.store.read(query)

    async def deactivate(self, actor: Actor, member_id: int) -> Leaver:
        """A leaver may do nothing any more; records stay, roles are kept for a return.

        Raises:
            UsageError: It would leave nobody to administer.
        """
        now = self.clock()

        def work(session: Session) -> Leaver:
            member = _active(session, member_id)
            must_manage(session, actor, member_id)
            memberships = people.memberships(session, member_id)
            administered = {one.unit_id for one in memberships if one.role == Role.ADMIN}
            if administered:
                _must_leave_an_admin(session, member_id, administered)
            leaver = _leaver(session, member)
            before = _roles_in_words(session, member_id)
            member.is_active = False
            undo.remember(session, actor, "member.deactivate", {"member_id": member_id}, now)
            _record(session, actor, "member.deactivate", member, now, before)
            return leaver

        return await self.store.write(work)

    async def reactivate(self, actor: Actor, member_id: int) -> Listed:
        """Someone is back, as they were."""
        now = self.clock()

        def work(session: Session) -> Listed:
            member = people.member(session, member_id)
            if member is None:
                raise NotFound(f"no member {member_id}")
            must_manage(session, actor, member_id)
            member.is_active = True
            undo.forget(session, actor)
            _record(session, actor, "member.reactivate", member, now, "停用")
            return one_listed(session, member)

        return await self.store.write(work)

    async def leaver(self, actor: Actor, name: str) -> int:
        """The former member of this name whom the actor may take back."""

        def query(session: Session) -> int:
            for member in people.leavers_named(session, name):
                must_manage(session, actor, member.id)
                return member.id
            raise NotFound("no leaver of this name", reply=f"没有停用过叫{name}的人。")

        return await self.store.read(query)

    async def group(self, actor: Actor, name: str, units: Sequence[str], *, adds: bool) -> str:
        """Put units into a group (片区, 结对) or take them out; the group as it is then."""
        check(actor, Act.MANAGE_PEOPLE)
        now = self.clock()

        def work(session: Session) -> str:
            before = _group_in_words(session, name)
            for unit in units:
                found = unit_meant(session, unit)
                check(actor, Act.MANAGE_PEOPLE, found.id)
                if adds:
                    people.put_in_group(session, name, found.id)
                else:
                    people.take_out_of_group(session, name, found.id)
            after = _group_in_words(session, name)
            if units and before != after:
                audit.record(
                    session,
                    who=actor.account,
                    what="group.change",
                    subject=f"group:{name}",
                    now=now,
                    before=before,
                    after=after,
                )
            return after

        return await self.store.write(work)


def newcomer(session: Session, name: str, unit_id: int, role: Role, now: datetime) -> Member:
    """Put somebody on the roster, with the account of the page."""
    member = people.add_member(session, name=name, now=now)
    people.give_role(session, member.id, unit_id, role)
    people.link(session, "web", f"m{member.id}", member.id, display_name=name)
    return member


def _only_unit(session: Session, held: Sequence[Membership]) -> int:
    units = list(dict.fromkeys(one.unit_id for one in held))
    if len(units) == 1:
        return units[0]
    names = "、".join(unit_name(session, one) for one in units) or "还没有单位"
    raise UsageError(
        "which unit", reply=f"请写明在哪个单位（{names}），例如：/角色 姓名 角色 单位。"
    )


def _active(session: Session, member_id: int) -> Member:
    member = people.member(session, member_id)
    if member is None or not member.is_active:
        raise NotFound(f"no active member {member_id}")
    return member


def must_manage(session: Session, actor: Actor, member_id: int) -> None:
    """Over every unit the member is in: who is above somewhere else is out of reach."""
    if not manages(session, actor, member_id):
        raise NotAllowed(f"member {actor.member_id} does not manage member {member_id}")


def manages(session: Session, actor: Actor, member_id: int) -> bool:
    """Whether ``must_manage`` lets the actor pass."""
    units = {one.unit_id for one in people.memberships(session, member_id)}
    return actor.is_operator or (
        bool(units) and all(actor.may(Act.MANAGE_PEOPLE, one) for one in units)
    )


def _must_leave_an_admin(session: Session, member_id: int, units: Collection[int]) -> None:
    """Somebody else has to administer the whole, wherever this one administers the whole."""
    roots = people.root_units(session)
    if not roots & set(units):
        return
    others = {one.id for one in people.holders(session, Role.ADMIN, roots)} - {member_id}
    if not others:
        raise UsageError("the last admin", reply=wording.LAST_ADMIN)


def _holds(session: Session, member_id: int, unit_id: int, role: Role) -> bool:
    held = people.memberships(session, member_id)
    return any((one.unit_id, one.role) == (unit_id, role) for one in held)


def _leaver(session: Session, member: Member) -> Leaver:
    entries = occurrences.of_people(session, member_ids=[member.id], is_open=True)
    tasks = tuple(
        f"#{entry.occurrence.id} {entry.task.title}"
        for entry in entries
        if entry.assignment.member_id == member.id
    )
    return Leaver(member_id=member.id, name=member.name, open_tasks=tasks)


def _roles_in_words(session: Session, member_id: int) -> str:
    held = people.memberships(session, member_id)
    return "；".join(
        f"{unit_name(session, one.unit_id)} {wording.ROLE_WORDS[Role(one.role)]}" for one in held
    )


def _group_in_words(session: Session, name: str) -> str:
    return "、".join(unit_name(session, one) for one in sorted(people.group_units(session, name)))


def _record(
    session: Session, actor: Actor, what: str, member: Member, now: datetime, before: str | None
) -> None:
    audit.record(
        session,
        who=actor.account,
        what=what,
        subject=f"member:{member.id}",
        now=now,
        before=before,
        after=_roles_in_words(session, member.id) if member.is_active else "停用",
    )
