"""A list of tasks sent in the chat is shown first, and taken whole or not at all."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.assembled import App
from handlers.people.actions import operator
from handlers.tasks.spreadsheet import SheetRow, write_sheet
from tests.scenario.drivers import on_the_page
from tests.scenario.test_reminding import OFFICE, said
from tests.scenario.town import living, settle_in


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        await app.people.import_roster(operator(), "花名册.csv", OFFICE.encode())
        yield app


def year_of(app: App) -> int:
    return app.tasking.times.now().year + 1


async def sheet_of(*rows: SheetRow) -> bytes:
    return await asyncio.to_thread(write_sheet, rows, "清单")


def bare_list(*rows: list[str]) -> bytes:
    """As somebody else made it: without our numbers."""
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    for row in (["序号", "重点任务", "责任人", "完成时限"], *rows):
        page.append(row)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


async def test_a_sheet_of_ours_is_refused_row_by_row_or_taken_after_a_yes(app: App) -> None:
    year = year_of(app)
    good = SheetRow(
        title="查消防", who="各党支部", when=f"{year}年5月底前", labels="安全、迎检",
        milestones=f"自查 {year}年3月10日；整改 {year}年4月20日",
    )  # fmt: skip
    bad = SheetRow(title="查食堂", who="没有的人", when="尽快")
    async with on_the_page(app, "宋见微") as admin:
        await admin.send_file("清单.xlsx", await sheet_of(good, bad))
        refused = (await admin.heard()).text
        assert "第 4 行" in refused
        assert "一行也没有导入" in refused
        assert not await app.tasking.sheets.visible(operator())

        await admin.send_file("清单.xlsx", await sheet_of(good))
        assert "新增 1 项" in (await admin.heard()).card
        assert not await app.tasking.sheets.visible(operator())
        assert "导入好了" in (await said(admin, "确认")).text
        (task,) = await app.tasking.sheets.visible(operator())
        assert [one.label for one in task.milestones] == ["自查", "整改"]

        exported = await app.tasking.sheets.exported(operator())
        await admin.send_file("清单.xlsx", exported)
        assert "没有要改的" in (await admin.heard()).text

        assert "安全　" in (await said(admin, "/任务 清单")).text
        listed = (await said(admin, "/任务 清单 迎检")).text
        assert "查消防（自查）" in listed
        number = re.search(r"(\d+)号　查消防", listed)
        assert number is not None
        assert "专项" in (await said(admin, f"/任务 清单 {number[1]} 专项")).text
        assert "没有" in (await said(admin, "/任务 清单 迎检")).text
        shown = (await said(admin, f"/任务 {number[1]}")).text
        assert "节点：自查" in shown
        assert "标签：专项" in shown


async def test_of_another_list_it_is_asked_what_it_is_for(app: App) -> None:
    row = ["1", "办读书节", "卫长歌", f"{year_of(app)}年4月20日前"]
    async with on_the_page(app, "宋见微") as admin:
        await admin.send_file("方案.xlsx", bare_list(row))
        assert "怎么办" in (await admin.heard()).text
        await admin.tap("/任务表 导入任务")
        assert "新增 1 项" in (await admin.heard()).card
        await said(admin, "确认")
        assert [one.title for one in await app.tasking.sheets.visible(operator())] == ["办读书节"]

        await admin.send_file("方案.xlsx", bare_list(row))
        await admin.heard()
        assert "添加文件" in (await said(admin, "当文件收下")).card
        await admin.tap("/任务表 导入任务")
        assert "已经处理过" in (await admin.heard()).text


async def test_a_teachers_sheet_is_no_import(app: App) -> None:
    async with on_the_page(app, "祁远山") as teacher:
        await teacher.send_file("清单.xlsx", await sheet_of(SheetRow(title="x", who="y", when="z")))
        assert "收到了" in (await teacher.heard()).text
