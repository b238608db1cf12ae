"""Counts equal the store; files open clean; points add up; erasing somebody keeps the counts."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from handlers.people.actions import operator
from handlers.records.answers import Said, Word
from handlers.records.erasing import Erasing
from handlers.records.personal import Personal
from handlers.reports.actions import Form, Reports
from handlers.reports.period import month, read_period, usual_month, usual_year
from handlers.reports.views import Report
from handlers.reports.xlsx import ledger_workbook
from store import records, scores
from store.engine import Store
from store.models import Delivery, InboxMessage, Member, Unit
from store.models_records import (
    RECORDED,
    WITHDRAWN,
    Record,
    RecordKind,
    RollCall,
    RollCallMember,
)
from store.records import Entered, NewRecord, Wanted
from tests.fakes.messages import NOW
from tests.integration.records.hall import GROUP, Hall, furnish

SEPTEMBER = month(2026, 9)
BAD = ("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "＝cmd", "正常\x0b的", '=HYPERLINK("x")')


@pytest.fixture
async def hall(store: Store) -> Hall:
    return await furnish(store, {"theme_day": 2.5})


def reports_of(hall: Hall) -> Reports:
    book = hall.roll_calls.book
    return Reports(store=hall.store, types=hall.types, clock=hall.clock, zone=book.zone)


async def meet(hall: Hall) -> None:
    """Three are there, one of them late, one is excused, one is missing."""
    view = await hall.open()
    for name, said in (
        ("关若谷", Said(word=Word.PRESENT)),
        ("柏舟", Said(word=Word.LATE, minutes=5)),
        ("檀溪", Said(word=Word.PRESENT)),
        ("桑榆晚", Said(word=Word.LEAVE, reason="外出听课")),
    ):
        await hall.roll_calls.answer(await hall.who(name), said, GROUP)
    await hall.roll_calls.close(await hall.who("关若谷"), view.id, GROUP)


async def count(hall: Hall, wanted: Wanted) -> int:
    return await hall.store.read(lambda session: records.count(session, wanted))


async def test_every_number_is_the_store_s(hall: Hall) -> None:
    await meet(hall)
    report = await reports_of(hall).report(operator(), "云溪县教育局", SEPTEMBER)

    assert report.activities == await count(hall, Wanted(kinds=[RecordKind.ACTIVITY])) == 1
    [row] = report.types
    assert (row.name, row.activities, row.attendances, row.people) == ("主题党日", 1, 3, 3)
    assert len(row.record_ids) == await count(hall, Wanted(types=["theme_day"])) == 5
    [branch] = [one for one in report.units if one.name == "第一党支部"]
    assert (branch.members, branch.expected, branch.present, branch.trained) == (5, 5, 3, 3)
    assert {one.name for one in report.missing} == {"桑榆晚", "谷雨", "路人"}
    assert report.trained + len(report.missing) == report.members


async def test_what_is_confidential_is_in_no_report_and_no_export(hall: Hall) -> None:
    entered = Entered(by=None, account="", channel="web", conversation="m1", at=hall.clock())
    new = NewRecord(
        kind=RecordKind.FORM,
        type="clue",
        on=date(2026, 9, 1),
        unit_id=1,
        fields={"topic": "只有纪委能看的内容"},
        is_confidential=True,
    )
    await hall.store.write(lambda session: records.add(session, new, entered))
    reports = reports_of(hall)
    report = await reports.report(operator(), "云溪县教育局", SEPTEMBER)
    assert report.records == ()
    content = await reports.ledger(operator(), type_name=None, first=None, last=None)
    assert "纪委".encode() not in b"".join(_parts(content))


async def test_files_open_clean_and_nothing_in_them_is_a_formula(hall: Hall) -> None:
    from docx import Document
    from openpyxl import load_workbook

    await meet(hall)
    entered = Entered(by=None, account="", channel="web", conversation="m1", at=hall.clock())

    def spoil(session):  # type: ignore[no-untyped-def]
        for n, words in enumerate(BAD):
            new = NewRecord(kind=RecordKind.ACTIVITY, type="theme_day", on=date(2026, 9, 2),
                            unit_id=1, fields={"topic": words, "place": words})  # fmt: skip
            records.add(session, new, entered)
            session.get_one(Member, hall.ids["谷雨"]).name = f"=谷雨{n}"

    await hall.store.write(spoil)
    reports = reports_of(hall)
    report = await reports.report(operator(), "云溪县教育局", SEPTEMBER)
    for content in (
        await reports.made(report, Form.XLSX),
        await asyncio.to_thread(ledger_workbook, report),
    ):
        workbook = await asyncio.to_thread(load_workbook, io.BytesIO(content))
        for sheet in workbook.worksheets:
            assert sheet.freeze_panes == "A2"
            assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
        days = [cell for cell in workbook.worksheets[-1]["B"][1:] if cell.value]
        assert days
        assert all(cell.is_date for cell in days)
        assert b"<f>" not in b"".join(_parts(content))
    picture = await reports.made(report, Form.PNG)
    assert picture.startswith(b"\x89PNG")
    document = await asyncio.to_thread(Document, io.BytesIO(await reports.made(report, Form.DOCX)))
    assert len(document.tables) >= 3
    assert any("第一党支部" in cell.text for row in document.tables[1].rows for cell in row.cells)


def _parts(content: bytes) -> Sequence[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]


async def test_an_erased_person_is_nowhere_and_the_counts_stay(hall: Hall) -> None:
    await meet(hall)
    reports = reports_of(hall)
    before = await reports.report(operator(), "第一党支部", SEPTEMBER)
    personal = Personal(store=hall.store, clock=hall.clock)
    content = await personal.export(await hall.who("檀溪"), hall.ids["檀溪"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        own = json.loads(archive.read("原始数据/记录.json"))
    assert [one["type"] for one in own] == ["theme_day"]

    erasing = Erasing(store=hall.store, clock=hall.clock)
    await erasing.erase(operator(), hall.ids["桑榆晚"])
    after = await reports.report(operator(), "第一党支部", SEPTEMBER)
    assert _figures(after) == _figures(before)

    def texts(session):  # type: ignore[no-untyped-def]
        found = [str(one.fields) + one.entered_account for one in session.scalars(select(Record))]
        found += [one.reply for one in session.scalars(select(Delivery))]
        found += [one.body for one in session.scalars(select(InboxMessage))]
        return found + [one.name for one in session.scalars(select(Member))]

    everything = "\n".join(await hall.store.read(texts))
    assert "桑榆晚" not in everything
    assert "外出听课" not in everything
    assert "檀溪" in everything


def _figures(report: Report) -> tuple[object, ...]:
    [row] = report.types
    return (report.activities, row.activities, row.attendances, row.people)


async def test_points_go_to_who_was_there_and_back_when_withdrawn(hall: Hall) -> None:
    await meet(hall)
    first, last = SEPTEMBER.first, SEPTEMBER.last

    def totals(session):  # type: ignore[no-untyped-def]
        return scores.totals(session, first_day=first, last_day=last)

    assert await hall.store.read(totals) == {
        hall.ids["关若谷"]: 250, hall.ids["柏舟"]: 250, hall.ids["檀溪"]: 250,
    }  # fmt: skip


STEPS = st.lists(
    st.tuples(st.sampled_from(["correct", "withdraw", "again"]), st.integers(0, 2)), max_size=12
)


@settings(max_examples=15, deadline=None)
@given(steps=STEPS, values=st.lists(st.integers(0, 900), min_size=3, max_size=3))
def test_the_total_is_the_sum_of_what_counts(
    steps: list[tuple[str, int]], values: list[int]
) -> None:
    async def play() -> None:
        with TemporaryDirectory() as folder:
            store = await Store.open(Path(folder))
            try:
                await store.write(lambda session: _play(session, steps, values))
            finally:
                await store.close()

    asyncio.run(play())


def _play(session, steps, values):  # type: ignore[no-untyped-def]
    from store import people

    unit = people.unit_at(session, ["镇"])
    member = people.add_member(session, name="甲乙", now=NOW)
    entered = Entered(by=None, account="", channel="web", conversation="x", at=NOW)
    lines = [
        records.add(
            session,
            NewRecord(kind=RecordKind.FORM, type="t", on=date(2026, 9, 1), unit_id=unit.id,
                      member_id=member.id, hundredths=value),
            entered,
        )
        for value in values
    ]  # fmt: skip
    for what, n in steps:
        record = records.newest(session, lines[n])
        is_counted = what != "withdraw"
        state = RECORDED if is_counted else WITHDRAWN
        after = records.follow(session, record, entered, state=state, is_counted=is_counted,
                               hundredths=values[n])  # fmt: skip
        assert after is not None
        assert records.follow(session, record, entered, state=state, is_counted=True) is None
    expected = sum(
        value
        for line, value in zip(lines, values, strict=True)
        if records.newest(session, line).is_counted
    )
    found = scores.totals(session, first_day=date(2026, 1, 1), last_day=date(2026, 12, 31))
    ledger = sum(one.hundredths for one in scores.ledger(session, member_id=member.id))
    assert found.get(member.id, 0) == ledger == expected
    newest = records.find(session, Wanted(is_counted=None))
    assert len(newest) == len(values)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("2026年9月", "2026年9月"),
        ("９月", "2026年9月"),
        ("十二月", "2025年12月"),
        ("上月", "2026年8月"),
        ("2026-03", "2026年3月"),
        ("第三季度", "2026年第三季度"),
        ("去年", "2025年"),
        ("2026年上半年", "2026年上半年"),
        ("2026年", "2026年"),
    ],
)
def test_periods_are_read(words: str, name: str) -> None:
    found = read_period(words, date(2026, 9, 20))
    assert found is not None
    assert found.name == name


@given(st.text(max_size=30))
def test_any_words_are_a_period_or_none(words: str) -> None:
    found = read_period(words, date(2026, 9, 20))
    assert found is None or found.first <= found.last


def test_january_reports_the_year_before() -> None:
    assert usual_year(date(2027, 1, 15)).name == "2026年"
    assert usual_month(date(2027, 1, 5)).name == "2026年12月"
    assert usual_month(date(2027, 1, 15)).name == "2027年1月"


async def test_retention_takes_out_whole_lines(hall: Hall) -> None:
    await meet(hall)
    erasing = Erasing(store=hall.store, clock=hall.clock)
    assert await erasing.expire({"theme_day": 30}, date(2026, 9, 20)) == 0
    assert await erasing.expire({"theme_day": 30}, date(2026, 11, 20)) == 5
    left = await hall.store.read(
        lambda session: session.scalar(select(func.count()).select_from(Record))
    )
    assert left == 0
    lists = await hall.store.read(
        lambda session: session.scalars(select(RollCallMember.name)).all()
    )
    assert lists == [], "who was on the list goes with what it was for"
    assert await hall.store.read(lambda session: session.scalars(select(RollCall)).all()) == []


async def test_more_lines_than_a_statement_holds_can_expire_and_be_counted(hall: Hall) -> None:
    def fill(session):  # type: ignore[no-untyped-def]
        unit_id = session.scalars(select(Unit.id)).first()
        rows = [
            {"kind": "form", "type": "theme_day", "state": RECORDED, "is_counted": True,
             "unit_id": unit_id, "on_date": date(2020, 1, 1), "fields": {},
             "is_confidential": False, "entered_at": NOW}
            for _ in range(33_500)
        ]  # fmt: skip
        session.execute(insert(Record), rows)

    await hall.store.write(fill)
    ids = range(1, 40_000)
    found = await hall.store.read(lambda session: records.find(session, Wanted(occurrence_ids=ids)))
    assert found == []
    erasing = Erasing(store=hall.store, clock=hall.clock)
    assert await erasing.expire({"theme_day": 30}, date(2026, 9, 20)) == 33_500
