"""/撤销: one's own last deed, while it can be; and never another than one thinks of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.assembled import App
from tests.scenario.drivers import Driver, on_the_page
from tests.scenario.test_running import send_file
from tests.scenario.town import KITCHEN, READING, living, settle_in


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


async def says(driver: Driver, text: str) -> str:
    await driver.say(text)
    heard = await driver.heard()
    return f"{heard.text}\n{heard.card}"


async def goes_by(app: App, time: timedelta) -> None:
    clock = app.tasking.clock_dialogue
    assert clock is not None
    await clock.go(app.tasking.times.now() + time)


@pytest.mark.parametrize(
    ("deed", "undone", "look", "is_back"),
    [
        ("/角色 祁远山 支部书记 云溪县第二中学", "不再是云溪县第二中学的支部书记",
         "/成员 祁远山", "教师"),
        ("/角色 去掉 祁远山 教师 云溪县第二中学", "还是云溪县第二中学的教师",
         "/成员 祁远山", "教师"),
        ("/成员 停用 祁远山", "已撤销停用", "/成员 祁远山", "教师"),
        ("/文档管理 停用 阅读", "恢复有效", "/文档 阅读", "有效"),
        ("/通知 全体 定时 “后天 8:30” 交表", "还没发出，不会再发", "/通知", "已撤回"),
    ],
)  # fmt: skip
async def test_each_deed_is_taken_back_once(
    app: App, deed: str, undone: str, look: str, is_back: str
) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await says(admin, deed)
        assert "没有做任何改动" not in await says(admin, "确认")
        assert undone in await says(admin, "/撤销")
        assert is_back in await says(admin, look)
        assert "没有可以撤销的操作" in await says(admin, "/撤销")


async def test_somebody_added_and_a_file_taken_over_go_again(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        assert "已加进花名册" in await says(admin, "/成员 添加 方砚秋 云溪县第二中学")
        assert "已撤销添加：方砚秋" in await says(admin, "/撤销")
        await send_file(app, "宋见微", "阅读方案.txt", READING.replace("80册", "120册").encode())
        await admin.heard()
        await says(admin, "确认")
        assert "120册" in await says(admin, "图书角藏书不少于多少册")
        assert "已撤销添加" in await says(admin, "/撤销")
        assert "80册" in await says(admin, "图书角藏书不少于多少册")


async def test_nobody_takes_back_what_another_did(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        await says(admin, "/成员 停用 白映雪")
        await says(admin, "确认")
        assert "没有可以撤销的操作" in await says(teacher, "/撤销")
        assert "已撤销停用" in await says(admin, "/撤销")


async def test_what_came_later_and_stays_keeps_the_earlier_from_being_undone(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await says(admin, "/角色 祁远山 支部书记 云溪县第二中学")
        await says(admin, "确认")
        await says(admin, "/片区 东片区 加 云溪县第二中学")
        refused = await says(admin, "/撤销")
        assert "您最近做的是“改片区”，这一件撤销不了" in refused
        assert "再早的“给角色”" in refused
        assert "支部书记" in await says(admin, "/成员 祁远山")


async def test_after_a_while_it_is_shown_first_and_after_a_day_it_is_over(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        for _ in range(2):
            await says(admin, "/角色 祁远山 支部书记 云溪县第二中学")
            await says(admin, "确认")
            await goes_by(app, timedelta(minutes=30))
            asked = await says(admin, "/撤销")
            assert "撤销 " in asked
            assert "的“给角色”" in asked
            assert "没有做任何改动" in await says(admin, "取消")
            assert "支部书记" in await says(admin, "/成员 祁远山")
            await says(admin, "/撤销")
            assert "不再是云溪县第二中学的支部书记" in await says(admin, "确认")

        await says(admin, "/角色 祁远山 支部书记 云溪县第二中学")
        await says(admin, "确认")
        await goes_by(app, timedelta(hours=25))
        assert "没有可以撤销的操作" in await says(admin, "/撤销")


async def test_who_has_lost_the_right_takes_nothing_back(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as deputy:
        await says(admin, "/角色 祁远山 管理员 云溪县教育局")
        await says(admin, "确认")
        await says(deputy, "/成员 停用 白映雪")
        await says(deputy, "确认")
        await says(admin, "/角色 去掉 祁远山 管理员 云溪县教育局")
        await says(admin, "确认")
        assert "没有权限" in await says(deputy, "/撤销")
        assert "白映雪" not in await says(admin, "/成员 云溪县实验小学")


async def test_a_document_from_the_folder_is_not_somebody_s_deed(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await send_file(app, "宋见微", "陪餐.txt", KITCHEN.encode())
        await admin.heard()
        assert "没有做任何改动" in await says(admin, "取消")
        assert "没有可以撤销的操作" in await says(admin, "/撤销")
