"""Nothing that was entered is ever changed: what is right is entered in its place."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import ChannelName, Conversation
from handlers.records.actions import Records
from handlers.records.record_views import Views
from scheduler.school_calendar import WorkdayCalendar
from store import audit, records, scores
from store.engine import Store
from store.models import AuditEntry
from store.models_records import RECORDED, WITHDRAWN, Record, RecordFile, ScoreEntry
from store.records import NewFile
from tests.integration.records.hall import GROUP, ZONE, Hall, furnish

ROOT = Path(__file__).parents[3]
DRAFT = {"type": "theme_day", "on": "2026-09-01", "topic": "重温誓词", "expected": 5, "present": 4}
PHONE = Conversation(channel=ChannelName.WEB, id="m1")


@pytest.fixture
async def hall(store: Store) -> Hall:
    return await furnish(store, {"theme_day": 2.5})


def ledger(hall: Hall) -> Records:
    views = Views(types=hall.types, zone=ZONE, points={"theme_day": 2.5})
    return Records(
        store=hall.store, views=views, clock=hall.clock, calendar=WorkdayCalendar.official()
    )


def _rows(session: Session) -> dict[int, tuple[object, ...]]:
    """Everything that is kept of every entry, files and points too."""
    found: dict[int, tuple[object, ...]] = {}
    for one in session.scalars(select(Record)):
        files = session.scalars(select(RecordFile.name).where(RecordFile.record_id == one.id)).all()
        points = session.get(ScoreEntry, one.id)
        found[one.id] = (
            one.kind, one.type, one.state, one.is_counted, one.root_id, one.replaces, one.unit_id,
            one.member_id, one.on_date, repr(sorted(one.fields.items())), one.entered_by,
            one.entered_account, one.channel, one.conversation, one.entered_at, one.reason,
            tuple(files), None if points is None else points.hundredths,
        )  # fmt: skip
    return found


async def test_who_changed_what_when_and_from_which_chat_is_kept(hall: Hall) -> None:
    book, secretary = ledger(hall), await hall.who("关若谷")
    [first] = await book.enter_drafts(secretary, [DRAFT], PHONE, key="a")
    entered = await hall.store.read(_rows)
    hall.clock.now += hall.clock.now - hall.clock.now.replace(minute=0)

    corrected = await book.correct(
        secretary, first.id, GROUP, fields={"topic": "重温誓词", "expected": 5, "present": 5},
        on=date(2026, 8, 31), reason="谷雨后来到了",
    )  # fmt: skip
    withdrawn = await book.withdraw(secretary, corrected.id, PHONE, reason="重复登记")

    after = await hall.store.read(_rows)
    assert {id: after[id] for id in entered} == entered, "the first entry is as it was"
    line = await book.history(secretary, first.id)
    assert [one.id for one in line] == [first.id, corrected.id, withdrawn.id]
    assert [one.on for one in line] == [date(2026, 9, 1), date(2026, 8, 31), date(2026, 8, 31)]
    assert [one.fields["present"] for one in line] == [4, 5, 5]
    assert [one.reason for one in line] == ["", "谷雨后来到了", "重复登记"]
    assert {one.entered_by for one in line} == {"关若谷"}
    kept = await hall.store.read(lambda session: records.history(session, first.id))
    assert [(one.channel, one.conversation) for one in kept] == [
        ("web", "m1"), (str(GROUP.channel), GROUP.id), ("web", "m1"),
    ]  # fmt: skip
    assert kept[0].entered_at < kept[1].entered_at

    deeds = await hall.store.read(lambda session: session.scalars(select(AuditEntry)).all())
    told = [(one.what, one.who, one.before, one.after) for one in deeds]
    account = f"web:m{hall.ids['关若谷']}"
    assert told == [
        ("record.correct", account, f"#{first.id} recorded",
         f"#{corrected.id} recorded {GROUP.channel} present on_date"),
        ("record.withdraw", account, f"#{corrected.id} recorded",
         f"#{withdrawn.id} withdrawn web"),
    ]  # fmt: skip
    assert await hall.store.read(audit.first_broken) is None
    total = await hall.store.read(lambda session: sum(o.hundredths for o in scores.ledger(session)))
    assert total == 0


async def test_what_is_old_or_somebody_else_s_is_left_alone(hall: Hall) -> None:
    book, secretary = ledger(hall), await hall.who("关若谷")
    [first] = await book.enter_drafts(secretary, [DRAFT], PHONE, key="a")
    with pytest.raises(NotFound):
        await book.correct(await hall.who("檀溪"), first.id, PHONE, reason="不服")
    with pytest.raises((NotAllowed, NotFound)):
        await book.withdraw(await hall.who("路人"), first.id, PHONE)
    await book.withdraw(secretary, first.id, PHONE)
    with pytest.raises(UsageError):
        await book.withdraw(secretary, first.id, PHONE)
    with pytest.raises(UsageError):
        await book.correct(secretary, first.id, PHONE, fields={"topic": "改回来"})
    rows = await hall.store.read(_rows)
    assert len(rows) == 2


async def test_two_at_once_and_one_of_them_is_told(hall: Hall) -> None:
    book, secretary = ledger(hall), await hall.who("关若谷")
    [first] = await book.enter_drafts(secretary, [DRAFT], PHONE, key="a")
    tries = [
        book.correct(secretary, first.id, PHONE, fields={"topic": f"第{n}种说法"}) for n in range(8)
    ]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    rows = await hall.store.read(_rows)
    won = [one for one in outcomes if not isinstance(one, BaseException)]

    assert len(rows) == 1 + len(won)
    assert all(isinstance(one, UsageError | IntegrityError) for one in outcomes if one not in won)
    newest = await hall.store.read(lambda session: records.newest(session, first.id))
    assert newest is not None
    assert sum(one[5] is None for one in rows.values()) == 1, "one line, without a fork"


async def test_the_same_confirmation_twice_enters_once(hall: Hall) -> None:
    book, secretary = ledger(hall), await hall.who("关若谷")
    for _ in range(2):
        await book.enter_drafts(secretary, [DRAFT, {**DRAFT, "topic": "第二件"}], PHONE, key="a")
    assert len(await hall.store.read(_rows)) == 2


STEPS = st.lists(st.tuples(st.sampled_from(["correct", "withdraw"]), st.integers(0, 9)), max_size=8)


@settings(max_examples=10, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(steps=STEPS)
async def test_no_step_touches_an_entry_that_is_there(
    hall: Hall, steps: Sequence[tuple[str, int]]
) -> None:
    def play(session: Session) -> None:
        by = records.Entered(by=None, account="x", channel="web", conversation="c", at=hall.clock())
        new = records.NewRecord(kind=records.RecordKind.FORM, type="theme_day", unit_id=None,
                                on=date(2026, 9, 1), member_id=hall.ids["谷雨"], hundredths=250,
                                fields={"topic": "甲"})  # fmt: skip
        first = records.add(session, new, by, [])
        assert first is not None
        for what, n in steps:
            before = _rows(session)
            record = records.newest(session, first)
            assert record is not None
            is_counted = what == "correct"
            records.follow(
                session,
                record,
                by,
                state=RECORDED if is_counted else WITHDRAWN,
                is_counted=is_counted,
                fields={"topic": n},
                hundredths=25 * n,
                files=None if n % 2 else [NewFile(name="x", blob=_blob(session, hall))],
            )
            session.flush()
            after = _rows(session)
            assert {id: after[id] for id in before} == before
            assert len(after) == len(before) + 1
        total = sum(
            one.hundredths for one in scores.ledger(session, member_id=hall.ids["谷雨"])
            if one.record_id >= first
        )  # fmt: skip
        last = steps[-1] if steps else ("start", 10)
        assert total == (0 if last[0] == "withdraw" else 25 * last[1])

    await hall.store.write(play)


def _blob(session: Session, hall: Hall) -> str:
    from store import blobs

    return blobs.put(session, b"bytes", media_type="x", now=hall.clock())


def test_only_erasing_and_retention_change_or_delete_records() -> None:
    """What writes to the ledger's tables is known by name."""
    allowed = {"store/records.py", "handlers/records/erasing.py", "store/erasing.py"}
    tables = {"Record", "RecordFile", "ScoreEntry"}
    for package in ("bot", "handlers", "scheduler", "store"):
        for path in (ROOT / package).rglob("*.py"):
            touched = _changed_tables(ast.parse(path.read_text("utf-8")))
            assert not touched & tables or path.relative_to(ROOT).as_posix() in allowed, path


def _changed_tables(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if is_call and node.func.id in ("update", "delete"):  # type: ignore[attr-defined]
            found |= {one.id for one in node.args if isinstance(one, ast.Name)}  # type: ignore[attr-defined]
    return found
