"""A form on its page, in a real browser: on a phone, by keyboard, with a photo, after an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Page, Request, expect

from tests.browser.looking import DESK, PHONE, overflow, picture
from tests.browser.test_chat_page import address, ask, sit_down
from tests.integration.records.test_attachments import picture as photo

pytestmark = pytest.mark.needs("chromium")
__all__ = ["address"]


async def opened(page: Page, address: str, name: str, form: str) -> Page:
    """Ask for a form in the chat, and follow its link; nothing foreign may be asked for."""
    page.context.on("request", _check_ours)
    page.context.on("console", _check_quiet)
    await sit_down(page, address, name)
    await ask(page, f"/填报 {form}")
    answer = page.get_by_label("要点回答").last
    async with page.expect_popup() as opening:
        await answer.get_by_role("link", name="网页填写").click()
    return await opening.value


def _check_ours(seen: Request) -> None:
    assert seen.url.startswith(("http://127.0.0.1:", "data:")), seen.url


def _check_quiet(said: ConsoleMessage) -> None:
    assert "Content Security Policy" not in said.text, said.text


@pytest.mark.parametrize("page", [DESK, PHONE], ids=["desk", "phone"], indirect=True)
async def test_a_form_is_filled_in_corrected_and_handed_in(
    page: Page, address: str, tmp_path: Path
) -> None:
    width = (page.viewport_size or DESK)["width"]
    shot = tmp_path / "现场照片.png"
    shot.write_bytes(photo())
    form = await opened(page, address, "祁远山", "整改反馈")
    await form.set_viewport_size(page.viewport_size or DESK)
    await expect(form.get_by_role("heading", name="整改反馈")).to_be_visible()
    await picture(form, f"form-{width}")
    assert await overflow(form) == 0

    await form.get_by_label("问题").fill("图书角的书\n一年没有更新")
    await form.get_by_label("整改措施").fill("每学期更新一次")
    await form.get_by_label("责任人").fill("查无此人")
    await form.get_by_label("整改前后照片").set_input_files(str(shot))
    await form.get_by_role("button", name="提交").click()

    wrong = form.get_by_role("alert")
    await expect(wrong).to_contain_text("还有 2 处要改")
    await expect(wrong).to_contain_text("花名册里没有查无此人")
    await expect(form.get_by_label("问题")).to_have_value("图书角的书\n一年没有更新")
    await expect(form.get_by_text("现场照片.png")).to_be_visible()
    await expect(form.get_by_label("责任人")).to_have_attribute("aria-invalid", "true")
    shown = form.locator(".files img")
    assert await shown.evaluate("image => image.naturalWidth") > 100
    await picture(form, f"form-wrong-{width}")
    assert await overflow(form) == 0

    await wrong.get_by_role("link", name="花名册里没有").click()
    await expect(form.get_by_label("责任人")).to_be_in_viewport()
    await form.get_by_label("责任人").fill("祁远山")
    await form.get_by_label("整改期限").fill("2027-01-08")
    await form.get_by_role("button", name="提交").click()
    await expect(form.get_by_role("heading", name="提交好了")).to_be_visible()
    await picture(form, f"form-done-{width}")
    number = re.search(r"#(\d+)", await form.locator("main").inner_text())
    assert number is not None

    said = page.get_by_label("要点回答").last
    await expect(said).to_contain_text(f"编号 {number[0]}")
    await ask(page, f"/记录 {number[1]}")
    await expect(page.get_by_label("要点回答").last).to_contain_text("一年没有更新")
    await form.reload()
    await form.close()


async def test_a_form_is_filled_in_by_keyboard_alone(page: Page, address: str) -> None:
    form = await opened(page, address, "白映雪", "整改反馈")
    await form.get_by_label("问题").focus()
    await form.keyboard.type("没有记录")
    for words in ("不知道", "补上", "", "白映雪"):
        await form.keyboard.press("Tab")
        await form.keyboard.type(words)
    await form.keyboard.press("Enter")
    await expect(form.get_by_role("status")).to_contain_text("存好了")
    await expect(form.get_by_label("责任人")).to_have_value("白映雪")
    await expect(form.get_by_label("问题")).to_have_value("没有记录")
    await form.close()
