"""From plain words and from a plan to a reminder that arrives, and the answer to it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App
from handlers.people.actions import operator
from tests.scenario.drivers import CHANNELS, Driver, Enter, Heard
from tests.scenario.town import living, settle_in

OFFICE = """姓名,单位,角色
宋见微,云溪县教育局,管理员
卫长歌,云溪县教育局/云溪县第二中学/第二中学党支部,支部书记
苏晚晴,云溪县教育局/云溪县实验小学/实验小学党支部,支部书记
"""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        await app.people.import_roster(operator(), "花名册.csv", OFFICE.encode())
        yield app


@pytest.fixture(params=CHANNELS.values(), ids=CHANNELS.keys())
def enter(request: pytest.FixtureRequest) -> Enter:
    found: Enter = request.param
    return found


async def said(driver: Driver, text: str) -> Heard:
    await driver.say(text)
    return await driver.heard()


async def test_a_reminder_in_plain_words_is_echoed_confirmed_listed_and_cancelled(
    app: App, enter: Enter
) -> None:
    tomorrow = (app.tasking.times.now() + timedelta(days=1)).date()
    async with enter(app, "祁远山") as teacher:
        echoed = (await said(teacher, "提醒我明天下午3点交材料")).text
        assert f"{tomorrow.year}年{tomorrow.month}月{tomorrow.day}日（周" in echoed
        assert "15:00" in echoed
        assert "交材料" in echoed

        done = (await said(teacher, "好")).text
        assert "设好了" in done
        number = re.search(r"/取消 (\d+)", done)
        assert number is not None
        assert "交材料" in (await said(teacher, "/提醒")).text

        assert "已取消" in (await said(teacher, f"/取消 {number[1]}")).text
        assert "没有要提醒您的事" in (await said(teacher, "/提醒")).text
