"""Indicator trees: taken over whole, counted from the store, rated from above, proven by a file."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import PurePosixPath

import pytest
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import Role
from handlers.people.actions import operator
from handlers.reports import wording
from handlers.reports.actions import Reports
from handlers.reports.indicator_views import Standing, Way
from handlers.reports.indicators import Indicators
from handlers.reports.period import month, year
from handlers.reports.points import Points
from handlers.reports.proofs import Proofs
from store import audit, blobs, people, records
from store.models import Unit
from store.models_records import RECORDED, WITHDRAWN, Rating, Record, RecordKind
from store.models_tasks import Assignment, Occurrence, OccurrenceFile, OccurrenceState, Task
from store.records import Entered, NewFile, NewRecord
from tests.fakes.indicator_sheets import SMALL, Row, large, workbook
from tests.integration.records.hall import ZONE, Hall, furnish

SCHOOL, BRANCH, OTHER = "云溪县第二中学", "第一党支部", "云溪县实验小学"
TREE = "2026年支部考核指标"
MERGES = ("A1:F1", "A3:A4", "A5:A6")


@pytest.fixture
async def hall(store) -> Hall:  # type: ignore[no-untyped-def]
    return await furnish(store)


def indicators_of(hall: Hall) -> Indicators:
    return Indicators(store=hall.store, types=hall.types, clock=hall.clock, zone=ZONE)


def proofs_of(hall: Hall) -> Proofs:
    return Proofs(
        store=hall.store,
        types=hall.types,
        indicators=indicators_of(hall),
        clock=hall.clock,
        zone=ZONE,
    )


async def unit_id(hall: Hall, name: str) -> int:
    return await hall.store.read(
        lambda session: session.scalars(select(Unit.id).where(Unit.name == name)).one()
    )


async def entered(
    hall: Hall,
    type_: str,
    *,
    unit: str = BRANCH,
    on: date = date(2026, 9, 1),
    files: Sequence[tuple[str, bytes]] = (),
    is_confidential: bool = False,
    occurrence_id: int | None = None,
    topic: str = "学习",
) -> int:
    at = await unit_id(hall, unit)

    def work(session: Session) -> int:
        kept = [
            NewFile(name=name, blob=blobs.put(session, content, media_type="x", now=hall.clock()))
            for name, content in files
        ]
        new = NewRecord(kind=RecordKind.ACTIVITY, type=type_, on=on, unit_id=at,
                        fields={"topic": topic}, is_confidential=is_confidential,
                        occurrence_id=occurrence_id)  # fmt: skip
        by = Entered(by=None, account="", channel="web", conversation="x", at=hall.clock())
        record_id = records.add(session, new, by, kept)
        assert record_id is not None
        return record_id

    return await hall.store.write(work)


async def withdrawn(hall: Hall, record_id: int) -> None:
    by = Entered(by=None, account="", channel="web", conversation="x", at=hall.clock())

    def work(session: Session) -> None:
        newest = records.newest(session, record_id)
        assert newest is not None
        records.follow(session, newest, by, state=WITHDRAWN, is_counted=False)

    await hall.store.write(work)


def by_title(standing: Standing) -> dict[str, tuple[int | None, Way]]:
    return {one.title: (one.score, one.way) for one in standing.rows}


async def test_a_large_tree_is_offered_taken_over_and_counted(hall: Hall) -> None:
    indicators = indicators_of(hall)
    offer = await indicators.offer(operator(), "考核.xlsx", large())

    assert (offer.levels, offer.full, offer.errors) == ((6, 20, 70), 7000, ())
    assert (offer.first, offer.last) == (date(2026, 1, 1), date(2026, 12, 31))
    assert await indicators.trees(operator()) == []

    view = await indicators.take_over(operator(), "考核.xlsx", large())
    assert view.levels == (6, 20, 70)
    standing = await indicators.standing(operator(), "", SCHOOL)
    assert len(standing.missing) == 70
    assert (standing.total, standing.full_of_filled, standing.full) == (0, 0, 7000)
    assert {one.score for one in standing.rows} == {None}, "what is missing is no zero"
    assert await hall.store.read(audit.first_broken) is None


async def test_scores_are_counted_summed_and_taken_back(hall: Hall) -> None:
    indicators = indicators_of(hall)
    await indicators.take_over(operator(), "x.xlsx", workbook(SMALL, MERGES))
    for on in (date(2026, 9, 1), date(2026, 9, 2), date(2025, 12, 31)):
        last = await entered(hall, "theme_day", on=on)
    talk = await entered(hall, "talk")
    await entered(hall, "theme_day", unit=OTHER)
    standing = await indicators.standing(operator(), TREE, SCHOOL)
    rows = by_title(standing)

    assert rows["主题党日"] == (200, Way.COUNTED), "two of twelve, of twelve points"
    assert rows["一、组织生活"][0] == 200 + (rows["谈心谈话"][0] or 0)
    assert rows["二、作用发挥"] == (None, Way.SUMMED)
    assert {one.title for one in standing.missing} >= {"品牌建设", "群众评价"}
    [day] = [one for one in standing.rows if one.title == "主题党日"]
    assert day.count == len(day.record_ids) == 2
    assert last not in day.record_ids
    await withdrawn(hall, day.record_ids[0])
    again = await indicators.standing(operator(), TREE, SCHOOL)
    assert by_title(again)["主题党日"][0] == 100
    assert talk


async def test_only_somebody_above_rates_and_every_rating_stays(hall: Hall) -> None:
    indicators = indicators_of(hall)
    await indicators.take_over(operator(), "x.xlsx", workbook(SMALL, MERGES))
    school, county = await unit_id(hall, SCHOOL), await unit_id(hall, "云溪县教育局")

    def roles(session: Session) -> None:
        people.give_role(session, hall.ids["柏舟"], school, Role.SECRETARY)
        people.give_role(session, hall.ids["谷雨"], county, Role.GUIDANCE)

    await hall.store.write(roles)
    standing = await indicators.standing(operator(), TREE, SCHOOL)
    ids = {one.title: one.id for one in standing.rows}
    own, guide = await hall.who("柏舟"), await hall.who("谷雨")
    with pytest.raises(NotAllowed):
        await indicators.rate(own, ids["群众评价"], SCHOOL, 500)
    with pytest.raises(NotFound):
        await indicators.rate(await hall.who("路人"), ids["群众评价"], SCHOOL, 500)
    await indicators.rate(own, ids["群众评价"], BRANCH, 100)
    await indicators.rate(guide, ids["群众评价"], SCHOOL, 450, "测评好")
    view = await indicators.rate(guide, ids["群众评价"], SCHOOL, 400, "改正")
    assert [(one.score, one.note, one.by) for one in view.ratings] == [
        (450, "测评好", "谷雨"),
        (400, "改正", "谷雨"),
    ]
    for title, score in (("群众评价", 501), ("群众评价", -1), ("主题党日", 1), ("二、作用发挥", 1)):
        with pytest.raises(UsageError):
            await indicators.rate(operator(), ids[title], SCHOOL, score)
    after = await indicators.standing(guide, TREE, SCHOOL)
    assert by_title(after)["群众评价"][0] == 400
    assert after.total == 400
    assert (await indicators.standing(operator(), TREE, OTHER)).total == 0


async def test_a_new_edition_keeps_ratings_and_never_drops_one(hall: Hall) -> None:
    indicators = indicators_of(hall)
    await indicators.take_over(operator(), "x.xlsx", workbook(SMALL, MERGES))
    standing = await indicators.standing(operator(), TREE, SCHOOL)
    ids = {one.title: one.id for one in standing.rows}
    await indicators.rate(operator(), ids["群众评价"], SCHOOL, 500)
    more: list[Row] = [*SMALL[:3], SMALL[3], ("二、作用发挥", "群众评价", 6, "改了", None, None),
                       (None, "新的一项", 4, None, None, None)]  # fmt: skip
    await indicators.take_over(operator(), "x.xlsx", workbook(more))
    after = await indicators.standing(operator(), TREE, SCHOOL)
    assert [one.title for one in after.rows] == [
        "一、组织生活", "主题党日", "谈心谈话", "二、作用发挥", "群众评价", "新的一项",
    ]  # fmt: skip
    assert by_title(after)["群众评价"][0] == 500
    assert ids["群众评价"] in {one.id for one in after.rows}

    with pytest.raises(UsageError) as caught:
        await indicators.take_over(operator(), "x.xlsx", workbook(SMALL[:4]))
    assert "群众评价" in caught.value.reply
    again = await indicators.standing(operator(), TREE, SCHOOL)
    assert by_title(again) == by_title(after)
    ratings = await hall.store.read(lambda session: session.scalars(select(Rating)).all())
    assert len(ratings) == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("丙", "丁", 5, None, "没有这一类", 3), "没有这一类记录"),
        (("丙", "丁", 5, None, "信访线索核查", 3), "保密"),
        (("丙", "丁", 5, None, None, 3), "没写按哪类记录"),
        (("丙", "丁", 5, None, "主题党日", "很多"), "看不懂"),
    ],
)
async def test_one_bad_row_and_nothing_is_imported(hall: Hall, row: Row, words: str) -> None:
    indicators = indicators_of(hall)
    content = workbook([*SMALL, row])
    offer = await indicators.offer(operator(), "x.xlsx", content)

    assert any(words in one and "第 7 行" in one for one in offer.errors), offer.errors
    with pytest.raises(UsageError):
        await indicators.take_over(operator(), "x.xlsx", content)
    assert await indicators.trees(operator()) == []


async def test_who_may_neither_import_nor_look_does_neither(hall: Hall) -> None:
    indicators, teacher = indicators_of(hall), await hall.who("檀溪")
    with pytest.raises(NotAllowed):
        await indicators.take_over(teacher, "x.xlsx", workbook(SMALL, MERGES))
    await indicators.take_over(operator(), "x.xlsx", workbook(SMALL, MERGES))
    with pytest.raises(NotAllowed):
        await indicators.trees(teacher)
    secretary = await hall.who("关若谷")
    assert (await indicators.standing(secretary, "", "")).unit == BRANCH
    with pytest.raises(NotAllowed):
        await indicators.standing(secretary, "", OTHER)
    with pytest.raises(NotFound):
        await indicators.standing(secretary, "没有的", "")
    assert [one.unit for one in await indicators.comparison(operator(), "")] == [SCHOOL, OTHER]
    assert await indicators.comparison(secretary, "") == []


def _inside(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_an_indicator_s_proof_has_its_records_and_nothing_secret(hall: Hall) -> None:
    indicators, proofs = indicators_of(hall), proofs_of(hall)
    await indicators.take_over(operator(), "x.xlsx", workbook(SMALL, MERGES))
    hostile = "../../etc/=照片:一*?\u202egpj.exe"
    await entered(hall, "theme_day", files=[(hostile, b"one"), ("照片.jpg", b"two")], topic="=1+1")
    await entered(
        hall, "theme_day", is_confidential=True, topic="只有纪委能看", files=[("密.jpg", b"s")]
    )
    await entered(hall, "theme_day", unit=OTHER, topic="别的学校")
    standing = await indicators.standing(operator(), TREE, SCHOOL)
    [day] = [one for one in standing.rows if one.title == "主题党日"]
    secretary = await hall.who("关若谷")
    bundle = await proofs.of_indicator(secretary, day.id, BRANCH)
    files = await asyncio.to_thread(_inside, bundle.content)

    assert (bundle.records, bundle.files) == (1, 2)
    assert bundle.name.endswith("佐证材料.zip")
    assert set(files.values()) >= {b"one", b"two"}
    assert b"s" not in files.values()
    for name in files:
        assert ".." not in PurePosixPath(name).parts
        assert not set(name) & set('\\:*?"<>|\u202e')
    book = await asyncio.to_thread(load_workbook, io.BytesIO(files["清单.xlsx"]))
    words = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "=1+1" in words
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    assert not any("纪委" in one or "别的学校" in one for one in words)
    assert any("每月一次" in one for one in words)
    with pytest.raises(NotAllowed):
        await proofs.of_indicator(secretary, day.id, OTHER)
    assert await hall.store.read(audit.first_broken) is None


async def test_a_task_s_proof_has_its_clause_and_only_what_one_may_see(hall: Hall) -> None:
    proofs = proofs_of(hall)
    branch, other = await unit_id(hall, BRANCH), await unit_id(hall, OTHER)

    def give(session: Session) -> tuple[int, int, int]:
        now = hall.clock()
        task = Task(title="每月主题党日", kind="recurring", policy={}, milestones=[],
                    evidence_types=[], labels=[], created_at=now, document_title="党建要点",
                    locator="二、（一）", quote="每月开展一次主题党日。")  # fmt: skip
        session.add(task)
        session.flush()
        made = []
        for at in (branch, other):
            given = Assignment(task_id=task.id, assignee=f"unit:{at}", unit_id=at,
                               assigned_at=now, planned_until=now)  # fmt: skip
            session.add(given)
            session.flush()
            due = Occurrence(assignment_id=given.id, task_id=task.id, planned_at=now, due_at=now,
                             noticed_until=now, created_at=now, done_at=now,
                             state=OccurrenceState.DONE)  # fmt: skip
            session.add(due)
            session.flush()
            made.append(due.id)
        blob = blobs.put(session, b"a photo", media_type="image/jpeg", now=now)
        session.add(OccurrenceFile(occurrence_id=made[0], blob=blob, name="现场.jpg", at=now))
        return task.id, made[0], made[1]

    task_id, mine, theirs = await hall.store.write(give)
    await entered(hall, "theme_day", occurrence_id=mine, files=[("a.jpg", b"mine")])
    await entered(hall, "theme_day", unit=OTHER, occurrence_id=theirs, files=[("b.jpg", b"not")])
    bundle = await proofs.of_task(await hall.who("关若谷"), task_id)
    files = await asyncio.to_thread(_inside, bundle.content)

    assert set(files.values()) >= {b"mine", b"a photo"}
    assert b"not" not in files.values()
    whole = await proofs.of_task(operator(), task_id)
    assert (whole.records, whole.files) == (2, 3)
    book = await asyncio.to_thread(load_workbook, io.BytesIO(files["清单.xlsx"]))
    words = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "每月开展一次主题党日。" in words
    assert "《党建要点》二、（一）" in words
    with pytest.raises(NotAllowed):
        await proofs.of_task(await hall.who("外人"), task_id)

    reports = Reports(store=hall.store, types=hall.types, clock=hall.clock, zone=ZONE)
    mine_only = await reports.of_task(await hall.who("关若谷"), task_id)
    assert [(one.name, one.due, one.done) for one in mine_only.rows] == [(BRANCH, 1, 1)]
    everybody = await reports.of_task(operator(), task_id)
    assert {one.name for one in everybody.rows} == {BRANCH, OTHER}
    said = wording.task(everybody)
    assert "依据：《党建要点》二、（一）" in said
    assert "到期2项次，办结2项次，办结率100%" in said
    with pytest.raises(NotAllowed):
        await reports.of_task(await hall.who("外人"), task_id)
    with pytest.raises(NotFound):
        await proofs.of_task(operator(), 99_999)


async def test_points_are_the_ledger_s_sum_and_ranked_only_if_wished(hall: Hall) -> None:
    def work(session: Session) -> list[int]:
        unit = session.scalars(select(Unit.id).where(Unit.name == BRANCH)).one()
        by = Entered(by=None, account="", channel="web", conversation="x", at=hall.clock())
        made = []
        for name, hundredths in (("檀溪", 250), ("谷雨", 900), ("檀溪", 100)):
            new = NewRecord(
                kind=RecordKind.FORM, type="theme_day", on=date(2026, 9, 1), unit_id=unit,
                member_id=hall.ids[name], hundredths=hundredths,
            )  # fmt: skip
            record_id = records.add(session, new, by)
            assert record_id is not None
            made.append(record_id)
        record = session.get_one(Record, made[0])
        records.follow(session, record, by, state=WITHDRAWN, is_counted=False, hundredths=250)
        again = records.newest(session, made[2])
        assert again is not None
        records.follow(session, again, by, state=RECORDED, is_counted=True, hundredths=175)
        return made

    await hall.store.write(work)
    points = Points(store=hall.store, types=hall.types, clock=hall.clock, zone=ZONE)
    own = await points.own(await hall.who("檀溪"), year(2026))
    assert [one.hundredths for one in own.lines] == [250, 100, -250, 75]
    assert own.total == 175
    assert own.by_type == (("主题党日", 175),)
    assert (await points.own(await hall.who("檀溪"), month(2026, 8))).total == 0
    unit = await points.of_unit(await hall.who("关若谷"), BRANCH, year(2026))
    assert [one.name for one in unit.members] == sorted(one.name for one in unit.members)
    assert {one.name: one.hundredths for one in unit.members}["谷雨"] == 900
    ranked = Points(store=hall.store, types=hall.types, clock=hall.clock, zone=ZONE, is_ranked=True)
    best = await ranked.of_unit(operator(), BRANCH, year(2026))
    assert [one.name for one in best.members][:2] == ["谷雨", "檀溪"]
    with pytest.raises(NotAllowed):
        await points.of_unit(await hall.who("檀溪"), BRANCH, year(2026))
