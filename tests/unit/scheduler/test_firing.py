from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.messages import ChannelName, Conversation
from handlers.tasks.views import Assignee, Every, NewTask, Step, TaskView
from scheduler.policy import Policy
from scheduler.recurrence import Filter, Frequency, Recurrence
from scheduler.school_calendar import WorkdayCalendar
from store import people
from store.engine import Store
from store.models_tasks import NoticeOutcome, OccurrenceState
from tests.fakes.clock import FakeClock
from tests.fakes.duty_office import START, Office, local, said

GROUP = Conversation(channel=ChannelName.WEB, id="支部群", is_group=True)
DUE = local(9, 18, 17, 30)


@pytest.fixture
async def office(store_place: str | Path) -> AsyncIterator[Office]:
    clock = FakeClock(START)
    store = await Store.open(store_place, clock=clock)
    yield await Office(store, clock).staffed()
    await store.close()


async def _give(office: Office, title: str, *assignees: Assignee, **more: object) -> TaskView:
    settings: dict[str, object] = {"due_at": DUE, "announces": False, **more}
    new = NewTask(title=title, assignees=assignees, **settings)  # type: ignore[arg-type]
    return await office.tasks.create(await office.actor("严"), new)


def _member(office: Office, name: str) -> Assignee:
    return Assignee(member_id=office.members[name])


async def test_every_stage_reaches_the_right_people_once(office: Office) -> None:
    await _give(office, "报台账", _member(office, "杜"))
    told: list[tuple[str, str, str]] = []
    day = local(9, 1, 8)
    while day < local(10, 1):
        for hour in (8, 9, 20):
            for name, reply in await office.tick_at(day.replace(hour=hour, minute=30)):
                told.append((f"{office.clock.now:%m-%d %H}", name, said(reply)[:4]))
        day += timedelta(days=1)

    assert told == [
        ("09-09 08", "杜", "提醒：报"),
        ("09-15 08", "杜", "提醒：报"),
        ("09-17 08", "杜", "提醒：报"),
        ("09-18 08", "杜", "今天到期"),
        ("09-20 08", "杜", "已逾期："),  # a Sunday that is worked
        ("09-21 08", "杜", "已逾期："),
        ("09-22 08", "杜", "已逾期："),
        ("09-22 08", "林", "督办：报"),  # the school has no officer: its secretary
        ("09-23 08", "杜", "已逾期："),
        ("09-24 08", "杜", "已逾期："),
        ("09-29 08", "严", "督办：报"),
    ]


async def test_a_reminder_quotes_its_clause_and_names_its_time(office: Office) -> None:
    await _give(
        office,
        "报台账",
        _member(office, "杜"),
        document_title="安全工作要点",
        locator="二、4.",
        quote="各校每月报送台账。",
    )

    ((_, reply),) = await office.tick_at(local(9, 17, 8, 30))

    assert "截止：9月18日（周五）17:30" in said(reply)
    assert "依据：《安全工作要点》二、4.：“各校每月报送台账。”" in said(reply)
    assert reply.card is not None
    number = (await office.tasks.mine(await office.actor("杜")))[0].id
    assert [one.command for one in reply.card.buttons] == [
        f"/完成 {number}", f"/签收 {number}", f"/稍后 {number}",
    ]  # fmt: skip


async def test_a_morning_has_one_message_for_all_of_it(office: Office) -> None:
    for n in range(10):
        await _give(office, f"第{n}件", _member(office, "杜"))

    ((name, reply),) = await office.tick_at(local(9, 17, 8, 30))

    assert name == "杜"
    assert all(f"第{n}件" in reply.text for n in range(10))


async def test_a_group_has_one_message_for_those_who_have_not_done_it(office: Office) -> None:
    made = await _give(
        office,
        "交学习笔记",
        Assignee(unit_id=office.units["一校"], every=Every.MEMBER),
        conversation=GROUP,
    )
    yao = next(one for one in made.occurrences if one.assignee == "姚")
    await office.tasks.move(await office.actor("姚"), yao.id, Step.REPORT)

    ((where, reply),) = await office.tick_at(local(9, 17, 8, 30))

    assert where == GROUP.id
    assert set(reply.mentions) == {str(office.members["林"]), str(office.members["杜"])}
    assert "姚" not in reply.text


async def test_assignees_are_told_at_once_but_not_oneself(office: Office) -> None:
    await _give(office, "开会", _member(office, "杜"), _member(office, "严"), announces=True)

    assert [name for name, _ in await office.tick_at(START)] == ["杜"]
    assert await office.tick_at(START) == []


async def test_late_ones_come_marked_and_a_missed_streak_is_one(office: Office) -> None:
    daily = Recurrence(freq=Frequency.DAILY, starts_at=START, filter=Filter.WORKDAY, clock=time(10))
    await _give(
        office, "晨检上报", _member(office, "杜"), due_at=None, rule=daily, policy=Policy.plain()
    )
    await office.tick_at(local(9, 1, 10))

    ((_, reply),) = await office.tick_at(local(9, 3, 15))

    assert "（迟到补发，原定 9月3日（周四）10:00）" in said(reply)
    assert "（此前错过 1 次：9月2日（周三）10:00）" in said(reply)
    assert await office.reminders.outcomes() == {"put": 2, "coalesced": 1}


async def test_beyond_the_window_a_reminder_is_missed_and_counted(office: Office) -> None:
    await _give(office, "交表", _member(office, "杜"), policy=Policy.plain())

    assert await office.tick_at(DUE + timedelta(hours=49)) == []

    assert await office.reminders.outcomes() == {"missed": 1}
    id = (await office.tasks.mine(await office.actor("杜")))[0].id
    (receipt,) = await office.reminders.receipts(await office.actor("杜"), id)
    assert (receipt.outcome, receipt.delivery) == (NoticeOutcome.MISSED, None)


async def test_done_in_time_is_not_reminded_of(office: Office) -> None:
    made = await _give(office, "报台账", _member(office, "杜"))
    await office.tasks.move(await office.actor("杜"), made.occurrences[0].id, Step.REPORT)

    assert await office.tick_at(local(9, 20, 8, 30)) == []


async def test_snoozed_is_silent_until_then_and_goes_on_afterwards(office: Office) -> None:
    made = await _give(office, "报台账", _member(office, "杜"))
    id = made.occurrences[0].id
    office.clock.now = local(9, 14, 9)
    await office.tick_at(office.clock.now)
    await office.reminders.snooze(await office.actor("杜"), id, local(9, 16, 14))

    assert await office.tick_at(local(9, 15, 8, 30)) == []
    ((_, reply),) = await office.tick_at(local(9, 16, 14))
    assert said(reply).startswith("再次提醒")
    assert len(await office.tick_at(local(9, 17, 8, 30))) == 1


async def test_paused_is_silent_and_is_not_made_up_for(office: Office) -> None:
    made = await _give(office, "报台账", _member(office, "杜"))
    boss = await office.actor("严")
    await office.reminders.pause(boss, made.id)
    assert await office.tick_at(local(9, 17, 9)) == []

    await office.reminders.resume(boss, made.id)

    assert await office.tick_at(local(9, 17, 10)) == []
    assert len(await office.tick_at(local(9, 18, 8, 30))) == 1


async def test_put_off_it_is_reminded_of_anew(office: Office) -> None:
    made = await _give(office, "报台账", _member(office, "杜"))
    id = made.occurrences[0].id
    assert len(await office.tick_at(local(9, 17, 8, 30))) == 1
    await office.tasks.ask_postponement(await office.actor("严"), id, local(9, 23, 12), "放假")

    assert await office.tick_at(local(9, 18, 8, 30)) == []
    assert len(await office.tick_at(local(9, 20, 8, 30))) == 1


async def test_another_time_brings_no_reminder_that_would_have_been_earlier(
    office: Office,
) -> None:
    made = await _give(office, "报台账", _member(office, "杜"), due_at=local(9, 30, 12))
    office.clock.now = local(9, 16, 10)
    await office.tasks.reschedule(await office.actor("严"), made.id, due_at=local(9, 18, 12))

    assert await office.tick_at(local(9, 16, 10)) == []
    assert len(await office.tick_at(local(9, 17, 8, 30))) == 1


async def test_nobody_to_tell_is_visible(office: Office) -> None:
    made = await _give(office, "报台账", Assignee(unit_id=office.units["一校"], role="discipline"))

    assert await office.tick_at(local(9, 17, 8, 30)) == []

    receipts = await office.reminders.receipts(await office.actor("严"), made.occurrences[0].id)
    assert {one.outcome for one in receipts} == {NoticeOutcome.UNREACHABLE}


async def test_who_left_is_not_told(office: Office) -> None:
    await _give(office, "报台账", _member(office, "杜"))

    def leave(session):  # type: ignore[no-untyped-def]
        member = people.member(session, office.members["杜"])
        assert member is not None
        member.is_active = False

    await office.store.write(leave)

    assert await office.tick_at(local(9, 17, 8, 30)) == []


async def test_a_rule_is_planned_without_gaps_over_a_long_silence(office: Office) -> None:
    weekly = Recurrence(freq=Frequency.WEEKLY, starts_at=START, week_days=((0, 4),), clock=time(16))
    made = await _give(
        office, "交周报", _member(office, "杜"), due_at=None, rule=weekly, policy=Policy.plain()
    )
    for _ in range(3):
        await office.tick_at(local(12, 31, 9))

    task = await office.tasks.task(await office.actor("严"), made.id)
    due = [one.due_at for one in task.occurrences]
    assert due[0] == local(9, 4, 16)
    assert all(b - a == timedelta(days=7) for a, b in pairwise(due))
    assert due[-1] > local(12, 31)
    assert len(set(due)) == len(due)


async def test_guesses_are_planned_anew_when_the_year_is_published(store_place: str | Path) -> None:
    clock = FakeClock(local(12, 1, 9))
    store = await Store.open(store_place, clock=clock)
    office = await Office(store, clock).staffed()
    known = WorkdayCalendar.official()
    office.planner = replace(
        office.planner,
        calendar=replace(known, years=frozenset(range(2004, 2027))),
    )
    await office.firing.follow_calendar()
    daily = Recurrence(
        freq=Frequency.DAILY, starts_at=clock.now, filter=Filter.WORKDAY, clock=time(10)
    )
    made = await _give(
        office, "晨检", _member(office, "杜"), due_at=None, rule=daily, policy=Policy.plain()
    )
    boss = await office.actor("严")
    before = await office.tasks.task(boss, made.id)
    assert [one.is_provisional for one in before.occurrences if one.due_at < local(12, 24)] == [
        False
    ] * 17
    assert {one.is_provisional for one in before.occurrences if one.due_at > local(12, 24)} == {
        True
    }

    year = {
        "year": 2027,
        "days": [
            {"date": "2027-01-01", "isOffDay": True},
            {"date": "2027-01-04", "isOffDay": True},
            {"date": "2027-01-09", "isOffDay": False},
        ],
    }
    office.planner = replace(office.planner, calendar=office.planner.calendar.with_year_file(year))
    assert await office.firing.follow_calendar()
    assert not await office.firing.follow_calendar()

    after = await office.tasks.task(boss, made.id)
    days = {one.due_at.astimezone(START.tzinfo).date() for one in after.occurrences}
    january = {day.day for day in days if (day.year, day.month) == (2027, 1) and day.day < 12}
    assert january == {5, 6, 7, 8, 9, 11}
    assert not any(one.is_provisional for one in after.occurrences)
    assert {one.state for one in after.occurrences} == {OccurrenceState.ASSIGNED}
    await store.close()


async def test_the_reminder_can_be_seen_beforehand(office: Office) -> None:
    made = await _give(office, "报台账", _member(office, "杜"))

    reply = await office.reminders.preview(await office.actor("杜"), made.occurrences[0].id)

    assert reply.is_private
    assert reply.card is not None
    assert reply.card.title.startswith("（试发，仅您可见）提醒：报台账")
    assert await office.deliveries() == []
