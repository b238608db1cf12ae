from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.segmentation import content_words, fragments, normalise, query_terms, terms
from knowledge.windows import WINDOW_CHARS, cut


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("二〇二四年", "2024年"),
        ("第四百六十五条", "第465条"),
        ("百分之十五", "15%"),
        ("二十大", "20大"),
        ("两个", "2个"),
        ("ＡＰＰ", "app"),
        ("雙帶頭人", "双带头人"),
        ("千方百计", "千方百计"),
    ],
)
def test_what_means_the_same_is_folded(written: str, folded: str) -> None:
    assert normalise(written) == folded


def test_terms_are_characters_and_neighbouring_pairs_that_no_mark_parts() -> None:
    assert terms("课后，2024年") == ["课", "后", "课后", "2024", "年", "2024年"]


def test_question_words_are_no_terms() -> None:
    assert fragments("请问教师轮岗的人数是多少？") == ["教师轮岗", "人数", "?"]
    assert "多" not in query_terms("教师轮岗多少人")


def test_a_question_of_function_words_keeps_them() -> None:
    assert query_terms("是什么") == terms("是什么")


@given(st.text())
def test_any_text_gives_terms_without_white_space(text: str) -> None:
    for term in [*terms(text), *query_terms(text)]:
        assert term
        assert not any(character.isspace() for character in term)


@given(st.text(alphabet="教师学生2024二十的了吗，。 abc"))
def test_content_words_come_from_the_question_in_order(text: str) -> None:
    plain = normalize("NFKC", text)
    at = 0
    for words in content_words(text):
        at = plain.index(words, at) + len(words)


@given(st.text(alphabet=st.sampled_from("甲乙丙丁，。；\n x”！"), max_size=900))
def test_windows_are_short_and_lose_nothing_but_white_space(text: str) -> None:
    windows = cut(text)

    assert "".join("".join(windows).split()) == "".join(text.split())
    assert all(0 < len(window) <= WINDOW_CHARS for window in windows)
