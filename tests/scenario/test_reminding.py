"""From plain words and from a plan to a reminder that arrives, and the answer to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from icalendar import Calendar

from bot.assembled import App
from bot.server import build_site
from handlers.people.actions import operator
from handlers.tasks.spreadsheet import SheetRow, write_sheet
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


async def test_next_years_plan_is_held_against_what_was_confirmed(app: App) -> None:
    year = app.tasking.times.now().year + 1
    await add_plan(app, year)
    async with CHANNELS["web"](app, "宋见微") as admin:
        await said(admin, f"/任务 草拟 {year}年党建工作要点")
        await said(admin, "全部确认")
        await said(admin, "退出")

        await add_plan(app, year + 1, "12月20日前", "11月20日前")
        page = (await said(admin, f"/任务 草拟 {year + 1}年党建工作要点")).text
        assert "有变化 1" in page
        assert "和已确认的不同：期限" in page
        assert "没变" in page
        differs = (await said(admin, f"/任务 对比 {year + 1}年党建工作要点")).text
        assert "有变化 1 条" in differs
        before = await app.tasking.sheets.visible(operator())
        asked = await said(admin, "全部确认")
        assert "要您定" in asked.text
        assert "12月20日" in asked.text
        assert "11月20日" in asked.text
        assert len(await app.tasking.sheets.visible(operator())) == len(before)

        assert "确认了 1 项任务" in (await said(admin, "接替")).text
        after = await app.tasking.sheets.visible(operator())
        assert len(after) == len(before)
        (due,) = [one.due_at for one in after if "学习总结" in one.title]
        assert due is not None
        assert (due.year, due.month) == (year + 1, 11)
        listed = (await said(admin, "/任务")).text
        assert "12月20日" not in listed
        assert "没有新的任务" in (await said(admin, "全部确认")).text


async def test_more_time_is_asked_for_with_a_reason_and_granted(app: App) -> None:
    async with (
        CHANNELS["web"](app, "宋见微") as admin,
        CHANNELS["web"](app, "卫长歌") as secretary,
    ):
        await said(admin, "提醒卫长歌明天17:00前交台账")
        await said(admin, "好")
        await reminded_of(secretary, "台账")

        assert "说明原因" in (await said(secretary, "延期三天")).text
        assert "等交办的人批准" in (await said(secretary, "学校停电")).text
        assert "学校停电" in (await admin.heard()).card
        waiting = (await said(admin, "/任务 延期")).text
        assert "学校停电" in waiting
        number = re.search(r"(\d+)号", waiting)
        assert number is not None
        assert "同意延期" in (await said(admin, f"/批准 {number[1]}")).text
        assert "没有这条延期申请" in (await said(admin, f"/批准 {number[1]}")).text
        assert "同意延期" in (await secretary.heard()).text

        assert "签收" in (await said(secretary, "收到")).text
        assert "再提醒您" in (await said(secretary, "两小时后再提醒我")).text
        assert "办结" in (await said(secretary, "已完成")).text
        assert "没有没办完" in (await said(secretary, "/我的任务")).text


async def test_one_of_several_is_asked_for(app: App) -> None:
    async with CHANNELS["web"](app, "祁远山") as teacher:
        for what in ("交教案", "交论文"):
            await said(teacher, f"提醒我后天9点{what}")
            await said(teacher, "好")
        asked = (await said(teacher, "已完成")).text
        assert "哪一项" in asked
        number = re.search(r"(\d+)号　交论文", asked)
        assert number is not None
        assert "交论文" in (await said(teacher, number[1])).text
        assert "交教案" in (await said(teacher, "教案已交")).text


async def test_a_sheet_comes_back_unchanged_and_a_faulty_one_not_at_all(app: App) -> None:
    sheets = app.tasking.sheets
    year = app.tasking.times.now().year + 1
    async with CHANNELS["web"](app, "宋见微") as admin:
        await said(admin, f"提醒卫长歌{year}年6月30日前交台账")
        await said(admin, "好")
    exported = await sheets.exported(operator())
    done = await sheets.import_sheet(operator(), exported)
    assert (done.added, done.changed, done.same, done.errors) == (0, 0, 1, ())

    good = SheetRow(title="查消防", who="各党支部", when=f"{year}年5月底前", labels="安全")
    bad = SheetRow(title="查食堂", who="没有的人", when="尽快")
    refused = await sheets.import_sheet(operator(), await sheet_of(good, bad))
    assert [error.partition("：")[0] for error in refused.errors] == ["第 4 行"]
    assert len(await sheets.visible(operator())) == 1

    for added in (1, 0):
        done = await sheets.import_sheet(operator(), await sheet_of(good))
        assert (done.added, done.errors) == (added, ())
    (_, task) = await sheets.visible(operator())
    assert task.labels == ("安全",)
    assert len(task.assignees) == 2


async def test_the_month_the_task_and_the_calendar_are_for_their_reader(app: App) -> None:
    site = await asyncio.to_thread(build_site, app)
    due = app.tasking.times.now() + timedelta(days=1)
    async with CHANNELS["web"](app, "祁远山") as teacher:
        await said(teacher, "提醒我明天15:00交<教案>")
        await said(teacher, "好")
        address = re.search(r"/calendar/(\S+\.ics)", (await said(teacher, "/日历")).text)
        assert address is not None
    account = (await app.people.named("祁远山")).web_account
    other = (await app.people.named("白映雪")).web_account
    async with TestClient(TestServer(site)) as client:
        month = await page_of(client, f"/tasks?as={account}&month={due:%Y-%m}")
        assert "交&lt;教案&gt;" in month
        assert "教案" not in await page_of(client, f"/tasks?as={other}&month={due:%Y-%m}")
        assert "教案" not in await page_of(
            client, f"/tasks?as={account}&month={due:%Y-%m}&state=done"
        )
        link = re.search(r'href="(/tasks/\d+\?[^"]*)"', month)
        assert link is not None
        assert "交办" in await page_of(client, link[1].replace("&amp;", "&"))
        assert await status_of(client, "/tasks") == 403
        assert await status_of(client, link[1].replace(f"as={account}", f"as={other}")) == 404

        feed = await page_of(client, f"/calendar/{address[1]}")
        (event,) = Calendar.from_ical(feed).walk("VEVENT")
        assert event["SUMMARY"] == "交<教案>"
        assert event.decoded("DTSTART").astimezone(SHANGHAI).hour == 15
        assert await status_of(client, "/calendar/guessed.ics") == 404
        async with CHANNELS["web"](app, "祁远山") as teacher:
            await teacher.say("/日历 作废")
            while "已经作废" not in (await teacher.heard()).text:
                pass
        assert await status_of(client, f"/calendar/{address[1]}") == 404


async def sheet_of(*rows: SheetRow) -> bytes:
    return await asyncio.to_thread(write_sheet, rows, "清单")


async def page_of(client: TestClient, path: str) -> str:
    async with client.get(path) as response:
        assert response.status == 200
        return await response.text()


async def status_of(client: TestClient, path: str) -> int:
    async with client.get(path) as response:
        return response.status
