"""Answers in the documents' own words, and honest silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answers import Answerer
from knowledge.asked import Want, parts_of
from knowledge.facts import FactKind, facts_in
from knowledge.index import Index
from knowledge.model import Answer, Turn
from knowledge.question import understand
from knowledge.reading import read_bytes
from knowledge.retrieval import Retriever
from tests.unit.knowledge.answering import NOW, ask, corpus


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("今年劳动教育实践基地投了多少钱", "86万元"),
        ("联席会议多久开一次", "每季度"),
        ("劳动课一周几节", "不少于1课时"),
        ("云栖小学校长是谁", "丁若兰"),
        ("小小农夫节是哪天", "4月12日"),
        ("36块责任田分给谁了", "各班"),
        ("实践基地有哪三个", "稻香园"),
    ],
)
def test_a_fact_that_is_printed_is_told(question: str, said: str) -> None:
    answer = ask(question)

    assert answer.answered
    assert said in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "通报进展多久一次",
        "县教育局局长是谁",
        "劳动周安排在几月",
        "食堂阿姨工资多少",
        "小小农夫节有奖品吗",
        "哪个县是劳动教育先进县",
        "2024年的要点有哪些",
        "优秀案例奖金多少",
        "三会一课多久开一次",
    ],
)
def test_what_is_not_printed_is_not_told(question: str) -> None:
    answer = ask(question)

    assert not answer.answered
    assert "没有" in answer.text or "隐去" in answer.text


def test_a_number_question_leads_with_the_number() -> None:
    assert ask("今年劳动教育实践基地投了多少钱").text.startswith("86万元")


def test_two_years_that_differ_are_both_shown_newest_first() -> None:
    answer = ask("优秀案例评几个")

    assert [citation.document[6:10] for citation in answer.citations] == ["2026", "2025"]
    assert answer.text.index("15个") < answer.text.index("12个")


def test_a_named_year_is_the_only_one_shown() -> None:
    answer = ask("澄川县2025年优秀案例评几个")

    assert "12个" in answer.text
    assert "15个" not in answer.text


def test_a_wrong_premise_is_corrected_from_the_text() -> None:
    answer = ask("实践基地里有“桑麻园”吗")

    assert answer.answered
    assert "没有提到“桑麻园”" in answer.text
    assert "竹韵坊" in answer.text


def test_a_refusal_names_what_is_missing_and_the_nearest_clause() -> None:
    answer = ask("通报进展多久一次")

    assert answer.text.startswith("现有文件里没有写明多久一次。")
    assert answer.citations[0].locator in answer.text


def test_an_unknown_year_says_which_there_are() -> None:
    assert "2025年、2026年" in ask("2024年的要点有哪些").text


def test_a_news_report_carries_its_caution() -> None:
    assert any("新闻报道" in line for line in ask("小小农夫节是哪天").cautions)


def test_a_follow_up_is_understood_from_the_turn_before() -> None:
    previous = (Turn(user="澄川县今年要建哪些实践基地", bot="稻香园、竹韵坊、渔光谷。"),)

    assert "86万元" in ask("投入多少资金", previous).text


def test_a_new_subject_is_not_answered_from_the_old_one() -> None:
    previous = (Turn(user="联席会议多久开一次", bot="每季度召开一次。"),)

    assert not ask("党费什么时候交", previous).answered
    assert not ask("那地点呢", previous).answered


@given(st.text(max_size=60))
def test_any_question_gets_an_answer_whose_quotes_are_verbatim(question: str) -> None:
    answer = ask(question)

    texts = {document.id: document.text for document in corpus()}
    assert answer.text
    assert len(answer.citations) <= 3
    for citation in answer.citations:
        assert texts[citation.document_id][citation.start : citation.end] == citation.quote


@given(st.text(max_size=80))
def test_facts_are_spans_of_the_text(text: str) -> None:
    for fact in facts_in(text):
        assert text[fact.start : fact.end] == fact.text


@given(st.text(max_size=60))
def test_every_question_has_a_part(question: str) -> None:
    assert parts_of(question)


@pytest.mark.parametrize(
    ("question", "want", "kinds"),
    [
        ("遴选了几名督导员", Want.FACT, {FactKind.COUNT}),
        ("督导员补助多少钱", Want.FACT, {FactKind.MONEY}),
        ("培训班办多长时间", Want.FACT, {FactKind.DURATION, FactKind.DAY}),
        ("例会多久一次", Want.FACT, {FactKind.INTERVAL}),
        ("哪一年成立的", Want.FACT, {FactKind.YEAR}),
        ("三名督导员都叫啥", Want.FACT, {FactKind.PERSON}),
        ("三张清单叫什么", Want.NAMES, set()),
        ("从哪四个方面抓", Want.LIST, set()),
        ("材料交到哪儿", Want.WHERE, set()),
        ("这件事谁牵头", Want.WHO, set()),
    ],
)
def test_what_a_question_wants(question: str, want: Want, kinds: set[FactKind]) -> None:
    part = parts_of(question)[0]

    assert part.want is want
    assert part.kinds == kinds


def test_a_name_that_fits_two_is_asked_back() -> None:
    texts = [
        "云岭县2026年工作要点\n\n1.开展劳动周。5月开展劳动周，评选劳动之星30名。\n",
        "云岭市2026年工作要点\n\n1.开展劳动周。6月开展劳动周，评选劳动之星20名。\n",
    ]
    index = Index()
    index.add_all([read_bytes(text.encode(), f"{n}.txt") for n, text in enumerate(texts)])

    def told(question: str) -> Answer:
        understood = understand(question, (), index.vocabulary, NOW)
        hits = Retriever(index).search(understood, allowed=None, limit=12)
        return Answerer(weigh=lambda term: 1.0).answer(understood, hits)

    asked_back = told("云岭的劳动周在几月")
    assert not asked_back.answered
    assert "云岭县、云岭市" in asked_back.text
    assert "5月" in told("云岭县的劳动周在几月").text
