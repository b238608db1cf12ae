"""Whatever is entered, corrected and withdrawn: a report says what the store holds, no more."""

from __future__ import annotations

import asyncio
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.people.actions import operator
from handlers.records.type_files import load_record_types
from handlers.reports import cells, wording
from handlers.reports.actions import Form, Reports
from handlers.reports.counting import who_took_part
from handlers.reports.period import Period, month, year
from handlers.reports.views import Report
from store import people, records
from store.engine import Store
from store.models_records import RECORDED, WITHDRAWN, Record, RecordKind
from store.records import Entered, NewRecord
from tests.fakes.messages import NOW
from tests.integration.records.hall import ZONE

UNITS = (["县局"], ["县局", "一中"], ["县局", "一中", "支部"], ["县局", "二中"])
NAMES = ("甲一", "乙二", "丙三", "丁四", "戊五", "己六")
TYPES = ("theme_day", "san_hui_yi_ke", "talk", "quarterly_check", "clue")
BY = Entered(by=None, account="", channel="web", conversation="x", at=NOW)
PERIOD = month(2026, 9)

ENTRY = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(list(RecordKind)),
        "type": st.sampled_from(TYPES),
        "unit": st.integers(0, 3),
        "member": st.one_of(st.none(), st.integers(0, 5)),
        "day": st.integers(-20, 50),
        "expected": st.one_of(st.none(), st.integers(0, 9)),
        "present": st.one_of(st.none(), st.integers(0, 9)),
        "who": st.lists(st.sampled_from([*NAMES, "外人"]), max_size=3),
        "standing": st.sampled_from(["present", "late", "leave", "asked"]),
        "is_secret": st.booleans(),
    }
)
STEP = st.tuples(st.sampled_from(["correct", "withdraw"]), st.integers(0, 30), st.integers(-20, 50))


@settings(max_examples=25, deadline=None)
@given(entries=st.lists(ENTRY, max_size=12), steps=st.lists(STEP, max_size=6))
def test_a_report_is_what_the_store_holds(
    entries: list[dict[str, object]], steps: list[tuple[str, int, int]]
) -> None:
    async def play() -> None:
        with TemporaryDirectory() as folder:
            store = await Store.open(Path(folder))
            try:
                await store.write(lambda session: _enter(session, entries, steps))
                await _compare(store)
            finally:
                await store.close()

    asyncio.run(play())


def _enter(
    session: Session, entries: Sequence[Mapping[str, object]], steps: Sequence[tuple[str, int, int]]
) -> None:
    units = [people.unit_at(session, path) for path in UNITS]
    members = []
    for n, name in enumerate(NAMES):
        members.append(people.add_member(session, name=name, now=NOW).id)
        people.give_role(session, members[n], units[n % 4].id, "teacher")
    made = []
    for one in entries:
        fields = {key: one[key] for key in ("expected", "present", "who", "standing")
                  if one[key] is not None}  # fmt: skip
        at = one["member"]
        new = NewRecord(
            kind=RecordKind(str(one["kind"])), type=str(one["type"]),
            on=date(2026, 9, 1) + timedelta(days=int(str(one["day"]))),
            unit_id=units[int(str(one["unit"]))].id,
            member_id=None if at is None else members[int(str(at))], fields=fields,
            is_confidential=bool(one["is_secret"]) or one["type"] == "clue",
        )  # fmt: skip
        made.append(records.add(session, new, BY))
    for what, n, day in steps if made else ():
        record = records.newest(session, made[n % len(made)] or 0)
        assert record is not None
        is_counted = record.is_counted and what != "withdraw"
        records.follow(session, record, BY, state=RECORDED if is_counted else WITHDRAWN,
                       is_counted=is_counted,
                       on=date(2026, 9, 1) + timedelta(days=day))  # fmt: skip


async def _compare(store: Store) -> None:
    types = await asyncio.to_thread(load_record_types)
    reports = Reports(store=store, types=types, clock=lambda: NOW, zone=ZONE)
    report = await reports.report(operator(), "县局", PERIOD)
    rows = await store.read(_raw)

    assert {one.id for one in report.records} == {one.id for one in rows}
    assert report.activities == sum(one.kind == RecordKind.ACTIVITY for one in rows)
    assert report.forms == sum(one.kind == RecordKind.FORM for one in rows)
    assert sum(one.activities for one in report.types) == report.activities
    assert sum(one.forms for one in report.types) == report.forms
    by_type: dict[str, list[Record]] = defaultdict(list)
    for one in rows:
        by_type[one.type].append(one)
    assert {one.type_id: len(one.record_ids) for one in report.types} == {
        name: len(own) for name, own in by_type.items()
    }
    for unit in report.units:
        own = [one for one in rows if one.unit_id == unit.unit_id]
        both = [one.fields for one in own if one.kind == RecordKind.ACTIVITY
                and {"expected", "present"} <= one.fields.keys()]  # fmt: skip
        assert set(unit.record_ids) == {one.id for one in own}
        assert unit.expected == sum(int(str(one["expected"])) for one in both)
        assert unit.present == sum(int(str(one["present"])) for one in both)
        assert 0 <= unit.trained <= unit.members
    assert report.trained + len(report.missing) == report.members == len(NAMES)
    assert sum(one.trained for one in report.units) == report.trained
    whole = await reports.report(operator(), "县局", year(2026))
    for type_ in whole.types:
        assert sum(type_.months) == type_.activities + type_.forms
    alone = await reports.report(operator(), "二中", PERIOD)
    [other] = [one for one in report.units if one.name == "二中"]
    assert alone.activities == other.activities
    assert {one.id for one in alone.records} == set(other.record_ids)


def _raw(session: Session) -> list[Record]:
    """By the plain words of the promise, without the code that is tested."""
    everything = session.scalars(select(Record)).all()
    replaced = {one.replaces for one in everything}
    return [
        one
        for one in everything
        if one.id not in replaced
        and one.is_counted
        and not one.is_confidential
        and PERIOD.first <= one.on_date <= PERIOD.last
    ]


def _activity(**fields: object) -> Record:
    return Record(id=1, kind=RecordKind.ACTIVITY, unit_id=7, member_id=None, fields=fields)


@pytest.mark.parametrize(
    ("fields", "there"),
    [
        ({"expected": 3, "present": 3}, {1, 2, 3}),
        ({"expected": 3, "present": 2, "on_leave": ["乙"]}, {1, 3}),
        ({"expected": 3, "present": 1, "on_leave": ["乙"], "absent": ["丙"]}, {1}),
        ({"expected": 3, "present": 2}, set()),
        ({"expected": 4, "present": 4}, set()),
        ({"expected": 3, "present": 2, "on_leave": ["外人"]}, set()),
        ({"expected": 3, "present": 3, "on_leave": ["乙"]}, set()),
        ({"present": 3}, set()),
        ({"who": ["甲", "外人"]}, {1}),
    ],
)
def test_who_was_there_follows_only_where_the_figures_are_whole(
    fields: dict[str, object], there: set[int]
) -> None:
    homes, names = {1: 7, 2: 7, 3: 7, 4: 8}, {1: "甲", 2: "乙", 3: "丙", 4: "丁"}

    assert who_took_part([_activity(**fields)], homes, names) == {1: there}


@pytest.fixture
async def ranked(tmp_path: Path) -> Report:
    store = await Store.open(tmp_path)
    types = await asyncio.to_thread(load_record_types)
    entry = {"kind": "activity", "type": "theme_day", "unit": 1, "member": None, "day": 3,
             "expected": None, "present": None, "who": ["乙二"], "standing": "present",
             "is_secret": False}  # fmt: skip
    later = {**entry, "day": 40, "type": "talk", "unit": 3, "who": []}
    await store.write(lambda session: _enter(session, [entry, later], []))
    reports = Reports(store=store, types=types, clock=lambda: NOW, zone=ZONE, is_ranked=True)
    report = await reports.report(operator(), "县局", year(2026))
    await store.close()
    return report


async def test_units_are_ranked_and_equal_ones_share_a_place(ranked: Report) -> None:
    places = [(row[0], row[1]) for row in cells.ranking(ranked).rows]

    assert places[0] == (1, "一中")
    assert [place for place, _ in places] == [1, 2, 2, 2]
    assert "排名：1. 一中" in wording.short(ranked)


async def test_the_year_has_its_months_and_their_sum(ranked: Report) -> None:
    table = cells.by_month(ranked)

    assert len(table.header) == 14
    assert {row[0] for row in table.rows[:-1]} == {"主题党日", "谈心谈话"}
    assert table.rows[-1][0] == "合计"
    assert table.rows[-1][1:] == (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 2)


async def test_a_number_leads_to_its_records(ranked: Report) -> None:
    reports = Reports(store=None, types=None, clock=lambda: NOW, zone=ZONE)  # type: ignore[arg-type]
    content = await reports.made(ranked, Form.XLSX)
    book = await asyncio.to_thread(load_workbook, io.BytesIO(content))
    sheet = book["按类型"]
    ledger = book["明细"]
    links = [cell for cell in sheet["G"][1:] if cell.hyperlink is not None]

    assert len(links) == 2
    for cell in links:
        target = cell.hyperlink.location.rpartition("!")[2]
        assert f"#{ledger[target].value}" in cell.value
        assert cell.hyperlink.target is None, "nothing outside the workbook"
    said = wording.short(ranked)
    assert all(f"#{one.id}" in said for one in ranked.records)
    assert "/统计 县局 2026年 明细" in said
    assert "#1 09-04 主题党日" in wording.single(ranked)


@given(st.dates(date(2001, 1, 1), date(2090, 1, 1)), st.integers(0, 800))
def test_months_of_any_period_are_as_many_as_it_touches(first: date, days: int) -> None:
    period = Period(name="x", first=first, last=first + timedelta(days=days))
    touched = {(first + timedelta(days=n)).strftime("%Y-%m") for n in range(days + 1)}

    assert len(period.months) == (len(touched) if len(touched) <= 24 else 0)
    assert len(set(period.months)) == len(period.months)


async def test_on_paper_who_is_missing_stands_by_unit(ranked: Report) -> None:
    together = cells.missing_together(ranked)

    assert sum(int(str(row[1])) for row in together.rows) == len(ranked.missing)
    named = "、".join(str(row[2]) for row in together.rows).split("、")
    assert sorted(named) == sorted(one.name for one in ranked.missing)
    assert len({row[0] for row in together.rows}) == len(together.rows)
