"""What the installer does about WeCom, against the fake platform and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import opened
from bot.assembled import App
from bot.config import (
    KnowledgeSettings,
    Settings,
    WeComAppSettings,
    WeComSettings,
    WeComWebhookSettings,
)
from bot.control import Exchange
from bot.doctor import examine
from bot.errors import UsageError
from bot.messages import Role
from handlers.people.actions import operator
from store import people
from store.models import Delivery, DeliveryState, Member
from tests.fakes.wecom import FakeWeCom
from tests.fakes.wecom_callbacks import AES_KEY, TOKEN


class Quiet(Exchange):
    """Nobody listens to the progress."""

    def __init__(self) -> None: ...

    async def progress(self, done: int, total: int, text: str) -> None: ...


@pytest.fixture
def fake() -> FakeWeCom:
    fake = FakeWeCom()
    fake.departments = [
        {"id": 1, "parentid": 0, "name": "松涛县教育局", "order": 1},
        {"id": 7, "parentid": 1, "name": "松涛县第三小学", "order": 1},
    ]
    fake.staff = [
        {"userid": "jiang", "name": "江晚舟", "department": [7]},
        {"userid": "lu", "name": "陆闻笛", "department": [1]},
    ]
    return fake


@pytest.fixture
async def settings(fake: FakeWeCom) -> AsyncIterator[Settings]:
    async with TestServer(fake.app()) as server:
        base = str(server.make_url("")).rstrip("/")
        yield Settings(
            knowledge=KnowledgeSettings(embedding="none"),
            wecom=WeComSettings(
                app=WeComAppSettings(
                    corp_id=fake.corp_id,
                    agent_id=fake.agent_id,
                    secret=fake.secret,
                    token=TOKEN,
                    aes_key=AES_KEY,
                    api_base=base,
                ),
                webhook=(WeComWebhookSettings(name="全县群", key="hook-key-1", api_base=base),),
            ),
        )


@pytest.fixture
async def app(settings: Settings, tmp_path: Path) -> AsyncIterator[App]:
    async with opened(settings, tmp_path) as app:
        yield app


async def test_the_menu_is_made_from_the_configuration(app: App, fake: FakeWeCom) -> None:
    labels = await app.desk.operations()["wecom.menu"]({}, Quiet())

    assert labels == ["问一问", "我的任务", "签到", "帮助"]
    assert fake.menu is not None


async def test_the_directory_becomes_the_roster(app: App) -> None:
    sync = app.desk.operations()["roster.sync.wecom"]

    looked = await sync({"is_dry_run": True}, Quiet())
    assert isinstance(looked, dict)
    assert sorted(map(str, looked["added"])) == ["江晚舟", "陆闻笛"]
    assert await app.store.read(lambda session: session.scalars(select(Member)).all()) == []

    await sync({}, Quiet())
    again = await sync({}, Quiet())
    assert isinstance(again, dict)
    assert (again["known"], again["added"]) == (2, [])
    person = await app.people.named("江晚舟")
    assert person.unit == "松涛县第三小学"


async def test_who_left_is_deactivated_and_comes_back(app: App, fake: FakeWeCom) -> None:
    sync = app.desk.operations()["roster.sync.wecom"]
    await sync({}, Quiet())
    everybody, fake.staff = fake.staff, fake.staff[1:]

    done = await sync({}, Quiet())
    assert isinstance(done, dict)
    assert done["left"] == ["江晚舟"]
    with pytest.raises(UsageError):
        await app.people.named("江晚舟")

    fake.staff = everybody
    await sync({}, Quiet())
    assert (await app.people.named("江晚舟")).name == "江晚舟"


async def test_an_admin_who_left_the_platform_stays(app: App, fake: FakeWeCom) -> None:
    sync = app.desk.operations()["roster.sync.wecom"]
    await sync({}, Quiet())
    person = await app.people.named("江晚舟")
    member_id = person.member_id
    assert member_id is not None

    def promote(session: Session) -> None:
        unit = people.memberships(session, member_id)[0].unit_id
        people.give_role(session, member_id, unit, Role.ADMIN)

    await app.store.write(promote)
    fake.staff = fake.staff[1:]

    done = await sync({}, Quiet())

    assert isinstance(done, dict)
    assert (done["left"], done["kept"]) == ([], ["江晚舟"])


async def test_someone_on_the_roster_is_found_by_name_and_unit(app: App) -> None:
    roster = "姓名,单位,角色\n江晚舟,松涛县教育局/松涛县第三小学,支部书记\n"
    await app.people.import_roster(operator(), "a.csv", roster.encode())

    done = await app.desk.operations()["roster.sync.wecom"]({}, Quiet())

    assert isinstance(done, dict)
    assert (done["linked"], done["added"]) == (["江晚舟"], ["陆闻笛"])


async def test_an_empty_directory_changes_nothing(app: App, fake: FakeWeCom) -> None:
    sync = app.desk.operations()["roster.sync.wecom"]
    await sync({}, Quiet())
    fake.staff = []

    with pytest.raises(UsageError, match="empty"):
        await sync({}, Quiet())

    assert (await app.people.named("江晚舟")).name == "江晚舟"


async def test_the_doctor_asks_the_platform(
    settings: Settings, fake: FakeWeCom, tmp_path: Path
) -> None:
    healthy = await examine(settings, tmp_path, "wecom")
    assert all(finding.is_ok for finding in healthy)

    fake.is_trusted = False
    sick = await examine(settings, tmp_path, "wecom")
    assert any("可信IP" in finding.advice for finding in sick if not finding.is_ok)


async def test_a_group_hears_through_its_webhook(app: App, fake: FakeWeCom) -> None:
    async with app.running():
        ended = await app.desk.operations()["notify"](
            {"target": "webhook:全县群", "text": "周五下午停水"}, Quiet()
        )

    assert ended == {DeliveryState.SENT: 1}
    assert "周五下午停水" in str(fake.group[-1])
    rows = await app.store.read(lambda session: session.scalars(select(Delivery)).all())
    assert [row.state for row in rows] == [DeliveryState.SENT]


async def test_nothing_counts_as_sent_where_nobody_can_read_it(app: App, fake: FakeWeCom) -> None:
    """Everybody on the roster has an account of the page, which only the demo opens."""
    roster = "姓名,单位,企业微信账号\n江晚舟,松涛县教育局,jiang\n陆闻笛,松涛县教育局,\n"
    await app.people.import_roster(operator(), "a.csv", roster.encode())
    fake.members.add("jiang")
    notify = app.desk.operations()["notify"]

    async with app.running():
        ended = await notify({"target": "member:江晚舟", "text": "周五停水"}, Quiet())
        with pytest.raises(UsageError, match="nobody to tell"):
            await notify({"target": "member:陆闻笛", "text": "周五停水"}, Quiet())

    assert ended == {DeliveryState.SENT: 1}
    assert [one.account for one in fake.delivered] == ["jiang"]
