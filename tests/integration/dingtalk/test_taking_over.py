"""DingTalk's directory becomes the roster, beside WeCom's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.channels.base import Directory, Health
from bot.control import Exchange
from bot.directory_desk import DirectoryDesk
from bot.errors import ChannelUnavailable, ConfigError
from bot.messages import ChannelName
from handlers.people.actions import People, operator
from handlers.people.syncing import Syncing
from store import people
from store.engine import Store
from store.models import Account, Member
from tests.integration.dingtalk.sending_stage import Stage, stage


class Quiet(Exchange):
    """Nobody listens to the progress."""

    def __init__(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reader:
    """A channel as far as its directory goes."""

    stage: Stage
    name: ChannelName = ChannelName.DINGTALK

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def health(self) -> Health:
        return Health(is_ready=True)

    async def read_directory(self) -> Directory:
        return await self.stage.sender.read_directory()


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    dingtalk: Stage
    store: Store
    people: People

    async def sync(self, *, is_dry_run: bool = False) -> dict[str, JsonValue]:
        channels = {ChannelName.DINGTALK: Reader(self.dingtalk)}
        desk = DirectoryDesk(
            channels=channels, syncing=Syncing(store=self.store, clock=lambda: datetime.now(UTC))
        )
        done = await desk.operations()["roster.sync.dingtalk"]({"is_dry_run": is_dry_run}, Quiet())
        assert isinstance(done, dict)
        return done

    async def active(self) -> list[str]:
        query = select(Member.name).where(Member.is_active).order_by(Member.name)
        return list(await self.store.read(lambda session: session.scalars(query).all()))

    async def accounts_of(self, name: str) -> set[tuple[str, str]]:
        def query(session: Session) -> set[tuple[str, str]]:
            rows = session.scalars(
                select(Account)
                .join(Member, Member.id == Account.member_id)
                .where(Member.name == name, Account.platform != "web")
            )
            return {(one.platform, one.account) for one in rows}

        return await self.store.read(query)


@pytest.fixture
async def town(store: Store) -> AsyncIterator[Town]:
    async with stage() as dingtalk:
        directory = dingtalk.fake.directory
        directory.departments = [
            {"dept_id": 1, "name": "松涛县教育局"},
            {"dept_id": 7, "name": "松涛县第三小学", "parent_id": "1"},
        ]
        directory.staff = [
            {"userid": "lu", "name": "陆闻笛", "dept_id_list": [1]},
            {"userid": "jiang", "name": "江晚舟", "dept_id_list": [7]},
        ]
        now = datetime.now(UTC)
        yield Town(dingtalk=dingtalk, store=store, people=People(store, lambda: now))


async def test_the_directory_becomes_the_roster_once(town: Town) -> None:
    looked = await town.sync(is_dry_run=True)
    assert looked["added"] == ["陆闻笛", "江晚舟"]
    assert await town.active() == []

    await town.sync()
    again = await town.sync()
    assert (again["known"], again["added"]) == (2, [])
    assert (await town.people.named("江晚舟")).unit == "松涛县第三小学"


async def test_who_is_known_from_wecom_gets_a_second_account_and_no_double(town: Town) -> None:
    roster = "姓名,单位,企业微信账号\n江晚舟,松涛县教育局/松涛县第三小学,jiang-w\n"
    await town.people.import_roster(operator(), "a.csv", roster.encode())

    done = await town.sync()

    assert (done["linked"], done["added"]) == (["江晚舟"], ["陆闻笛"])
    assert await town.active() == ["江晚舟", "陆闻笛"]
    assert await town.accounts_of("江晚舟") == {("wecom", "jiang-w"), ("dingtalk", "jiang")}


async def test_who_left_dingtalk_and_is_still_in_wecom_stays_and_is_written_to_there(
    town: Town,
) -> None:
    roster = "姓名,单位,企业微信账号\n江晚舟,松涛县教育局/松涛县第三小学,jiang-w\n"
    await town.people.import_roster(operator(), "a.csv", roster.encode())
    await town.sync()
    town.dingtalk.fake.directory.staff.clear()
    town.dingtalk.fake.directory.staff.append(
        {"userid": "new", "name": "沈听雨", "dept_id_list": [1]}
    )

    done = await town.sync()

    assert (done["elsewhere"], done["left"]) == (["江晚舟"], ["陆闻笛"])
    assert await town.active() == ["江晚舟", "沈听雨"]
    assert await town.accounts_of("江晚舟") == {("wecom", "jiang-w")}


async def test_half_a_directory_changes_nothing(town: Town) -> None:
    await town.sync()
    town.dingtalk.fake.script["/topapi/v2/user/list"].extend(["html"])

    with pytest.raises(ChannelUnavailable):
        await town.sync()

    assert await town.active() == ["江晚舟", "陆闻笛"]


async def test_without_the_platform_the_way_to_it_is_told(town: Town) -> None:
    desk = DirectoryDesk(
        channels={}, syncing=Syncing(store=town.store, clock=lambda: datetime.now(UTC))
    )

    with pytest.raises(ConfigError) as caught:
        await desk.operations()["roster.sync.dingtalk"]({}, Quiet())

    assert "docs/dingtalk.md" in caught.value.reply
    assert await town.store.read(lambda session: people.units(session)) == []
