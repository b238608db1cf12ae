"""What is known to be unsafe cannot come back: not by the pins, not by what we allow."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parents[2]
FLOORS = {
    "aiohttp": ">=3.14.3",
    "cryptography": ">49.0.0",
    "langchain-core": ">=1.3.3",
    "langchain-text-splitters": ">=1.1.2",
    "langchain-community": ">=0.3.27",
    "transformers": ">=5.5.0",
    "pypdf": ">=6.16.1",
    "xmltodict": ">=0.11",
}
"""Versions without the advisories that were known when this was written."""
FORBIDDEN = ("langgraph-checkpoint-sqlite", "pycrypto", "mplfonts")
"""Deserialises what it is given; unkept; carries a font that is not free."""
PINS = {
    name.lower(): version
    for name, version in re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M
    )
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def named(name: str) -> str:
    return name.lower().replace("_", "-")


def wanted() -> list[Requirement]:
    lines = list(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        lines += extra
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_what_is_pinned_is_not_below_its_floor(name: str, floor: str) -> None:
    pins = {named(one): version for one, version in PINS.items()}
    if name in pins:
        assert Version(pins[name]) in SpecifierSet(floor)


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_what_we_allow_is_not_below_its_floor(name: str, floor: str) -> None:
    below = floor.removeprefix(">") if floor[1] != "=" else f"{floor.removeprefix('>=')}.dev0"
    for requirement in wanted():
        if named(requirement.name) == name:
            assert not requirement.specifier.contains(below, prereleases=True), requirement


def test_every_floor_that_can_be_pinned_is_looked_at() -> None:
    pins = {named(one) for one in PINS}

    assert {"aiohttp", "cryptography", "langchain-core", "transformers", "xmltodict"} <= pins
    assert not pins & set(FORBIDDEN)


def test_everything_that_is_asked_for_is_pinned() -> None:
    pins = {named(one) for one in PINS}
    asked = {named(one.name) for one in wanted()} - {"yaodian"}

    assert asked - pins == set()


def test_the_pins_name_no_place_to_get_them_from() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")

    assert "://" not in text
    assert "--" not in text


def _names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{one.name}" for one in node.names}
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.Attribute):
            found.add(f".{node.attr}")
    return found


def test_nothing_that_runs_foreign_bytes_is_called() -> None:
    """Chroma's server and what revives objects out of strings; see the advisories."""
    never = {
        "pickle.load", "pickle.loads", "pickle", "marshal", "shelve", "yaml.load",
        "langchain_core.load.load", "langchain_core.load.loads", "langchain_core.load.dumps",
        "langchain_core.prompts.load_prompt", "chromadb.HttpClient", "chromadb.AsyncHttpClient",
        "chromadb.server", ".HttpClient", ".load_prompt", ".astream_log", ".astream_events",
        ".from_url", "xml.dom.minidom", "xml.sax",
    }  # fmt: skip
    for package in ("bot", "handlers", "knowledge", "scheduler", "store"):
        for path in (ROOT / package).rglob("*.py"):
            assert not _names(path) & never, path
