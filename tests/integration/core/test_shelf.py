"""Documents a page at a time, found by words and by where they stand; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from store import documents, people, shelf
from store.engine import Store
from store.models import DocumentStatus

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TODAY = date(2026, 9, 1)
ALL = shelf.SoughtDocuments(units=None, today=TODAY)


def put(
    session: Session,
    document_id: str,
    title: str,
    *,
    file: str = "",
    minutes: int = 0,
    number: str | None = None,
    issuer: str | None = None,
    expires_on: date | None = None,
    visible_to: int | None = None,
) -> None:
    documents.add(
        session,
        document_id=document_id,
        file=file or f"{document_id}.txt",
        title=title,
        details={"document_number": number, "issuer": issuer, "passages": 3},
        body="{}",
        blob=None,
        now=NOW + timedelta(minutes=minutes),
        expires_on=expires_on,
        visible_to=visible_to,
    )


@pytest.fixture
async def units(store: Store) -> tuple[int, int]:
    """A county and its school."""

    def work(session: Session) -> tuple[int, int]:
        county = people.unit_at(session, ["县局"]).id
        school = people.unit_at(session, ["县局", "二中"]).id
        put(session, "a", "阅读工作方案", number="云教〔2026〕3号", issuer="云溪县教育局")
        put(session, "b", "旧的工作要点", minutes=1)
        put(session, "c", "新的工作要点", minutes=2)
        documents.set_status(session, "b", DocumentStatus.SUPERSEDED, by="c")
        put(session, "d", "暂行规定", minutes=3, expires_on=date(2026, 8, 31))
        put(session, "e", "停用的", minutes=4)
        documents.set_status(session, "e", DocumentStatus.RETIRED)
        put(session, "f", "名单", minutes=5, file="名单.xlsx")
        put(session, "g", "名单（改）", minutes=6, file="名单.xlsx")
        put(session, "h", "二中100%方案", minutes=7, visible_to=school)
        put(session, "i", "局机关值班表", minutes=8, visible_to=county)
        return county, school

    return await store.write(work)


async def listed(store: Store, wanted: shelf.SoughtDocuments) -> str:
    total, found = await store.read(lambda session: shelf.sought(session, wanted))
    assert total == len(found)
    return "".join(one.id for one in found)


@pytest.mark.parametrize(
    ("status", "ids"),
    [
        ("", "ihgdcba"),
        ("in_force", "ihgca"),
        ("superseded", "b"),
        ("expired", "d"),
        ("retired", "e"),
        ("replaced", "f"),
    ],
)
async def test_each_status_has_its_own(
    store: Store, units: tuple[int, int], status: str, ids: str
) -> None:
    wanted = replace(ALL, status=status)
    assert await listed(store, wanted) == ids
    _, found = await store.read(lambda session: shelf.sought(session, wanted))
    if status:
        assert {one.status for one in found} == {status}


async def test_the_last_day_still_counts(store: Store, units: tuple[int, int]) -> None:
    wanted = replace(ALL, status="in_force", today=date(2026, 8, 31))
    assert "d" in await listed(store, wanted)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("工作要点", "cb"),
        ("云教〔2026〕3号", "a"),
        ("云溪县", "a"),
        ("名单.xlsx", "g"),
        ("100%", "h"),
        ("%", "h"),
        ("_", ""),
        ("没有的", ""),
    ],
)
async def test_words_are_looked_for_in_what_stands_on_the_back(
    store: Store, units: tuple[int, int], words: str, ids: str
) -> None:
    assert await listed(store, replace(ALL, words=words)) == ids


async def test_readers_see_their_own_and_everyones(store: Store, units: tuple[int, int]) -> None:
    county, school = units
    assert await listed(store, replace(ALL, units=[county])) == "igdcba"
    assert await listed(store, replace(ALL, units=[school])) == "hgdcba"
    assert await listed(store, replace(ALL, units=[])) == "gdcba"
    assert await listed(store, replace(ALL, units=[school], visible_to=[county])) == ""
    assert await listed(store, replace(ALL, visible_to=[county, school])) == "ih"


async def test_pages_follow_each_other(store: Store, units: tuple[int, int]) -> None:
    seen = ""
    for offset in (0, 3, 6, 9):

        def page(session: Session, offset: int = offset) -> tuple[int, str]:
            total, found = shelf.sought(session, ALL, offset=offset, limit=3)
            return total, "".join(one.id for one in found)

        total, ids = await store.read(page)
        assert total == 7
        seen += ids
    assert seen == "ihgdcba"


async def test_versions_are_uploads_of_the_same_file(store: Store, units: tuple[int, int]) -> None:
    def query(session: Session) -> list[str]:
        document = documents.get(session, "g")
        assert document is not None
        return [one for one, _ in shelf.versions(session, document)]

    assert await store.read(query) == ["f"]


async def test_a_title_is_found_whole_before_in_part(store: Store, units: tuple[int, int]) -> None:
    async def ids(words: str, seen: list[int] | None = None) -> str:
        rows = await store.read(lambda s: documents.titled(s, words, seen, limit=10))
        return "".join(id_ for id_, _ in rows)

    assert await ids("工作要点") == "bc"
    assert await ids("名单（改）") == "g"
    assert await ids("停用的") == ""
    assert await ids("值班表", []) == ""
    assert await ids("值班表", [units[0]]) == "i"
    await store.write(lambda session: put(session, "j", "工作要点", minutes=9))
    assert await ids("工作要点") == "jbc"
