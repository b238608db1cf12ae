"""A backup is one file: a zip with everything as an SQLite database, whatever engine it came from.

Its manifest has the schema's revision, the rows of every table and the hash of every file in it.
Files of the operator's own beside the database (record types) go along; configuration, keys and
what can be made anew (the index) do not.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from store.migrate import HEAD_REVISION

DATABASE = "yaodian.db"
_MANIFEST = "manifest.json"
_FORMAT = 1
_CHUNK_BYTES = 2**20
_MANIFEST_LIMIT = 2**20
_NAME = re.compile(r"yaodian\.db|record_types/[\w-]{1,80}\.toml")


class Unusable(StrEnum):
    """Why a file cannot be restored."""

    MISSING = "missing"
    FOREIGN = "foreign"
    """It is no backup of ours."""
    DAMAGED = "damaged"
    NEWER = "newer"
    """A later version of the program made it."""


class UnusableArchive(Exception):
    """``why`` says it."""

    def __init__(self, why: Unusable, detail: str) -> None:
        super().__init__(detail)
        self.why = why


class Packed(BaseModel):
    """One file of the archive."""

    model_config = ConfigDict(frozen=True)

    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"[0-9a-f]{64}")


class Manifest(BaseModel):
    """What an archive says it holds."""

    model_config = ConfigDict(frozen=True)

    program: Literal["yaodian"]
    format: int
    revision: str = Field(pattern=r"^\d{4}$")
    made_at: AwareDatetime
    rows: Mapping[str, int]
    files: Mapping[str, Packed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What goes into an archive. ``database`` is a copy that nobody writes to."""

    database: Path
    extras: Mapping[str, Path]
    """By their names in the archive, ``record_types/….toml``."""


def pack(source: Source, file: Path, *, made_at: datetime) -> Manifest:
    """Write ``file``, which must not exist, readable by its owner only, and read it again.

    Raises:
        UnusableArchive: The copy is damaged, or what was written is not what was to be.
        OSError: It cannot be written; nothing is left behind.
    """
    revision, rows = looked_at(source.database)
    files = {DATABASE: source.database, **source.extras}
    sums = {name: _sum(path) for name, path in files.items()}
    manifest = Manifest(
        program="yaodian", format=_FORMAT, revision=revision, made_at=made_at, rows=rows, files=sums
    )
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        with _private(partial) as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(_MANIFEST, manifest.model_dump_json(indent=1))
                for name, path in files.items():
                    archive.write(path, name)
            raw.flush()
            os.fsync(raw.fileno())
        check(partial)
        partial.rename(file)
        sync_folder(file.parent)
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def check(file: Path) -> Manifest:
    """Read all of an archive, and compare it with its manifest.

    Raises:
        UnusableArchive: It cannot be restored.
    """
    with _opened(file) as (archive, manifest):
        for name, packed in manifest.files.items():
            if _sum_of(_chunks(archive, name)) != packed:
                raise UnusableArchive(Unusable.DAMAGED, f"{name} is not what the manifest says")
    return manifest


def unpack(file: Path, folder: Path) -> Manifest:
    """Write what is in an archive into ``folder``, which exists, and look at the database.

    Raises:
        UnusableArchive: It cannot be restored.
        OSError: There is no room.
    """
    with _opened(file) as (archive, manifest):
        for name, packed in manifest.files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            with _private(path) as target:
                for chunk in _chunks(archive, name):
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            if _sum(path) != packed:
                raise UnusableArchive(Unusable.DAMAGED, f"{name} is not what the manifest says")
    revision, rows = looked_at(folder / DATABASE)
    if (revision, rows) != (manifest.revision, manifest.rows):
        raise UnusableArchive(Unusable.DAMAGED, "the database is not what the manifest says")
    return manifest


def looked_at(database: Path) -> tuple[str, dict[str, int]]:
    """Revision and rows by table of a whole database.

    Raises:
        UnusableArchive: It is not whole.
    """
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        try:
            if opened.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise UnusableArchive(Unusable.DAMAGED, "the database is damaged")
            names = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            tables = sorted(name for (name,) in names if not name.startswith("sqlite_"))
            rows = {
                name: int(opened.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608
                for name in tables
            }
            found = opened.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise UnusableArchive(Unusable.DAMAGED, f"the database: {error}") from error
    return str(found[0]), rows


def copy_database(database: Path, to: Path) -> None:
    """A consistent copy of a database, which another connection may write to.

    Raises:
        UnusableArchive: It is damaged.
        OSError: It is not there, or there is no room.
    """
    if not database.exists():
        raise FileNotFoundError(2, "no database", str(database))
    to.touch(0o600, exist_ok=False)
    with closing(sqlite3.connect(database, isolation_level=None, timeout=10.0)) as opened:
        try:
            opened.execute("VACUUM INTO ?", (str(to),))
        except sqlite3.OperationalError as error:
            raise OSError(28, str(error)) from error
        except sqlite3.DatabaseError as error:
            raise UnusableArchive(Unusable.DAMAGED, f"the database: {error}") from error


def extras_of(folder: Path) -> Mapping[str, Path]:
    """The operator's own files in a data folder that belong into its backup."""
    found = sorted((folder / "record_types").glob("*.toml"))
    names = {f"record_types/{path.name}": path for path in found}
    return {name: path for name, path in names.items() if _NAME.fullmatch(name)}


def sync_folder(folder: Path) -> None:
    """Let a rename outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lay_aside(paths: Sequence[Path], folder: Path) -> None:
    """Keep a second name of each file in ``folder``; a copy where the disk knows no links."""
    for path in paths:
        if not path.exists():
            continue
        try:
            os.link(path, folder / path.name)
        except OSError:
            shutil.copy2(path, folder / path.name)
    sync_folder(folder)


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as opened:
        yield opened


@contextmanager
def _opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """An archive that may be ours; what goes wrong while it is read means that it is damaged."""
    try:
        if not zipfile.is_zipfile(file):
            with file.open("rb") as raw:
                is_cut = raw.read(4) == b"PK\3\4"
            why = Unusable.DAMAGED if is_cut else Unusable.FOREIGN
            raise UnusableArchive(why, "no zip, or one without its end")
        with zipfile.ZipFile(file) as archive:
            yield archive, _manifest(archive)
    except FileNotFoundError as error:
        raise UnusableArchive(Unusable.MISSING, "no such file") from error
    except IsADirectoryError as error:
        raise UnusableArchive(Unusable.FOREIGN, "a folder") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError) as error:
        raise UnusableArchive(Unusable.DAMAGED, f"{type(error).__name__}: {error}") from error


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        entry = archive.getinfo(_MANIFEST)
    except KeyError as error:
        raise UnusableArchive(Unusable.FOREIGN, "no manifest") from error
    if entry.file_size > _MANIFEST_LIMIT:
        raise UnusableArchive(Unusable.FOREIGN, "no manifest of ours")
    try:
        manifest = Manifest.model_validate_json(archive.read(entry))
    except ValidationError as error:
        raise UnusableArchive(Unusable.FOREIGN, "no manifest of ours") from error
    if manifest.format > _FORMAT or manifest.revision > HEAD_REVISION:
        raise UnusableArchive(Unusable.NEWER, f"schema {manifest.revision}")
    if DATABASE not in manifest.files or not all(map(_NAME.fullmatch, manifest.files)):
        raise UnusableArchive(Unusable.FOREIGN, "files that do not belong here")
    for name, packed in manifest.files.items():
        if archive.getinfo(name).file_size != packed.size_bytes:
            raise UnusableArchive(Unusable.DAMAGED, f"{name} has another size")
    return manifest


def _sum(path: Path) -> Packed:
    with path.open("rb") as opened:
        return _sum_of(iter(lambda: opened.read(_CHUNK_BYTES), b""))


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            yield chunk


def _sum_of(chunks: Iterator[bytes]) -> Packed:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return Packed(size_bytes=size, sha256=digest.hexdigest())
