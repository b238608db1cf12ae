"""The door of the admin page: one-time links, sessions, forms of others, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.admin.session import Door, _said
from bot.admin.site import AdminSite
from bot.assembled import App
from bot.errors import NotAllowed
from bot.messages import ChannelName, Role, Sender
from bot.server import build_site
from handlers.people.actions import People, operator
from handlers.people.signing_in import IDLE_LASTS, LINK_LASTS, SESSION_LASTS, SignIn
from store import people as people_rows
from store.engine import Store
from store.models import AuditEntry
from store.models_signing_in import PageSession, SignInLink
from tests.scenario.admin_driver import AdminDriver, at_the_door, link_of, on_the_admin_page
from tests.scenario.drivers import on_the_page
from tests.scenario.town import living, settle_in

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
ADMIN = Sender(channel=ChannelName.WEB, account="m1")


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


async def test_a_link_from_the_chat_lets_one_in_once(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await admin.say("/登录")
        card = (await admin.heard()).card
    assert "只能用一次" in card
    token = await link_of(app, "宋见微")
    async with at_the_door(app) as browser, at_the_door(app) as other:
        offered = await browser.get(f"/login/{token}")
        assert "宋见微，您好" in offered.words
        assert (await browser.get(f"/login/{token}")).status == 200, "looking uses nothing up"
        assert (await browser.enter(token)).location == "/admin"
        assert "今天到期" in (await browser.get("/admin")).words
        assert (await other.enter(token)).status == 403
        assert (await other.get("/admin")).status == 401


async def test_ten_at_once_open_one_session(app: App) -> None:
    token = await link_of(app, "宋见微")
    async with at_the_door(app) as browser:
        entered = await asyncio.gather(*(browser.post(f"/login/{token}") for _ in range(10)))
    assert sorted(one.status for one in entered) == [303, *[403] * 9]
    sessions = await app.store.read(lambda session: session.scalars(select(PageSession)).all())
    assert len(sessions) == 1


async def test_neither_link_nor_session_is_kept_as_it_is(app: App) -> None:
    token = await link_of(app, "宋见微")
    async with at_the_door(app) as browser:
        entered = await browser.enter(token)
    cookie = entered.headers["Set-Cookie"]
    secret = cookie.partition("=")[2].partition(";")[0]
    links = await app.store.read(lambda session: session.scalars(select(SignInLink)).all())
    sessions = await app.store.read(lambda session: session.scalars(select(PageSession)).all())
    kept = {one.hash for one in [*links, *sessions]}
    assert not kept & {token, secret}
    for part in ("HttpOnly", "SameSite=Lax", "Max-Age=28800", "Path=/"):
        assert part in cookie
    assert "Secure" not in cookie, "the demo is not reached through https"


async def test_a_new_link_is_the_only_one(app: App) -> None:
    first, second = await link_of(app, "宋见微"), await link_of(app, "宋见微")
    async with at_the_door(app) as browser:
        assert (await browser.enter(first)).status == 403
        assert (await browser.enter(second)).status == 303


async def test_teachers_and_strangers_get_no_link(app: App) -> None:
    with pytest.raises(NotAllowed):
        await link_of(app, "祁远山")
    async with on_the_page(app, "祁远山") as teacher:
        await teacher.say("/登录")
        assert "没有权限" in (await teacher.heard()).text


async def test_leaving_ends_the_session_and_leaving_all_ends_every_one(app: App) -> None:
    async with (
        on_the_admin_page(app, "宋见微") as desk,
        on_the_admin_page(app, "宋见微") as phone,
        on_the_page(app, "宋见微") as chat,
    ):
        assert "已经退出" in (await desk.post("/admin/leave")).words
        assert (await desk.get("/admin")).status == 401
        assert (await phone.get("/admin")).status == 200
        unused = await link_of(app, "宋见微")
        await chat.say("/登录 作废")
        assert "已在 1 个地方退出" in (await chat.heard()).text
        assert (await phone.get("/admin")).status == 401
        assert (await phone.enter(unused)).status == 403


async def test_who_loses_the_role_is_out_at_once(app: App) -> None:
    async with on_the_admin_page(app, "宋见微") as browser:
        unit = await app.store.read(lambda s: people_rows.units_named(s, "云溪县教育局")[0].id)
        other = (await app.people.named("白映雪")).member_id
        await app.keeping.roster.give(operator(), other, Role.ADMIN, unit)
        own = (await app.people.named("宋见微")).member_id
        await app.keeping.roster.take(operator(), own, Role.ADMIN, unit)
        assert (await browser.get("/admin")).status == 401


@pytest.mark.parametrize(
    ("headers", "token", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, None, 200),
        ({}, None, 200),
        ({"Sec-Fetch-Site": "same-origin"}, "", 403),
        ({"Sec-Fetch-Site": "same-origin"}, "0" * 64, 403),
        ({"Sec-Fetch-Site": "cross-site"}, None, 403),
        ({"Sec-Fetch-Site": "same-site"}, None, 403),
        ({"Origin": "https://evil.example"}, None, 403),
        ({"Origin": "null"}, None, 403),
    ],
)
async def test_only_our_own_forms_count(
    app: App, headers: dict[str, str], token: str | None, status: int
) -> None:
    async with on_the_admin_page(app, "宋见微") as browser:
        left = await browser.post("/admin/leave", headers=headers, token=token)
        assert left.status == status
        assert (await browser.get("/admin")).status == (401 if status == 200 else 200)


async def test_who_does_too_much_at_once_waits(app: App) -> None:
    async with on_the_admin_page(app, "宋见微") as browser:
        posts = [await browser.post("/admin/sessions", {"id": "none"}) for _ in range(61)]
        assert {one.status for one in posts[:60]} == {404}
        assert posts[60].status == 429
        assert "过一分钟再试" in posts[60].words
        assert (await browser.get("/admin")).status == 200, "looking is not doing"


async def test_what_is_too_large_is_refused_in_words(app: App) -> None:
    async with on_the_admin_page(app, "宋见微") as browser:
        refused = await browser.post("/admin/sessions", {"id": "x" * 300_000})
        assert refused.status == 413
        assert "太大了" in refused.words


async def test_a_link_is_not_used_up_from_elsewhere(app: App) -> None:
    token = await link_of(app, "宋见微")
    async with at_the_door(app) as browser:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert (await browser.post(f"/login/{token}", headers=headers)).status == 403
        assert (await browser.enter(token)).status == 303


async def test_every_page_carries_its_guards(app: App) -> None:
    async with on_the_admin_page(app, "宋见微") as browser:
        for path in ("/admin", f"/login/{'x' * 43}"):
            policy = (await browser.get(path)).headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src" not in policy
        page = await browser.get("/admin")
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert "<script" not in page.text
        assert "style=" not in page.text


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path)
    yield store
    await store.close()


async def signing_in(store: Store) -> tuple[SignIn, Clock]:
    clock = Clock()
    people = People(store, clock)
    sheet = "姓名,单位,角色\n宋见微,县局,管理员\n"
    await people.import_roster(operator(), "花名册.csv", sheet.encode())
    return SignIn(store, people, clock), clock


async def test_times_end_links_and_sessions(store: Store) -> None:
    sign_in, clock = await signing_in(store)
    actor = await sign_in.people.actor(ADMIN)
    token = await sign_in.link(actor)
    clock.now += LINK_LASTS
    assert await sign_in.offered(token) is None
    assert await sign_in.enter(token) is None
    secret = await sign_in.enter(await sign_in.link(actor)) or ""
    assert await sign_in.visitor(secret) is not None
    clock.now += IDLE_LASTS
    assert await sign_in.visitor(secret) is None

    secret = await sign_in.enter(await sign_in.link(actor)) or ""
    until = clock.now + SESSION_LASTS
    while clock.now + IDLE_LASTS / 2 < until:
        clock.now += IDLE_LASTS / 2
        assert await sign_in.visitor(secret) is not None
    clock.now = until
    assert await sign_in.visitor(secret) is None


async def test_sessions_are_listed_and_ended_one_by_one(store: Store) -> None:
    sign_in, clock = await signing_in(store)
    actor = await sign_in.people.actor(ADMIN)
    first = await sign_in.enter(await sign_in.link(actor)) or ""
    clock.now += timedelta(minutes=2)
    second = await sign_in.enter(await sign_in.link(actor)) or ""
    listed = await sign_in.sessions(actor, second)
    assert [one.is_this for one in listed] == [True, False]
    assert not any(secret in listed[1].id for secret in (first, second))
    assert await sign_in.leave_one(actor, listed[1].id)
    assert not await sign_in.leave_one(actor, listed[1].id)
    assert await sign_in.visitor(first) is None
    assert await sign_in.visitor(second) is not None
    deeds = await store.read(lambda session: session.scalars(select(AuditEntry.what)).all())
    assert deeds.count("session.open") == 2
    assert deeds.count("session.close") == 1


class Platform:
    """Vouches for whoever brings the code."""

    def __init__(self) -> None:
        self.codes = {"good": "song", "teacher": "qi", "stranger": "nobody"}

    def sign_in_url(self, redirect_to: str, state: str) -> str:
        return f"https://platform.example/?to={redirect_to}&state={state}"

    async def account_of(self, code: str) -> str:
        if code not in self.codes:
            raise NotAllowed("no such code")
        return self.codes.pop(code)


@pytest.fixture
async def platform_door(store: Store) -> AsyncIterator[AdminDriver]:
    people = People(store, lambda: BEGIN)
    sheet = "姓名,单位,角色,企业微信账号\n宋见微,县局,管理员,song\n祁远山,县局,教师,qi\n"
    await people.import_roster(operator(), "花名册.csv", sheet.encode())
    door = Door(
        sign_in=SignIn(store, people, Clock()),
        public_url="https://bot.example.cn",
        ways={ChannelName.WECOM_APP: Platform()},
        monotonic=lambda: 0.0,
    )
    site = Application()
    await asyncio.to_thread(AdminSite(door=door, parts=[]).add_routes, site)
    async with TestClient(TestServer(site)) as client:
        yield AdminDriver(client)


async def test_a_platform_vouches_for_who_somebody_is(platform_door: AdminDriver) -> None:
    door = platform_door
    assert "用企业微信登录" in (await door.get("/login")).words
    sent = await door.get("/login/wecom")
    assert "to=https://bot.example.cn/login/wecom/back" in sent.location
    state = sent.location.rpartition("state=")[2]
    cookie = {"Cookie": f"yaodian_state={state}"}
    for query, status in (
        ("code=good", 403),
        (f"code=good&state={state}x", 403),
        (f"state={state}", 403),
        (f"code=teacher&state={state}", 403),
        (f"code=stranger&state={state}", 403),
        (f"code=good&state={state}", 303),
        (f"code=good&state={state}", 403),
    ):
        async with door.client.get(
            f"/login/wecom/back?{query}", headers=cookie, allow_redirects=False
        ) as response:
            assert response.status == status, query
            if status == 303:
                assert response.headers["Set-Cookie"].startswith("__Host-yaodian=")
                assert "Secure" in response.headers["Set-Cookie"]
    assert (await door.get("/login/other")).status == 404


async def test_who_tries_too_often_waits(platform_door: AdminDriver) -> None:
    statuses = [(await platform_door.get(f"/login/{n:043}")).status for n in range(35)]
    assert statuses[0] == 403
    assert statuses[-1] == 429


@given(st.text(max_size=80))
def test_a_strange_cookie_says_nothing(cookie: str) -> None:
    assert _said(cookie, "secret") == ""


async def test_behind_a_proxy_one_who_guesses_shuts_out_nobody_else(app: App) -> None:
    site = await asyncio.to_thread(build_site, app)
    async with TestClient(TestServer(site)) as client:

        async def status(forwarded: str) -> int:
            headers = {"X-Forwarded-For": forwarded}
            async with client.get(f"/login/{0:043}", headers=headers) as response:
                return response.status

        statuses = [await status("8.8.8.8") for _ in range(35)]
        assert statuses[-1] == 429
        assert await status("1.2.3.4, 8.8.8.8") == 429, "what the caller writes itself is nothing"
        assert await status("9.9.9.9") == 403
