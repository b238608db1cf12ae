"""Backups: whole under load, on both engines and across them; what is not one is refused."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import zipfile
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store import audit, blobs, people
from store import settings as kept
from store.archive import (
    Source,
    Unusable,
    UnusableArchive,
    check,
    copy_database,
    extras_of,
    pack,
    unpack,
)
from store.engine import Store
from store.models import Base, DocumentStatus, Member, Setting, StoredDocument, Unit
from store.restoring import StillInUse, restore_folder, restore_postgresql

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
PICTURE = bytes(range(256)) * 40


def furnish(session: Session) -> None:
    """Something of every kind that is easy to lose on the way."""
    school = people.unit_at(session, ["云溪县教育局", "云溪县第二中学"])
    member = people.add_member(session, name="祁远山", now=NOW)
    member.joined_party_on = date(2019, 7, 1)
    people.give_role(session, member.id, school.id, "teacher")
    people.link(session, "web", "qi", member.id)
    blob = blobs.put(session, PICTURE, media_type="image/png", now=NOW)
    for name, later in (("new", None), ("old", "new")):
        session.add(StoredDocument(
            id=name, file=f"{name}.txt", title=f"《{name}》", details={"年": 2026, "x": [1, None]},
            body="{}", blob=blob, status=DocumentStatus.IN_FORCE, superseded_by=later,
            visible_to=school.id, added_at=NOW,
        ))  # fmt: skip
        session.flush()
    audit.record(session, who="web:qi", what="documents.add", subject="document:old", now=NOW,
                 before=None, after="《旧》")  # fmt: skip
    kept.put(session, "一把钥匙", "值")


def everything(session: Session) -> dict[str, list[tuple[object, ...]]]:
    return {
        table.name: [tuple(row) for row in session.execute(
            select(table).order_by(*table.primary_key.columns))]
        for table in Base.metadata.sorted_tables
    }  # fmt: skip


async def archived(store: Store, folder: Path, extras: Path | None = None) -> Path:
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    copy, file = folder / "copy.db", folder / "backup.zip"
    await store.backup(copy)
    more = await asyncio.to_thread(extras_of, extras) if extras else {}
    source = Source(database=copy, extras=more)
    await asyncio.to_thread(pack, source, file, made_at=NOW)
    await asyncio.to_thread(copy.unlink)
    return file


@pytest.fixture
async def archive(tmp_path: Path) -> Path:
    store = await Store.open(tmp_path / "first")
    await store.write(furnish)
    file = await archived(store, tmp_path / "shelf")
    await store.close()
    return file


async def test_all_of_it_comes_back(store: Store, tmp_path: Path) -> None:
    await store.write(furnish)
    file = await archived(store, tmp_path / "shelf")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["backup.zip"]
    manifest, aside = await asyncio.to_thread(restore_folder, file, tmp_path / "again", now=NOW)
    again = await Store.open(tmp_path / "again")
    before, after = await store.read(everything), await again.read(everything)
    await again.close()
    assert after == before
    assert aside is None
    assert manifest.rows["blob"] == 1


@pytest.mark.needs("postgresql")
async def test_a_backup_crosses_to_postgresql(
    archive: Path, postgresql_url: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    _, aside = await asyncio.to_thread(restore_postgresql, archive, postgresql_url, data, now=NOW)

    assert aside is None
    store = await Store.open(postgresql_url)
    first = await Store.open(tmp_path / "first")
    assert await store.read(everything) == await first.read(everything)
    newest = await store.write(lambda session: people.add_member(session, name="新人", now=NOW).id)
    assert newest == 2
    with pytest.raises(StillInUse):
        await asyncio.to_thread(restore_postgresql, archive, postgresql_url, data, now=NOW)
    await store.close()
    await first.close()

    _, aside = await asyncio.to_thread(restore_postgresql, archive, postgresql_url, data, now=NOW)
    assert aside is not None
    assert (await asyncio.to_thread(check, aside)).rows["member"] == 2
    store = await Store.open(postgresql_url)
    assert await store.read(lambda s: s.scalar(select(func.count(Member.id)))) == 1
    await store.close()


@pytest.mark.needs("postgresql")
async def test_a_nul_does_not_stop_the_crossing(tmp_path: Path, postgresql_url: str) -> None:
    store = await Store.open(tmp_path / "first")
    await store.write(lambda session: kept.put(session, "odd", "a\0b"))
    file = await archived(store, tmp_path / "shelf")
    await store.close()

    data = tmp_path / "data"
    await asyncio.to_thread(restore_postgresql, file, postgresql_url, data, now=NOW)

    store = await Store.open(postgresql_url)
    assert await store.read(lambda session: kept.get(session, "odd")) == "ab"
    await store.close()


async def test_what_was_acknowledged_before_is_in_it(store: Store, tmp_path: Path) -> None:
    acknowledged: list[str] = []
    ends, is_busy = asyncio.Event(), asyncio.Event()

    async def go_on(writer: int) -> None:
        n = 0
        while not ends.is_set():
            key = f"{writer}:{n}"
            await store.write(partial(kept.put, key=key, value="x" * 200))
            acknowledged.append(key)
            n += 1
            if len(acknowledged) > 200:
                is_busy.set()

    async with asyncio.TaskGroup() as group:
        for writer in range(8):
            group.create_task(go_on(writer))
        await is_busy.wait()
        before = set(acknowledged)
        file = await archived(store, tmp_path / "shelf")
        during = len(acknowledged) - len(before)
        ends.set()

    await asyncio.to_thread(restore_folder, file, tmp_path / "again", now=NOW)
    again = await Store.open(tmp_path / "again")
    found = set(await again.read(lambda session: session.scalars(select(Setting.key)).all()))
    await again.close()
    assert before <= found
    assert during > 0


async def test_the_old_data_is_kept_and_usable(archive: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = await Store.open(data)
    await store.write(lambda session: kept.put(session, "mine", "old"))
    await store.close()
    (data / "record_types").mkdir()
    (data / "record_types" / "own.toml").write_text("# 自己的\n", "utf-8")
    (data / "index").mkdir()

    _, aside = await asyncio.to_thread(restore_folder, archive, data, now=NOW)

    assert aside is not None
    assert not (data / "index").exists()
    assert (aside / "record_types" / "own.toml").read_text("utf-8") == "# 自己的\n"
    old, new = await Store.open(aside), await Store.open(data)
    assert await old.read(lambda session: kept.get(session, "mine")) == "old"
    assert await new.read(lambda session: kept.get(session, "mine")) is None
    assert await new.read(lambda session: kept.get(session, "一把钥匙")) == "值"
    await old.close()
    await new.close()


async def test_a_log_of_the_old_database_is_not_read_into_the_new_one(
    archive: Path, tmp_path: Path
) -> None:
    """The old one was killed with work in its log."""
    data = tmp_path / "data"
    store = await Store.open(data)
    await store.write(lambda session: kept.put(session, "mine", "x" * 9000))
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in ("yaodian.db", "yaodian.db-wal", "yaodian.db-shm"):
        (killed / name).write_bytes((data / name).read_bytes())
    await store.close()
    (killed / "yaodian.db").write_bytes(b"SQLite format 3\0" + b"broken" * 900)

    _, aside = await asyncio.to_thread(restore_folder, archive, killed, now=NOW)

    assert aside is not None
    assert {one.name for one in aside.iterdir()} >= {"yaodian.db", "yaodian.db-wal"}
    with closing(sqlite3.connect(killed / "yaodian.db")) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert opened.execute("SELECT value FROM setting").fetchall() == [("值",)]


def drop_type(data: Path) -> None:
    (data / "record_types").mkdir()
    (data / "record_types" / "reading.toml").write_text("# 共读\n", "utf-8")


async def test_record_types_go_along(tmp_path: Path) -> None:
    data = tmp_path / "first"
    store = await Store.open(data)
    await asyncio.to_thread(drop_type, data)
    file = await archived(store, tmp_path / "shelf", data)
    await store.close()

    await asyncio.to_thread(restore_folder, file, tmp_path / "again", now=NOW)

    kept_type = tmp_path / "again/record_types/reading.toml"
    assert await asyncio.to_thread(kept_type.read_text, "utf-8") == "# 共读\n"


def why(file: Path) -> Unusable | None:
    try:
        check(file)
    except UnusableArchive as error:
        return error.why
    return None


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(b"no zip at all")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("readme.txt", "x")
    with zipfile.ZipFile(tmp_path / "strange.zip", "w") as other:
        other.writestr("manifest.json", '{"program": "other"}')

    assert why(tmp_path / "none.zip") is Unusable.MISSING
    assert why(tmp_path / "letter.docx") is Unusable.FOREIGN
    assert why(tmp_path / "other.zip") is Unusable.FOREIGN
    assert why(tmp_path / "strange.zip") is Unusable.FOREIGN
    assert why(tmp_path) is Unusable.FOREIGN


def rewritten(archive: Path, to: Path, **changes: object) -> Path:
    """The archive with another manifest."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(to, "w") as new:
        manifest = json.loads(old.read("manifest.json")) | changes
        new.writestr("manifest.json", json.dumps(manifest))
        new.writestr("yaodian.db", old.read("yaodian.db"))
        files = manifest["files"]
        assert isinstance(files, dict)
        for name in set(files) - {"yaodian.db"}:
            new.writestr(name, b"")
    return to


def test_a_later_version_and_tricks_are_refused(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        files = json.loads(opened.read("manifest.json"))["files"]
    climbing = {**files, "../evil.toml": {"size_bytes": 0, "sha256": "0" * 64}}
    lying = {"yaodian.db": {**files["yaodian.db"], "sha256": "0" * 64}}

    assert why(rewritten(archive, tmp_path / "1.zip", revision="9999")) is Unusable.NEWER
    assert why(rewritten(archive, tmp_path / "2.zip", format=2)) is Unusable.NEWER
    assert why(rewritten(archive, tmp_path / "3.zip", files=climbing)) is Unusable.FOREIGN
    assert why(rewritten(archive, tmp_path / "4.zip", files=lying)) is Unusable.DAMAGED
    fewer = rewritten(archive, tmp_path / "5.zip", rows={"member": 7})
    (tmp_path / "place").mkdir()
    with pytest.raises(UnusableArchive) as caught:
        unpack(fewer, tmp_path / "place")
    assert caught.value.why is Unusable.DAMAGED
    assert why(archive) is None


@trying(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 0.999), flip=st.floats(0, 0.999), is_cut=st.booleans())
def test_a_damaged_backup_changes_nothing(
    archive: Path, tmp_path: Path, cut: float, flip: float, is_cut: bool
) -> None:
    content = bytearray(archive.read_bytes())
    if is_cut:
        del content[int(len(content) * cut) :]
    else:
        content[int(len(content) * flip)] ^= 0x55
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(content)
    data = tmp_path / "untouched"
    data.mkdir(exist_ok=True)
    (data / "yaodian.db").write_bytes(b"as it was")

    try:
        check(damaged)
        place = tmp_path / "place"
        place.mkdir(exist_ok=True)
        for one in place.iterdir():
            one.unlink()
        unpack(damaged, place)
    except UnusableArchive:
        with pytest.raises(UnusableArchive):
            restore_folder(damaged, data, now=NOW)
        assert [one.name for one in data.iterdir()] == ["yaodian.db"]
        assert (data / "yaodian.db").read_bytes() == b"as it was"
    else:  # a bit that means nothing, such as a date in the zip
        with zipfile.ZipFile(archive) as good:
            assert (place / "yaodian.db").read_bytes() == good.read("yaodian.db")


def test_a_damaged_database_is_not_backed_up(archive: Path, tmp_path: Path) -> None:
    data = tmp_path / "first"
    content = bytearray((data / "yaodian.db").read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\x55" * (4096 * 3)
    (data / "yaodian.db").write_bytes(content)

    with pytest.raises((UnusableArchive, OSError)):
        copy_database(data / "yaodian.db", tmp_path / "copy.db")
        pack(Source(database=tmp_path / "copy.db", extras={}), tmp_path / "b.zip", made_at=NOW)
    assert not (tmp_path / "b.zip").exists()
    assert not list(tmp_path.glob(".b.zip*"))


async def test_units_keep_their_tree(archive: Path, tmp_path: Path) -> None:
    await asyncio.to_thread(restore_folder, archive, tmp_path / "again", now=NOW)
    again = await Store.open(tmp_path / "again")
    units = await again.read(lambda session: session.scalars(select(Unit)).all())
    await again.close()
    by_name = {unit.name: unit for unit in units}
    assert by_name["云溪县第二中学"].parent_id == by_name["云溪县教育局"].id
