"""The five seed documents, read as they are, against what a careful reader wrote down."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date
from functools import cache
from typing import TypedDict, cast

import pytest

from knowledge.model import Document
from knowledge.reading import read_bytes
from tests.shared_data import shared_path


class Gold(TypedDict):
    file: str
    title: str
    title_derived: bool
    issuer: str | None
    subject: list[str]
    date: str | None
    index_no: str | None
    year: int | None
    sections: list[dict[str, str | int]]
    must_be_gone: list[str]
    must_survive: list[str]
    truncated: bool
    caution: str | None


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def _without_number(heading: str) -> str:
    return re.sub(
        r"^(?:[一二三四五六七八九十]+、|\d+\.|[一二三四五六七八九十]是)", "", _plain(heading)
    )


@cache
def _gold() -> list[Gold]:
    return cast(list[Gold], json.loads(shared_path("gold/ingest.json").read_text("utf-8")))


@cache
def _read(name: str) -> Document:
    return read_bytes(shared_path(f"seeds/{name}").read_bytes(), name)


@pytest.fixture(params=range(5))
def pair(request: pytest.FixtureRequest) -> tuple[Gold, Document]:
    gold = _gold()[request.param]
    return gold, _read(gold["file"])


def test_metadata(pair: tuple[Gold, Document]) -> None:
    gold, document = pair

    if gold["title_derived"]:
        assert str(gold["year"]) in document.title
        assert gold["subject"][0] in document.title
    else:
        assert _plain(document.title) == _plain(gold["title"])
    assert document.title_derived == gold["title_derived"]
    assert document.issuer == gold["issuer"]
    assert document.issued_on == (date.fromisoformat(gold["date"]) if gold["date"] else None)
    assert document.index_number == gold["index_no"]
    assert document.year == gold["year"]


def test_sections(pair: tuple[Gold, Document]) -> None:
    gold, document = pair

    expected = [_without_number(str(section["title"])) for section in gold["sections"]]

    assert [_plain(section.heading) for section in document.outline] == expected


def test_dirt_is_gone_and_facts_survive(pair: tuple[Gold, Document]) -> None:
    gold, document = pair
    plain = _plain(document.text)
    shown = document.title + document.text

    assert [dirt for dirt in gold["must_be_gone"] if dirt in shown] == []
    assert [
        dirt for dirt in gold["must_be_gone"] if " " not in dirt and _plain(dirt) in plain
    ] == []
    assert [fact for fact in gold["must_survive"] if _plain(fact) not in plain] == []


def test_cautions(pair: tuple[Gold, Document]) -> None:
    gold, document = pair
    cautions = "".join(document.cautions)

    assert ("不完整" in cautions) == gold["truncated"]
    assert ("匿名" in cautions) == ("匿名" in (gold["caution"] or ""))


def test_passages_are_verbatim(pair: tuple[Gold, Document]) -> None:
    _, document = pair

    assert document.passages
    for passage in document.passages:
        assert passage.text == document.text[passage.start : passage.end]
        assert passage.locator
