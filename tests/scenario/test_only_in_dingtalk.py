"""What only DingTalk has: 待办, a directory that says what changed, cards that grow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import opened
from bot.assembled import App
from bot.codec import reply_to_json
from bot.config import ModelSettings
from bot.messages import Button, Card, ChannelName, Reply
from handlers.people.actions import operator
from handlers.people.syncing import Entry
from store import outbox
from store.models import Account, DeliveryKind
from tests.fakes.model_server import FakeModelServer
from tests.fakes.waiting import until
from tests.scenario.dingtalk_driver import (
    TEMPLATE,
    Corp,
    by_callbacks,
    corp,
    corp_of,
    over_the_stream,
)
from tests.scenario.hearing import PATIENCE_S
from tests.scenario.surface import Platforms
from tests.scenario.town import settings, settle_in

GROWS = "stream.schema"
WORDED = "班级图书角的藏书至少80册[1]。图书每学期更新一次[1]。"


@asynccontextmanager
async def school(
    folder: Path, model: ModelSettings | None = None, public_url: str | None = None, **more: object
) -> AsyncIterator[tuple[App, Corp]]:
    """A school with DingTalk and nothing else; ``more`` is of ``[dingtalk.app]``."""
    async with (
        corp(**more) as dingtalk,
        opened(
            settings(None, Platforms(dingtalk=dingtalk, public_url=public_url), model),
            folder,
            is_demo=True,
        ) as app,
    ):
        fake = corp_of(app).fake
        fake.templates.add(GROWS)
        query = select(Account.account).where(Account.platform == "dingtalk")
        for account in await app.store.read(lambda session: session.scalars(query).all()):
            fake.members.add(account)
            fake.directory.staff.append(
                {"userid": account, "unionid": f"u-{account}", "name": "某某", "dept_id_list": [1]}
            )
        async with app.running():
            yield app, corp_of(app)


async def gives_a_task(app: App) -> str:
    """The account of who has it."""
    async with over_the_stream(app, "宋见微") as admin, over_the_stream(app, "祁远山") as teacher:
        await admin.say("提醒祁远山明天下午3点交教案")
        await admin.heard()
        await admin.say("好")
        assert "设好了" in (await admin.heard()).text
        return teacher.account


async def test_a_task_stands_in_the_to_do_list_until_it_is_done(tmp_path: Path) -> None:
    async with school(tmp_path) as (app, _):
        await settle_in(app)
        account = await gives_a_task(app)
        assert app.dingtalk.todo is None, "it is not switched on"

    async with school(tmp_path, todo=True) as (app, found), over_the_stream(app, "祁远山") as one:
        tasks = found.fake.todo.tasks
        await until(lambda: bool(tasks), PATIENCE_S)
        (shown,) = tasks.values()
        assert shown["subject"] == "交教案"
        assert shown["executorIds"] == [f"u-{account}"]

        await one.say("/完成 1")
        todo = app.dingtalk.todo
        assert todo is not None

        async def is_ticked() -> bool:
            await todo.run()
            return [task["done"] for task in tasks.values()] == [True]

        await until(is_ticked, PATIENCE_S)


async def test_who_joins_dingtalk_is_on_the_roster_some_minutes_later(tmp_path: Path) -> None:
    async with school(tmp_path) as (app, found):
        following = app.dingtalk.following
        assert following is not None
        entry = Entry(account="song", name="宋见微", units=(("云溪县教育局",),))
        await following.syncing.take_over(operator(), "dingtalk", [entry])
        found.fake.directory.departments = [{"dept_id": 1, "name": "云溪县教育局"}]
        found.fake.directory.staff = [
            {"userid": "song", "name": "宋见微", "dept_id_list": [1]},
            {"userid": "xu", "name": "许知微", "dept_id_list": [1]},
        ]

        ack = await found.stream.push(
            "EVENT", "*", {"UserId": ["xu"]}, eventType="user_add_org", eventId="e1"
        )
        assert '"SUCCESS"' in str(ack["data"])

        await following.run()
        assert (await app.people.named("宋见微")).member_id
        later = datetime.now(UTC) + timedelta(minutes=6)
        await replace(following, clock=lambda: later).run()
        assert (await app.people.named("许知微")).unit == "云溪县教育局"
        assert "dingtalk directory" in [chore.name for chore in app.dingtalk.chores()]


@pytest.mark.parametrize(
    ("templates", "calls"), [({}, 1), ({"buttons": TEMPLATE}, 3)], ids=["in words", "on cards"]
)
async def test_reminders_that_wait_for_one_person_cost_one_call(
    tmp_path: Path, templates: Mapping[str, str], calls: int
) -> None:
    def put(session: Session) -> None:
        for n in range(3):
            button = Button(label="完成", command=f"/完成 {n}")
            draft = outbox.Draft(
                key=f"r{n}",
                kind=DeliveryKind.REMINDER,
                channel=ChannelName.DINGTALK,
                conversation="zhang",
                is_group=False,
                accounts=("zhang",),
                reply=reply_to_json(Reply(card=Card(title=f"第{n}件事", buttons=(button,)))),
            )
            outbox.add(session, draft, now=datetime.now(UTC))

    async with school(tmp_path, card_templates=templates) as (app, found):
        found.fake.members.add("zhang")
        await app.store.write(put)
        await until(lambda: len(found.fake.delivered) == calls, PATIENCE_S)
        if calls == 1:
            (only,) = found.fake.delivered
            assert all(f"第{n}件事" in only.text for n in range(3))
            assert all(f"请回复 /完成 {n}" in only.text for n in range(3))


BRANCH = """姓名,单位,角色
关若谷,云溪县教育局/云溪县第二中学/二中第一党支部,支部书记
柏舟,云溪县教育局/云溪县第二中学/二中第一党支部,教师
"""


async def test_a_button_is_tapped_where_dingtalk_calls_back(tmp_path: Path) -> None:
    address = "https://bot.example.cn"
    async with school(tmp_path, mode="http", public_url=address) as (app, found):
        await app.people.import_roster(operator(), "支部.csv", BRANCH.encode())
        async with by_callbacks(app, "关若谷") as secretary, by_callbacks(app, "柏舟") as teacher:
            (route,) = found.fake.routes.values()
            assert route[0] == f"{address}/dingtalk/card"
            await secretary.say("/签到 开始 主题党日")
            await secretary.heard()
            assert "签到" in (await teacher.heard()).card

            await teacher.tap("/签到 1")
            assert "已签到" in (await teacher.heard()).text
            assert dict(app.dingtalk.counts())[ChannelName.DINGTALK]["tap"] == 1
            await secretary.say("/签到 名单")
            assert "实到 1" in (await secretary.heard()).text


async def test_a_roll_call_beyond_the_months_quota_waits_for_a_yes(tmp_path: Path) -> None:
    async with school(tmp_path, monthly_inbound=1, monthly_calls=0) as (app, found):
        await app.people.import_roster(operator(), "支部.csv", BRANCH.encode())
        async with over_the_stream(app, "关若谷") as secretary, over_the_stream(app, "柏舟") as one:
            await secretary.say("/签到 开始 主题党日")
            asked = (await secretary.heard()).card
            assert "钉钉本月收到的消息 1 次（还剩 0 次，不够）" in asked
            assert "接口调用" not in asked, "it is not limited"
            assert not [seen for seen in found.fake.delivered if seen.to == one.account]

            await secretary.say("确认")
            assert "开始签到" in (await secretary.heard()).text
            assert "签到" in (await one.heard()).card


async def test_a_roll_call_within_it_begins_at_once(tmp_path: Path) -> None:
    async with school(tmp_path, monthly_inbound=2, monthly_calls=2) as (app, _):
        await app.people.import_roster(operator(), "支部.csv", BRANCH.encode())
        async with over_the_stream(app, "关若谷") as secretary, over_the_stream(app, "柏舟"):
            await secretary.say("/签到 开始 主题党日")
            assert "开始签到" in (await secretary.heard()).text


async def test_without_a_public_address_there_are_no_buttons_that_lead_nowhere(
    tmp_path: Path,
) -> None:
    async with school(tmp_path, mode="http") as (app, found):
        await app.people.import_roster(operator(), "支部.csv", BRANCH.encode())
        assert "dingtalk card callbacks" not in [one.name for one in app.dingtalk.chores()]
        async with by_callbacks(app, "关若谷", taps=False) as secretary:
            await secretary.say("/签到 开始 主题党日")
            await secretary.heard()
            assert all(one.how != "card" for one in found.fake.delivered)


@pytest.fixture
async def slow_model() -> AsyncIterator[FakeModelServer]:
    """Stops in the middle until it is told to go on."""
    server = FakeModelServer(says=lambda rules, words: WORDED, fault="pause", pause_after=9)
    await server.start()
    yield server
    server.go_on.set()
    await server.stop()


async def test_an_answer_is_seen_growing_in_one_card(
    tmp_path: Path, slow_model: FakeModelServer
) -> None:
    model = ModelSettings(name="openai:fake", base_url=slow_model.base_url, timeout_s=600)
    async with school(tmp_path, model, card_templates={"stream": GROWS}) as (app, found):
        await settle_in(app)
        streamed = found.fake.streamed

        def shown() -> list[str]:
            return [text for texts in streamed.values() for text in texts]

        async with over_the_stream(app, "祁远山") as teacher:
            await teacher.say("班级图书角藏书多少册，多久更新一次")
            await until(lambda: any("80册" in text for text in shown()), PATIENCE_S)
            assert all("更新一次" not in text for text in shown())
            slow_model.go_on.set()
            await until(lambda: bool(found.fake.finalized), PATIENCE_S)

            whole = shown()[-1]
            assert "更新一次" in whole
            assert "《云溪县教育局2026年校园阅读工作方案》" in whole
            assert [one.how for one in found.fake.delivered] == ["card"], "said once"


async def test_where_no_card_can_be_shown_the_answer_is_said(
    tmp_path: Path, slow_model: FakeModelServer
) -> None:
    slow_model.go_on.set()
    model = ModelSettings(name="openai:fake", base_url=slow_model.base_url, timeout_s=600)
    async with school(tmp_path, model, card_templates={"stream": GROWS}) as (app, found):
        await settle_in(app)
        found.fake.templates.clear()
        async with over_the_stream(app, "祁远山") as teacher:
            await teacher.say("班级图书角藏书多少册，多久更新一次")
            heard = await teacher.heard()
            assert "更新一次" in heard.text
            assert heard.sources
