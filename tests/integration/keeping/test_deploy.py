"""What is handed to those who install: the service, the container, and the way to update."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.config import Settings
from bot.config_errors import unknown_variables
from store.archive import check

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"


@pytest.mark.needs("systemd-analyze")
def test_systemd_understands_the_service_and_finds_it_closed(tmp_path: Path) -> None:
    text = (DEPLOY / "yaodian.service").read_text("utf-8")
    unit = tmp_path / "yaodian.service"
    unit.write_text(text.replace("/opt/yaodian/.venv/bin/yaodian", sys.executable), "utf-8")

    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (verified.returncode, verified.stderr) == (0, "")
    assert judged.returncode == 0, judged.stdout


def test_the_container_has_every_package_and_no_rights() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    tops = {name.partition(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    let_in = (ROOT / ".dockerignore").read_text("utf-8").splitlines()

    for name in tops:
        assert f"COPY {name} {name}\n" in dockerfile
        assert f"!{name}" in let_in
    assert dockerfile.rindex("USER yaodian") > dockerfile.rindex("useradd")
    assert "/readyz" in dockerfile
    server = compose["services"]["yaodian"]
    assert server["cap_drop"] == ["ALL"]
    assert server["read_only"]
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    assert "data:/data" in server["volumes"]
    assert compose["services"]["postgresql"]["profiles"] == ["postgresql"]
    assert server["depends_on"]["postgresql"]["required"] is False


def test_the_example_names_settings_that_exist() -> None:
    text = (DEPLOY / "env.example").read_text("utf-8")
    given = dict(re.findall(r"^(?:# )?(YAODIAN__\w+)=(.*)$", text, re.MULTILINE))

    assert len(given) >= 6
    assert not unknown_variables(given, "YAODIAN__", tuple(Settings.model_fields))
    for name in given:
        section: type[object] = Settings
        for key in name.removeprefix("YAODIAN__").lower().split("__"):
            annotation = vars(section)["__pydantic_fields__"][key].annotation
            section = next((one for one in getattr(annotation, "__args__", ()) if one is not
                            type(None)), annotation)  # fmt: skip


SYSTEMCTL = """#!/bin/sh
# Restarts one server, as systemd would.
[ ! -e "$PLACE/pid" ] || { kill "$(cat "$PLACE/pid")"; while kill -0 "$(cat "$PLACE/pid")" \
2>/dev/null; do sleep 0.1; done; }
[ "$1" = restart ] || exit 0
setsid "$PLACE/here/.venv/bin/yaodian" serve >"$PLACE/log" 2>&1 </dev/null &
echo $! >"$PLACE/pid"
"""
YAODIAN = """#!/bin/sh
PYTHONPATH="$PLACE/here" exec {python} -m bot "$@"
"""


class Installation:
    """A checkout of this program, a repository that it is updated from, and its data."""

    def __init__(self, place: Path, port: int) -> None:
        self.place, self.origin, self.here = place, place / "origin", place / "here"
        self.data, self.config = place / "data", place / "yaodian.toml"
        self.url = f"http://127.0.0.1:{port}"
        self.config.write_text(f'[bot]\nport = {port}\n[knowledge]\nembedding = "none"\n', "utf-8")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("YAODIAN", "GIT"))}
        self.environment = clean | {
            "PLACE": str(place), "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
            "PYTHONPYCACHEPREFIX": str(place / "cache"), "PATIENCE_S": "60",
            "YAODIAN_DATA": str(self.data), "YAODIAN_CONFIG": str(self.config),
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }  # fmt: skip
        self._fill()

    def _fill(self) -> None:
        self.origin.mkdir()
        for name in ("bot", "handlers", "knowledge", "scheduler", "store", "deploy"):
            shutil.copytree(ROOT / name, self.origin / name,
                            ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
        for name in ("Makefile", "pyproject.toml", "constraints.txt", ".gitignore"):
            shutil.copy(ROOT / name, self.origin / name)
        self.git("init", "-q", "-b", "main")
        self.commit("First")
        self.run("git", "clone", "-q", str(self.origin), str(self.here))
        for folder in (self.place / "bin", self.here / ".venv" / "bin"):
            folder.mkdir(parents=True)
        self._program(self.place / "bin" / "systemctl", SYSTEMCTL)
        self._program(self.here / ".venv/bin/yaodian", YAODIAN.format(python=sys.executable))
        (self.here / ".venv/bin/python").symlink_to(sys.executable)
        for stamp in (".python", ".installed"):
            (self.here / ".venv" / stamp).touch()

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.write_text(text, "utf-8")
        path.chmod(0o755)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=self.here if self.here.exists() else self.place, env=self.environment,
            capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        done = self.run("git", "-C", str(self.origin), *who, *words)
        assert done.returncode == 0, done.stderr

    def commit(self, subject: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)

    def update(self) -> subprocess.CompletedProcess[str]:
        script = str(self.here / "deploy" / "update.sh")
        return self.run("bash", script, "--url", self.url)

    def yaodian(self, *words: str) -> str:
        done = self.run(str(self.here / ".venv/bin/yaodian"), *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def version(self) -> str:
        return self.run("git", "log", "-1", "--format=%s").stdout.strip()

    def is_alive(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)

    def stop(self) -> None:
        pid = self.place / "pid"
        if pid.exists():
            self.run("kill", pid.read_text("utf-8").strip())
            pid.unlink()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Installation(tmp_path, port)
    yield made
    made.stop()


@pytest.mark.needs("git", "make")
def test_an_update_backs_up_first_and_the_way_back_works(installation: Installation) -> None:
    here, origin = installation.here, installation.origin
    installation.yaodian("roster", "import", str(_roster(installation.place)))
    installation.run("systemctl", "restart", "yaodian")

    same = installation.update()
    assert "已经是最新版本" in same.stdout

    (origin / "NEWS").write_text("new\n", "utf-8")
    installation.commit("Say something new")
    done = installation.update()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Say something new" in done.stdout
    assert "更新好了" in done.stdout
    assert (here / "NEWS").exists()
    assert installation.is_alive()
    (backup,) = (installation.data / "backups").glob("before-update-*.zip")
    assert check(backup).rows["member"] == 2
    backup.unlink()

    server = origin / "bot/server.py"
    server.write_text("raise SystemExit('broken')\n" + server.read_text("utf-8"), "utf-8")
    installation.commit("Break it")
    (here / "mine.txt").write_text("untracked is no obstacle\n", "utf-8")
    installation.environment["PATIENCE_S"] = "2"
    broken = installation.update()
    assert broken.returncode == 1
    assert "还没有就绪" in broken.stderr
    assert installation.version() == "Break it"

    way_back = re.findall(r"^  (.+)$", broken.stdout.partition("请依次运行")[2], re.MULTILINE)
    assert way_back[-1] == "systemctl start yaodian"
    for line in way_back[:-1]:
        back = installation.run("bash", "-ec", line)
        assert back.returncode == 0, (line, back.stderr)
    assert installation.version() == "Say something new"
    export = installation.place / "own.zip"
    installation.yaodian("people", "export", "祁远山", str(export))
    assert export.exists()


@pytest.mark.needs("git", "make")
def test_without_a_backup_or_with_changes_nothing_is_updated(installation: Installation) -> None:
    origin, here = installation.origin, installation.here
    (origin / "NEWS").write_text("new\n", "utf-8")
    installation.commit("Say something new")

    changed = here / "Makefile"
    kept = changed.read_text("utf-8")
    changed.write_text(kept + "# mine\n", "utf-8")
    refused = installation.update()
    assert refused.returncode == 1
    assert "有改动过的文件" in refused.stderr
    changed.write_text(kept, "utf-8")

    installation.data.mkdir()
    (installation.data / "yaodian.db").write_bytes(b"no database at all")
    refused = installation.update()
    assert refused.returncode == 1
    assert "备份没有做成，所以没有更新" in refused.stderr
    assert installation.version() == "First"

    (installation.data / "yaodian.db").unlink()
    (origin / "Makefile").write_text("install:\n\t@echo no network >&2; exit 1\n", "utf-8")
    installation.commit("Break the installation")
    refused = installation.update()
    assert refused.returncode == 1
    assert "已经换回原来的版本" in refused.stderr
    assert installation.version() == "First"


@pytest.mark.needs("git", "make")
def test_an_update_installs_what_was_chosen_at_first(installation: Installation) -> None:
    chosen = installation.here / ".venv/.extras"
    usual = installation.run("make", "-n", "-B", "install")
    chosen.write_text("ocr,postgresql\n", "utf-8")
    kept = installation.run("make", "-n", "-B", "install")
    other = installation.run("make", "-n", "-B", "install", "EXTRAS=model")

    assert "'.[ocr]'" in usual.stdout
    assert "'.[ocr,postgresql]'" in kept.stdout
    assert "'.[model]'" in other.stdout


def _roster(folder: Path) -> Path:
    sheet = folder / "花名册.csv"
    sheet.write_text("姓名,单位,角色\n祁远山,云溪县教育局,管理员\n林静,云溪县教育局,\n", "utf-8")
    return sheet
