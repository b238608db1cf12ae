"""A roll call that is held for a task proves it when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.assembled import App
from handlers.people.actions import operator
from handlers.tasks.views import Assignee, NewTask
from store import records
from store.records import Wanted
from tests.scenario.drivers import Driver, on_the_page
from tests.scenario.test_checking_in import ROSTER
from tests.scenario.town import living


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        yield app


async def give(app: App, *, is_checked: bool = False) -> int:
    """The branch's secretary has to hold a theme day; the number of it."""
    secretary = await app.people.named("关若谷")
    new = NewTask(
        title="开展主题党日活动",
        assignees=(Assignee(member_id=secretary.member_id),),
        due_at=app.clock() + timedelta(days=3),
        is_checked=is_checked,
        announces=False,
    )
    task = await app.tasking.tasks.create(operator(), new)
    return task.occurrences[0].id


async def ask(driver: Driver, words: str) -> str:
    await driver.say(words)
    return (await driver.heard()).text


async def state_of(app: App, number: int) -> str:
    return (await app.tasking.tasks.occurrence(operator(), number)).state


@pytest.mark.parametrize(("is_checked", "state"), [(False, "done"), (True, "reported")])
async def test_the_end_of_it_reports_the_task(app: App, is_checked: bool, state: str) -> None:
    number = await give(app, is_checked=is_checked)
    async with on_the_page(app, "关若谷") as secretary:
        opened = await ask(secretary, f"/签到 开始 任务{number} 地点三楼会议室")
        assert "“开展主题党日活动”开始签到" in opened
        assert "开始签到：开展主题党日活动" in await ask(secretary, f"/任务 {number}")
        await ask(secretary, "到")
        closed = await ask(secretary, "/签到 结束")
        assert f"任务 {number} 号已据此反馈完成" in closed
        assert await state_of(app, number) == state

        shown = await ask(secretary, f"/任务 {number}")
        assert "反馈完成：“开展主题党日活动”签到，应到 4，实到 1" in shown
        again = await ask(secretary, f"/签到 开始 任务{number}")
        assert "不能这样操作" in again
    proofs = await app.store.read(
        lambda session: records.find(session, Wanted(occurrence_ids=[number]))
    )
    assert {(one.type, one.kind) for one in proofs} == {
        ("theme_day", "activity"),
        ("theme_day", "check_in"),
    }


async def test_nobody_there_proves_nothing(app: App) -> None:
    number = await give(app)
    async with on_the_page(app, "关若谷") as secretary:
        await ask(secretary, f"/签到 开始 {number}号任务 主题党日 今天到明天")
        assert "没有人到场" in await ask(secretary, "/签到 结束")
    assert await state_of(app, number) == "assigned"


async def test_only_whose_task_it_is_may(app: App) -> None:
    number = await give(app)
    sheet = "姓名,单位,角色\n方砚秋,云溪县教育局/云溪县实验小学/小学党支部,支部书记\n"
    await app.people.import_roster(operator(), "又一份.csv", sheet.encode())
    async with on_the_page(app, "方砚秋") as other:
        assert "没有权限" in await ask(other, f"/签到 开始 任务{number}")
        assert "没有这条任务" in await ask(other, "/签到 开始 任务999")
