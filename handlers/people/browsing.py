"""The roster as somebody looks through it: page by page, and one person with all there is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.messages import Role
from handlers.access import Act, Actor, check, within
from handlers.people.listing import Listed, all_listed, seen_units
from handlers.people.managing import manages
from handlers.tasks import showing
from handlers.tasks.views import OccurrenceView
from store import occurrences, people, roster
from store.engine import Store
from store.models import Unit
from store.roster import SoughtPeople

_MOST_TASKS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOption:
    """A unit in the order of the tree; ``depth`` below the highest that is shown."""

    id: int
    name: str
    path: str
    """From the root down, 县局/一中/第一支部."""
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedFor:
    """Whom a list shows; ``unit_id`` with all units below it."""

    words: str = ""
    unit_id: int | None = None
    role: Role | None = None
    has_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A role in a unit; ``may_take`` by who looks."""

    unit_id: int
    unit: str
    role: Role
    may_take: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A platform's account."""

    platform: str
    account: str
    seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One person. What only those in charge may know is empty for others."""

    member_id: int
    name: str
    is_active: bool
    is_managed: bool
    """Whether who looks is in charge of every unit the person is in."""
    held: Sequence[Held]
    added_at: datetime
    mobile: str
    joined_party_on: date | None
    accounts: Sequence[AccountView]
    tasks: Sequence[OccurrenceView]
    """Open ones, by due time."""
    tasks_total: int


@dataclass(frozen=True, slots=True)
class RosterList:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def page(
        self, actor: Actor, wanted: LookedFor, *, offset: int = 0, limit: int = 30
    ) -> tuple[int, Sequence[Listed]]:
        """How many fit, and some of them by unit and name.

        Raises:
            NotAllowed: The actor may see nobody.
        """
        check(actor, Act.SEE_PEOPLE)

        def query(session: Session) -> tuple[int, Sequence[Listed]]:
            sought = SoughtPeople(
                unit_ids=seen_units(session, actor, wanted.unit_id),
                words=wanted.words,
                role=wanted.role or "",
                is_active=not wanted.has_left,
            )
            total, members = roster.sought(session, sought, offset=offset, limit=limit)
            return total, all_listed(session, members)

        return await self.store.read(query)

    async def person(self, actor: Actor, member_id: int) -> Profile:
        """One person, also one who has left.

        Raises:
            NotFound: There is none the actor may see.
        """
        check(actor, Act.SEE_PEOPLE)
        now = self.clock()
        return await self.store.read(lambda session: _profile(session, actor, member_id, now))

    async def units(self, actor: Actor, act: Act = Act.SEE_PEOPLE) -> Sequence[UnitOption]:
        """The units on which the actor may ``act``, each below the one it is part of."""
        allowed = within(actor, act)
        return await self.store.read(lambda session: tree(people.units(session), allowed))


def tree(units: Sequence[Unit], allowed: Collection[int] | None = None) -> list[UnitOption]:
    """Those of ``units`` that are allowed (None: all), each before what is below it."""
    children: dict[int | None, list[Unit]] = {}
    for unit in units:
        children.setdefault(unit.parent_id, []).append(unit)
    found: list[UnitOption] = []
    waiting = [(unit, "", 0) for unit in reversed(children.get(None, []))]
    while waiting:
        unit, above, level = waiting.pop()
        is_shown = allowed is None or unit.id in allowed
        path = f"{above}/{unit.name}" if above else unit.name
        if is_shown:
            found.append(UnitOption(id=unit.id, name=unit.name, path=path, depth=level))
        below = level + 1 if is_shown else level
        waiting += [(one, path, below) for one in reversed(children.get(unit.id, []))]
    return found


def _profile(session: Session, actor: Actor, member_id: int, now: datetime) -> Profile:
    member = people.member(session, member_id)
    held = people.memberships(session, member_id)
    is_seen = actor.is_operator or any(actor.may(Act.SEE_PEOPLE, one.unit_id) for one in held)
    if member is None or not is_seen:
        raise NotFound(f"no member {member_id} for this actor", reply="花名册上没有这个人。")
    is_managed = manages(session, actor, member_id)
    paths = {one.id: one.path for one in tree(people.units(session))}
    entries = [
        one
        for one in occurrences.of_people(session, member_ids=[member_id], is_open=True)
        if is_managed
        or (one.task.unit_id is not None and actor.may(Act.SEE_TASKS, one.task.unit_id))
    ]
    return Profile(
        member_id=member_id,
        name=member.name,
        is_active=member.is_active,
        is_managed=is_managed,
        held=[
            Held(
                unit_id=one.unit_id,
                unit=paths.get(one.unit_id, ""),
                role=Role(one.role),
                may_take=member.is_active and actor.may(Act.MANAGE_PEOPLE, one.unit_id),
            )
            for one in held
        ],
        added_at=member.added_at,
        mobile=(member.mobile or "") if is_managed else "",
        joined_party_on=member.joined_party_on if is_managed else None,
        accounts=[
            AccountView(platform=one.platform, account=one.account, seen_at=one.seen_at)
            for one in people.accounts(session, member_id)
        ]
        if is_managed
        else [],
        tasks=[showing.occurrence(session, one, now) for one in entries[:_MOST_TASKS]],
        tasks_total=len(entries),
    )
