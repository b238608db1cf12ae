"""From plain words and from a plan to a reminder that arrives, and the answer to it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.app import App
from handlers.people.actions import operator
from scheduler.recurrence import SHANGHAI
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


async def test_an_ambiguous_time_is_asked_and_a_past_one_is_refused(app: App) -> None:
    async with CHANNELS["web"](app, "祁远山") as teacher:
        asked = (await said(teacher, "提醒我明天下午两三点开会")).text
        assert "14:00" in asked
        assert "15:00" in asked
        assert "15:00" in (await said(teacher, "第二个")).text
        assert "不设" in (await said(teacher, "算了")).text

        assert "已经过去" in (await said(teacher, "提醒我昨天交材料")).text
        assert "什么时候" in (await said(teacher, "提醒我交水电费")).text
        assert "09:30" in (await said(teacher, "后天9:30")).text
        assert "设好了" in (await said(teacher, "是的")).text


async def test_what_was_asked_before_a_restart_is_confirmed_after_it(tmp_path: Path) -> None:
    async with living(tmp_path) as app:
        await settle_in(app)
        async with CHANNELS["web"](app, "祁远山") as teacher:
            await said(teacher, "每周五16:00提醒我交周报")
    async with living(tmp_path) as app, CHANNELS["web"](app, "祁远山") as teacher:
        await teacher.heard()
        assert "设好了" in (await said(teacher, "好")).text
        assert "交周报" in (await said(teacher, "/提醒")).text


async def test_nobody_gives_tasks_to_those_they_do_not_lead(app: App) -> None:
    async with CHANNELS["web"](app, "祁远山") as teacher:
        await said(teacher, "提醒白映雪老师明天9点开会")
        assert "没有权限" in (await said(teacher, "好")).text


PLAN = """云溪县教育局{year}年党建工作要点

一、理论学习
（一）各党支部每月组织一次集中学习，由支部书记负责。
（二）各党支部于12月20日前报送学习总结。

二、主题活动
（一）每季度开展一次主题党日活动。
（二）定期开展谈心谈话。
"""


async def add_plan(app: App, year: int, before: str = "", after: str = "") -> None:
    text = PLAN.format(year=year).replace(before or "\0", after)
    await app.documents.add(operator(), f"党建{year}.txt", text.encode())


async def set_clock(app: App, at: datetime) -> None:
    dialogue = app.tasking.clock_dialogue
    assert dialogue is not None
    await dialogue.go(at)


async def test_from_the_plan_to_the_reminder_to_done(app: App) -> None:
    year = app.tasking.times.now().year
    due = datetime(year, 12, 20, 8, 31, tzinfo=SHANGHAI)
    if due <= app.tasking.times.now():
        year += 1
        due = due.replace(year=year)
    await add_plan(app, year)
    async with (
        CHANNELS["web"](app, "宋见微") as admin,
        CHANNELS["web"](app, "卫长歌") as secretary,
    ):
        page = (await said(admin, "/任务 草拟 党建工作要点")).text
        assert "报送学习总结" in page
        number = re.search(r"(\d+)\. [^\n]*学习总结", page)
        assert number is not None

        refused = (await said(admin, "全部确认")).text
        assert "缺期限" in refused
        assert "谈心谈话" in refused
        listed = (await said(admin, "/任务")).text
        assert "学习总结" in listed
        assert "没有新的任务" in (await said(admin, "全部确认")).text

        news = await reminded_of(secretary, "学习总结")
        assert "新任务" in news.text + news.card

        await set_clock(app, due)
        await reminded_of(secretary, "学习总结")
        done = (await said_about(secretary, "学习总结已报送，材料在群里")).text
        assert "办结" in done

        details = re.search(r"(\d+)号[^\n]*学习总结", listed)
        assert details is not None
        shown = await said(admin, f"/任务 {details[1]}")
        assert "经过" in shown.text
        assert shown.sources == ((f"云溪县教育局{year}年党建工作要点", "一、（二）"),)


async def reminded_of(driver: Driver, title: str) -> Heard:
    """The next message that tells of ``title``."""
    while True:
        heard = await driver.heard()
        if title in heard.text + heard.card:
            return heard


async def said_about(driver: Driver, text: str) -> Heard:
    """The reply to ``text``, past whatever reminders still come before it."""
    await driver.say(text)
    while True:
        heard = await driver.heard()
        if "办结" in heard.text or "哪一项" in heard.text or "没有没办完" in heard.text:
            return heard
