"""A year of every cadence under an injected clock: exactly the right days, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.codec import reply_from_json
from handlers.tasks.views import Assignee, NewTask
from scheduler.policy import Policy
from scheduler.recurrence import SHANGHAI, Filter, Frequency, Period, Pick, Recurrence, Shift
from scheduler.school_calendar import WorkdayCalendar
from store.engine import Store
from store.models import Delivery
from tests.fakes.clock import FakeClock
from tests.fakes.duty_office import Office, said

BEGIN = datetime(2025, 1, 1, 0, 0, tzinfo=SHANGHAI)
DAYS = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
OFFICIAL = WorkdayCalendar.official()
TEN = time(10)


def _last(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _first_workday(day: date) -> bool:
    month = [one for one in DAYS if one.month == day.month and OFFICIAL.is_workday(one)]
    return day == month[0]


def _moved_to_a_workday(day: date) -> bool:
    return any(
        one.day == 15 and day == _same_or_next_workday(one)
        for one in DAYS
        if one.month == day.month
    )


def _same_or_next_workday(day: date) -> date:
    return day if OFFICIAL.is_workday(day) else OFFICIAL.next_workday(day).day


def _rule(freq: Frequency, **more: object) -> Recurrence:
    return Recurrence(freq=freq, starts_at=BEGIN, clock=TEN, **more)  # type: ignore[arg-type]


CADENCES: Mapping[str, tuple[Recurrence, Callable[[date], bool | None]]] = {
    "每天": (_rule(Frequency.DAILY), lambda day: True),
    "每个工作日": (
        _rule(Frequency.DAILY, filter=Filter.WORKDAY),
        lambda day: OFFICIAL.is_workday(day),
    ),
    "每周五": (_rule(Frequency.WEEKLY, week_days=((0, 4),)), lambda day: day.weekday() == 4),
    "每月5日": (_rule(Frequency.MONTHLY, month_days=(5,)), lambda day: day.day == 5),
    "每月末": (_rule(Frequency.MONTHLY, month_days=(-1,)), _last),
    "每月首个工作日": (
        _rule(Frequency.MONTHLY, pick=Pick(n=1, of=Period.MONTH)),
        _first_workday,
    ),
    "每月15日顺延": (
        _rule(Frequency.MONTHLY, month_days=(15,), shift=Shift.NEXT),
        _moved_to_a_workday,
    ),
    "每季度末": (
        _rule(Frequency.YEARLY, months=(3, 6, 9, 12), month_days=(-1,)),
        lambda day: day.month % 3 == 0 and _last(day),
    ),
    "每半年": (
        _rule(Frequency.YEARLY, months=(6, 12), month_days=(20,)),
        lambda day: day.month % 6 == 0 and day.day == 20,
    ),
    "每年七一": (
        _rule(Frequency.YEARLY, months=(7,), month_days=(1,)),
        lambda day: (day.month, day.day) == (7, 1),
    ),
}


async def test_each_cadence_reminds_on_its_days_and_on_no_other(tmp_path: Path) -> None:
    clock = FakeClock(BEGIN)
    store = await Store.open(tmp_path, clock=clock)
    office = await Office(store, clock).staffed()
    boss = await office.actor("严")
    for title, (rule, _) in CADENCES.items():
        new = NewTask(
            title=title,
            rule=rule,
            policy=Policy.plain(),
            assignees=(Assignee(member_id=office.members["杜"]),),
            announces=False,
        )
        await office.tasks.create(boss, new)

    for day in DAYS:
        for hour in (9, 10, 11):
            clock.now = datetime.combine(day, time(hour), SHANGHAI)
            await office.firing.fire_due()

    def told(session: Session) -> list[tuple[date, str]]:
        rows = session.scalars(select(Delivery).order_by(Delivery.id))
        return [
            (row.created_at.astimezone(SHANGHAI).date(), said(reply_from_json(row.reply)))
            for row in rows
        ]

    by_day = Counter(dict.fromkeys(DAYS, 0))
    for day, words in await store.read(told):
        by_day[day] += 1
        asked = {title for title, (_, falls_on) in CADENCES.items() if falls_on(day)}
        assert {title for title in CADENCES if _names(words, title)} == asked
        assert "迟到" not in words
    assert set(by_day.values()) == {1}
    await store.close()


def _names(words: str, title: str) -> bool:
    return any(line.endswith((f" {title}", f"：{title}")) for line in words.splitlines())
