"""A backup, made while everything goes on; and a backup put back into an empty place."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.errors import BotError, UsageError
from handlers.access import Act, Actor, check
from store import archive
from store.archive import Manifest, Unusable, UnusableArchive
from store.engine import Store
from store.restoring import StillInUse, restore_folder, restore_postgresql

logger = logging.getLogger(__name__)

_WHY = {
    Unusable.MISSING: "没有这个备份文件，请核对路径。",
    Unusable.FOREIGN: "这不是要点的备份文件，没有动任何数据。",
    Unusable.DAMAGED: "备份文件坏了或不完整，没有动任何数据；请换一份备份。",
    Unusable.NEWER: "这份备份是更新版本的要点做的，请先更新要点，再恢复；没有动任何数据。",
}
_REASONS = {
    errno.ENOSPC: "磁盘满了，请清理后再试",
    errno.EDQUOT: "这个用户的磁盘额度满了，请清理后再试",
    errno.EACCES: "没有写的权限",
    errno.EPERM: "没有写的权限",
    errno.EROFS: "那里是只读的",
    errno.ENOENT: "没有这个文件夹",
    errno.ENOTDIR: "那里不是文件夹",
    errno.EEXIST: "那里不是文件夹",
}


class BackupFailed(BotError):
    """The reply says why, and what to do."""

    default_reply = "备份没有做成，请看日志。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A backup that was written, and read again."""

    file: Path
    size_bytes: int
    made_at: datetime
    members: int
    documents: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """``aside`` is where the old data are; None: there were none."""

    backup: Made
    aside: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """Built once, in ``bot.app``; ``folder`` is the data folder."""

    store: Store
    folder: Path
    clock: Callable[[], datetime]

    async def make(self, actor: Actor, file: Path) -> Made:
        """Write everything, as of now, to ``file``, which must not exist yet.

        Raises:
            NotAllowed: The actor is not at the machine.
            UsageError: The file cannot be written there.
            BackupFailed: The data are damaged, or there is no room.
        """
        check(actor, Act.KEEP_BACKUPS)
        copy = _copy_beside(file)
        now = self.clock()
        with _in_words(file):
            await asyncio.to_thread(_prepare, file)
            try:
                await self.store.backup(copy)
                return await asyncio.to_thread(_packed, copy, file, self.folder, now)
            finally:
                await asyncio.to_thread(copy.unlink, missing_ok=True)


def make_from_folder(folder: Path, file: Path, *, now: datetime) -> Made:
    """As :meth:`Backups.make`, for an SQLite folder whose lock the caller holds.

    Nothing is brought up to date before, so that a copy of what an older version left can be made.
    """
    copy = _copy_beside(file)
    if not (folder / archive.DATABASE).exists():
        raise UsageError("no data", reply=f"数据文件夹 {folder} 里还没有数据，没有可以备份的。")
    with _in_words(file):
        _prepare(file)
        try:
            archive.copy_database(folder / archive.DATABASE, copy)
            return _packed(copy, file, folder, now)
        finally:
            copy.unlink(missing_ok=True)


def look_at(file: Path) -> Made:
    """Read a backup from one end to the other.

    Raises:
        UsageError: It cannot be restored.
    """
    with _in_words(file):
        return _made(file, archive.check(file))


def restore(file: Path, folder: Path, url: str | None, *, now: datetime) -> Restored:
    """Put a backup into the place of the data; the caller holds the folder's lock.

    Raises:
        UsageError: It cannot be restored, or the database is in use.
    """
    with _in_words(folder):
        if url is None:
            manifest, aside = restore_folder(file, folder, now=now)
        else:
            manifest, aside = restore_postgresql(file, url, folder, now=now)
        return Restored(backup=_made(file, manifest), aside=aside)


def _copy_beside(file: Path) -> Path:
    return file.with_name(f".{file.name}.{os.getpid()}.db")


def _prepare(file: Path) -> None:
    if file.exists():
        raise UsageError("the file exists", reply=f"{file} 已经有了，请换一个文件名。")
    file.parent.mkdir(parents=True, exist_ok=True)


def _packed(copy: Path, file: Path, folder: Path, now: datetime) -> Made:
    source = archive.Source(database=copy, extras=archive.extras_of(folder))
    return _made(file, archive.pack(source, file, made_at=now))


def _made(file: Path, manifest: Manifest) -> Made:
    return Made(
        file=file,
        size_bytes=file.stat().st_size,
        made_at=manifest.made_at,
        members=manifest.rows.get("member", 0),
        documents=manifest.rows.get("document", 0),
        records=manifest.rows.get("record", 0),
    )


@contextmanager
def _in_words(place: Path) -> Iterator[None]:
    """What the store raises, as an error that people are meant to read."""
    try:
        yield
    except UnusableArchive as error:
        raise UsageError(f"unusable: {error}", reply=_WHY[error.why]) from error
    except StillInUse as error:
        reply = "还有要点程序连着这个数据库。请先停掉所有服务，再恢复。"
        raise UsageError("programs are connected", reply=reply) from error
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, "请看看磁盘是不是好的")
        raise BackupFailed(f"{error}", reply=f"写不进 {place.parent}：{reason}。") from error
