"""Records in a real browser: found, decided, with their pictures, and refused."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.async_api import expect

from bot.messages import Role
from handlers.people.actions import operator
from store import people as people_rows
from store.models_records import RecordKind
from tests.browser.admin_desk import AdminDesk
from tests.fakes.filed import file_record, photo

pytestmark = pytest.mark.needs("chromium")

OFFICE, SCHOOL = "云溪县教育局", "云溪县第二中学"


async def settle(desk: AdminDesk) -> int:
    """Meetings, a case nobody but its keepers may see, and an application; its number."""
    app = desk.app
    teacher = await app.people.named("祁远山")
    for topic in ("学习党章", "植树护绿", "走访慰问"):
        fields = {"topic": topic, "expected": 20, "present": 18}
        await file_record(app, "theme_day", SCHOOL, fields=fields, kind=RecordKind.ACTIVITY)
    await file_record(app, "clue", SCHOOL, teacher, fields={"topic": "食堂的事"})
    fields = {"title": "晨读课程", "source": "自己申报", "goal": "让每个班每天读二十分钟"}
    files = (await photo(app), await photo(app, "教室.png", "steelblue"))
    return await file_record(app, "project_apply", SCHOOL, teacher, fields=fields, files=files)


async def test_an_application_is_found_seen_and_returned(desk: AdminDesk) -> None:
    number = await settle(desk)
    await desk.enter("宋见微")
    await desk.page.get_by_role("link", name="待审的填报").click()
    main = desk.page.get_by_role("main")
    await expect(main).to_contain_text("共 1 条")
    await desk.go("/admin/records")
    await expect(main).to_contain_text("共 4 条")
    await expect(main).not_to_contain_text("食堂的事")
    await desk.is_readable("records")

    await desk.page.get_by_role("link", name="项目课题申报").click()
    pictures = desk.page.get_by_role("img")
    await expect(pictures).to_have_count(2)
    width = await pictures.first.evaluate("one => one.decode().then(() => one.naturalWidth)")
    assert width > 0, "the picture is drawn"
    await desk.is_readable("record")

    await desk.press("退回")
    await expect(desk.page.get_by_role("alert")).to_contain_text("写明原因")
    await desk.go(f"/admin/records/{number}")
    await desk.page.get_by_label("说明").fill("缺申报表")
    await desk.press("退回")
    await desk.said("已退回")
    await expect(desk.page.get_by_role("listitem").filter(has_text="缺申报表")).to_be_visible()
    await desk.is_readable("record-returned")
    again = desk.page.get_by_role("button", name="重新提交")
    await expect(again).to_have_count(0)  # that is for who handed it in


async def test_a_list_is_filtered_and_taken_along(desk: AdminDesk) -> None:
    await settle(desk)
    await desk.enter("宋见微")
    await desk.go("/admin/records")
    await desk.page.get_by_role("combobox", name="类型").select_option("theme_day")
    await desk.page.get_by_label("从哪天").fill("2026-03-01")
    await desk.press("查找")
    await expect(desk.page.get_by_role("main")).to_contain_text("共 3 条")
    async with desk.page.expect_download() as downloading:
        await desk.page.get_by_role("link", name="导出这些").click()
    download = await downloading.value
    assert download.suggested_filename.endswith(".xlsx")
    content = await asyncio.to_thread(Path(await download.path()).read_bytes)
    sheet = (await asyncio.to_thread(load_workbook, io.BytesIO(content))).worksheets[0]
    assert sheet.max_row == 4


async def test_a_case_is_nobodys_who_may_not_see_it(desk: AdminDesk) -> None:
    app = desk.app
    case = await file_record(
        app, "clue", SCHOOL, fields={"topic": "食堂的事"}, files=(await photo(app),)
    )
    await desk.enter("宋见微")
    assert await desk.go(f"/admin/records/{case}") == 404
    await expect(desk.page.get_by_role("alert")).to_contain_text("没有这条记录")
    assert await desk.go(f"/admin/records/{case}/files/0/small") == 404
    await desk.press("退出")

    office = await app.store.read(lambda s: people_rows.units_named(s, OFFICE)[0].id)
    keeper = await app.people.named("白映雪")
    await app.keeping.roster.give(operator(), keeper.member_id, Role.DISCIPLINE, office)
    await desk.enter("白映雪")
    await desk.go(f"/admin/records/{case}")
    await expect(desk.page.get_by_role("main")).to_contain_text("食堂的事")
    await expect(desk.page.get_by_role("img")).to_be_visible()
    await desk.is_readable("record-case")
