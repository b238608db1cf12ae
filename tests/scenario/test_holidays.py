"""Next year's holidays are published, and an admin brings them in while the bot runs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.assembled import App
from handlers.people.actions import operator
from scheduler.recurrence import SHANGHAI
from tests.scenario.drivers import on_the_page
from tests.scenario.test_reminding import said
from tests.scenario.town import living, settle_in


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


def unknown_year(app: App) -> int:
    return max(app.tasking.calendars.years()) + 1


async def test_a_pasted_notice_is_in_force_at_once_and_after_a_restart(tmp_path: Path) -> None:
    async with living(tmp_path) as app:
        await settle_in(app)
        year = unknown_year(app)
        async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
            assert f"{year - 1}年" in (await said(admin, "/放假安排")).text
            notice = f"/放假安排 {year}年 元旦：1月1日至3日放假，1月4日上班。"
            assert "没有权限" in (await said(teacher, notice)).text
            asked = (await said(admin, notice)).card
            assert "1月1日至3日" in asked
            assert year not in app.tasking.calendars.years()
            assert "已生效" in (await said(admin, "确认")).text
        assert year in app.tasking.calendars.years()
    async with living(tmp_path) as app:
        assert year in app.tasking.calendars.years()


async def test_a_year_file_moves_what_was_provisional(app: App) -> None:
    year = unknown_year(app)
    app.clock.go_to(datetime(year - 1, 12, 20, tzinfo=UTC))  # type: ignore[attr-defined]
    async with on_the_page(app, "宋见微") as admin:
        await said(admin, "提醒我每个工作日9点打卡")
        await said(admin, "好")
        assert (year, 1, 4) in await due_days(app)
        assert await provisional(app)
        days = [{"date": f"{year}-01-{day:02d}", "isOffDay": True} for day in range(1, 8)]
        content = json.dumps({"year": year, "days": days}).encode()
        await admin.send_file(f"{year}.json", content)
        assert "1月1日至7日" in (await admin.heard()).card
        assert "已生效" in (await said(admin, "确认")).text
        assert not await provisional(app)
        january = {day for y, month, day in await due_days(app) if (y, month) == (year, 1)}
        assert min(january) > 7

        again = days[:3]  # it was published anew
        content = json.dumps({"year": year, "days": again}).encode()
        await admin.send_file(f"{year}.json", content)
        assert "代替" in (await admin.heard()).card
        await said(admin, "确认")
        assert (year, 1, 4) in await due_days(app)


async def due_days(app: App) -> set[tuple[int, int, int]]:
    (task,) = await app.tasking.sheets.visible(operator())
    days = (one.due_at.astimezone(SHANGHAI) for one in task.occurrences)
    return {(day.year, day.month, day.day) for day in days}


async def provisional(app: App) -> bool:
    (task,) = await app.tasking.sheets.visible(operator())
    return any(one.is_provisional for one in task.occurrences)


async def test_what_is_no_year_is_refused(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await admin.send_file("2027.json", b"\xff\xfe{}")
        assert "没看懂放假安排" in (await admin.heard()).text
        assert "没看懂放假安排" in (await said(admin, "/放假安排 明年多放几天")).text
