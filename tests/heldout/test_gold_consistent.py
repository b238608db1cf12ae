"""The held-out gold quotes its own sources word for word."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TYPED = {"h03_traditional.txt"}
ENCODINGS = {
    "h05_measures.html": "gb18030",
    "h06_notice.txt": "utf-16",
    "h11_minutes.txt": "gb18030",
}
GLOSS = re.compile(r"\([a-zāáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜü]{1,7}\)")


def _gold(name: str) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = json.loads((HERE / "gold" / name).read_text(encoding="utf-8"))
    return parsed


def _words(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _text(file: str) -> str:
    """The document's words without markup; no cleaning of ours takes part."""
    path = HERE / "documents" / file
    if path.suffix == ".docx":
        from docx import Document

        return "\n".join(paragraph.text for paragraph in Document(str(path)).paragraphs)
    if path.suffix == ".xlsx":
        from openpyxl import load_workbook

        rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
        return "\n".join(str(cell) for row in rows for cell in row if cell)
    if path.suffix == ".pdf":
        return (HERE / "sources" / path.with_suffix(".txt").name).read_text(encoding="utf-8")
    text = path.read_bytes().decode(ENCODINGS.get(file, "utf-8-sig"))
    if path.suffix == ".html":
        from lxml import html

        return str(html.fromstring(text.replace("gb2312", "utf-8")).text_content())
    if file in TYPED:
        from opencc import OpenCC

        return str(OpenCC("t2s").convert(GLOSS.sub("", text)))
    return text


FILES = sorted(path.name for path in (HERE / "documents").iterdir())


@pytest.mark.parametrize("file", FILES)
def test_what_must_survive_is_in_the_source(file: str) -> None:
    source = _words(_text(file))
    (entry,) = [entry for entry in _gold("ingest.json") if entry["file"] == file]

    assert [fact for fact in entry["must_survive"] if _words(fact) not in source] == []


def test_every_evidence_stands_in_one_of_its_seeds_and_every_seed_has_one() -> None:
    for case in _gold("qa.json"):
        sources = {seed: _words(_text(seed)) for seed in case["seed"]}
        spans = [_words(span) for span in case["evidence"]]
        homeless = [span for span in spans if not any(span in text for text in sources.values())]
        assert homeless == [], case["id"]
        if case["answerable"]:
            assert all(any(span in text for span in spans) for text in sources.values()), case["id"]
        else:
            assert not spans, case["id"]


def test_a_fifth_to_a_third_of_the_questions_have_no_answer_and_ids_are_unique() -> None:
    cases = _gold("qa.json")

    assert len(cases) >= 60
    assert len({case["id"] for case in cases}) == len(cases)
    assert 0.2 <= sum(not case["answerable"] for case in cases) / len(cases) <= 0.33


@pytest.mark.parametrize("file", FILES)
def test_task_spans_and_the_words_of_their_interval_are_in_the_source(file: str) -> None:
    source = _words(_text(file))
    tasks = [task for task in _gold("tasks.json") if task["seed"] == file]

    assert [task["id"] for task in tasks if _words(task["span"]) not in source] == []
    spoken = [task for task in tasks if task["cadence_words"]]
    assert [task["id"] for task in spoken if _words(task["cadence_words"]) not in source] == []


def test_tasks_agree_with_themselves() -> None:
    tasks = _gold("tasks.json")

    assert len({task["id"] for task in tasks}) == len(tasks)
    for task in tasks:
        assert len(task["title"]) <= 30, task["id"]
        assert task["cadence"] in task["cadence_accept"], task["id"]
        assert task["kind"] == "recurring" or task["cadence"] is None, task["id"]
        assert task["evidence_types"], task["id"]
