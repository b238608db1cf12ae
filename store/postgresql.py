"""PostgreSQL: units of work through asyncpg, retried when the database could not order them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from store.copying import copy_rows
from store.instant import CLOCK, Clock
from store.migrate import migrate
from store.waking import Wakes, take_topics

logger = logging.getLogger(__name__)

T = TypeVar("T")

_CHANNEL = "yaodian"
_CONNECTIONS = 10
_TRIES = 8
_RETRYABLE = {"40001", "40P01"}
"""serialization_failure, deadlock_detected."""
_RECONNECT_AFTER_S = 1.0
_CHECK_EVERY_S = 15.0
MIGRATION_LOCK = text("SELECT pg_advisory_xact_lock(792113)")
_NOTIFY = text("SELECT pg_notify(:channel, :topic)")


def _is_retryable(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _RETRYABLE


def async_url(url: str) -> URL:
    """With the driver that is used, whatever the configuration named."""
    return make_url(url).set(drivername="postgresql+asyncpg")


async def _migrate(url: str) -> None:
    """In a thread and a loop of its own, for Alembic reads files; one replica at a time."""
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(MIGRATION_LOCK)
        await connection.run_sync(migrate)
    await engine.dispose()


def copy_out(source: Connection, file: Path) -> None:
    """Everything that ``source`` sees into a new SQLite database of the same schema."""
    file.touch(0o600, exist_ok=False)
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.begin() as target:
            migrate(target)
        with engine.begin() as target:
            copy_rows(source, target)
    finally:
        engine.dispose()


async def _copy_out(url: str, file: Path) -> None:
    """In a thread and a loop of its own, for it reads and writes files; in one snapshot."""
    engine = create_async_engine(
        async_url(url), poolclass=NullPool, isolation_level="REPEATABLE READ"
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SET TRANSACTION READ ONLY"))
            await connection.run_sync(copy_out, file)
    finally:
        await engine.dispose()


class PostgresqlBackend:
    """A database that several replicas may share."""

    def __init__(self, url: str, wakes: Wakes, clock: Clock | None) -> None:
        self._engine = create_async_engine(
            async_url(url),
            pool_size=_CONNECTIONS,
            max_overflow=0,
            hide_parameters=True,  # errors go to the log, and what people wrote does not
            connect_args={"server_settings": {"application_name": "yaodian"}},
        )
        self._url = url
        self._wakes = wakes
        self._info = {} if clock is None else {CLOCK: clock}
        self._listening: asyncio.Task[None] | None = None
        self._is_listening = asyncio.Event()

    @classmethod
    async def open(cls, url: str, wakes: Wakes, clock: Clock | None) -> PostgresqlBackend:
        await asyncio.to_thread(lambda: asyncio.run(_migrate(url)))
        backend = cls(url, wakes, clock)
        backend._listening = asyncio.create_task(backend._listen(), name="store-listen")
        await backend._is_listening.wait()
        return backend

    async def write(self, work: Callable[[Session], T]) -> T:
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._write_once(work)
            except DBAPIError as error:
                if attempt == _TRIES or not _is_retryable(error):
                    raise
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311
        raise AssertionError("unreachable")

    async def _write_once(self, work: Callable[[Session], T]) -> T:
        topics: set[str] = set()

        def run(session: Session) -> T:
            outcome = work(session)
            session.flush()
            topics.update(take_topics(session))
            for topic in topics:
                session.execute(_NOTIFY, {"channel": _CHANNEL, "topic": topic})
            return outcome

        async with self._session() as session, session.begin():
            outcome = await session.run_sync(run)
        for topic in topics:
            self._wakes.wake(topic)
        return outcome

    async def read(self, query: Callable[[Session], T]) -> T:
        async with self._session() as session:
            return await session.run_sync(query)

    def _session(self) -> AsyncSession:
        return AsyncSession(self._engine, expire_on_commit=False, info=dict(self._info))

    async def _listen(self) -> None:
        while True:
            try:
                async with self._engine.connect() as connection:
                    await self._relay(connection)
            except (SQLAlchemyError, OSError) as error:
                logger.warning("lost the notification connection: %s", type(error).__name__)
            await asyncio.sleep(_RECONNECT_AFTER_S)

    async def _relay(self, connection: AsyncConnection) -> None:
        """Pass on what other replicas commit, until the connection is lost."""
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None  # noqa: S101

        def relay(_connection: object, _pid: int, _channel: str, topic: str) -> None:
            self._wakes.wake(topic)

        await raw.add_listener(_CHANNEL, relay)
        self._is_listening.set()
        self._wakes.wake_all()
        try:
            while not raw.is_closed():
                await asyncio.sleep(_CHECK_EVERY_S)
                await connection.execute(text("SELECT 1"))
        finally:
            await connection.invalidate()

    async def backup(self, file: Path) -> None:
        await asyncio.to_thread(lambda: asyncio.run(_copy_out(self._url, file)))

    async def scrub(self) -> None:
        return

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._engine.dispose()
