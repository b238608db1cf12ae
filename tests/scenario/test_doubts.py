"""A reminder of which nobody knows whether it arrived is shown, and a person decides."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.assembled import App
from store.models import Delivery, DeliveryKind, DeliveryState, OnDoubt, Part, PartState
from store.models_tasks import Task
from tests.scenario.drivers import WebDriver, on_the_page
from tests.scenario.test_reminding import reminded_of, said
from tests.scenario.town import living, settle_in


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


async def in_doubt(app: App, admin: WebDriver, teacher: WebDriver) -> str:
    """The number of a reminder that the teacher may or may not have."""
    await said(admin, "提醒祁远山明天17:00前交台账")
    await said(admin, "好")
    await reminded_of(teacher, "交台账")

    def lose(session) -> int:  # type: ignore[no-untyped-def]
        row = session.scalars(select(Delivery).where(Delivery.kind == DeliveryKind.REMINDER)).one()
        row.state = DeliveryState.UNCERTAIN
        session.execute(
            update(Part).where(Part.delivery_id == row.id).values(state=PartState.UNCERTAIN)
        )
        return int(row.id)

    await app.store.write(lose)
    listed = await said(admin, "/提醒 存疑")
    assert "给祁远山" in listed.text
    number = re.search(r"第 (\d+) 条", listed.text)
    assert number is not None
    return number[1]


async def test_it_is_sent_again_with_a_mark(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        number = await in_doubt(app, admin, teacher)
        assert "没有第" in (await said(teacher, f"/提醒 再发 {number}")).text
        assert "再发一次" in (await said(admin, f"/提醒 再发 {number}")).text
        await reminded_of(teacher, "交台账")
        assert "没有拿不准" in (await said(admin, "/提醒 存疑")).text


@pytest.mark.parametrize(
    ("words", "state"), [("算送到", DeliveryState.SENT), ("不发", DeliveryState.FAILED)]
)
async def test_it_is_settled_without_another_try(
    app: App, words: str, state: DeliveryState
) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        number = await in_doubt(app, admin, teacher)
        await said(admin, f"/提醒 {words} {number}")
        row = await app.store.read(lambda session: session.get_one(Delivery, int(number)))
        assert row.state == state
        assert "宋见微" in (row.reason or "")
        assert "没有第" in (await said(admin, f"/提醒 {words} {number}")).text


async def test_a_task_may_want_a_person_to_decide(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        await said(admin, "提醒祁远山明天17:00前交台账")
        await said(admin, "好")
        number = re.search(r"(\d+)号", (await reminded_listed(teacher)))
        assert number is not None
        assert "没有权限" in (await said(teacher, f"/提醒 先问 {number[1]}")).text
        assert "等人来定" in (await said(admin, f"/提醒 先问 {number[1]}")).text
        row = await app.store.read(lambda session: session.scalars(select(Task)).one())
        assert row.on_doubt == OnDoubt.HOLD


async def reminded_listed(teacher: WebDriver) -> str:
    await reminded_of(teacher, "交台账")
    return (await said(teacher, "/我的任务")).text
