"""Every route of the admin page, for every role: a page that has no rule here fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.codec import reply_to_json
from bot.messages import ChannelName, Reply, Role
from bot.server import build_site
from handlers.access import ALLOWED, Act
from handlers.people.actions import operator
from store import outbox, people, questions
from store.models import Delivery, DeliveryKind, DeliveryState
from tests.scenario.admin_driver import AdminDriver, Shown, at_the_door, on_the_admin_page
from tests.scenario.town import KITCHEN, living, settle_in

SCHOOL = "云溪县第二中学"
AT_THE_DOOR = {
    "GET /login",
    "GET /login/{token}",
    "POST /login/{token}",
    "GET /login/{platform}",
    "GET /login/{platform}/back",
}
"""For whoever is not signed in yet; see test_admin_door.py."""
NAMES = {
    Role.ADMIN: "于管理",
    Role.OFFICER: "于专干",
    Role.SECRETARY: "于书记",
    Role.BRANCH_SECRETARY: "于支书",
    Role.GUIDANCE: "于指导",
    Role.DISCIPLINE: "于纪委",
    Role.PARTY_MEMBER: "于党员",
    Role.TEACHER: "于老师",
}
SHEET = f"姓名,单位\n新来的,云溪县教育局/{SCHOOL}\n".encode()
DONE, ASKED, SHOWN = 303, 200, 200
REFUSED = {403, 404}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may; what is sent; what they get then. ``status`` None: there is nothing to see here."""

    act: Act
    status: int | None = SHOWN
    fields: Mapping[str, str] = field(default_factory=dict)
    has_file: bool = False


RULES: Mapping[str, Rule] = {
    "GET /admin": Rule(act=Act.SIGN_IN),
    "POST /admin/leave": Rule(act=Act.SIGN_IN),
    "GET /admin/sessions": Rule(act=Act.SIGN_IN),
    "POST /admin/sessions": Rule(act=Act.SIGN_IN, status=None),
    "GET /admin/audit": Rule(act=Act.SEE_AUDIT),
    "GET /admin/documents": Rule(act=Act.SIGN_IN),
    "GET /admin/documents/add": Rule(act=Act.MANAGE_DOCUMENTS),
    "POST /admin/documents/add": Rule(act=Act.MANAGE_DOCUMENTS, has_file=True),
    "GET /admin/documents/{id}": Rule(act=Act.SIGN_IN),
    "POST /admin/documents/{id}": Rule(act=Act.MANAGE_DOCUMENTS, fields={"do": "retire"}),
    "GET /admin/documents/{id}/original": Rule(act=Act.SIGN_IN),
    "GET /admin/outbox": Rule(act=Act.SEE_DELIVERIES),
    "POST /admin/outbox/{id}/again": Rule(act=Act.SEE_DELIVERIES, status=ASKED),
    "POST /admin/outbox/{id}/leave": Rule(act=Act.SEE_DELIVERIES, status=ASKED),
    "GET /admin/questions": Rule(act=Act.SEE_QUESTIONS),
    "GET /admin/questions/standing": Rule(act=Act.SEE_QUESTIONS),
    "GET /admin/questions/{id}": Rule(act=Act.SEE_QUESTIONS),
    "POST /admin/questions/{id}": Rule(act=Act.ANSWER_QUESTIONS, fields={"do": "close"}),
    "GET /admin/questions/standing/{id}": Rule(act=Act.SEE_QUESTIONS),
    "POST /admin/questions/standing/{id}": Rule(act=Act.ANSWER_QUESTIONS, fields={"do": "retire"}),
    "GET /admin/roster": Rule(act=Act.SEE_PEOPLE),
    "GET /admin/roster/add": Rule(act=Act.MANAGE_PEOPLE),
    "POST /admin/roster/add": Rule(
        act=Act.MANAGE_PEOPLE, status=DONE, fields={"name": "初来", "unit": "{unit}"}
    ),
    "GET /admin/roster/joining": Rule(act=Act.MANAGE_PEOPLE),
    "POST /admin/roster/joining": Rule(act=Act.MANAGE_PEOPLE, status=None),
    "GET /admin/roster/import": Rule(act=Act.MANAGE_PEOPLE),
    "POST /admin/roster/import": Rule(act=Act.MANAGE_PEOPLE, has_file=True),
    "GET /admin/roster/{number}": Rule(act=Act.SEE_PEOPLE),
    "POST /admin/roster/{number}": Rule(act=Act.MANAGE_PEOPLE, fields={"do": "leave"}),
    "GET /admin/tasks": Rule(act=Act.SEE_TASKS),
    "GET /admin/tasks/postponements": Rule(act=Act.MANAGE_TASKS),
    "POST /admin/tasks/postponements": Rule(act=Act.MANAGE_TASKS, status=None),
    "GET /admin/tasks/{number}": Rule(act=Act.SEE_TASKS, status=None),
    "POST /admin/tasks/{number}": Rule(act=Act.SEE_TASKS, status=None),
    "GET /admin/tasks/{number}/files/{n}": Rule(act=Act.SEE_TASKS, status=None),
    "GET /admin/tasks/{number}/files/{n}/small": Rule(act=Act.SEE_TASKS, status=None),
    "GET /admin/records": Rule(act=Act.SIGN_IN),
    "GET /admin/records/export": Rule(act=Act.SIGN_IN),
    "GET /admin/records/{number}": Rule(act=Act.SIGN_IN, status=None),
    "POST /admin/records/{number}": Rule(act=Act.SIGN_IN, status=None),
    "GET /admin/records/{number}/files/{n}": Rule(act=Act.SIGN_IN, status=None),
    "GET /admin/records/{number}/files/{n}/small": Rule(act=Act.SIGN_IN, status=None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What there is in the school, by the path below which it is found."""

    app: App
    unit: int
    ids: Mapping[str, str]

    def path(self, route: str) -> str:
        canonical = route.partition(" ")[2]
        for prefix, name in sorted(self.ids.items(), key=lambda one: -len(one[0])):
            if canonical.startswith(f"{prefix}/{{"):
                rest = canonical.removeprefix(f"{prefix}/").partition("}")[2]
                return f"{prefix}/{name}{rest}".replace("{n}", "0")
        return canonical


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Places]:
    async with living(tmp_path) as app:
        await settle_in(app)
        rows = "".join(f"{name},云溪县教育局/{SCHOOL},教师\n" for name in NAMES.values())
        await app.people.import_roster(operator(), "人.csv", f"姓名,单位,角色\n{rows}".encode())
        unit = await app.store.read(lambda session: people.units_named(session, SCHOOL)[0].id)
        added = await app.documents.add(operator(), "陪餐.txt", KITCHEN.encode(), visible_to=unit)
        assert added.document is not None
        asker = await app.people.named("祁远山")
        now = app.documents.clock()

        def work(session: Session) -> Mapping[str, str]:
            for role, name in NAMES.items():
                member = people.members_named(session, name)[0].id
                people.take_role(session, member, unit, Role.TEACHER)
                people.give_role(session, member, unit, role)
            asked = [question(session, n, asker.member_id or 0) for n in range(2)]
            standing = questions.stand(
                session, question_id=asked[1], answer="七点", written_by=None, now=now,
                visible_to=unit,
            )  # fmt: skip
            return {
                "/admin/questions": str(asked[0]),
                "/admin/questions/standing": str(standing),
                "/admin/outbox": str(lost(session, asker.web_account or "")),
                "/admin/roster": str(asker.member_id),
                "/admin/tasks": "999",
                "/admin/records": "999",
            }

        def question(session: Session, n: int, asked_by: int) -> int:
            return questions.add(
                session, feedback_id=f"f{n}", question=f"校车几点 {n}", understood="校车几点",
                answered=False, answer="", citations=[], elapsed_ms=1.0, channel=ChannelName.WEB,
                conversation="m2", account="m2", now=now, asked_by=asked_by,
            )  # fmt: skip

        def lost(session: Session, account: str) -> int:
            draft = outbox.Draft(
                key="lost", kind=DeliveryKind.REMINDER, channel=ChannelName.WEB,
                conversation=account, reply=reply_to_json(Reply(text="交表")),
            )  # fmt: skip
            number = outbox.add(session, draft, now=now) or 0
            ended = {"state": DeliveryState.UNCERTAIN, "ended_at": now}
            session.execute(update(Delivery).where(Delivery.id == number).values(ended))
            return number

        ids = await app.store.write(work)
        yield Places(app=app, unit=unit, ids={**ids, "/admin/documents": added.document.id})


async def registered(app: App) -> set[str]:
    """Every route below /admin and /login, by method and path."""
    site = await asyncio.to_thread(build_site, app)
    return {
        f"{route.method} {route.resource.canonical}"
        for route in site.router.routes()
        if route.resource is not None
        and not isinstance(route.resource, web.StaticResource)
        and route.resource.canonical.startswith(("/admin", "/login"))
        and route.method != "HEAD"
    }


async def send(driver: AdminDriver, places: Places, route: str, token: str | None = None) -> Shown:
    path, rule = places.path(route), RULES.get(route, Rule(act=Act.SIGN_IN))
    if route.startswith("GET"):
        return await driver.get(path)
    file = ("新.csv", SHEET) if rule.has_file else None
    fields = {name: text.format(unit=places.unit) for name, text in rule.fields.items()}
    return await driver.post(path, fields, file=file, token=token)


async def test_every_route_has_its_rule(town: Places) -> None:
    found = await registered(town.app)
    assert found - AT_THE_DOOR - RULES.keys() == set(), "a page without a rule"
    assert RULES.keys() | AT_THE_DOOR == found, "a rule without a page"


async def test_nobody_gets_anywhere_without_signing_in(town: Places) -> None:
    async with at_the_door(town.app) as nobody:
        for route in RULES:
            assert (await send(nobody, town, route)).status == 401, route


async def test_no_form_counts_without_its_token(town: Places) -> None:
    async with on_the_admin_page(town.app, NAMES[Role.ADMIN]) as admin:
        for route in RULES:
            if route.startswith("POST"):
                assert (await send(admin, town, route, token="0" * 64)).status == 403, route


@pytest.mark.parametrize("role", NAMES)
async def test_each_role_gets_what_its_rule_says(town: Places, role: Role) -> None:
    name = NAMES[role]
    if role not in ALLOWED[Act.SIGN_IN]:
        member = (await town.app.people.named(name)).member_id or 0
        unit = town.unit
        await town.app.store.write(lambda s: people.give_role(s, member, unit, Role.GUIDANCE))
        async with on_the_admin_page(town.app, name) as former:
            await town.app.store.write(lambda s: people.take_role(s, member, unit, Role.GUIDANCE))
            for route in RULES:
                assert (await send(former, town, route)).status == 401, route
        return
    async with on_the_admin_page(town.app, name) as person:
        for route, rule in sorted(RULES.items(), key=lambda one: one[0] == "POST /admin/leave"):
            shown = await send(person, town, route)
            if role not in ALLOWED[rule.act]:
                assert shown.status in REFUSED, (route, shown.words)
            elif rule.status is None:
                assert shown.status in {400, 404, *([200] if "GET" in route else [])}, route
            else:
                assert shown.status == rule.status, (route, shown.words)
            assert "default-src 'none'" in shown.headers["Content-Security-Policy"], route
            assert shown.headers["X-Content-Type-Options"] == "nosniff", route
