from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from store import settings
from store.engine import Store, wake
from store.migrate import HEAD_REVISION, alembic_config
from store.models import Base, Setting


def _add(session: Session, key: str, value: str = "") -> None:
    session.add(Setting(key=key, value=value))


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Setting)) or 0


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_migrating_from_nothing_gives_the_models(store: Store) -> None:
    assert await store.write(lambda session: _differences(session.connection())) == []


def test_the_newest_migration_is_the_one_applied() -> None:
    with create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))

    assert scripts.get_current_head() == HEAD_REVISION


async def test_what_was_written_is_there_after_opening_again(store_place: str | Path) -> None:
    first = await Store.open(store_place)
    await first.write(lambda session: settings.put(session, "color", "红"))
    await first.close()

    second = await Store.open(store_place)
    assert await second.read(lambda session: settings.get(session, "color")) == "红"
    await second.close()


async def test_a_unit_that_fails_leaves_its_neighbours(store: Store) -> None:
    async def one(n: int) -> bool:
        def work(session: Session) -> None:
            _add(session, f"before {n}")
            session.flush()
            if n % 3 == 0:
                raise LookupError("this one goes wrong")
            _add(session, "taken" if n % 3 == 1 else f"after {n}")

        try:
            await store.write(work)
        except (LookupError, IntegrityError):
            return False
        return True

    kept = await asyncio.gather(*(one(n) for n in range(30)))

    assert sum(kept) == 11  # ten that are fine, and the first that takes "taken"
    keys = set(await store.read(lambda session: session.scalars(select(Setting.key)).all()))
    assert len(keys) == 22
    assert {key for key in keys if key.startswith("before")} == {
        f"before {n}" for n, is_kept in enumerate(kept) if is_kept
    }


async def test_a_unit_may_undo_a_part_of_itself(store: Store) -> None:
    def work(session: Session) -> None:
        _add(session, "kept")
        session.flush()
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(Setting(key="kept", value="again"))
            session.flush()
        _add(session, "also kept")

    await store.write(work)

    assert await store.read(_count) == 2


async def test_a_reader_cannot_write_on_sqlite(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    with pytest.raises(Exception, match="readonly"):
        await store.read(lambda session: settings.put(session, "a", "b"))
    await store.close()


async def test_rows_can_be_read_after_their_session(store: Store) -> None:
    await store.write(lambda session: _add(session, "a", "b"))

    rows = await store.read(lambda session: session.scalars(select(Setting)).all())
    written = await store.write(lambda session: session.scalars(select(Setting)).all())

    assert [row.value for row in rows] == [row.value for row in written] == ["b"]


async def test_a_commit_wakes_and_a_failure_does_not(store: Store) -> None:
    mine, yours, other = store.woken("inbox"), store.woken("inbox"), store.woken("outbox")

    def fail(session: Session) -> None:
        wake(session, "inbox")
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(fail)
    assert not mine.is_set()

    await store.write(lambda session: wake(session, "inbox"))
    await mine.next(5)
    assert not mine.is_set()
    assert yours.is_set()
    assert not other.is_set()


@pytest.mark.needs("postgresql")
async def test_a_commit_wakes_other_replicas(postgresql_url: str) -> None:
    here, there = await Store.open(postgresql_url), await Store.open(postgresql_url)
    woken = there.woken("inbox")

    await here.write(lambda session: wake(session, "inbox"))
    async with asyncio.timeout(5):
        await woken.wait()

    await here.close()
    await there.close()


@pytest.mark.needs("postgresql")
async def test_replicas_that_start_together_migrate_once(
    postgresql_url: str, postgresql_server: str
) -> None:
    stores = await asyncio.gather(*(Store.open(postgresql_url) for _ in range(4)))

    assert await stores[0].read(_count) == 0
    await asyncio.gather(*(store.close() for store in stores))


@pytest.mark.needs("postgresql")
async def test_a_deadlock_is_tried_again(postgresql_url: str) -> None:
    store = await Store.open(postgresql_url)
    for key in ("a", "b"):
        await store.write(partial(_add, key=key))

    async def both(first: str, second: str) -> None:
        def work(session: Session) -> None:
            for key in (first, second):
                row = session.get_one(Setting, key, with_for_update=True)
                row.value += "x"
                session.flush()

        await store.write(work)

    await asyncio.gather(*(both(*pair) for pair in (("a", "b"), ("b", "a")) * 2))

    rows = await store.read(lambda session: session.scalars(select(Setting)).all())
    assert [row.value for row in rows] == ["x" * 4, "x" * 4]
    await store.close()


async def test_a_backup_is_whole_while_work_goes_on(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "data")
    for n in range(200):
        await store.write(partial(_add, key=str(n)))

    async def go_on() -> None:
        for n in range(200, 400):
            await store.write(partial(_add, key=str(n)))

    await asyncio.gather(store.backup(tmp_path / "copy.db"), go_on())
    await store.close()

    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM setting").fetchone()[0] >= 200
    copy.close()


async def test_nothing_is_lost_when_it_closes_under_load(store_place: str | Path) -> None:
    store = await Store.open(store_place)
    async with asyncio.TaskGroup() as group:
        for n in range(100):
            group.create_task(store.write(partial(_add, key=str(n))))
    await store.close()

    again = await Store.open(store_place)
    assert await again.read(_count) == 100
    await again.close()


async def test_a_closed_sqlite_store_says_so(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    await store.close()

    with pytest.raises(RuntimeError, match="closed"):
        await store.write(_count)
