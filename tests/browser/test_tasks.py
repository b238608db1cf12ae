"""From a plan sent on the chat page to a reminder that arrives and is answered, in a browser."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer
from PIL import Image
from playwright.async_api import Browser, Page, expect

from bot.assembled import App
from bot.server import build_site
from handlers.people.actions import operator
from tests.browser.looking import DESK, PATIENCE_MS, SMALL, overflow, picture
from tests.scenario.test_reminding import OFFICE, PLAN

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
async def address(app: App) -> AsyncIterator[str]:
    await app.people.import_roster(operator(), "花名册.csv", OFFICE.encode())
    site = await asyncio.to_thread(build_site, app)
    async with TestServer(site) as server:
        yield str(server.make_url("")).rstrip("/")


class Person:
    """Somebody at the chat page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.heard = page.get_by_label("要点回答")

    async def sit_down(self, address: str, name: str) -> None:
        await self.page.goto(f"{address}/chat")
        await self.page.get_by_role("link", name=name).click()
        await expect(self.page.get_by_label("您的问题")).to_be_focused()

    async def say(self, text: str, hears: str) -> None:
        box = self.page.get_by_label("您的问题")
        await box.fill(text)
        await box.press("Enter")
        await expect(self.heard.filter(has_text=hears).last).to_be_visible(timeout=PATIENCE_MS)

    async def send(self, name: str, content: bytes, hears: str) -> None:
        async with self.page.expect_file_chooser() as choosing:
            await self.page.get_by_role("button", name="发照片或文件").click()
        chooser = await choosing.value
        await chooser.set_files({"name": name, "mimeType": "", "buffer": content})
        await expect(self.heard.filter(has_text=hears).last).to_be_visible(timeout=PATIENCE_MS)

    async def press(self, name: str, hears: str) -> None:
        await self.page.get_by_role("button", name=name).last.click()
        await expect(self.heard.filter(has_text=hears).last).to_be_visible(timeout=PATIENCE_MS)


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 200), "seagreen").save(out, "PNG")
    return out.getvalue()


async def test_the_story_of_a_plan(app: App, address: str, page: Page, browser: Browser) -> None:
    due = app.tasking.times.now() + timedelta(days=20)
    year = due.year
    plan = PLAN.format(year=year).replace("12月20日", f"{due.month}月{due.day}日")
    phone = await browser.new_page(viewport=SMALL)
    phone.set_default_timeout(PATIENCE_MS)
    admin, secretary = Person(page), Person(phone)
    await admin.sit_down(address, "宋见微")
    await secretary.sit_down(address, "卫长歌")

    await admin.send(f"党建{year}.txt", plan.encode(), "添加文件")
    await admin.press("确认", "已添加")
    await admin.say("/任务 草拟 党建工作要点", "都还没有交办")
    await admin.press("只看齐全的", "齐全的，第 1/")
    await picture(page, "tasks-drafts")
    await admin.press("确认本页", "确认了")
    await expect(secretary.heard.filter(has_text="学习总结").last).to_be_visible()
    await picture(phone, "tasks-new-phone")
    assert await overflow(phone) == 0

    await admin.say(f"/时钟 {year}年{due.month}月{due.day}日 9:00", "演示时钟拨到")
    due_today = secretary.heard.filter(has_text="今天到期：报送学习总结")
    await expect(due_today.last).to_be_visible(timeout=90_000)
    await secretary.send("总结.png", photo(), "收到了")
    await expect(phone.locator("article.mine img").last).to_be_visible()
    await picture(phone, "tasks-photo-phone")
    assert await overflow(phone) == 0
    await secretary.say("学习总结已报送，照片在上面", "佐证已附上")

    await page.get_by_role("link", name="任务", exact=True).click()
    await page.goto(f"{page.url}&month={due:%Y-%m}")
    row = page.get_by_role("row").filter(has_text="第二中学党支部").filter(has_text="已办结")
    done = row.get_by_role("link", name="报送学习总结")
    await expect(done).to_be_visible()
    await picture(page, "tasks-month")
    assert await overflow(page) == 0
    await done.click()
    await expect(page.get_by_role("heading", name="佐证")).to_be_visible()
    await expect(page.get_by_role("img", name="总结.png")).to_be_visible()
    await picture(page, "tasks-one")
    await phone.close()


@pytest.mark.parametrize("page", [DESK, SMALL], ids=["desk", "phone"], indirect=True)
async def test_the_month_and_a_task_fit_the_window(app: App, address: str, page: Page) -> None:
    person = Person(page)
    await person.sit_down(address, "祁远山")
    tomorrow = app.tasking.times.now() + timedelta(days=1)
    for what in ("交教研组集体备课的材料和照片", "交听课记录", "交教案"):
        await person.say(f"提醒我明天15:00{what}", f"事情：{what}")
        await person.say("好", f"“{what}”")
    width = (page.viewport_size or DESK)["width"]
    await page.get_by_role("link", name="任务", exact=True).click()
    await page.goto(f"{page.url}&month={tomorrow:%Y-%m}")
    await expect(page.get_by_role("link", name="交听课记录").last).to_be_visible()
    await picture(page, f"tasks-list-{width}")
    assert await overflow(page) == 0
    await page.get_by_role("link", name="交听课记录").last.click()
    await expect(page.get_by_text("下一次")).to_be_visible()
    await picture(page, f"tasks-task-{width}")
    assert await overflow(page) == 0
    await page.get_by_role("link", name="回月历").click()
    await expect(page.get_by_role("link", name="回聊天")).to_be_visible()
