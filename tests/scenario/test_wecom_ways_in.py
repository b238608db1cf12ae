"""Coming in, the menu, and taking a message back, as people meet them in WeCom."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.assembled import App
from bot.channels.wecom.settings import DEFAULT_MENU
from tests.scenario.aibot_driver import on_the_long_connection, over_callbacks
from tests.scenario.drivers import Enter, on_the_page
from tests.scenario.town import living, settle_in
from tests.scenario.wecom_driver import on_the_phone, platform_of


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


@pytest.mark.parametrize("label", [item.label for item in DEFAULT_MENU])
async def test_every_entry_of_the_menu_leads_somewhere(app: App, label: str) -> None:
    command = next(item.command for item in DEFAULT_MENU if item.label == label)
    async with on_the_phone(app, "祁远山") as teacher:
        await teacher.choose(command)
        shown = (await teacher.heard()).text

    assert "没有这个命令" not in shown
    expected = {"问一问": "直接打字", "我的任务": "任务", "签到": "签", "帮助": "/帮助"}
    assert expected[label] in shown


@pytest.mark.parametrize("enter", [on_the_long_connection, over_callbacks])
async def test_who_opens_the_chat_is_greeted_by_the_ai_bot(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山") as teacher:
        await teacher.open()  # type: ignore[attr-defined]

        greeting = (await teacher.heard()).text

    assert "/帮助" in greeting or "问" in greeting


async def test_who_opens_the_app_again_and_again_is_greeted_once(app: App) -> None:
    async with on_the_phone(app, "祁远山") as teacher:
        await teacher.open()
        assert "/帮助" in (await teacher.heard()).text

        await teacher.open()
        await teacher.say("读书节几月举办")
        assert "4月" in (await teacher.heard()).text


async def test_a_notice_is_taken_back_from_the_phone(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_phone(app, "祁远山") as teacher:
        for words in ("/通知 祁远山 明早八点交读书单", "确认"):
            await admin.say(words)
            said = (await admin.heard()).text
        number = re.search(r"通知 (\d+)|/通知 (\d+)", said)
        assert number is not None, said
        assert "明早八点交读书单" in (await teacher.heard()).text
        assert platform_of(app).recalled == set()

        for words in (f"/通知 撤回 {number[1] or number[2]}", "确认"):
            await admin.say(words)
            said = (await admin.heard()).text

    assert len(platform_of(app).recalled) == 1, said
