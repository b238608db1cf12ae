"""Papers that are handed out by name are a duty each."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from knowledge.papers import papers_of


def test_each_paper_of_a_list_is_one() -> None:
    text = "局里发了三样，即校园安全责任清单、2026年校长安全承诺书、班主任家访台账，各校照办。"

    found = [text[one.start : one.end] for one in papers_of(text)]

    assert found == ["校园安全责任清单", "2026年校长安全承诺书", "班主任家访台账"]


def test_a_single_paper_belongs_to_its_clause() -> None:
    assert list(papers_of("各校要签订的，即校园安全责任清单，月底交。")) == []


@given(st.text("即包括：、，。安全清单承诺书台账和A1", max_size=80))
def test_papers_are_spans_that_never_overlap(text: str) -> None:
    found = list(papers_of(text))

    assert all(text[one.start : one.end] == one.core.text for one in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
