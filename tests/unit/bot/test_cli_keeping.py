"""``yaodian backup`` and ``restore`` as whoever keeps the machine meets them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.scenario.town import KITCHEN, READING, ROSTER
from tests.unit.bot.test_cli import Shell


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with people, a document and a backup of both; no server."""
    folder = tmp_path_factory.mktemp("school")
    (folder / "阅读方案.txt").write_text(READING, "utf-8")
    (folder / "陪餐.txt").write_text(KITCHEN, "utf-8")
    (folder / "花名册.csv").write_text(ROSTER, "utf-8")
    shell = Shell(folder)
    assert shell.run("roster", "import", "花名册.csv").returncode == 0
    assert shell.run("documents", "add", "阅读方案.txt").returncode == 0
    assert shell.run("backup", "甲.zip").returncode == 0
    return folder


@pytest.fixture
def shell(school: Path, tmp_path: Path) -> Shell:
    """The same, for one test to spoil."""
    shutil.copytree(school, tmp_path / "school")
    return Shell(tmp_path / "school")


def lock_away(shell: Shell) -> dict[str, bytes]:
    """What a data folder holds that people would miss."""
    data = shell.folder / "data"
    with closing(sqlite3.connect(data / "yaodian.db")) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return {
        str(one.relative_to(data)): one.read_bytes()
        for one in data.rglob("*")
        if one.is_file() and not one.name.endswith(("-wal", "-shm")) and "index" not in one.parts
    }


def test_a_machine_breaks_and_another_takes_over(shell: Shell) -> None:
    made = shell.run("backup", "乙.zip")
    assert made.returncode == 0
    assert "3 人、1 份文件" in made.stdout
    assert "密钥不在里面" in made.stderr
    assert stat.S_IMODE((shell.folder / "乙.zip").stat().st_mode) == 0o600

    shutil.rmtree(shell.folder / "data")
    done = shell.run("restore", "乙.zip")
    assert done.returncode == 0, done.stderr
    assert "已恢复" in done.stdout
    assert "before-restore" not in done.stdout
    assert "4月" in shell.run("ask", "读书节几月举办").stdout
    sent = shell.run("documents", "list", "--json")
    assert [one["file"] for one in json.loads(sent.stdout)] == ["阅读方案.txt"]


def test_going_back_asks_first_and_keeps_what_was_there(shell: Shell) -> None:
    assert shell.run("documents", "add", "陪餐.txt").returncode == 0
    before = lock_away(shell)

    nobody = shell.run("restore", "甲.zip")
    assert nobody.returncode == 2
    assert "请加 --yes" in nobody.stderr
    assert lock_away(shell) == before

    done = shell.run("restore", "甲.zip", "--yes")
    assert done.returncode == 0, done.stderr
    assert "确认没问题后可以删掉" in done.stdout
    listed = shell.json("documents", "list")
    assert isinstance(listed, list)
    assert len(listed) == 1
    (aside,) = (shell.folder / "data").glob("before-restore-*")
    with closing(sqlite3.connect(aside / "yaodian.db")) as opened:
        assert opened.execute("SELECT count(*) FROM document").fetchone() == (2,)


def test_a_backup_is_never_written_over(shell: Shell) -> None:
    kept = (shell.folder / "甲.zip").read_bytes()

    again = shell.run("backup", "甲.zip")

    assert again.returncode == 2
    assert "已经有了，请换一个文件名" in again.stderr
    assert (shell.folder / "甲.zip").read_bytes() == kept


def test_where_there_is_nothing_to_keep_it_is_said(tmp_path: Path) -> None:
    done = Shell(tmp_path).run("backup", "甲.zip")

    assert done.returncode == 2
    assert "还没有数据" in done.stderr
    assert not (tmp_path / "甲.zip").exists()


def _cut(good: Path, bad: Path) -> None:
    content = good.read_bytes()
    bad.write_bytes(content[: len(content) // 2])


def _empty(good: Path, bad: Path) -> None:
    bad.write_bytes(b"")


def _flipped(good: Path, bad: Path) -> None:
    content = bytearray(good.read_bytes())
    for n in range(len(content) // 3, len(content) // 3 + 40):
        content[n] ^= 0x55
    bad.write_bytes(content)


def _foreign(good: Path, bad: Path) -> None:
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("照片.jpg", b"x" * 100)


def _no_zip(good: Path, bad: Path) -> None:
    bad.write_text("这是一份通知", "utf-8")


def _of_tomorrow(good: Path, bad: Path) -> None:
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                content = json.dumps(json.loads(content) | {"revision": "9999"}).encode()
            new.writestr(name, content)


def _patched(good: Path, bad: Path) -> None:
    """Someone has changed the database, and not the sum that stands beside it."""
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "yaodian.db":
                content = content.replace("祁远山".encode(), "祁远水".encode())
            new.writestr(name, content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_cut, "坏了或不完整"),
        (_flipped, "坏了或不完整"),
        (_patched, "坏了或不完整"),
        (_empty, "不是要点的备份文件"),
        (_foreign, "不是要点的备份文件"),
        (_no_zip, "不是要点的备份文件"),
        (_of_tomorrow, "请先更新要点"),
    ],
)
def test_what_is_no_whole_backup_changes_nothing(
    shell: Shell, spoil: Callable[[Path, Path], None], said: str
) -> None:
    spoil(shell.folder / "甲.zip", shell.folder / "乙.zip")
    before = lock_away(shell)

    done = shell.run("restore", "乙.zip", "--yes")

    assert done.returncode == 2
    assert said in done.stderr
    assert "没有动任何数据" in done.stderr
    assert "Traceback" not in done.stderr
    assert lock_away(shell) == before


def test_a_file_that_is_not_there_is_asked_for(shell: Shell) -> None:
    done = shell.run("restore", "没有.zip", "--yes")

    assert done.returncode == 2
    assert "没有这个备份文件" in done.stderr


def test_a_running_server_makes_the_backup_and_keeps_restore_out(shell: Shell) -> None:
    process = shell.serve()
    assert process.stdout is not None
    try:
        assert "http://" in process.stdout.readline()
        made = shell.json("backup", "乙.zip")
        assert isinstance(made, dict)
        assert (made["members"], made["documents"]) == (3, 1)
        refused = shell.run("restore", "乙.zip", "--yes")
        assert refused.returncode == 1
        assert "先停掉它" in refused.stderr
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert shell.run("restore", "乙.zip", "--yes").returncode == 0


def test_a_folder_that_cannot_be_written_is_named(shell: Shell) -> None:
    (shell.folder / "文件").write_text("x", "utf-8")
    done: subprocess.CompletedProcess[str] = shell.run("backup", "文件/甲.zip")

    assert done.returncode == 1
    assert "写不进" in done.stderr
    assert "那里不是文件夹" in done.stderr
