"""What is installed is what is here, pinned by version and by nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("bot", "handlers", "knowledge", "scheduler", "store")
ONLY_IN_EXTRAS = ("asyncpg", "greenlet", "langchain_openai", "rapidocr", "sentence_transformers",
                  "playwright", "pytest", "hypothesis")  # fmt: skip
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_package_is_in_the_build() -> None:
    here = {
        ".".join(found.parent.relative_to(ROOT).parts)
        for name in OURS
        for found in (ROOT / name).rglob("__init__.py")
    }

    assert set(PROJECT["tool"]["setuptools"]["packages"]) == here


def test_every_file_that_is_read_at_run_time_is_in_the_build() -> None:
    data = PROJECT["tool"]["setuptools"]["package-data"]
    packed = {
        found
        for package, patterns in data.items()
        for pattern in patterns
        for found in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    read = [
        found
        for name in OURS
        for found in (ROOT / name).rglob("*")
        if found.suffix in {".html", ".css", ".js", ".svg", ".toml", ".mako"}
        and "sources" not in found.parts
    ]

    assert set(read) <= packed


def test_nothing_is_imported_that_only_an_extra_or_the_tests_install() -> None:
    modules = [
        ".".join(found.relative_to(ROOT).with_suffix("").parts)
        for name in OURS
        for found in (ROOT / name).rglob("*.py")
        if found.name not in {"__init__.py", "__main__.py", "env.py"}
        and "versions" not in found.parts
        and found.name not in {"postgresql.py", "make_samples.py"}
    ]
    script = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({ONLY_IN_EXTRAS!r}))\n"
        f"for name in {modules!r}: importlib.import_module(name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_constraints_are_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()

    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line) for line in lines)
    names = [line.partition("==")[0].lower() for line in lines]
    assert len(names) == len(set(names))


def test_what_is_needed_is_pinned() -> None:
    pinned = {
        re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower()
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    }
    wanted = PROJECT["project"]["dependencies"] + [
        one for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra
    ]
    names = {re.split(r"[\[<>=; ]", one)[0].lower().replace("_", "-") for one in wanted}

    assert names - {"yaodian"} <= pinned
