"""Each night a backup, a few kept; whoever runs the whole hears once when something runs short."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.messages import ChannelName
from bot.metering import Meter
from handlers.backups.actions import Backups
from handlers.backups.nightly import Nightly, Plan
from handlers.backups.shortage import Quota, Shortage
from handlers.backups.warnings import Warnings
from handlers.posting import Post
from store import people
from store.archive import check
from store.engine import Store
from store.models import Delivery
from store.quotas import CALLS, INBOUND
from tests.fakes.clock import FakeClock

ZONE = ZoneInfo("Asia/Shanghai")
DAY_S = 24 * 3600.0
EVENING = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Office:
    """The store, a bureau with two admins, a school with one, and a clock."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder, self.clock = store, folder, FakeClock(EVENING)
        self.shelf = folder / "shelf"
        self.warnings = Warnings(
            store=store, post=Post(channels=[ChannelName.WEB]), clock=self.clock, zone=ZONE
        )

    def nightly(self, *, kept: int = 3, shelf: Path | None = None) -> Nightly:
        backups = Backups(store=self.store, folder=self.folder, clock=self.clock)
        plan = Plan(at=time(2, 30), folder=shelf or self.shelf, kept=kept)
        return Nightly(
            backups=backups, warnings=self.warnings, plan=plan, clock=self.clock, zone=ZONE
        )

    async def on_the_shelf(self) -> list[str]:
        return await asyncio.to_thread(lambda: sorted(one.name for one in self.shelf.iterdir()))

    async def told(self) -> list[tuple[str, str]]:
        """Who was told what."""

        def query(session: Session) -> list[tuple[str, str]]:
            rows = session.scalars(select(Delivery).order_by(Delivery.id))
            return [(row.conversation, row.reply) for row in rows]

        return await self.store.read(query)


@pytest.fixture
async def office(store: Store, tmp_path: Path) -> Office:
    def furnish(session: Session) -> None:
        for account, path, role in (
            ("chief", ["县局"], "admin"), ("deputy", ["县局"], "admin"),
            ("head", ["县局", "一中"], "admin"), ("teacher", ["县局"], "teacher"),
        ):  # fmt: skip
            member = people.add_member(session, name=account, now=EVENING)
            people.give_role(session, member.id, people.unit_at(session, path).id, role)
            people.link(session, "web", account, member.id)

    await store.write(furnish)
    return Office(store, tmp_path / "data")


async def test_one_a_night_and_the_newest_are_kept(office: Office) -> None:
    nightly = office.nightly(kept=3)
    assert await nightly.run() is None, "the first night is still to come"

    made = []
    for _ in range(5):
        office.clock.go(DAY_S)
        first, again = await nightly.run(), await nightly.run()
        assert first is not None
        assert again is None
        made.append(first.file.name)
    await asyncio.to_thread((office.shelf / "own notes.txt").touch)

    assert made[-1] == "yaodian-20260307-200000.zip"
    assert await office.on_the_shelf() == ["own notes.txt", *made[-3:]]
    manifest = await asyncio.to_thread(check, office.shelf / made[-1])
    assert manifest.rows["member"] == 4
    assert await office.told() == []


async def test_it_is_made_at_its_hour_and_made_up_for_after_a_night_off(office: Office) -> None:
    nightly = office.nightly()
    await nightly.run()
    office.clock.now = datetime(2026, 3, 2, 18, 29, tzinfo=UTC)
    assert await nightly.run() is None
    office.clock.now = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
    assert await nightly.run() is not None

    office.clock.now = datetime(2026, 3, 5, 0, 10, tzinfo=UTC)
    assert await office.nightly().run() is not None, "after a restart, in the morning"
    assert await office.nightly().run() is None


async def test_none_are_made_where_none_are_wanted(office: Office) -> None:
    nightly = office.nightly(kept=0)
    await nightly.run()
    office.clock.go(3 * DAY_S)

    assert await nightly.run() is None
    assert not await asyncio.to_thread(office.shelf.exists)


async def test_two_replicas_make_one(office: Office) -> None:
    here, there = office.nightly(), office.nightly()
    await here.run()
    office.clock.go(DAY_S)

    made = await asyncio.gather(here.run(), there.run())

    assert len([one for one in made if one is not None]) == 1
    assert len(await office.on_the_shelf()) == 1


async def test_a_failure_is_told_once_a_day_and_tried_again_in_an_hour(office: Office) -> None:
    blocked = office.folder.parent / "a file"
    await asyncio.to_thread(blocked.write_text, "no folder")
    nightly = office.nightly(shelf=blocked / "shelf")
    await nightly.run()
    office.clock.go(DAY_S)

    for _ in range(3):
        assert await nightly.run() is None
        office.clock.go(1800)
    told = await office.told()
    assert sorted(who for who, _ in told) == ["chief", "deputy"]
    assert "自动备份没有做成" in told[0][1]
    office.clock.go(DAY_S)
    await nightly.run()
    assert len(await office.told()) == 4


async def test_a_full_disk_is_told_once_a_day_to_those_who_run_the_whole(office: Office) -> None:
    await asyncio.to_thread(office.folder.mkdir, exist_ok=True)
    enough = Shortage(folder=office.folder, least_free_bytes=0, warnings=office.warnings)
    await enough.run()
    assert await office.told() == []

    short = Shortage(folder=office.folder, least_free_bytes=2**62, warnings=office.warnings)
    for _ in range(4):
        await short.run()
        office.clock.go(1800)
    told = await office.told()
    assert sorted(who for who, _ in told) == ["chief", "deputy"]
    assert "磁盘快满了" in told[0][1]
    assert "请尽快清理" in told[0][1]
    office.clock.go(DAY_S)
    await short.run()
    assert len(await office.told()) == 4


async def test_each_quota_warns_from_four_fifths_on(office: Office) -> None:
    await asyncio.to_thread(office.folder.mkdir, exist_ok=True)
    used = {"calls": 3999, "inbound": 100}

    async def quotas() -> Sequence[Quota]:
        return [Quota(key=key, name=f"本月{key}", used=n, limit=5000) for key, n in used.items()]

    shortage = Shortage(
        folder=office.folder, least_free_bytes=0, warnings=office.warnings, quotas=quotas
    )
    await shortage.run()
    assert await office.told() == []
    used["calls"] = 4000
    await shortage.run()
    await shortage.run()
    used["inbound"] = 5001
    await shortage.run()

    told = [text for who, text in await office.told() if who == "chief"]
    assert len(told) == 2
    assert "本月calls已用 4000/5000，只剩 1000" in told[0]
    assert "本月inbound已用 5001/5000，只剩 0" in told[1]


async def test_a_months_quota_is_told_when_it_is_low_and_when_it_is_out_once_each(
    office: Office,
) -> None:
    await asyncio.to_thread(office.folder.mkdir, exist_ok=True)
    meter = Meter(
        store=office.store,
        channel=ChannelName.DINGTALK,
        name="钉钉",
        limits={CALLS: 50, INBOUND: 30},
        clock=office.clock,
    )
    shortage = Shortage(
        folder=office.folder, least_free_bytes=0, warnings=office.warnings, quotas=meter.quotas
    )
    for _ in range(60):
        await meter.count(CALLS)
        await shortage.run()
        office.clock.go(DAY_S / 10)

    told = [text for who, text in await office.told() if who == "chief"]
    assert len(told) == 2, "though days went by"
    assert "钉钉本月接口调用已用 40/50，只剩 10" in told[0]
    assert "只剩 0" in told[1]
    assert "升级专业版" in told[1]
