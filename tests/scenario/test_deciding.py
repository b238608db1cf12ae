"""What is handed in comes back with a reason, is put right, and passes: both sides are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.assembled import App
from handlers.people.actions import operator
from tests.scenario.drivers import Driver, Enter, on_the_page
from tests.scenario.test_checking_in import ROSTER, enter
from tests.scenario.town import living

__all__ = ["enter"]

WHOLE = "本季度完成的工作：党课\n三会一课开展次数：2\n存在的问题：无\n改进措施：无\n自评：好"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        officer = "邵云起,云溪县教育局,党建专干\n"
        await app.people.import_roster(operator(), "花名册.csv", (ROSTER + officer).encode())
        yield app


async def ask(driver: Driver, words: str) -> str:
    await driver.say(words)
    return (await driver.heard()).text


async def hears(driver: Driver, words: str) -> str:
    """The next reply that has these words, in its text or its card."""
    while True:
        heard = await driver.heard()
        if words in (said := f"{heard.text}\n{heard.card}"):
            return said


async def test_a_form_is_returned_with_a_reason_put_right_and_passed(app: App) -> None:
    async with AsyncExitStack() as stack:
        officer = await stack.enter_async_context(on_the_page(app, "邵云起"))
        secretary = await stack.enter_async_context(on_the_page(app, "关若谷"))
        await officer.say("/填报 开始 季度体检")
        await hears(officer, "截止")
        await secretary.say("/填报 季度体检")
        await secretary.heard()
        await ask(secretary, WHOLE)
        await ask(secretary, "无")
        await secretary.say("提交")
        await hears(secretary, "编号 #1")
        await hears(officer, "等您办理")

        await officer.say("/记录 退回 1")
        assert "原因" in (await officer.heard()).text
        await officer.say("/记录 退回 1 次数和台账对不上")
        await hears(officer, "退回")
        told = await hears(secretary, "次数和台账对不上")
        assert "季度体检" in told

        await secretary.say("/记录 改 1 三会一课开展次数 3")
        await secretary.heard()
        await secretary.say("/记录 重新提交 1")
        await hears(secretary, "待审核")
        await officer.say("/记录 通过 1")
        await hears(officer, "已通过")
        assert "季度体检" in await hears(secretary, "已通过")


async def test_only_who_decides_may(app: App, enter: Enter) -> None:
    async with AsyncExitStack() as stack:
        secretary = await stack.enter_async_context(enter(app, "关若谷"))
        teacher = await stack.enter_async_context(enter(app, "柏舟"))
        told = "我们支部今天上午开了支部党员大会，应到4实到3，檀溪请假"
        await ask(secretary, told)
        assert "已登记" in await ask(secretary, "好")
        assert "没有这条记录" in await ask(teacher, "/记录 撤回 1 写错了")
        assert "撤回" in await ask(secretary, "/记录 撤回 1 写错了")
