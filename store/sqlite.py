"""SQLite: one thread writes and commits together what waits together; readers are apart.

A unit of work runs in its own savepoint. One that fails is undone alone; its neighbours stay. A
caller hears of its unit only after the commit that holds it is on the disk.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from store.instant import CLOCK, Clock
from store.migrate import migrate
from store.waking import Wakes, take_topics

T = TypeVar("T")

FILE_NAME = "yaodian.db"
_READERS = 4
_BUSY_TIMEOUT_S = 10.0
_LARGEST_GROUP = 256


class _WritingConnection(sqlite3.Connection):
    """SQLAlchemy may undo the unit at hand, never more; only the writer commits."""

    def commit(self) -> None:
        return

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK TO unit")


def _set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
        "mmap_size = 0",
        "cache_size = -16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _set_up_reader(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    _set_up(connection, entry)
    connection.execute("PRAGMA query_only = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _engine(file: Path, factory: type[sqlite3.Connection], pool_size: int) -> Engine:
    return create_engine(
        f"sqlite:///{file}",
        connect_args={
            "isolation_level": None,
            "check_same_thread": False,
            "timeout": _BUSY_TIMEOUT_S,
            "factory": factory,
        },
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,  # errors go to the log, and what people wrote does not
    )


@dataclass(slots=True)
class _Unit(Generic[T]):
    work: Callable[[Session], T]
    future: asyncio.Future[T]

    def settle(self, outcome: T | BaseException, *, is_error: bool) -> None:
        if self.future.done():
            return
        if is_error and isinstance(outcome, BaseException):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)  # type: ignore[arg-type]


@dataclass(slots=True)
class _Scrubbing:
    """A wish to have the file rebuilt, once everything before it is committed."""

    future: asyncio.Future[None]


_Settled = tuple["_Unit[object]", object, bool]


class _Writer(threading.Thread):
    """Owns the only connection that writes."""

    def __init__(
        self, engine: Engine, loop: asyncio.AbstractEventLoop, wakes: Wakes, clock: Clock | None
    ) -> None:
        super().__init__(name="store-writer", daemon=True)
        self._engine = engine
        self._loop = loop
        self._wakes = wakes
        self._clock = clock
        self._queue: queue.SimpleQueue[_Unit[object] | _Scrubbing | None] = queue.SimpleQueue()

    def submit(self, unit: _Unit[T] | _Scrubbing) -> None:
        self._queue.put(unit)  # type: ignore[arg-type]

    def finish(self) -> None:
        """Commit what was submitted so far, and end."""
        self._queue.put(None)
        self.join()

    def run(self) -> None:
        with self._engine.connect() as connection, Session(connection) as session:
            if self._clock is not None:
                session.info[CLOCK] = self._clock
            raw = session.connection().connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)  # noqa: S101
            is_last = False
            while not is_last:
                group, scrubbing, is_last = self._next_group()
                if group:
                    self._commit(group, session, raw)
                if scrubbing is not None:
                    self._scrub(scrubbing, raw)

    def _next_group(self) -> tuple[list[_Unit[object]], _Scrubbing | None, bool]:
        """What may be committed together, what follows it, and whether that is all there is."""
        unit = self._queue.get()
        group: list[_Unit[object]] = []
        while isinstance(unit, _Unit):
            group.append(unit)
            if len(group) == _LARGEST_GROUP:
                return group, None, False
            try:
                unit = self._queue.get_nowait()
            except queue.Empty:
                return group, None, False
        return group, unit, unit is None

    def _scrub(self, scrubbing: _Scrubbing, raw: sqlite3.Connection) -> None:
        """The copies that were moved about in the file go with it; the log is emptied."""
        error: sqlite3.Error | None = None
        try:
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as caught:
            error = caught
        self._loop.call_soon_threadsafe(_settle, scrubbing.future, error)

    def _commit(
        self, group: Iterable[_Unit[object]], session: Session, raw: sqlite3.Connection
    ) -> None:
        topics: set[str] = set()
        try:
            raw.execute("BEGIN IMMEDIATE")
            settled = [self._run_unit(unit, session, raw, topics) for unit in group]
            raw.execute("COMMIT")
        except sqlite3.Error as error:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            topics.clear()
            settled = [(unit, error, True) for unit in group]
        self._loop.call_soon_threadsafe(self._tell, settled, topics)

    def _run_unit(
        self, unit: _Unit[object], session: Session, raw: sqlite3.Connection, topics: set[str]
    ) -> _Settled:
        raw.execute("SAVEPOINT unit")
        try:
            outcome = unit.work(session)
            session.flush()
        except Exception as error:  # noqa: BLE001 - it is the caller's, and travels there
            session.rollback()
            if raw.in_transaction:
                raw.execute("ROLLBACK TO unit")
            take_topics(session)
            settled: _Settled = (unit, error, True)
        else:
            topics |= take_topics(session)
            settled = (unit, outcome, False)
        raw.execute("RELEASE unit")
        session.expunge_all()
        return settled

    def _tell(self, settled: Iterable[_Settled], topics: Iterable[str]) -> None:
        for unit, outcome, is_error in settled:
            unit.settle(outcome, is_error=is_error)
        for topic in topics:
            self._wakes.wake(topic)


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


class SqliteBackend:
    """The database file of one data folder, owned by this process."""

    def __init__(
        self,
        file: Path,
        loop: asyncio.AbstractEventLoop,
        readers: ThreadPoolExecutor,
        wakes: Wakes,
        clock: Clock | None,
    ) -> None:
        self._clock = clock
        self._file = file
        self._readers = readers
        self._write_engine = _engine(file, _WritingConnection, 1)
        event.listen(self._write_engine, "connect", _set_up)
        self._read_engine = _engine(file, sqlite3.Connection, _READERS)
        event.listen(self._read_engine, "connect", _set_up_reader)
        event.listen(self._read_engine, "begin", _begin)
        self._writer = _Writer(self._write_engine, loop, wakes, clock)

    @classmethod
    async def open(cls, folder: Path, wakes: Wakes, clock: Clock | None) -> SqliteBackend:
        loop = asyncio.get_running_loop()
        readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")

        def prepared() -> SqliteBackend:
            backend = cls(folder / FILE_NAME, loop, readers, wakes, clock)
            backend._prepare()
            backend._writer.start()
            return backend

        return await loop.run_in_executor(readers, prepared)

    def _prepare(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        engine = _engine(self._file, sqlite3.Connection, 1)
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        with engine.begin() as connection:
            migrate(connection)
        engine.dispose()
        self._file.chmod(0o600)

    async def write(self, work: Callable[[Session], T]) -> T:
        if not self._writer.is_alive():
            raise RuntimeError("the store is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.submit(_Unit(work, future))
        return await future

    async def read(self, query: Callable[[Session], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)

    def _read(self, query: Callable[[Session], T]) -> T:
        with Session(self._read_engine) as session:
            if self._clock is not None:
                session.info[CLOCK] = self._clock
            outcome = query(session)
            session.expunge_all()
            return outcome

    async def backup(self, file: Path) -> None:
        """Write a consistent copy to ``file``, which must not exist, while work goes on."""

        def copy() -> None:
            file.touch(0o600, exist_ok=False)
            with self._read_engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert isinstance(raw, sqlite3.Connection)  # noqa: S101
                raw.execute("PRAGMA query_only = OFF")
                try:
                    raw.execute("VACUUM INTO ?", (str(file),))
                finally:
                    raw.execute("PRAGMA query_only = ON")

        await asyncio.get_running_loop().run_in_executor(self._readers, copy)

    async def scrub(self) -> None:
        if not self._writer.is_alive():
            raise RuntimeError("the store is closed")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writer.submit(_Scrubbing(future))
        await future

    async def close(self) -> None:
        def finish() -> None:
            if self._writer.is_alive():
                self._writer.finish()
            self._write_engine.dispose()
            self._read_engine.dispose()

        await asyncio.get_running_loop().run_in_executor(self._readers, finish)
        self._readers.shutdown(wait=False)
