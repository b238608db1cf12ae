"""Windows of forms: of the year, of a unit, at the same moment, and those a user declares."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import ChannelName
from handlers.posting import Post
from handlers.records.form_opening import FormOpening, read_form_opening, read_menu
from handlers.records.form_windows import FormWindows
from handlers.records.type_files import load_record_types
from handlers.records.types import RecordType
from handlers.records.window_book import WindowBook
from scheduler.school_calendar import WorkdayCalendar
from store import cases
from store.engine import Store
from tests.integration.records.hall import ZONE, Hall, furnish

OWN = """id = "reading"
name = "读书笔记"
group = "本校"
submit = ["教师"]
open = ["支部书记"]
once = "window"
needs_window = true
seasons = [
  { opens = "03-01", closes = "03-31" },
  { opens = "09-01", closes = "09-10" },
]
fields = [{ id = "note", name = "笔记", kind = "text", required = true }]
"""


@pytest.fixture
async def hall(store: Store) -> Hall:
    return await furnish(store)


async def windows(hall: Hall, folder: Path) -> tuple[FormWindows, RecordType]:
    await asyncio.to_thread((folder / "own.toml").write_text, OWN, "utf-8")
    types = await asyncio.to_thread(load_record_types, user_folder=folder)
    book = WindowBook(types=types, clock=hall.clock, zone=ZONE)
    own = types.get("reading")
    assert own is not None
    return FormWindows(store=hall.store, book=book, post=Post(channels=[ChannelName.WEB])), own


def opening(hall: Hall, found: FormWindows, words: str) -> FormOpening:
    read = read_form_opening(
        words,
        now=hall.clock().astimezone(ZONE),
        types=found.book.types,
        units={},
        calendar=WorkdayCalendar.official(),
    )
    assert read is not None
    return read


async def is_open_to(hall: Hall, found: FormWindows, type_: RecordType, name: str) -> bool:
    actor = await hall.who(name)
    return await hall.store.read(lambda session: found.book.is_open(session, actor, type_))


async def test_a_season_opens_and_closes_by_itself_every_year(hall: Hall, tmp_path: Path) -> None:
    found, own = await windows(hall, tmp_path)
    teacher = await hall.who("柏舟")
    for moment, is_open in (
        (datetime(2026, 8, 31, 15, 59, tzinfo=UTC), False),
        (datetime(2026, 8, 31, 16, 1, tzinfo=UTC), True),
        (datetime(2026, 9, 10, 15, 59, tzinfo=UTC), True),
        (datetime(2026, 9, 10, 16, 1, tzinfo=UTC), False),
        (datetime(2027, 3, 15, tzinfo=UTC), True),
    ):
        hall.clock.now = moment
        assert await is_open_to(hall, found, own, "柏舟") is is_open
    hall.clock.now = datetime(2026, 9, 20, tzinfo=UTC)
    told = await hall.store.read(lambda session: found.book.refusal(session, teacher, own))
    assert "3月1日" in told
    assert "3月31日" in told


async def test_a_season_is_one_window_for_all_and_can_be_closed(hall: Hall, tmp_path: Path) -> None:
    found, own = await windows(hall, tmp_path)
    teacher, boss = await hall.who("柏舟"), await hall.who("关若谷")

    async def made() -> int | None:
        def work(session: Session) -> int | None:
            window = found.book.current(session, teacher, own)
            return None if window is None else window.id

        return await hall.store.write(work)

    ids = set(await asyncio.gather(*(made() for _ in range(8))))
    assert len(ids) == 1
    assert None not in ids
    with pytest.raises(NotFound):
        await found.close(boss, own)
    hall.clock.now = datetime(2026, 9, 10, 16, 1, tzinfo=UTC)
    await found.close_due()
    assert await made() is None


async def test_a_window_is_for_its_unit_and_those_below(hall: Hall, tmp_path: Path) -> None:
    found, own = await windows(hall, tmp_path)
    boss, stranger = await hall.who("关若谷"), await hall.who("路人")
    with pytest.raises(NotAllowed):
        await found.open(boss, opening(hall, found, "材料报送"), hall.room("关若谷"), key="k1")
    hall.clock.now = datetime(2026, 10, 1, tzinfo=UTC)
    words = "读书笔记 到10月20日"
    view = await found.open(boss, opening(hall, found, words), hall.room("关若谷"), key="k2")
    again = await found.open(boss, opening(hall, found, words), hall.room("关若谷"), key="k2")
    assert (view.id, view.unit) == (again.id, "第一党支部")
    with pytest.raises(UsageError, match="open already"):
        await found.open(boss, opening(hall, found, words), hall.room("关若谷"), key="k3")
    assert await is_open_to(hall, found, own, "柏舟")
    assert not await is_open_to(hall, found, own, "路人")
    standing = await found.show(boss, own)
    assert {one.name for one in standing.missing} == {"关若谷", "柏舟", "檀溪", "桑榆晚", "谷雨"}
    with pytest.raises(NotFound):
        await found.show(stranger, own)


async def test_closed_by_two_at_once_is_closed_once(hall: Hall, tmp_path: Path) -> None:
    found, own = await windows(hall, tmp_path)
    hall.clock.now = datetime(2026, 10, 1, tzinfo=UTC)
    boss = await hall.who("关若谷")
    await found.open(boss, opening(hall, found, "读书笔记"), hall.room("关若谷"), key="k")
    outcomes = await asyncio.gather(
        *(found.close(boss, own) for _ in range(4)), return_exceptions=True
    )
    assert sum(not isinstance(one, Exception) for one in outcomes) == 1
    hall.clock.now += timedelta(days=60)
    await found.close_due()
    rows = await hall.store.read(lambda session: cases.windows(session, own.id))
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("words", "items"),
    [
        ("红色讲堂、结对共建", ("红色讲堂", "结对共建")),
        ("1. 红色讲堂\n2. 结对共建\n3、书香校园", ("红色讲堂", "结对共建", "书香校园")),
        ("甲；甲；乙。", ("甲", "乙")),
        ("（1）甲（2）2.5公里跑", ("甲（2）2.5公里跑",)),
        ("1、甲 2、2.5公里跑", ("甲", "2.5公里跑")),
        ("、、", ()),
    ],
)
def test_a_menu_is_read_however_it_is_written(words: str, items: tuple[str, ...]) -> None:
    assert read_menu(words) == items
