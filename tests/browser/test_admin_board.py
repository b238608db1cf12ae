"""Signing in and today's board in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.admin_desk import AdminDesk
from tests.browser.looking import overflow
from tests.scenario.admin_driver import on_the_admin_page
from tests.scenario.drivers import on_the_page

pytestmark = pytest.mark.needs("chromium")


async def test_a_link_signs_in_and_leaving_signs_out(desk: AdminDesk) -> None:
    await desk.enter("宋见微")
    board = desk.page.get_by_role("main")
    await expect(board.get_by_text("今天到期")).to_be_visible()
    await desk.is_readable("board")

    await desk.press("退出")
    await expect(desk.page.get_by_role("status")).to_contain_text("已经退出")
    await desk.go("/login")
    await expect(desk.page.get_by_role("heading", name="登录管理网页")).to_be_visible()


async def test_questions_are_drawn_for_eyes_and_for_ears(desk: AdminDesk) -> None:
    async with on_the_page(desk.app, "祁远山") as teacher:
        await teacher.say("班级图书角藏书不少于多少册")
        await teacher.heard()
    await desk.enter("宋见微")
    chart = desk.page.get_by_role("img", name="近两周每天的提问")
    await expect(chart).to_be_visible()
    await expect(chart).to_have_accessible_name(re.compile("1个"))


async def test_a_used_link_is_refused_in_words(desk: AdminDesk) -> None:
    await desk.go(f"/login/{'x' * 43}")
    await expect(desk.page.get_by_role("main")).to_contain_text("/登录")
    assert await overflow(desk.page) == 0


async def test_what_runs_is_named_in_chinese(desk: AdminDesk) -> None:
    await desk.enter("宋见微")
    health = desk.page.get_by_role("region", name="运行情况")
    await expect(health).to_contain_text("企业微信应用")
    names = await health.locator("li > span:first-child").all_text_contents()
    assert [name for name in names if name.isascii()] == []


async def test_another_browser_is_seen_and_signed_out(desk: AdminDesk) -> None:
    async with on_the_admin_page(desk.app, "宋见微") as other:
        await desk.enter("宋见微")
        await desk.page.get_by_role("link", name="宋见微").click()
        await expect(desk.page.get_by_text("共 2 处")).to_be_visible()
        await desk.is_readable("sessions")
        assert (await other.get("/admin")).status == 200
        row = desk.page.get_by_role("main").get_by_role("button", name="退出")
        await row.click()
        await desk.said("那一处已退出")
        assert (await other.get("/admin")).status == 401
    await expect(desk.page.get_by_text("共 1 处")).to_be_visible()
