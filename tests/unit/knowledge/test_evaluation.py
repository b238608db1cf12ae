"""What counts as cited, complete, refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.evaluation import (
    Case,
    Report,
    evaluate,
    is_evidence_met,
    longest_common,
    normalised,
    read_cases,
)
from knowledge.model import Answer, Citation, Turn

TEXT = "各学校每月开展一次演练，演练记录存档三年。"


def _citation(quote: str, file: str = "a.txt") -> Citation:
    start = TEXT.find(quote)
    return Citation(
        document_id="d",
        document="安全计划",
        file=file,
        locator="一、1.",
        quote=quote,
        start=start,
        end=start + len(quote),
    )


def _case(**changes: object) -> Case:
    entry: dict[str, object] = {
        "id": "1",
        "question": "多久演练一次",
        "answerable": True,
        "seed": ["a.txt"],
        "evidence": ["每月开展一次演练"],
        "must_include": ["每月|每个月"],
    }
    return read_cases([entry | changes])[0]


def _run(
    case: Case, *citations: Citation, text: str = "每月一次。", answered: bool = True
) -> Report:
    def ask(question: str, previous: Sequence[Turn]) -> Answer:
        return Answer(question=question, answered=answered, text=text, citations=citations)

    return evaluate([case], ask, lambda _: TEXT)


def test_a_full_answer_counts_everywhere() -> None:
    counts = _run(_case(), _citation("各学校每月开展一次演练")).counts

    assert (counts.evidence_cited, counts.all_included, counts.verbatim_quotes) == (1, 1, 1)
    assert counts.refused_wrongly == 0


def test_a_quote_from_another_file_is_no_evidence() -> None:
    assert _run(_case(), _citation("每月开展一次演练", "b.txt")).counts.evidence_cited == 0


def test_every_seed_needs_a_citation_of_its_own() -> None:
    case = _case(seed=["a.txt", "b.txt"])
    one, other = _citation("每月开展一次演练"), _citation("每月开展一次演练", "b.txt")

    assert _run(case, one).counts.evidence_cited == 0
    assert _run(case, one, other).counts.evidence_cited == 1


def test_a_refusal_of_an_answerable_question_counts_against_it_even_with_the_nearest_clause() -> (
    None
):
    counts = _run(_case(), _citation("每月开展一次演练"), answered=False).counts

    assert (counts.refused_wrongly, counts.evidence_cited, counts.all_included) == (1, 0, 0)


def test_a_refusal_of_an_unanswerable_question_is_right() -> None:
    case = _case(answerable=False, seed=[], evidence=[], must_include=[])

    assert _run(case, answered=False).counts.refused_rightly == 1
    assert _run(case).counts.refused_rightly == 0


def test_missing_and_forbidden_words_are_named() -> None:
    case = _case(must_include=["每月", "三年"], must_not_include=["每周"])
    (row,) = _run(case, text="每周或每 月一次").rows

    assert (row.missing, row.forbidden) == (("三年",), ("每周",))


def test_a_quote_that_is_not_in_the_text_is_not_verbatim() -> None:
    assert _run(_case(), _citation("每季度开展一次演练")).counts.verbatim_quotes == 0


def test_long_evidence_needs_four_fifths_and_short_evidence_all() -> None:
    long = "甲乙丙丁戊己庚辛壬癸。子丑寅卯辰巳午未。申酉戌亥。"

    assert is_evidence_met(long, [long[:21]])
    assert not is_evidence_met(long, [long[:15]])
    assert not is_evidence_met("每月开展一次演练", ["每月开展一次演"])


@pytest.mark.parametrize(
    "change", [{"id": 3}, {"answerable": "yes"}, {"seed": "a"}, {"previous": ["x"]}]
)
def test_a_bad_question_file_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="entry"):
        _case(**change)


@given(st.text(max_size=30), st.text(max_size=30))
def test_the_longest_common_run_is_symmetric_and_bounded(left: str, right: str) -> None:
    length = longest_common(left, right)

    assert length == longest_common(right, left) <= min(len(left), len(right))
    assert longest_common(left, left + right) == len(left)


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing_when_compared(text: str) -> None:
    assert not any(character.isspace() for character in normalised(text))
