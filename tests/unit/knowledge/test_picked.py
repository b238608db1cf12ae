"""What somebody else picked is read again from the document's own words."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from knowledge.model import Basis, Document
from knowledge.picked import Span, picked_draft, silent_passages, spans_of
from knowledge.planning import draft_tasks
from knowledge.reading import read_bytes

PLAN = """云溪县2027年校园阅读工作要点

一、总体要求
坚持立德树人，以阅读涵养品格。

二、重点任务
1.办好读书节。各校每年4月举办读书节，6月底前报送总结。
2.图书流通。图书角的书，最迟9月20日要换过一遍，由各校图书管理员负责。
3.往年做法。去年各班自己凑了一千多本书。

附：图书登记表
序号　书名　册数
"""


def _read(text: str = PLAN) -> Document:
    return read_bytes(text.encode(), "要点.txt")


def _span(document: Document, words: str) -> Span:
    start = document.text.index(words)
    return Span(start=start, end=start + len(words))


def test_what_was_not_read_as_a_duty_is_offered_and_what_was_is_not() -> None:
    document = _read()
    offered = "\n".join(one.text for one in silent_passages(document, draft_tasks(document)))

    assert "去年各班自己凑了" in offered
    assert "举办读书节" not in offered
    assert "以阅读涵养品格" not in offered, "a preamble asks for nothing"


def test_a_picked_sentence_keeps_its_words_and_its_printed_date() -> None:
    document = _read()
    words = "图书角的书，最迟9月20日要换过一遍，由各校图书管理员负责"
    span = _span(document, words)
    draft = picked_draft(document, span.start, span.end)

    assert draft is not None
    assert draft.quote == words
    assert document.text[draft.start : draft.end] == words
    assert draft.due_on == date(2027, 9, 20)
    assert draft.rrule is None
    assert draft.basis is Basis.REQUIREMENT


def test_what_is_no_duty_is_refused_whoever_picked_it() -> None:
    document = _read()
    for words in ("坚持立德树人，以阅读涵养品格", "云溪县2027年校园阅读工作要点"):
        span = _span(document, words)
        assert picked_draft(document, span.start, span.end) is None
    across = Span(start=0, end=len(document.text))
    assert picked_draft(document, across.start, across.end) is None, "not of one passage"


def test_words_that_are_not_in_the_passage_are_left_out() -> None:
    document = _read()
    passage = next(one for one in document.passages if "图书流通" in one.text)
    said = ["图书角的书，最迟9月20日要换过一遍", "图书角的书每周都要换", ""]

    spans = list(spans_of(passage, said))

    assert [document.text[one.start : one.end] for one in spans] == [said[0]]


PIECES = "各校 要 每月 6月底前 换书 。 ， \n 一、 （一） 1. 图书角 由 负责 不得 了 去年 ；"
_WORDS = st.lists(st.sampled_from(PIECES.split(" ")), min_size=1, max_size=40).map("".join)


@given(_WORDS, st.integers(0, 200), st.integers(0, 200))
def test_any_span_gives_words_of_the_document_or_nothing(
    text: str, start: int, length: int
) -> None:
    document = _read(f"云溪县2027年工作要点\n{text}\n")
    draft = picked_draft(document, start, start + length)

    if draft is not None:
        assert draft.quote == document.text[draft.start : draft.end]
        assert start <= draft.start < draft.end <= start + length
