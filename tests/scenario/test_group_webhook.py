"""A group that is only written to: reminders for it are set in a private chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.assembled import App
from bot.control import Exchange
from store.models import Delivery, DeliveryState
from tests.fakes.waiting import until
from tests.scenario.drivers import Driver, on_the_page
from tests.scenario.town import living, settle_in
from tests.scenario.wecom_driver import WEBHOOK, account_of, platform_of


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


class Quiet(Exchange):
    """Nobody listens to the progress."""

    def __init__(self) -> None: ...

    async def progress(self, done: int, total: int, label: str) -> None: ...


async def says(driver: Driver, words: str) -> str:
    await driver.say(words)
    heard = await driver.heard()
    return heard.text + heard.card


async def test_several_reminders_for_one_group_come_as_one_message(app: App) -> None:
    group = platform_of(app).group
    async with on_the_page(app, "宋见微") as admin:
        for what in ("交周报", "交台账", "填健康表"):
            echoed = await says(admin, f"提醒{WEBHOOK}明天下午3点{what}")
            assert f"“{WEBHOOK}”群" in echoed
            assert "设好了" in await says(admin, "好")
    assert group == []

    clock = app.tasking.clock_dialogue
    assert clock is not None
    tomorrow = app.tasking.times.now() + timedelta(days=1)
    await clock.go(tomorrow.replace(hour=15, minute=1))
    await until(lambda: bool(group))

    (only,) = group
    assert all(what in str(only) for what in ("交周报", "交台账", "填健康表"))
    assert "请回复" not in str(only)


async def test_those_who_are_named_are_mentioned_in_the_group(app: App) -> None:
    """Who has an account is called by it; the words name everybody."""
    await account_of(app, "祁远山")
    async with on_the_page(app, "宋见微") as admin:
        await says(admin, f"提醒{WEBHOOK}、祁远山、白映雪明天下午3点交读书笔记")
        assert "设好了" in await says(admin, "好")
    assert platform_of(app).group == []
    clock = app.tasking.clock_dialogue
    assert clock is not None
    tomorrow = app.tasking.times.now() + timedelta(days=1)
    await clock.go(tomorrow.replace(hour=15, minute=1))
    group = platform_of(app).group
    await until(lambda: bool(group))

    (only,) = [body["text"] for body in group]
    assert isinstance(only, dict)
    assert only["mentioned_list"] == [await account_of(app, "祁远山")]
    assert all(name in only["content"] for name in ("祁远山", "白映雪", "交读书笔记"))
    assert "私聊里回复" in only["content"]


async def test_who_does_not_lead_the_whole_sets_none(app: App) -> None:
    async with on_the_page(app, "祁远山") as teacher:
        assert "管理员" in await says(teacher, f"提醒{WEBHOOK}明天下午3点交周报")


async def test_words_to_the_group_that_wait_are_said_at_once(app: App) -> None:
    """The first may have left already; whatever waits then goes together."""
    platform = platform_of(app)
    platform.script["webhook/send"].append("slow")
    notify = app.desk.operations()["notify"]

    async def tell(text: str) -> object:
        return await notify({"target": f"webhook:{WEBHOOK}", "text": text}, Quiet())

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(tell("周一停水"))
        await until(lambda: platform.calls["webhook/send"] == 1)
        rest = [tasks.create_task(tell(text)) for text in ("周二停电", "周三停课")]

        async def are_there() -> bool:
            rows = await app.store.read(lambda session: session.scalars(select(Delivery)).all())
            return len(rows) == 3

        await until(are_there)
        platform.released.set()

    assert first.result() == {DeliveryState.SENT: 1}
    assert [one.result() for one in rest] == [
        {DeliveryState.SENT: 1},
        {DeliveryState.COALESCED: 1},
    ]
    assert [str(body["text"]) for body in platform.group] == [
        str({"content": "周一停水"}),
        str({"content": "周二停电\n\n周三停课"}),
    ]
