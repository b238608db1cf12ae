"""The store: one door to SQLite in the data folder, or to PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from store.waking import Wakes, Woken, wake

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from store.instant import Clock

__all__ = ["Store", "sqlite_warning", "wake", "written_here"]

T = TypeVar("T")

_SAFE_SQLITE = (3, 51, 3)


class _Backend(Protocol):
    async def write(self, work: Callable[[Session], T]) -> T: ...
    async def read(self, query: Callable[[Session], T]) -> T: ...
    async def backup(self, file: Path) -> None: ...
    async def scrub(self) -> None: ...
    async def close(self) -> None: ...


_latest_write: ContextVar[object] = ContextVar("latest_write", default=None)


def written_here() -> object:
    """Another object after each write that the same task began: what it read before is old."""
    return _latest_write.get()


class Store:
    """Opened once, in ``bot.app``. Work and queries are plain functions over a session.

    A function given to ``write`` or ``read`` may run in another thread, and on PostgreSQL more
    than once: it touches nothing but its session. Rows it returns are detached and loaded.
    """

    def __init__(self, backend: _Backend, wakes: Wakes, *, is_shared: bool) -> None:
        self._backend = backend
        self._wakes = wakes
        self.is_shared = is_shared
        """Whether other processes may work on the same rows (PostgreSQL)."""

    @classmethod
    async def open(cls, url_or_folder: str | Path, *, clock: Clock | None = None) -> Store:
        """Open and bring to the newest schema; ``clock`` replaces the real one in tests."""
        wakes = Wakes()
        if isinstance(url_or_folder, str) and "://" in url_or_folder:
            from store.postgresql import PostgresqlBackend

            backend = await PostgresqlBackend.open(url_or_folder, wakes, clock)
            return cls(backend, wakes, is_shared=True)
        from store.sqlite import SqliteBackend

        folder = await SqliteBackend.open(Path(url_or_folder), wakes, clock)
        return cls(folder, wakes, is_shared=False)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run one unit of work; it is durable when this returns, or undone when this raises."""
        _latest_write.set(object())
        return await self._backend.write(work)

    async def read(self, query: Callable[[Session], T]) -> T:
        """Run a query on one consistent view of the committed rows."""
        return await self._backend.read(query)

    async def backup(self, file: Path) -> None:
        """Write everything, as of one moment, to ``file``, a new SQLite database.

        Work goes on meanwhile, on either engine.
        """
        await self._backend.backup(file)

    async def scrub(self) -> None:
        """Let no byte of a deleted row stay in the file; rebuilds it, while writes wait.

        PostgreSQL overwrites the room of deleted rows in its own time; its ``VACUUM FULL`` is the
        operator's to run.
        """
        await self._backend.scrub()

    async def close(self) -> None:
        """Commit what was submitted, and let go of everything."""
        await self._backend.close()

    def woken(self, topic: str) -> Woken:
        """A flag of the caller's own, set after every commit that called ``wake`` for ``topic``."""
        return self._wakes.listen(topic)


def sqlite_warning(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> str | None:
    """What the doctor says about this machine's SQLite, in Chinese; None when it is fine."""
    if version >= _SAFE_SQLITE:
        return None
    return (
        f"本机的 SQLite 是 {'.'.join(map(str, version))}，低于 3.51.3，"
        "有一个极少见的写入缺陷。要点只用一个连接写入，可以避开；有条件时请升级 Python 或系统。"
    )
