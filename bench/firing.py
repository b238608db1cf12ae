"""Ticks among many stored occurrences, a rush hour planned, and its draining at the budget.

``python -m bench.firing [--check] [--postgresql URL] [--stored N] [--rush N]``. The two stores of
the first figure are ticked in turns; what counts is the ratio of their medians. The drain runs on
a simulated clock, so that an hour of sending takes as long as its bookkeeping.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bot.channels.base import Guarantee, ReadBlob, Sent, Target
from bot.channels.budget import Budget, Limit
from bot.messages import ChannelName, Reply
from bot.outbox import Outbox, Trouble
from handlers.reminders.wording import word
from scheduler.firing import Firing
from scheduler.planning_horizon import Planner
from scheduler.policy import Policy
from scheduler.school_calendar import WorkdayCalendar
from store import outbox
from store.engine import Store
from store.models import Account, Delivery, DeliveryKind, DeliveryState, Member
from store.models_tasks import Assignment, Occurrence, Task

ROUNDS = 9
DUE = 10
MOST_RATIO = 3.0
MOST_PLANNING_S = 10.0
APP_A_MINUTE = 2000
GROUP_A_MINUTE = 20
TO_GROUP = 100
PLANNER = Planner(calendar=WorkdayCalendar.official())
NOW = datetime(2026, 9, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=365)


@dataclass(slots=True)
class Wall:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class BudgetedChannel:
    """A platform with a limit for the app and one for each group, that takes what fits."""

    clock: Wall
    name: ChannelName = ChannelName.WEB
    guarantee: Guarantee = Guarantee.ONCE
    dedupe_window_s: float = 14400.0
    app: Budget = field(default_factory=lambda: Budget([Limit(count=APP_A_MINUTE, window_s=60)]))
    groups: Budget = field(
        default_factory=lambda: Budget([Limit(count=GROUP_A_MINUTE, window_s=60)])
    )
    to_people: Counter[int] = field(default_factory=Counter)
    to_group: Counter[int] = field(default_factory=Counter)
    """Sent, by the simulated minute."""

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        return [(reply.text or (reply.card.title if reply.card else "")).encode()]

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        now = self.clock()
        minute = int((now - NOW).total_seconds() // 60)
        if target.conversation.is_group:
            self.groups.spend(target.conversation.id, now)
            self.to_group[minute] += 1
        else:
            self.app.spend("app", now)
            self.to_people[minute] += 1
        return Sent(provider_id=delivery_id)

    def wait_s(self, target: Target, now: datetime) -> float:
        if target.conversation.is_group:
            return self.groups.wait_s(target.conversation.id, now)
        return self.app.wait_s("app", now)


def fill(session: Session, members: int, occurrences: int, next_notice_at: datetime) -> None:
    """One task of ``members`` people, with ``occurrences`` due times shared among them."""
    session.execute(
        insert(Member),
        [{"id": n, "name": f"人{n}", "added_at": NOW} for n in range(1, members + 1)],
    )
    session.execute(
        insert(Account),
        [{"platform": "web", "account": f"a{n}", "member_id": n} for n in range(1, members + 1)],
    )
    task = Task(
        id=1, title="报送台账", kind="one-off", due_at=NOW, rule=None, milestones=[],
        policy=Policy.plain().to_json(), evidence_types=[], labels=[], created_at=NOW,
    )  # fmt: skip
    session.add(task)
    session.flush()
    session.execute(
        insert(Assignment),
        [
            {
                "id": n, "task_id": 1, "assignee": f"member:{n}", "member_id": n,
                "assigned_at": NOW - timedelta(days=1), "planned_until": NOW,
            }
            for n in range(1, members + 1)
        ],
    )  # fmt: skip
    for first in range(0, occurrences, 50_000):
        session.execute(
            insert(Occurrence),
            [
                {
                    "id": n + 1, "assignment_id": n % members + 1, "task_id": 1,
                    "planned_at": next_notice_at + timedelta(seconds=n // members), "label": "",
                    "due_at": next_notice_at + timedelta(seconds=n // members),
                    "noticed_until": NOW - timedelta(days=1), "created_at": NOW,
                    "next_notice_at": next_notice_at + timedelta(seconds=n // members),
                }
                for n in range(first, min(first + 50_000, occurrences))
            ],
        )  # fmt: skip


def firing(store: Store) -> Firing:
    return Firing(store=store, planner=PLANNER, word=word, channels=(ChannelName.WEB,))


async def tick_s(store: Store, wall: Wall, turn: int) -> float:
    """Make ten due that were not, and tick."""
    ids = range(turn * DUE + 1, (turn + 1) * DUE + 1)

    def make_due(session: Session) -> None:
        session.execute(
            update(Occurrence)
            .where(Occurrence.id.in_(ids))
            .values(due_at=wall.now, next_notice_at=wall.now)
        )

    await store.write(make_due)
    began = time.perf_counter()
    fired = await firing(store).fire_due()
    took = time.perf_counter() - began
    assert (fired.noted, fired.deliveries) == (DUE, DUE), fired
    return took


async def compare(places: Sequence[str | Path], sizes: Sequence[int]) -> float:
    """The ratio of the median ticks, many over few."""
    wall = Wall()
    stores = [await Store.open(place, clock=wall) for place in places]
    for store, size in zip(stores, sizes, strict=True):
        await store.write(partial(fill, members=500, occurrences=size, next_notice_at=LATER))
    times: list[list[float]] = [[], []]
    for turn in range(ROUNDS):
        for which, store in enumerate(stores):
            times[which].append(await tick_s(store, wall, turn))
    for store in stores:
        await store.close()
    few, many = (statistics.median(one[1:]) for one in times)
    print(
        f"tick with {DUE} due: {few * 1000:.1f} ms among {sizes[0]:,}, "
        f"{many * 1000:.1f} ms among {sizes[1]:,}: {many / few:.2f} times"
    )
    return many / few


async def plan_rush(store: Store, rush: int) -> float:
    """Seconds from due to every delivery in the outbox."""
    await store.write(lambda session: fill(session, rush, rush, NOW))
    began = time.perf_counter()
    while (await firing(store).fire_due()).noted:
        pass
    took = time.perf_counter() - began
    made = await store.read(lambda session: len(session.scalars(select(Delivery.id)).all()))
    assert made == rush, made
    print(f"{rush:,} due in one minute: planned in {took:.1f} s")
    return took


def _crowd_group(session: Session) -> None:
    for n in range(TO_GROUP):
        draft = outbox.Draft(
            key=f"group:{n}", kind=DeliveryKind.REMINDER, channel=ChannelName.WEB,
            conversation="群", is_group=True, reply='{"text":"群里的"}',
        )  # fmt: skip
        outbox.add(session, draft, now=NOW)


async def drain(store: Store, wall: Wall, rush: int) -> bool:
    """Whether each minute took exactly what the platform lets through, people apart from groups."""

    async def no_blob(blob: str) -> bytes:
        raise KeyError(blob)

    async def no_trouble(trouble: Trouble) -> None:
        raise AssertionError(trouble)

    channel = BudgetedChannel(clock=wall)
    loop = Outbox(
        store=store, channels={ChannelName.WEB: channel}, read_blob=no_blob,
        on_trouble=no_trouble, clock=wall, at_once=64,
    )  # fmt: skip
    began = time.perf_counter()
    while True:
        while await loop.deliver_due():
            pass
        at = await store.read(
            lambda session: outbox.next_try_at(session, channels=["web"], now=wall.now)
        )
        if at is None:
            break
        wall.now = at
    unsent = await store.read(
        lambda session: session.scalars(
            select(Delivery.id).where(Delivery.state != DeliveryState.SENT)
        ).all()
    )
    people, group = channel.to_people, channel.to_group
    print(
        f"drained in {max(people) + 1} simulated minutes ({time.perf_counter() - began:.0f} s of "
        f"work): {[people[n] for n in sorted(people)]} a minute to people, "
        f"{[group[n] for n in sorted(group)]} to the full group"
    )
    expected = [APP_A_MINUTE] * (rush // APP_A_MINUTE)
    if rest := rush % APP_A_MINUTE:
        expected.append(rest)
    return (
        not unsent
        and [people[n] for n in sorted(people)] == expected
        and [group[n] for n in sorted(group)] == [GROUP_A_MINUTE] * (TO_GROUP // GROUP_A_MINUTE)
    )


async def run(arguments: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        few, many, rush = (Path(folder, name) for name in ("few", "many", "rush"))
        ratio = await compare((few, many), (1000, arguments.stored))
        wall = Wall()
        store = await Store.open(arguments.postgresql or rush, clock=wall)
        took = await plan_rush(store, arguments.rush)
        await store.write(_crowd_group)
        is_exact = await drain(store, wall, arguments.rush)
        await store.close()
    return ratio <= MOST_RATIO and took <= MOST_PLANNING_S and is_exact


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a figure is missed")
    parser.add_argument("--postgresql", help="an empty database for the rush, instead of SQLite")
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--rush", type=int, default=10_000)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    is_met = asyncio.run(run(arguments))
    print("met" if is_met else "missed")
    return 0 if is_met or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
