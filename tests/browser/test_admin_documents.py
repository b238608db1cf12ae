"""Documents on the admin page, in a real browser."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy.orm import Session

from bot.messages import Role
from handlers.people.actions import operator
from store import people
from tests.browser.admin_desk import AdminDesk
from tests.scenario.town import KITCHEN

pytestmark = pytest.mark.needs("chromium")

PLAN = "云溪县教育局2026年校园阅读工作方案"
SCHOOL = "云溪县第二中学"


async def make_officer(desk: AdminDesk, name: str, unit: str) -> None:
    member = (await desk.app.people.named(name)).member_id or 0

    def work(session: Session) -> None:
        here = people.units_named(session, unit)[0].id
        people.give_role(session, member, here, Role.OFFICER)

    await desk.app.store.write(work)


async def upload(desk: AdminDesk, folder: Path, name: str, text: str) -> None:
    file = folder / name
    await asyncio.to_thread(file.write_text, text, "utf-8")
    await desk.page.get_by_label("文件（").set_input_files(file)
    await desk.press("读一读")


async def test_a_document_is_read_clause_by_clause(desk: AdminDesk) -> None:
    await desk.enter("宋见微")
    await desk.page.get_by_role("link", name="文档").click()
    await expect(desk.page.get_by_text("共 1 份")).to_be_visible()
    await desk.is_readable("documents")
    await desk.page.get_by_role("link", name=PLAN).click()
    await desk.is_readable("document")
    outline = desk.page.get_by_role("navigation", name="目录")
    await outline.get_by_role("link", name="办好校园读书节").click()
    clause = desk.page.locator(":target")
    await expect(clause).to_contain_text("每年4月举办读书节")
    await expect(clause).to_be_in_viewport()
    async with desk.page.expect_download() as downloading:
        await desk.page.get_by_role("link", name="下载原文件").click()
    assert (await downloading.value).suggested_filename == "阅读方案.txt"


async def test_a_file_is_shown_first_then_added_then_answers(
    desk: AdminDesk, tmp_path: Path
) -> None:
    await desk.enter("宋见微")
    await desk.go("/admin/documents")
    await desk.page.get_by_role("link", name="添加文件").click()
    await upload(desk, tmp_path, "陪餐.txt", KITCHEN)
    offer = desk.page.get_by_role("region", name="云溪县第二中学食堂陪餐制度")
    await expect(offer).to_contain_text("读出 2 条")
    await expect(offer).to_contain_text("没有写：发文机关")
    await desk.is_readable("document-offer")
    await desk.press("确认添加")
    await desk.said("已添加，现在就能问")

    assert "一年" in await desk.ask("祁远山", "陪餐记录保存多久")


async def test_what_cannot_be_read_says_why(desk: AdminDesk, tmp_path: Path) -> None:
    await desk.enter("宋见微")
    await desk.go("/admin/documents/add")
    file = tmp_path / "坏.pdf"
    await asyncio.to_thread(file.write_bytes, b"%PDF-1.4 broken")
    await desk.page.get_by_label("文件（").set_input_files(file)
    await desk.press("读一读")
    await expect(desk.page.get_by_role("alert")).to_contain_text("《坏.pdf》没有读出来")


async def test_retired_then_restored_then_kept_for_one_school(desk: AdminDesk) -> None:
    await desk.enter("宋见微")
    await desk.go("/admin/documents")
    await desk.page.get_by_role("link", name=PLAN).click()
    await desk.press("停用")
    await expect(desk.page.get_by_role("main")).to_contain_text("以后的回答不再用它")
    await desk.press("停用")
    await desk.said("已停用")
    assert "4月" not in await desk.ask("祁远山", "读书节几月举办")
    await desk.press("恢复有效")
    await desk.said("恢复有效")

    await desk.page.get_by_label("给谁看").select_option(label="　云溪县实验小学")
    await desk.press("改给他们看")
    await expect(desk.page.get_by_role("main")).to_contain_text("现在给所有人看")
    await desk.press("改")
    await desk.said("现在给云溪县实验小学看")
    assert "4月" not in await desk.ask("祁远山", "读书节几月举办")
    assert "4月" in await desk.ask("白映雪", "读书节几月举办")


async def test_one_document_takes_the_place_of_another(desk: AdminDesk) -> None:
    await desk.app.documents.add(operator(), "陪餐.txt", KITCHEN.encode())
    await desk.enter("宋见微")
    await desk.go("/admin/documents")
    await desk.page.get_by_role("link", name=PLAN).click()
    await desk.page.get_by_label("由哪一份文件代替").fill("没有的文件")
    await desk.press("标为被代替")
    await expect(desk.page.get_by_role("alert")).to_contain_text("没有找到这份文件")
    await desk.page.go_back()
    await desk.page.get_by_label("由哪一份文件代替").fill("食堂陪餐制度")
    await desk.press("标为被代替")
    await desk.press("标为被代替")
    await desk.said("已标为被《云溪县第二中学食堂陪餐制度》代替")
    facts = desk.page.get_by_role("region", name="这份文件")
    await facts.get_by_role("link", name="食堂陪餐制度").click()
    await expect(desk.page.get_by_role("heading", level=1)).to_have_text(
        "云溪县第二中学食堂陪餐制度"
    )


async def test_a_schools_officer_reads_the_bureaus_and_changes_only_the_schools(
    desk: AdminDesk,
) -> None:
    school = await desk.app.store.read(lambda s: people.units_named(s, SCHOOL)[0].id)
    await desk.app.documents.add(operator(), "陪餐.txt", KITCHEN.encode(), visible_to=school)
    await make_officer(desk, "祁远山", SCHOOL)
    await desk.enter("祁远山")
    await desk.go("/admin/documents")
    await desk.page.get_by_role("link", name="食堂陪餐制度").click()
    choices = desk.page.get_by_label("给谁看").get_by_role("option")
    await expect(choices).to_have_text([SCHOOL])
    form = desk.page.locator("form:has(input[value=retire])")
    await desk.go("/admin/documents")
    await desk.page.get_by_role("link", name=PLAN).click()
    await expect(desk.page.get_by_role("button", name="停用")).to_have_count(0)
    bureaus = desk.page.url.removeprefix(desk.address)

    await desk.page.go_back()
    await desk.page.get_by_role("link", name="食堂陪餐制度").click()
    await form.evaluate(f"form => form.action = '{bureaus}'")
    await desk.press("停用")
    await expect(desk.page.get_by_role("alert")).to_contain_text("管全局的管理员")


async def test_filters_narrow_the_shelf(desk: AdminDesk) -> None:
    await desk.app.documents.add(operator(), "陪餐.txt", KITCHEN.encode())
    await desk.enter("宋见微")
    await desk.go("/admin/documents?words=陪餐")
    await expect(desk.page.get_by_text("共 1 份")).to_be_visible()
    await desk.page.get_by_label("状态").select_option("已停用")
    await desk.press("查找")
    await expect(desk.page.get_by_role("main")).to_contain_text("没有这样的文件")
    await desk.page.get_by_role("main").get_by_role("link", name="全部").click()
    await expect(desk.page.get_by_text("共 2 份")).to_be_visible()
