"""Goal 5: an outage of 26 hours over hourly and daily reminders; nothing ends silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.tasks.views import Assignee, NewTask
from scheduler.policy import Policy
from scheduler.recurrence import Frequency, Recurrence
from store.engine import Store
from store.models import Notice
from store.models_tasks import Occurrence
from tests.fakes.clock import FakeClock
from tests.fakes.duty_office import START, Office, local, said

AWAY_FROM = local(9, 8, 12, 30)
BACK_AT = local(9, 9, 14, 30)
assert timedelta(hours=26) == BACK_AT - AWAY_FROM


@pytest.fixture
async def office(store_place: str | Path) -> AsyncIterator[Office]:
    clock = FakeClock(START)
    store = await Store.open(store_place, clock=clock)
    yield await Office(store, clock).staffed()
    await store.close()


async def _every_hour(office: Office, policy: Policy) -> None:
    """One reminder for each hour of the day, as no rule says "hourly"."""
    boss = await office.actor("严")
    for hour in range(24):
        rule = Recurrence(freq=Frequency.DAILY, starts_at=START, clock=time(hour))
        new = NewTask(
            title=f"巡查{hour}时",
            rule=rule,
            policy=policy,
            assignees=(Assignee(member_id=office.members["杜"]),),
            announces=False,
        )
        await office.tasks.create(boss, new)


async def _tick_every_ten_minutes(office: Office, since: datetime, until: datetime) -> None:
    while since <= until:
        await office.tick_at(since)
        since += timedelta(minutes=10)


async def _ends(office: Office) -> list[tuple[datetime, str | None]]:
    """Every due time that is over, with what became of its reminder."""

    def query(session: Session) -> list[tuple[datetime, str | None]]:
        rows = session.execute(
            select(Occurrence.due_at, Notice.outcome)
            .outerjoin(Notice, Notice.scheduled_at == Occurrence.due_at)
            .where(Occurrence.due_at <= office.clock.now)
            .order_by(Occurrence.due_at)
        )
        return [(row[0], row[1]) for row in rows]

    return await office.store.read(query)


async def test_every_reminder_of_the_outage_ends_as_something(office: Office) -> None:
    await _every_hour(office, Policy.plain())
    await _tick_every_ten_minutes(office, local(9, 8, 8), AWAY_FROM)
    before = len(await office.deliveries())

    ((_, reply),) = await office.tick_at(BACK_AT)
    await _tick_every_ten_minutes(office, BACK_AT, local(9, 9, 18))

    ends = await _ends(office)
    away = [outcome for due, outcome in ends if AWAY_FROM < due <= BACK_AT]
    assert None not in {outcome for _, outcome in ends}
    assert Counter(away) == {"put": 24, "coalesced": 2}
    assert said(reply).count("迟到补发") == 20  # the most in one message; it says how many more
    assert "另有 4 项" in reply.text
    assert len(await office.deliveries()) - before == 1 + 4


async def test_beyond_its_window_each_is_missed_counted_and_shown(office: Office) -> None:
    hours = Policy.plain().with_json({"catch_up": 6 * 3600.0})
    await _every_hour(office, hours)
    await _tick_every_ten_minutes(office, local(9, 8, 8), AWAY_FROM)

    await office.tick_at(BACK_AT)

    ends = await _ends(office)
    away = [outcome for due, outcome in ends if AWAY_FROM < due <= BACK_AT]
    assert Counter(away) == {"missed": 20, "put": 6}
    counted = await office.reminders.outcomes()
    assert counted["missed"] == sum(outcome == "missed" for _, outcome in ends)


async def test_told_one_by_one_where_a_policy_wants_it(office: Office) -> None:
    await _every_hour(office, Policy.plain().with_json({"coalesces": False}))
    await _tick_every_ten_minutes(office, local(9, 8, 8), AWAY_FROM)

    await office.tick_at(BACK_AT)

    away = [outcome for due, outcome in await _ends(office) if AWAY_FROM < due <= BACK_AT]
    assert Counter(away) == {"put": 26}
