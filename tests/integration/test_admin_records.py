"""Records on the admin page: who sees which, steps, pictures, the sheet, and ten thousand."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient
from openpyxl import load_workbook
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.errors import BotError
from bot.messages import ChannelName, Role, Sender
from handlers.access import Actor
from handlers.people.actions import operator
from handlers.records.browsing import LookedFor, Standing
from store import people
from store.models import AuditEntry, Delivery
from store.models_records import Record, RecordKind
from tests.fakes.filed import ON, file_record, photo
from tests.scenario.admin_driver import on_the_admin_page
from tests.scenario.town import living, settle_in

OFFICE, SCHOOL, OTHER = "云溪县教育局", "云溪县第二中学", "云溪县实验小学"
MOST_MS = 500


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


async def give(app: App, name: str, role: Role, unit: str) -> None:
    member = (await app.people.named(name)).member_id
    where = await app.store.read(lambda session: people.units_named(session, unit)[0].id)
    await app.keeping.roster.give(operator(), member, role, where)


async def may_open(app: App, actor: Actor, record_id: int) -> bool:
    try:
        await app.recording.browsing.line(actor, record_id)
    except BotError:
        return False
    return True


@pytest.mark.parametrize("unit", [OFFICE, SCHOOL])
@pytest.mark.parametrize(
    "role", [one for one in Role if one not in (Role.GUEST, Role.TEACHER, Role.PARTY_MEMBER)]
)
async def test_a_list_holds_just_what_may_be_opened(app: App, role: Role, unit: str) -> None:
    await give(app, "祁远山", role, unit)
    own, other = await app.people.named("祁远山"), await app.people.named("白映雪")
    every = []
    for type_ in app.recording.records.types:
        for where, who in ((SCHOOL, own), (OTHER, other), (OTHER, own), ("", None)):
            every.append(await file_record(app, type_.id, where, who))
    actor = await app.people.actor(await sender_of(app, "祁远山"))
    total, found = await app.recording.browsing.page(actor, LookedFor(), limit=10_000)
    listed = {one.id for one in found}
    assert total == len(listed)
    assert listed == {one for one in every if await may_open(app, actor, one)}
    assert listed
    waiting = await app.recording.browsing.waiting(actor)
    assert waiting >= min(1, len(await app.recording.records.waiting(actor)))


async def test_what_is_confidential_shows_to_its_keepers_only(app: App) -> None:
    await give(app, "祁远山", Role.ADMIN, OFFICE)
    await give(app, "白映雪", Role.DISCIPLINE, OFFICE)
    case = await file_record(
        app,
        "clue",
        SCHOOL,
        await app.people.named("宋见微"),
        fields={"topic": "反映食堂的事"},
        files=(await photo(app),),
    )
    async with on_the_admin_page(app, "祁远山") as page:
        assert "食堂的事" not in (await page.get("/admin/records")).text
        for path in ("", "/files/0", "/files/0/small"):
            assert (await page.get(f"/admin/records/{case}{path}")).status == 404
        checked = await page.post(f"/admin/records/{case}", {"step": "check"})
        assert checked.status == 404
    async with on_the_admin_page(app, "白映雪") as page:
        shown = (await page.get("/admin/records")).words
        assert "食堂的事" in shown
        assert "保密" in shown
        small = await page.get(f"/admin/records/{case}/files/0/small")
        assert small.status == 200
        assert small.headers["Content-Type"] == "image/jpeg"
        assert small.headers["Cache-Control"] == "no-store"
        whole = await page.get(f"/admin/records/{case}/files/0")
        assert whole.headers["Content-Disposition"].startswith("attachment")
        sheet = await sheet_of(page.client, "/admin/records/export")
        assert sheet == [], "nothing confidential leaves on a sheet"


async def test_who_does_not_sign_is_not_named(app: App) -> None:
    teacher = await app.people.named("祁远山")
    said = {"topic": "希望多开窗口", "is_named": "不署名"}
    number = await file_record(app, "feedback", SCHOOL, teacher, fields=said)
    async with on_the_admin_page(app, "宋见微") as page:
        assert "祁远山" not in (await page.get("/admin/records")).text
        shown = await page.get(f"/admin/records/{number}")
        assert "希望多开窗口" in shown.words
        assert "祁远山" not in shown.text
        answered = await page.does(
            f"/admin/records/{number}", {"step": "answer", "words": "下周加开"}
        )
        assert "已答复" in answered
        assert "宋见微" in answered
        assert "祁远山" not in answered


async def test_a_step_needs_its_reason_and_tells_who_handed_it_in(app: App) -> None:
    teacher = await app.people.named("祁远山")
    fields = {"title": "晨读课程"}
    number = await file_record(app, "project_apply", SCHOOL, teacher, fields=fields)
    await give(app, "白映雪", Role.GUIDANCE, OFFICE)
    async with on_the_admin_page(app, "白映雪") as page:
        assert "待审的填报" in (await page.get("/admin")).words
        assert "晨读课程" in (await page.get("/admin/records?state=turn")).words
        refused = await page.post(f"/admin/records/{number}", {"step": "return"})
        assert refused.status == 400
        assert "写明原因" in refused.words
        said = await page.does(f"/admin/records/{number}", {"step": "return", "words": "缺申报表"})
        assert "已退回" in said
        assert "缺申报表" in said
        for step in ("approve", "resubmit"):
            again = await page.post(f"/admin/records/{number}", {"step": step})
            assert again.status == 404, "to hand it in again is for who did so"
        assert "晨读课程" not in (await page.get("/admin/records?state=turn")).words
    told = await app.store.read(lambda s: s.scalars(select(Delivery.reply)).all())
    assert any("缺申报表" in one for one in told)
    deeds = await app.store.read(lambda s: s.scalars(select(AuditEntry.what)).all())
    assert "record.move" in deeds


async def test_a_record_is_withdrawn_after_a_yes_and_its_history_stays(app: App) -> None:
    number = await file_record(
        app, "theme_day", SCHOOL, fields={"topic": "植树"}, kind=RecordKind.ACTIVITY
    )
    async with on_the_admin_page(app, "宋见微") as page:
        path = f"/admin/records/{number}"
        asked = await page.post(path, {"withdraw": "yes", "words": "记重了"})
        assert "会影响 1 条记录" in asked.words
        assert "已撤回" not in (await page.get(path)).words
        said = await page.does(path, {"withdraw": "yes", "words": "记重了", "sure": "yes"})
        assert "已撤回" in said
        assert "记重了" in said
        assert "植树" in said
        assert "植树" in (await page.get("/admin/records?state=withdrawn")).words
        assert "植树" not in (await page.get("/admin/records?state=settled")).words


async def test_another_schools_record_is_neither_seen_nor_changed(app: App) -> None:
    await give(app, "祁远山", Role.ADMIN, SCHOOL)
    number = await file_record(app, "theme_day", OTHER, kind=RecordKind.ACTIVITY)
    async with on_the_admin_page(app, "祁远山") as page:
        assert "还没有记录" in (await page.get("/admin/records")).words
        assert (await page.get(f"/admin/records/{number}")).status == 404
        done = await page.post(f"/admin/records/{number}", {"withdraw": "yes", "sure": "yes"})
        assert done.status == 404
        assert await sheet_of(page.client, "/admin/records/export") == []


async def test_filters_and_the_sheet_agree(app: App) -> None:
    for n in range(3):
        await file_record(
            app,
            "theme_day",
            SCHOOL,
            fields={"topic": f"=1+{n}"},
            kind=RecordKind.ACTIVITY,
            on=ON.replace(day=n + 1),
        )
    await file_record(app, "org_life", OTHER, kind=RecordKind.ACTIVITY)
    async with on_the_admin_page(app, "宋见微") as page:
        for query, count in (
            ("", 4),
            ("type=theme_day", 3),
            ("from=2026-03-02", 3),
            ("to=2026-03-01", 1),
            ("kind=form", 0),
            ("state=settled", 4),
            ("state=open", 0),
        ):
            shown = (await page.get(f"/admin/records?{query}")).words
            assert (f"共 {count} 条" in shown) is bool(count), query
            rows = await sheet_of(page.client, f"/admin/records/export?{query}")
            assert len(rows) == count, query
        assert "=1+2" in str(await sheet_of(page.client, "/admin/records/export?type=theme_day"))
        wrong = await page.get("/admin/records?from=2026-03-02&to=2026-03-01")
        assert wrong.status == 400


async def test_ten_thousand_records_are_a_page_as_fast_as_ten(app: App) -> None:
    number = await file_record(app, "theme_day", SCHOOL, kind=RecordKind.ACTIVITY)

    def fill(session: Session) -> None:
        one = session.get_one(Record, number)
        columns = {c.key: getattr(one, c.key) for c in Record.__table__.columns}
        session.execute(
            insert(Record), [{**columns, "id": n, "key": None} for n in range(1000, 11_000)]
        )

    await app.store.write(fill)
    async with on_the_admin_page(app, "宋见微") as page:
        for path in ("?page=1", "?page=300", "?type=theme_day&from=2026-01-01", "?state=turn"):
            took_ms = await page.quickest_ms(f"/admin/records{path}")
            assert took_ms < MOST_MS, path
        assert "共 10001 条" in (await page.get("/admin/records")).words
    listed = await app.recording.browsing.page(
        operator(), LookedFor(standing=Standing.SETTLED), limit=5
    )
    assert listed[0] == 10_001
    assert len(listed[1]) == 5


async def sender_of(app: App, name: str) -> Sender:
    person = await app.people.named(name)
    return Sender(channel=ChannelName.WEB, account=person.web_account or "")


async def sheet_of(client: TestClient, path: str) -> list[tuple[object, ...]]:
    """The rows of a sheet, without its head."""
    async with client.get(path) as response:
        assert response.status == 200, await response.text()
        content = await response.read()
    sheet = (await asyncio.to_thread(load_workbook, io.BytesIO(content))).worksheets[0]
    return list(sheet.iter_rows(min_row=2, values_only=True))
