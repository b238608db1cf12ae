"""An inspection: indicators come as a sheet, are counted and rated, and proven by one file."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.messages import (
    Attachment,
    ChannelName,
    Conversation,
    IncomingMessage,
    MessageKind,
    Sender,
)
from bot.server import build_site
from handlers.people.actions import operator
from store import blobs
from store.models import Blob
from store.models_records import Indicator, Rating
from tests.fakes.indicator_sheets import SMALL, Row, workbook
from tests.fakes.messages import NOW
from tests.scenario.drivers import CHANNELS, Driver, Enter, on_the_page
from tests.scenario.test_checking_in import ROSTER
from tests.scenario.town import living

SHEET = workbook(SMALL, ("A1:F1", "A3:A4", "A5:A6"))
_numbers = count()


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        yield app


@pytest.fixture(params=CHANNELS.values(), ids=CHANNELS.keys())
def enter(request: pytest.FixtureRequest) -> Enter:
    found: Enter = request.param
    return found


async def says(driver: Driver, words: str) -> str:
    await driver.say(words)
    heard = await driver.heard()
    return f"{heard.text}\n{heard.card}"


async def sends(app: App, name: str, file: str, content: bytes) -> None:
    """Post a file on the page, which takes none itself: as a channel with files would."""
    person = await app.people.named(name)
    account = person.web_account or ""

    def keep(session: Session) -> str:
        return blobs.put(session, content, media_type="application/xlsx", now=NOW)

    await app.dispatcher.accept(
        IncomingMessage(
            channel=ChannelName.WEB,
            message_id=f"file-{next(_numbers)}",
            conversation=Conversation(channel=ChannelName.WEB, id=account),
            sender=Sender(channel=ChannelName.WEB, account=account),
            kind=MessageKind.MEDIA,
            attachments=(Attachment(name=file, media_type="x", blob=await app.store.write(keep)),),
            sent_at=NOW,
        )
    )


async def test_a_sheet_is_shown_confirmed_filled_and_proven(app: App, enter: Enter) -> None:
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(on_the_page(app, "严砚"))
        await sends(app, "严砚", "考核.xlsx", SHEET)
        offered = (await admin.heard()).card
        assert "导入指标《2026年支部考核指标》" in offered
        assert "一级 2 项、二级 4 项" in offered
        assert "满分 30 分" in offered
        assert await app.store.read(lambda session: session.scalars(select(Indicator)).all()) == []
        assert "已导入" in await says(admin, "确认")

        secretary = await stack.enter_async_context(enter(app, "关若谷"))
        await says(secretary, "/签到 开始 主题党日")
        await says(secretary, "到")
        await says(secretary, "/签到 结束")
        stood = await says(secretary, "/指标")
        assert "满分 30 分" in stood
        stood = await says(secretary, "/指标 二中第一党支部")
        assert "一、组织生活：1/20" in stood
        assert "没有按零分算" in stood
        number = re.search(r"(\d+) 群众评价（5 分，等评分）", stood)
        assert number is not None
        unit = "二中第一党支部"
        assert "上级" in await says(secretary, f"/指标 评 {number[1]} {unit} 5")
        rated = await says(admin, f"/指标 评 {number[1]} {unit} 4.5 测评良好")
        assert "4.5/5" in rated
        assert "测评良好" in rated
        assert "满分 5 分" in await says(admin, f"/指标 评 {number[1]} {unit} 99")

        counted = await says(secretary, f"/指标 {int(number[1]) - 4} {unit}")
        assert "按“主题党日”的记录：1 次，目标 12 次" in counted
        await secretary.say(f"/佐证 指标 {int(number[1]) - 4}")
        proof = await secretary.heard()
        assert [Path(name).suffix for name in proof.files] == [".zip"]
        found = await app.store.read(lambda session: session.scalars(select(Blob)).all())
        assert any(one.bytes.startswith(b"PK") and one.media_type == "application/zip"
                   for one in found)  # fmt: skip
        assert len(await app.store.read(lambda s: s.scalars(select(Rating)).all())) == 1
        await secretary.say("/指标 导出 二中第一党支部")
        assert (await secretary.heard()).files[0].endswith("得分.xlsx")


async def test_a_teacher_has_points_but_no_indicators(app: App, enter: Enter) -> None:
    async with enter(app, "柏舟") as teacher:
        assert "没有权限" in await says(teacher, "/指标")
        assert "没有权限" in await says(teacher, "/佐证 任务 1")
        assert "还没有设置积分" in await says(teacher, "/积分")


async def test_a_sheet_with_a_fault_or_of_another_kind_is_said_to_be_so(app: App) -> None:
    bad: list[Row] = [*SMALL, ("三、其他", "一项", "很多", None, None, None)]
    async with on_the_page(app, "严砚") as admin:
        await sends(app, "严砚", "考核.xlsx", workbook(bad))
        heard = await admin.heard()
        assert "有 1 处要改，一项也没有导入" in heard.text
        assert "第 7 行" in heard.text
        roster = workbook([("姓名", "单位"), ("新来的", "云溪县教育局")])
        await sends(app, "严砚", "花名册.xlsx", roster)
        assert "导入花名册" in (await admin.heard()).card


async def test_the_month_s_picture_is_shown_in_the_talk_itself(app: App) -> None:
    person = await app.people.named("关若谷")
    site = await asyncio.to_thread(build_site, app)
    async with TestClient(TestServer(site)) as client:
        account = person.web_account or ""
        async with client.get(f"/chat/events?as={account}") as events:
            body = {"id": "0123456789", "kind": "text", "text": "/月报 本月"}
            await client.post(f"/chat/messages?as={account}", json=body)
            bubble = ""
            async with asyncio.timeout(30):
                async for line in events.content:
                    bubble = line.decode()
                    if "<img" in bubble:
                        break
        shown = re.findall(r'<img src=\\"([^"\\]+)\\" alt=\\"([^"\\]+)\\"', bubble)
        assert [Path(name).suffix for _, name in shown] == [".png"], "the tables are no pictures"
        address = html.unescape(shown[0][0])
        async with client.get(address) as response:
            assert response.status == 200
            assert (await response.read()).startswith(b"\x89PNG")
            assert response.headers["Content-Disposition"].startswith("attachment")
