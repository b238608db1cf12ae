"""The log a page at a time, on both databases: by whom, what, when, and for whose eyes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from bot.errors import NotAllowed
from bot.messages import ChannelName, Sender
from handlers.access import Actor
from handlers.deeds import DEEDS, SUBJECTS, said
from handlers.journal import Journal
from handlers.people.actions import People, operator
from handlers.trail import LookedForDeeds, Trail
from store import audit, people
from store.engine import Store

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
SHEET = """姓名,单位,角色,企业微信账号
宋见微,县局,管理员,song
方砚秋,县局/二中,管理员,fang
祁远山,县局/二中,教师,qi
江临川,县局/二中,教师,jiang
江临川,县局/实小,教师,jiang
白映雪,县局/实小,教师,bai
"""


@pytest.fixture
async def people_of(store: Store) -> People:
    roster = People(store, lambda: NOW)
    await roster.import_roster(operator(), "花名册.csv", SHEET.encode())
    return roster


async def note(store: Store, who: str, what: str, *, days: int = 0, subject: str = "x") -> None:
    await store.write(
        lambda session: audit.record(
            session, who=who, what=what, subject=subject, now=NOW + timedelta(days=days)
        )
    )


async def actor(roster: People, account: str) -> Actor:
    return await roster.actor(Sender(channel=ChannelName.WECOM_APP, account=account))


async def deeds(
    store: Store,
    who: Actor,
    wanted: LookedForDeeds = LookedForDeeds(),  # noqa: B008
) -> list[tuple[str, str]]:
    total, found = await Trail(store, ZONE).page(who, wanted)
    assert total == len(found)
    return [(one.who, one.what) for one in found if one.what != "导入花名册"]


async def test_a_units_admin_reads_the_deeds_of_the_units_own(
    store: Store, people_of: People
) -> None:
    for account in ("song", "fang", "qi", "jiang", "bai", "nobody"):
        await note(store, f"wecom:{account}", "role.give")
    await note(store, "dingtalk:qi", "role.take")
    own = [("祁远山", "给角色"), ("方砚秋", "给角色")]
    assert await deeds(store, await actor(people_of, "fang")) == own
    assert len(await deeds(store, await actor(people_of, "song"))) == 7
    for account in ("qi", "nobody"):
        with pytest.raises(NotAllowed):
            await deeds(store, await actor(people_of, account))

    journal = Journal(store=store, people=people_of, zone=ZONE)
    entries = await journal.entries(await actor(people_of, "fang"))
    assert [one.who for one in entries] == ["wecom:qi", "wecom:fang"]
    assert await journal.entries(await actor(people_of, "fang"), "白映雪") == []


async def test_filters(store: Store, people_of: People) -> None:
    admin = await actor(people_of, "song")
    await note(store, "wecom:fang", "role.give", days=1)
    await note(store, "wecom:qi", "role.take", days=2)
    await note(store, "wecom:qi", "role.give", days=3)
    give, take = ("祁远山", "给角色"), ("祁远山", "去掉角色")
    assert await deeds(store, admin, LookedForDeeds(name="远山")) == [give, take]
    assert await deeds(store, admin, LookedForDeeds(name="%")) == []
    assert await deeds(store, admin, LookedForDeeds(name="远山", what="role.take")) == [take]
    day = date(2026, 9, 3)
    assert await deeds(store, admin, LookedForDeeds(since=day, until=day)) == [take]
    assert await deeds(store, admin, LookedForDeeds(since=day)) == [give, take]
    first = LookedForDeeds(until=date(2026, 9, 2))
    assert await deeds(store, admin, first) == [("方砚秋", "给角色")]


async def test_pages_follow_each_other(store: Store, people_of: People) -> None:
    admin, trail = await actor(people_of, "song"), Trail(store, ZONE)
    for n in range(7):
        await note(store, "wecom:qi", "role.give", subject=f"group:{n}")
    wanted, seen = LookedForDeeds(what="role.give"), []
    for offset in (0, 3, 6):
        total, found = await trail.page(admin, wanted, offset=offset, limit=3)
        assert total == 7
        seen += [one.subject for one in found]
    assert seen == [f"片区 {n}" for n in range(6, -1, -1)]


async def test_what_it_was_done_to_is_named(store: Store, people_of: People) -> None:
    admin = await actor(people_of, "song")

    def who(session: Session) -> int:
        return people.members_named(session, "祁远山")[0].id

    member = await store.read(who)
    await note(store, "wecom:song", "role.give", subject=f"member:{member}")
    await note(store, "wecom:song", "role.give", subject="member:999")
    await note(store, "wecom:song", "role.give", subject="document:gone")
    await note(store, "console:operator", "role.give", subject="roster")
    _, found = await Trail(store, ZONE).page(admin, LookedForDeeds(what="role.give"))
    assert [(one.who, one.subject) for one in found] == [
        ("本机操作员", "花名册"),
        ("宋见微", "文件 gone"),
        ("宋见微", "成员 999"),
        ("宋见微", "成员 祁远山"),
    ]


def test_every_deed_and_subject_has_its_words() -> None:
    root = Path(__file__).parents[3]
    texts = [
        file.read_text("utf-8")
        for part in ("bot", "handlers", "store")
        for file in (root / part).rglob("*.py")
    ]
    whats = {found for text in texts for found in re.findall(r'what="([a-z_]+\.[a-z_]+)"', text)}
    kinds = {found for text in texts for found in re.findall(r'subject=f?"([a-z_]+)[":]', text)}
    assert len(whats) > 10
    assert whats - DEEDS.keys() == set()
    assert kinds - SUBJECTS.keys() - {"occurrence"} == set()


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (None, ""),
        ("retired", "已停用"),
        ("12 records", "12 条记录"),
        ("12 records, 3 files", "12 条记录，3 个文件"),
        ("张三 19900001234", "张三 199****1234"),
    ],
)
def test_what_was_before_and_after_reads_well(kept: str | None, words: str) -> None:
    assert said(kept) == words
