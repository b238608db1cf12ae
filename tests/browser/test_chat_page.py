"""The chat page in a real browser: Debian's Chromium, driven by playwright."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.looking import DESK, PHONE, overflow, picture
from tests.scenario.town import READING, ROSTER

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo server of its own, in its own process, with one more document."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "阅读方案.txt").write_text(READING, "utf-8")
    (folder / "花名册.csv").write_text(ROSTER, "utf-8")
    environment = os.environ | {
        "YAODIAN_DATA": str(folder / "data"),
        "YAODIAN__BOT__PORT": "0",
        "YAODIAN__KNOWLEDGE__EMBEDDING": "none",
        "PYTHONUNBUFFERED": "1",
    }
    yaodian = [sys.executable, "-m", "bot"]
    server = subprocess.Popen(
        [*yaodian, "serve", "--demo"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        ready = server.stdout.readline()
        assert "http://" in ready
        subprocess.run(
            [*yaodian, "documents", "add", str(folder / "阅读方案.txt")],
            env=environment, check=True,
        )  # fmt: skip
        subprocess.run(
            [*yaodian, "roster", "import", str(folder / "花名册.csv")],
            env=environment, check=True,
        )  # fmt: skip
        yield ready[ready.index("http://") :].split("/chat")[0]
    finally:
        server.terminate()
        server.communicate(timeout=20)


async def sit_down(page: Page, address: str, name: str) -> None:
    await page.goto(f"{address}/")
    await page.get_by_role("link", name=name).click()
    await expect(page.get_by_role("heading", name="要点")).to_be_visible()


async def ask(page: Page, question: str) -> None:
    box = page.get_by_label("您的问题")
    await box.fill(question)
    await box.press("Enter")


@pytest.mark.parametrize("page", [DESK, PHONE], ids=["desk", "phone"], indirect=True)
async def test_a_question_is_answered_and_its_source_opens_at_the_clause(
    page: Page, address: str
) -> None:
    width = (page.viewport_size or DESK)["width"]
    await sit_down(page, address, "祁远山")
    await picture(page, f"empty-{width}")
    await ask(page, "班级图书角藏书不少于多少册")
    answer = page.get_by_label("要点回答").last
    await expect(answer).to_contain_text("80册")
    await picture(page, f"answer-{width}")
    assert await overflow(page) == 0

    async with page.expect_popup() as opening:
        await answer.get_by_role("link", name="校园阅读工作方案").click()
    document = await opening.value
    clause = document.locator(":target")
    await expect(clause).to_contain_text("藏书不少于80册")
    await expect(clause).to_be_in_viewport()
    await picture(document, f"document-{width}")
    assert await overflow(document) == 0
    async with document.expect_download() as downloading:
        await document.get_by_role("link", name="下载原文件").click()
    download = await downloading.value
    assert download.suggested_filename == "阅读方案.txt"
    content = await asyncio.to_thread(Path(await download.path()).read_text, "utf-8")
    assert content == READING


async def test_an_opinion_and_the_clause_in_full(page: Page, address: str) -> None:
    await sit_down(page, address, "白映雪")
    await ask(page, "读书节几月举办")
    await expect(page.get_by_label("要点回答").last).to_contain_text("4月")
    await page.get_by_role("button", name="没答好").last.click()
    await expect(page.get_by_role("button", name="没答好").last).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(page.get_by_label("要点回答").last).to_contain_text("抱歉")

    await ask(page, "/来源 1")
    await expect(page.get_by_label("要点回答").last).to_contain_text("由各校教导处负责组织")
    await ask(page, "把原文发我")
    await expect(page.get_by_role("link", name="阅读方案.txt").last).to_be_visible()


async def test_what_was_said_is_there_after_coming_back(page: Page, address: str) -> None:
    await sit_down(page, address, "宋见微")
    await ask(page, "教师共读多久组织一次")
    await expect(page.get_by_label("要点回答").last).to_contain_text("每月")
    said = await page.get_by_label("您说").count()
    heard = await page.get_by_label("要点回答").count()
    await page.reload()

    await expect(page.get_by_label("您说")).to_have_count(said)
    await expect(page.get_by_label("要点回答")).to_have_count(heard)
    await ask(page, "读书节几月举办")
    await expect(page.get_by_label("要点回答").last).to_contain_text("4月")


async def test_the_page_works_by_keyboard_alone(page: Page, address: str) -> None:
    await sit_down(page, address, "祁远山")
    await expect(page.get_by_label("您的问题")).to_be_focused()
    await page.keyboard.type("读书节几月举办")
    await page.keyboard.press("Enter")
    answer = page.get_by_label("要点回答").last
    await expect(answer).to_contain_text("4月")
    for _ in range(12):
        await page.keyboard.press("Shift+Tab")
        name = await page.evaluate("document.activeElement.getAttribute('aria-label')")
        if name == "有用":
            break
    await page.keyboard.press("Space")
    await expect(answer.get_by_role("button", name="有用")).to_have_attribute(
        "aria-pressed", "true"
    )


async def test_words_never_become_markup(page: Page, address: str) -> None:
    await sit_down(page, address, "祁远山")
    await ask(page, "<img src=x onerror=alert(1)><script>alert(2)</script>")
    await expect(page.get_by_label("要点回答").last).to_be_visible()

    assert await page.locator("#log img, #log script").count() == 0
