"""/登录 gives whoever runs something a link that lets them in once, wherever they write."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.assembled import App
from tests.scenario.admin_driver import at_the_door
from tests.scenario.drivers import CHANNELS, Driver, Enter
from tests.scenario.town import living, settle_in

_ADDRESS = re.compile(r"/login/([A-Za-z0-9_-]{16,})")


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


@pytest.fixture(params=list(CHANNELS.values()), ids=list(CHANNELS))
def enter(request: pytest.FixtureRequest) -> Enter:
    found: Enter = request.param
    return found


async def says(driver: Driver, words: str) -> str:
    await driver.say(words)
    heard = await driver.heard()
    return f"{heard.text}\n{heard.card}"


async def test_the_link_lets_an_admin_in_once(app: App, enter: Enter) -> None:
    async with enter(app, "宋见微") as admin:
        said = await says(admin, "/登录")
        assert "只能用一次" in said
        await says(admin, "/帮助")

    found = _ADDRESS.search(said)
    if found is None:
        assert "点开后再按" in said, "the address is behind a card or its button"
        return
    async with at_the_door(app) as browser, at_the_door(app) as other:
        entered = await browser.post(f"/login/{found[1]}")
        assert (entered.status, entered.location) == (303, "/admin")
        assert (await other.post(f"/login/{found[1]}")).status == 403


async def test_who_runs_nothing_is_told_so(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山") as teacher:
        said = await says(teacher, "/登录")

    assert "/login/" not in said
