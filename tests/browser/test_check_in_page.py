"""A roll call as its people walk through it in browsers, on the demo: to the month's report."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.looking import DESK, PATIENCE_MS, PHONE, overflow, picture

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo as somebody new starts it, on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "YAODIAN_DATA": str(tmp_path_factory.mktemp("demo") / "data"),
        "YAODIAN__BOT__PORT": str(port),
        "YAODIAN__KNOWLEDGE__EMBEDDING": "none",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "bot", "serve", "--demo"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert "http://" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=20)


async def sit_down(browser: Browser, address: str, name: str, size: dict[str, int]) -> Page:
    page = await browser.new_page(viewport=size)  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{address}/chat")
    await page.get_by_role("link", name=name).first.click()
    await expect(page.get_by_text("正在连接")).to_have_count(0)
    return page


async def say(page: Page, words: str) -> None:
    box = page.get_by_label("您的问题")
    await box.fill(words)
    await box.press("Enter")


def heard(page: Page) -> Locator:
    return page.get_by_label("要点回答").last


async def test_three_sign_in_the_fourth_is_nudged_and_the_month_is_reported(
    browser: Browser, address: str
) -> None:
    officer = await sit_down(browser, address, "叶疏影", DESK)
    await say(officer, "/签到 开始 主题党日 第一小学 现场码")
    await expect(heard(officer)).to_contain_text("已通知名单上的 4 人")
    card = officer.get_by_role("region").or_(officer.locator(".card")).last
    await expect(card).to_contain_text("应到 4，实到 0")
    await officer.get_by_role("button", name="二维码").click()
    await expect(heard(officer)).to_contain_text("现场码")
    await expect(heard(officer).get_by_role("img")).to_be_in_viewport()
    await expect(officer.get_by_role("button", name="二维码")).to_be_enabled()
    await picture(officer, "check-in-officer")

    async with officer.expect_popup() as opening:
        await heard(officer).get_by_role("link", name="投影用的网页").click()
    screen = await opening.value
    await expect(screen.locator("#present")).to_have_text("0")
    await picture(screen, "check-in-screen")
    assert await overflow(screen) == 0
    digits = await screen.locator("#code").inner_text()
    number = re.search(r"/c/(\d+)", screen.url)
    assert number is not None

    await say(officer, digits)
    await expect(heard(officer)).to_contain_text("已签到")
    secretary = await sit_down(browser, address, "方既白", PHONE)
    await expect(heard(secretary)).to_contain_text("请签到：主题党日")
    await picture(secretary, "check-in-invited")
    await secretary.get_by_role("button", name="签到", exact=True).last.click()
    await expect(heard(secretary)).to_contain_text("要在现场签到")
    await say(secretary, f"签到 {await screen.locator('#code').inner_text()}")
    await expect(heard(secretary)).to_contain_text("已签到")

    teacher = await sit_down(browser, address, "温若棠", PHONE)
    account = teacher.url.partition("as=")[2]
    code = await screen.locator("#code").inner_text()
    await teacher.goto(f"{address}/c/{number[1]}/{code}?as={account}")
    await picture(teacher, "check-in-scanned")
    assert await overflow(teacher) == 0
    await teacher.get_by_role("button", name="签到").click()
    await expect(teacher.get_by_role("heading")).to_have_text("已签到")
    await picture(teacher, "check-in-signed")

    await expect(screen.locator("#present")).to_have_text("3")
    await expect(officer.locator(".card", has_text="签到：主题党日").first).to_contain_text(
        "应到 4，实到 3，请假 0，未签 1"
    )
    last = await sit_down(browser, address, "陆时雨", PHONE)
    await officer.get_by_role("button", name="催一下").click()
    await expect(heard(officer)).to_contain_text("已提醒 1 人：陆时雨")
    await expect(heard(last)).to_contain_text("还没有签到")
    await say(last, "请假 带学生比赛")
    await expect(heard(last)).to_contain_text("请假已登记")

    await say(officer, "/签到 结束")
    await expect(heard(officer)).to_contain_text("应到 4，实到 3，请假 1，未签 0")
    await expect(screen.locator("#over")).to_be_visible()
    await say(officer, "/月报 本月")
    await expect(heard(officer)).to_contain_text("主题党日：1 次", timeout=2 * 60_000)
    chart = heard(officer).get_by_role("img")
    await expect(chart).to_be_visible()
    assert (
        await chart.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 600
    )
    files = await heard(officer).locator(".file a").all_inner_texts()
    assert {Path(name).suffix for name in files} == {".png", ".docx", ".xlsx"}
    await picture(officer, "check-in-month")
