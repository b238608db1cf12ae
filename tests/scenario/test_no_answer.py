"""A question that the documents do not answer: to a person and back, on the asker's platform."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.assembled import App
from tests.scenario.drivers import CHANNELS, Driver, Enter, on_the_page
from tests.scenario.town import living, settle_in

QUESTION = "读书节的经费是多少钱"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


BEGINNING = {name: one for name, one in CHANNELS.items() if name != "aibot_callback"}
"""Where somebody can be written to who did not just write."""


@pytest.fixture(params=BEGINNING.values(), ids=BEGINNING.keys())
def enter(request: pytest.FixtureRequest) -> Enter:
    found: Enter = request.param
    return found


async def says(driver: Driver, text: str) -> str:
    await driver.say(text)
    heard = await driver.heard()
    return f"{heard.text}\n{heard.card}"


async def hears_of(driver: Driver, words: str) -> str:
    """What else is heard before it is left out."""
    while True:
        heard = await driver.heard()
        if words in (text := f"{heard.text}\n{heard.card}"):
            return text


async def test_the_reply_comes_back_to_where_it_was_asked(app: App, enter: Enter) -> None:
    async with on_the_page(app, "宋见微") as admin, enter(app, "祁远山") as teacher:
        assert "已经转给宋见微" in await says(teacher, QUESTION)
        handed = await hears_of(admin, QUESTION)
        number = re.search(r"问题 (\d+)", handed)
        assert number is not None
        assert "已转给宋见微" in await says(admin, "/问题")
        assert "已经告诉提问的人祁远山" in await says(admin, f"/答 {number[1]} 每校两千元")
        back = await hears_of(teacher, "每校两千元")
        assert QUESTION in back
        assert "宋见微" in back
        again = await says(teacher, QUESTION)
        assert "每校两千元" in again
        assert "不是从文件里找的" in again


@pytest.mark.parametrize("enter", [CHANNELS["aibot_callback"]], ids=["aibot_callback"])
async def test_where_the_bot_only_answers_the_reply_comes_another_way(
    app: App, enter: Enter
) -> None:
    async with on_the_page(app, "宋见微") as admin, enter(app, "祁远山") as teacher:
        await says(teacher, QUESTION)
        await hears_of(admin, QUESTION)
        async with on_the_page(app, "祁远山") as page:
            assert "已经告诉提问的人祁远山" in await says(admin, "/答 1 每校两千元")
            assert "宋见微" in await hears_of(page, "每校两千元")


async def test_an_owner_answers_from_their_own_platform(app: App, enter: Enter) -> None:
    async with enter(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        await says(admin, "/帮助")
        await says(teacher, QUESTION)
        handed = admin if enter is not CHANNELS["console"] else None
        number = "1"
        if handed is not None:
            found = re.search(r"问题 (\d+)", await hears_of(handed, QUESTION))
            assert found is not None
            number = found[1]
        assert "已经告诉提问的人" in await says(admin, f"/答 {number} 每校两千元")
        assert "宋见微" in await hears_of(teacher, "每校两千元")
