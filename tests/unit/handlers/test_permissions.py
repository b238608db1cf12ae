"""Every act, for every role, in one's own unit, below it, above it and elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from bot.errors import BotError, NotAllowed, NotFound
from bot.messages import ChannelName, Role, Sender
from handlers.access import ALLOWED, Act, Actor
from handlers.journal import Journal
from handlers.notices.actions import Broadcasts
from handlers.people.actions import People
from handlers.people.managing import Roster
from handlers.posting import Post
from handlers.questions.actions import Questions
from store import audit, people, questions
from store.engine import Store

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
ROLES = [role for role in Role if role is not Role.GUEST]
MANAGE_PEOPLE = {Role.ADMIN}
BROADCAST = {Role.ADMIN, Role.OFFICER, Role.SECRETARY, Role.BRANCH_SECRETARY}
ANSWER = {Role.ADMIN, Role.OFFICER}
SEE_PEOPLE = BROADCAST | {Role.GUIDANCE, Role.DISCIPLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Units: the county, its first school, that school's branch, its second school."""

    store: Store
    people: People
    units: dict[str, int]
    members: dict[str, int]

    async def as_(self, role: Role) -> Actor:
        """Someone who is ``role`` in the first school."""

        def work(session: Session) -> None:
            people.give_role(session, self.members["自己"], self.units["一中"], role)

        await self.store.write(work)
        return await self.people.actor(Sender(channel=ChannelName.WEB, account="me"))


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    store = await Store.open(tmp_path)

    def work(session: Session) -> tuple[dict[str, int], dict[str, int]]:
        units = {
            name: people.unit_at(session, path).id
            for name, path in {
                "县局": ["县局"],
                "一中": ["县局", "一中"],
                "支部": ["县局", "一中", "支部"],
                "二中": ["县局", "二中"],
            }.items()
        }
        members = {}
        for name, unit in {"自己": None, "局里人": "县局", "同事": "一中", "支部人": "支部",
                           "外人": "二中"}.items():  # fmt: skip
            members[name] = people.add_member(session, name=name, now=NOW).id
            if unit:
                people.give_role(session, members[name], units[unit], Role.TEACHER)
                people.link(session, "web", f"m{members[name]}", members[name])
        people.link(session, "web", "me", members["自己"])
        return units, members

    units, members = await store.write(work)
    yield Town(store=store, people=People(store, lambda: NOW), units=units, members=members)
    await store.close()


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("role", ROLES)
async def test_a_role_reaches_its_unit_and_those_below(town: Town, role: Role, act: Act) -> None:
    actor = await town.as_(role)
    may = role in ALLOWED[act]
    is_for_all = Role.GUEST in ALLOWED[act]

    assert {name: actor.may(act, unit) for name, unit in town.units.items()} == {
        "县局": is_for_all,
        "一中": may,
        "支部": may,
        "二中": is_for_all,
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("who", "unit", "is_near"),
    [
        ("同事", "一中", True),
        ("支部人", "支部", True),
        ("外人", "二中", False),
        ("局里人", "县局", False),
    ],
)
async def test_roles_and_leavers(
    town: Town, role: Role, who: str, unit: str, is_near: bool
) -> None:
    actor, roster = await town.as_(role), Roster(town.store, lambda: NOW)
    member, at = town.members[who], town.units[unit]
    may = is_near and role in MANAGE_PEOPLE

    assert await allowed(roster.give(actor, member, Role.PARTY_MEMBER, at)) is may
    assert await allowed(roster.take(actor, member, Role.PARTY_MEMBER, at)) is may
    assert await allowed(roster.add(actor, "新人", unit)) is may
    assert await allowed(roster.deactivate(actor, member)) is may
    if may:
        assert await allowed(roster.reactivate(actor, member))


@pytest.mark.parametrize("role", ROLES)
async def test_the_roster_shows_ones_own(town: Town, role: Role) -> None:
    actor, roster = await town.as_(role), Roster(town.store, lambda: NOW)
    if role not in SEE_PEOPLE:
        assert not await allowed(roster.listed(actor))
        return
    names = {one.name for one in (await roster.listed(actor))[1]}
    assert {"同事", "支部人"} <= names
    assert not {"外人", "局里人"} & names


@pytest.mark.parametrize("role", ROLES)
async def test_a_broadcast_goes_no_further(town: Town, role: Role) -> None:
    actor = await town.as_(role)

    async def no_recall(channel: str, provider_id: str) -> bool:
        return False

    broadcasts = Broadcasts(
        store=town.store, post=Post(channels=[ChannelName.WEB]), clock=lambda: NOW,
        recall_sent=no_recall,
    )  # fmt: skip
    assert await allowed(broadcasts.preview(actor, "一中", "开会")) is (role in BROADCAST)
    assert not await allowed(broadcasts.preview(actor, "二中", "开会"))
    assert not await allowed(broadcasts.preview(actor, "外人", "开会"))
    if role in BROADCAST:
        everybody = await broadcasts.preview(actor, "全体", "开会")
        assert set(everybody.by_unit) == {"一中", "支部"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("who", "is_near"), [("同事", True), ("支部人", True), ("外人", False)])
async def test_answers_are_for_ones_own_people(
    town: Town, role: Role, who: str, is_near: bool
) -> None:
    actor = await town.as_(role)
    number = await town.store.write(lambda session: asked(session, town.members[who]))
    desk = Questions(
        store=town.store, post=Post(channels=[ChannelName.WEB]), clock=lambda: NOW, zone=ZONE
    )
    may = is_near and role in ANSWER

    assert await allowed(desk.reply(actor, number, "每年四月")) is may
    other = await town.people.actor(
        Sender(channel=ChannelName.WEB, account=f"m{town.members['外人']}")
    )
    if may:
        assert await desk.standing(other, "读书节几月办") is None


@pytest.mark.parametrize("role", ROLES)
async def test_the_log_shows_the_deeds_of_ones_own_people(town: Town, role: Role) -> None:
    actor = await town.as_(role)
    journal = Journal(store=town.store, people=town.people, zone=ZONE)
    for name in ("局里人", "同事", "支部人", "外人"):
        await town.store.write(
            lambda session, who=f"web:m{town.members[name]}": audit.record(
                session, who=who, what="role.give", subject="x", now=NOW
            )
        )
    if role is not Role.ADMIN:
        assert not await allowed(journal.entries(actor))
        return
    own = [f"web:m{town.members[name]}" for name in ("支部人", "同事")]
    assert [one.who for one in await journal.entries(actor)] == own


def asked(session: Session, member_id: int) -> int:
    return questions.add(
        session,
        feedback_id=f"f{member_id}",
        question="读书节几月办",
        understood="读书节几月办",
        answered=False,
        answer="",
        citations=[],
        elapsed_ms=1.0,
        channel="web",
        conversation=f"m{member_id}",
        account=f"m{member_id}",
        asked_by=member_id,
        now=NOW,
    )


async def allowed(doing: object) -> bool:
    """Whether it was done; what is refused is refused as not allowed or as not there."""
    try:
        await doing  # type: ignore[misc]
    except (NotAllowed, NotFound):
        return False
    except BotError as error:
        raise AssertionError(error.reply) from error
    return True
