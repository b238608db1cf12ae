"""The log on the admin page, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from sqlalchemy.orm import Session

from bot.messages import Role
from store import audit, people
from tests.browser.admin_desk import AdminDesk

pytestmark = pytest.mark.needs("chromium")

PLAN = "云溪县教育局2026年校园阅读工作方案"
SCHOOL = "云溪县第二中学"


async def test_what_was_done_on_the_page_stands_in_the_log(desk: AdminDesk) -> None:
    await desk.enter("宋见微")
    await desk.go("/admin/documents")
    await desk.page.get_by_role("link", name=PLAN).click()
    await desk.press("停用")
    await desk.press("停用")
    await desk.press("恢复有效")
    await desk.page.get_by_role("link", name="日志").click()
    await desk.is_readable("audit")
    row = desk.page.get_by_role("row", name="恢复文件")
    await expect(row).to_contain_text("宋见微")
    await expect(row).to_contain_text(f"文件《{PLAN}》")
    await expect(row.locator("del")).to_contain_text("已停用")
    await expect(row.locator("ins")).to_contain_text("有效")

    await desk.page.get_by_label("做了什么").select_option("登录管理网页")
    await desk.page.get_by_label("谁做的").fill("见微")
    await desk.press("查找")
    await expect(desk.page.get_by_text("共 1 条")).to_be_visible()
    await desk.page.get_by_label("到哪天").fill("2001-01-01")
    await desk.press("查找")
    await expect(desk.page.get_by_role("main")).to_contain_text("换个条件")
    await desk.page.get_by_role("main").get_by_role("link", name="全部").click()
    await desk.page.get_by_role("row", name="停用文件").get_by_role("link").click()
    await expect(desk.page.get_by_role("heading", level=1)).to_have_text(PLAN)


async def test_numbers_of_people_are_masked_and_markup_stays_text(desk: AdminDesk) -> None:
    now = desk.app.documents.clock()
    await desk.app.store.write(
        lambda session: audit.record(
            session,
            who="web:nobody",
            what="member.add",
            subject="member:999",
            now=now,
            before="<b>19900001234</b>",
            after="<script>alert(1)</script>",
        )
    )
    await desk.enter("宋见微")
    await desk.go("/admin/audit?what=member.add")
    await expect(desk.page.locator("del").first).to_contain_text("<b>199****1234</b>")
    await expect(desk.page.locator("ins").first).to_contain_text("<script>alert(1)</script>")
    assert await desk.page.locator("main script, main b").count() == 0


async def test_a_schools_admin_reads_the_schools_and_a_secretary_nothing(desk: AdminDesk) -> None:
    for name, unit, role in (
        ("祁远山", SCHOOL, Role.ADMIN),
        ("白映雪", "云溪县实验小学", Role.SECRETARY),
    ):
        member = (await desk.app.people.named(name)).member_id or 0

        def give(session: Session, member: int = member, unit: str = unit, r: Role = role) -> None:
            people.give_role(session, member, people.units_named(session, unit)[0].id, r)

        await desk.app.store.write(give)
    await desk.enter("白映雪")
    await expect(desk.page.get_by_role("link", name="日志")).to_have_count(0)
    assert await desk.go("/admin/audit") == 403
    await expect(desk.page.get_by_role("alert")).to_contain_text("没有权限")

    await desk.enter("祁远山")
    await desk.go("/admin/audit")
    await expect(desk.page.get_by_text("共 1 条")).to_be_visible()
    await expect(desk.page.get_by_role("row", name="登录管理网页")).to_contain_text("祁远山")
