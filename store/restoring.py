"""A backup back into its place. What was there is kept aside, and stays whole until the end."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from store.archive import DATABASE, Manifest, Source, lay_aside, pack, sync_folder
from store.archive import unpack as unpack_archive
from store.copying import copy_rows, counted, empty
from store.migrate import migrate

_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'yaodian'"
)


class StillInUse(Exception):
    """A running program is connected to the database."""


def restore_folder(archive: Path, folder: Path, *, now: datetime) -> tuple[Manifest, Path | None]:
    """Put a backup into a data folder that the caller owns; what it was, and where the old is.

    At every moment the folder holds the old database or the new one, never half of one.

    Raises:
        UnusableArchive: It cannot be restored; nothing was changed.
        OSError: There is no room, or no right; nothing was changed.
    """
    database = folder / DATABASE
    with _unpacked(archive, folder) as (place, manifest):
        aside = _lay_old_aside(folder, now) if database.exists() else None
        for name in ("-wal", "-shm", "-journal"):
            database.with_name(DATABASE + name).unlink(missing_ok=True)
        (place / DATABASE).replace(database)
        sync_folder(folder)
        _replace_folder(folder / "index", None, aside)
        if (place / "record_types").exists() or aside is not None:
            _replace_folder(folder / "record_types", place / "record_types", aside)
        sync_folder(folder)
    return manifest, aside


def restore_postgresql(
    archive: Path, url: str, folder: Path, *, now: datetime
) -> tuple[Manifest, Path | None]:
    """As :func:`restore_folder`, in one transaction; the old rows are kept as a backup file.

    Runs a loop of its own: call it in a thread.

    Raises:
        StillInUse: A program is connected.
        UnusableArchive: It cannot be restored; nothing was changed.
    """
    with _unpacked(archive, folder) as (place, manifest):
        source = create_engine(f"sqlite:///{place / DATABASE}")
        try:
            aside = asyncio.run(_restore_rows(source, place, url, folder, now))
        finally:
            source.dispose()
        if (place / "record_types").exists():
            kept = _new_folder(folder, now) if (folder / "record_types").exists() else None
            _replace_folder(folder / "record_types", place / "record_types", kept)
    return manifest, aside


async def _restore_rows(
    source: Engine, place: Path, url: str, folder: Path, now: datetime
) -> Path | None:
    from sqlalchemy.ext.asyncio import create_async_engine  # only PostgreSQL installs what it needs

    from store.postgresql import async_url

    engine = create_async_engine(
        async_url(url),
        poolclass=NullPool,
        connect_args={"server_settings": {"application_name": "yaodian restore"}},
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_exchange_rows, source, place, folder, now)
    finally:
        await engine.dispose()


def _exchange_rows(
    target: Connection, source: Engine, place: Path, folder: Path, now: datetime
) -> Path | None:
    from store.postgresql import MIGRATION_LOCK, copy_out

    target.execute(MIGRATION_LOCK)
    if target.execute(_OTHERS).scalar_one():
        raise StillInUse
    migrate(target)
    aside = None
    if any(counted(target).values()):
        old = place / "old.db"
        copy_out(target, old)
        aside = _new_folder(folder, now) / "before-restore.zip"
        pack(Source(database=old, extras={}), aside, made_at=now)
        empty(target)
    with source.connect() as connection:
        copy_rows(connection, target)
    return aside


@contextmanager
def _unpacked(archive: Path, folder: Path) -> Iterator[tuple[Path, Manifest]]:
    """The content beside its place, brought to the newest schema."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(mkdtemp(prefix=".restoring-", dir=folder))
    try:
        manifest = unpack_archive(archive, place)
        _bring_up(place / DATABASE)
        yield place, manifest
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _bring_up(database: Path) -> None:
    engine: Engine = create_engine(f"sqlite:///{database}")
    try:
        with engine.begin() as connection:
            migrate(connection)
    finally:
        engine.dispose()
    with database.open("rb+") as opened:
        os.fsync(opened.fileno())


def _lay_old_aside(folder: Path, now: datetime) -> Path:
    """A second name of the old database, with what its log holds folded in where that can be."""
    database = folder / DATABASE
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    aside = _new_folder(folder, now)
    lay_aside([database, *(database.with_name(DATABASE + one) for one in ("-wal", "-shm"))], aside)
    return aside


def _replace_folder(old: Path, new: Path | None, aside: Path | None) -> None:
    if old.exists():
        if aside is not None:
            old.rename(aside / old.name)
        else:
            shutil.rmtree(old)
    if new is not None and new.exists():
        new.rename(old)


def _new_folder(folder: Path, now: datetime) -> Path:
    """``before-restore-…``, private, with a number where the second is taken."""
    name, n = f"before-restore-{now:%Y%m%d-%H%M%S}", 1
    while True:
        found = folder / (name if n == 1 else f"{name}-{n}")
        try:
            found.mkdir(mode=0o700)
        except FileExistsError:
            n += 1
        else:
            return found
