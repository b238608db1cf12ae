"""Next year's holidays are published, and an admin brings them in while the bot runs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from bot.app import opened
from bot.assembled import App
from bot.config import CalendarSettings, UnitCalendarSettings
from handlers.people.actions import operator
from scheduler.recurrence import SHANGHAI
from store import people
from store.models_tasks import OccurrenceState, Task, TaskState
from tests.scenario.drivers import on_the_page
from tests.scenario.test_reminding import said
from tests.scenario.town import living, settings, settle_in


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


async def test_a_single_day_said_in_working_days_moves_too(app: App) -> None:
    year = unknown_year(app)
    app.clock.go_to(datetime(year - 1, 12, 20, tzinfo=UTC))  # type: ignore[attr-defined]
    async with on_the_page(app, "宋见微") as admin:
        asked = (await said(admin, f"提醒祁远山{year}年1月第一个工作日前交名单")).text
        assert "暂定" in asked
        await said(admin, "好")
        (before,) = await due_days(app)
        days = [{"date": f"{year}-01-{day:02d}", "isOffDay": True} for day in range(1, 11)]
        await admin.send_file("年.json", json.dumps({"year": year, "days": days}).encode())
        await admin.heard()
        assert await provisional(app)
        await said(admin, "确认")
        (task,) = await app.tasking.sheets.visible(operator())
        states = [one.state for one in task.occurrences]
        assert states.count(OccurrenceState.ASSIGNED) == 1
        (open_one,) = [one for one in task.occurrences if one.state is OccurrenceState.ASSIGNED]
        moved = open_one.due_at.astimezone(SHANGHAI)
        assert (moved.year, moved.month, moved.day) > before
        assert moved.day > 10
        assert not open_one.is_provisional


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


async def test_a_unit_has_days_and_nights_of_its_own(tmp_path: Path) -> None:
    own = UnitCalendarSettings(
        name="云溪县第二中学",
        extra_holidays=(date(2026, 12, 7),),
        quiet_hours=(time(18), time(9)),
    )
    configured = settings().model_copy(update={"calendar": CalendarSettings(units=(own,))})
    async with opened(configured, tmp_path, is_demo=True) as app:
        await settle_in(app)
        await app.tasking.calendars.follow()
        planner = app.tasking.times.planner
        school = (await app.people.named("祁远山")).member_id
        ids = await app.store.read(
            lambda session: [one.unit_id for one in people.memberships(session, school)]
        )
        days = planner.days(ids[0])
        assert days.calendar.is_workday(date(2026, 12, 7)) is False
        assert days.quiet.covers(datetime(2026, 12, 8, 8, 30, tzinfo=SHANGHAI))
        assert planner.calendar.is_workday(date(2026, 12, 7)) is True
        elsewhere = planner.days(None)
        assert not elsewhere.quiet.covers(datetime(2026, 12, 8, 8, 30, tzinfo=SHANGHAI))

        task = Task(unit_id=ids[0], policy={}, state=TaskState.ACTIVE)
        due = datetime(2026, 12, 8, 17, 30, tzinfo=SHANGHAI)
        long_ago = datetime(2026, 11, 1, tzinfo=SHANGHAI)
        first = planner.first_notice_at(task, due, long_ago)
        assert first is not None
        assert not days.quiet.covers(first.astimezone(SHANGHAI))
