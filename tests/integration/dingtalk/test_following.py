"""Events of the directory end in one sync, some minutes later, whatever happens in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.channels.dingtalk.directory import read_directory
from bot.directory_following import DirectoryFollowing
from handlers.people.actions import operator
from handlers.people.syncing import Entry, Syncing
from store.engine import Store
from store.models import AuditEntry, Member
from tests.fakes.clock import FakeClock
from tests.integration.dingtalk.sending_stage import Stage, stage

LIST = "/topapi/v2/user/list"
QUIET_S, HOUR_S = 301, 3601


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    dingtalk: Stage
    store: Store
    clock: FakeClock
    following: DirectoryFollowing

    def again(self) -> DirectoryFollowing:
        """As after a restart, or another replica."""
        return replace(self.following, owner="another")

    async def synced_by_hand(self) -> None:
        entry = Entry(account="lu", name="陆闻笛", units=(("松涛县教育局",),))
        await self.following.syncing.take_over(operator(), "dingtalk", [entry])

    def joins(self, account: str, name: str) -> None:
        self.dingtalk.fake.directory.staff.append(
            {"userid": account, "name": name, "dept_id_list": [1]}
        )

    async def active(self) -> set[str]:
        query = select(Member.name).where(Member.is_active)
        return set(await self.store.read(lambda session: session.scalars(query).all()))

    async def syncs(self) -> int:
        query = select(AuditEntry).where(AuditEntry.what == "roster.sync")
        return len(await self.store.read(lambda session: session.scalars(query).all()))


@pytest.fixture
async def town(store_place: str | Path) -> AsyncIterator[Town]:
    clock = FakeClock()
    store = await Store.open(store_place, clock=clock)

    async def may_read() -> bool:
        return True

    async with stage() as dingtalk:
        dingtalk.fake.directory.departments = [{"dept_id": 1, "name": "松涛县教育局"}]
        following = DirectoryFollowing(
            platform="dingtalk",
            read=lambda: read_directory(dingtalk.api),
            syncing=Syncing(store=store, clock=clock),
            store=store,
            clock=clock,
            may_read=may_read,
        )
        found = Town(dingtalk=dingtalk, store=store, clock=clock, following=following)
        found.joins("lu", "陆闻笛")
        yield found
    await store.close()


async def test_many_events_are_one_sync_when_they_are_over(town: Town) -> None:
    await town.synced_by_hand()
    town.joins("jiang", "江晚舟")
    for _ in range(50):
        await town.following.note()
        town.clock.go(2)
        await town.following.run()
    assert await town.active() == {"陆闻笛"}

    town.clock.go(QUIET_S)
    for _ in range(3):
        await town.following.run()

    assert await town.active() == {"陆闻笛", "江晚舟"}
    assert await town.syncs() == 2


async def test_who_leaves_is_stopped(town: Town) -> None:
    town.joins("jiang", "江晚舟")
    await town.synced_by_hand()
    await town.following.note()
    town.clock.go(QUIET_S)
    await town.following.run()
    town.dingtalk.fake.directory.staff.pop()

    await town.following.note()
    town.clock.go(HOUR_S)
    await town.following.run()

    assert await town.active() == {"陆闻笛"}


async def test_a_restart_forgets_nothing_and_two_replicas_sync_once(town: Town) -> None:
    await town.synced_by_hand()
    town.joins("jiang", "江晚舟")
    await town.following.note()
    town.clock.go(QUIET_S)

    await town.again().run()
    await town.following.run()

    assert await town.active() == {"陆闻笛", "江晚舟"}
    assert await town.syncs() == 2


async def test_events_without_end_are_answered_all_the_same_and_not_more_than_hourly(
    town: Town,
) -> None:
    await town.synced_by_hand()
    for _ in range(4 * 60):
        await town.following.note()
        await town.following.run()
        town.clock.go(60)

    assert 3 <= await town.syncs() - 1 <= 4


async def test_what_changes_while_it_is_read_is_synced_later(town: Town) -> None:
    await town.synced_by_hand()
    await town.following.note()
    town.clock.go(QUIET_S)

    async def read_slowly() -> object:
        found = await read_directory(town.dingtalk.api)
        town.joins("jiang", "江晚舟")
        town.clock.go(1)
        await town.following.note()
        return found

    await replace(town.following, read=read_slowly).run()  # type: ignore[arg-type]
    assert await town.active() == {"陆闻笛"}

    town.clock.go(HOUR_S)
    await town.following.run()
    assert await town.active() == {"陆闻笛", "江晚舟"}


async def test_what_cannot_be_read_is_tried_again_and_not_at_once(town: Town) -> None:
    await town.synced_by_hand()
    town.joins("jiang", "江晚舟")
    town.dingtalk.fake.script[LIST].append("html")
    await town.following.note()
    town.clock.go(QUIET_S)

    await town.following.run()
    town.clock.go(60)
    await town.following.run()
    assert town.dingtalk.fake.calls[LIST] == 1
    assert await town.active() == {"陆闻笛"}

    town.clock.go(HOUR_S)
    await town.again().run()
    assert await town.active() == {"陆闻笛", "江晚舟"}


async def test_the_last_calls_of_the_month_are_for_people(town: Town) -> None:
    async def may_read() -> bool:
        return False

    await town.synced_by_hand()
    await town.following.note()
    town.clock.go(HOUR_S)
    await replace(town.following, may_read=may_read).run()
    assert town.dingtalk.fake.calls[LIST] == 0

    await town.following.run()
    assert town.dingtalk.fake.calls[LIST] == 1


async def test_who_never_synced_is_not_surprised(town: Town) -> None:
    await town.following.note()
    town.clock.go(HOUR_S)

    await town.following.run()

    assert await town.active() == set()
    assert town.dingtalk.fake.calls[LIST] == 0


async def test_a_directory_of_nobody_stops_nobody(town: Town) -> None:
    await town.synced_by_hand()
    town.dingtalk.fake.directory.staff.clear()
    await town.following.note()
    town.clock.go(QUIET_S)

    await town.following.run()

    assert await town.active() == {"陆闻笛"}
