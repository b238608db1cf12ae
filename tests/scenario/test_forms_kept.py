"""What people send with a form: kept with it, let go with it, and shown to nobody else."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from bot.assembled import App
from bot.demo.clock import DemoClock
from bot.errors import UsageError
from handlers.people.actions import operator
from handlers.records.form_state import Form, Place
from store import audit
from store.models import Blob, Delivery
from store.models_records import PendingForm, Record, RecordFile
from tests.integration.records.test_attachments import picture
from tests.scenario.drivers import WebDriver, on_the_page
from tests.scenario.test_form_page import given, looked, sent, words
from tests.scenario.test_forms_walked import ROSTER, Room
from tests.scenario.test_privacy import log
from tests.scenario.town import living

__all__ = ["log"]
SECRET = "玄鸟衔信投诉乙老师收礼"


@pytest.fixture
async def app(tmp_path: Path, log: io.StringIO) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        yield app


@pytest.fixture
async def room(app: App) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        yield Room(app, stack, on_the_page)


async def files_of(app: App) -> list[tuple[str, str, bool]]:
    rows = await app.store.read(lambda session: session.scalars(select(RecordFile)).all())
    return [(one.name, one.field, one.thumbnail is not None) for one in rows]


async def blobs_of(app: App) -> int:
    return await app.store.read(lambda session: session.scalar(select(func.count(Blob.hash)))) or 0


async def test_a_photo_sent_before_a_told_record_is_its_evidence(app: App, room: Room) -> None:
    await room.sends("关若谷", "现场.png", picture())
    await room.hears("关若谷", "先替您存着")
    told = "我们支部今天上午开了支部党员大会，应到3实到3，学习了新修订的条例"
    await room.says("关若谷", told, "应到 3")
    assert "附上刚发的 1 个文件" in await room.says("关若谷", "好", "已登记")
    assert await files_of(app) == [("现场.png", "photos", True)]

    await room.says("关若谷", told.replace("今天", "昨天"), "应到 3")
    assert "附上" not in await room.says("关若谷", "好", "已登记"), "it is used up"


async def test_a_photo_sent_before_a_form_answers_its_question(app: App, room: Room) -> None:
    await room.sends("关若谷", "承诺书.png", picture())
    await room.hears("关若谷", "先替您存着")
    await room.says("关若谷", "/填报 书记承诺书", "承诺事项")
    await room.says("关若谷", "带头讲党课", "签订日期")
    assert "《承诺书.png》" in await room.says("关若谷", "2026年3月1日", "签字件")
    await room.says("关若谷", "用刚发的", "都填好了")
    await room.says("关若谷", "提交", "编号 #")
    assert await files_of(app) == [("承诺书.png", "scan", True)]


async def test_a_form_that_is_given_up_takes_its_files_along(app: App, room: Room) -> None:
    for ends in ("放弃", "过期"):
        await room.says("关若谷", "/填报 书记承诺书", "承诺事项")
        await room.says("关若谷", "带头讲党课", "签订日期")
        await room.says("关若谷", "2026年3月1日", "签字件")
        driver = await room.driver("关若谷")
        assert isinstance(driver, WebDriver)
        address = await given(driver, "/填报 网页")
        await sent(driver, address, {}, [("f-scan", "甲.png", picture())], do="save")
        assert await blobs_of(app) == 2
        if ends == "放弃":
            await room.says("关若谷", "/填报 放弃", "已经放弃")
        else:
            clock = app.clock
            assert isinstance(clock, DemoClock)
            clock.go_to(clock() + timedelta(days=31))
            assert await app.recording.filling.forget_expired() > 0
        assert await blobs_of(app) == 0
    rows = await app.store.read(lambda session: session.scalars(select(PendingForm)).all())
    assert list(rows) == []


async def test_a_confidential_page_tells_nobody_but_those_who_deal_with_it(
    app: App, room: Room, log: io.StringIO
) -> None:
    driver = await room.driver("柏舟")
    assert isinstance(driver, WebDriver)
    await room.says("柏舟", "/填报 信访", "类别")
    address = await given(driver, "/填报 网页")
    assert "这一类是保密的" in words(await looked(driver, address))
    values = {"f-kind": "信访", "f-topic": SECRET, "f-received_on": "2026-09-01"}
    files = [("f-files", f"{SECRET}.txt", SECRET.encode())]
    assert "编号 #1" in words(await sent(driver, address, values, files))
    await room.hears("秦正", "等您办理")
    assert SECRET not in words(await looked(driver, address))

    replies = await app.store.read(lambda session: session.scalars(select(Delivery.reply)).all())
    assert [one for one in replies if SECRET in one] == []
    assert SECRET not in log.getvalue()
    assert address.removeprefix("/f/") not in log.getvalue()
    exported = await app.recording.reports.ledger(operator(), type_name=None, first=None, last=None)
    book = await asyncio.to_thread(load_workbook, io.BytesIO(exported))
    assert SECRET not in str([[cell.value for cell in row] for one in book for row in one.rows])
    type_ = app.recording.records.types.get("clue")
    assert type_ is not None
    with pytest.raises(UsageError, match="confidential"):
        await app.recording.routes.forms.windows.bundles.of(operator(), type_)
    entries = await app.store.read(
        lambda session: [f"{one.before}{one.after}" for one in audit.latest(session, limit=500)]
    )
    assert SECRET not in str(entries)


async def test_an_unnamed_opinion_has_no_name_in_a_report(app: App, room: Room) -> None:
    await room.fills("柏舟", "意见建议", ["食堂的汤凉", "不署名", "无"])
    record = await room.record("feedback")
    assert (record.member_id is not None, record.is_confidential) == (True, True)
    seen = await room.says("庄衡", f"/记录 {record.id}", "食堂的汤凉")
    assert "柏舟" not in seen
    assert "柏舟" not in await room.says("庄衡", "/记录 待办", "意见建议征集")


async def test_nothing_is_handed_in_twice_by_two_devices(app: App, room: Room) -> None:
    driver = await room.driver("柏舟")
    assert isinstance(driver, WebDriver)
    address = await given(driver, "/填报 问题整改")
    values = {
        "f-topic": "漏水", "f-measure": "修", "f-owner": "檀溪", "f-due_on": "2027-01-08",
    }  # fmt: skip
    pages = await asyncio.gather(*(sent(driver, address, values) for _ in range(6)))
    assert sorted(status for status, _ in pages)[0] == 200
    assert [status for status, _ in pages].count(200) == 1
    rows = await app.store.read(lambda session: session.scalars(select(Record)).all())
    assert len(rows) == 1


async def test_a_phone_is_given_no_address_that_only_this_machine_opens(app: App) -> None:
    links = app.recording.routes.forms.links
    type_ = app.recording.records.types.get("rectify")
    assert type_ is not None
    form = Form(type=type_, nonce="n")
    phone = Place(account="wecom:x", conversation="wecom.app:x")
    assert await links.offer(phone, form) is None
    public = replace(links, is_public=True, address=lambda path: f"https://school.example{path}")
    link = await public.offer(phone, form)
    assert link is not None
    assert link.url.startswith("https://school.example/f/")
