from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.filters import RefusalReason
from knowledge.model import Turn
from knowledge.years import asked_years
from tests.unit.knowledge.library_of_samples import PLANS, ask, index_of, sample

INDEX = index_of(*PLANS)


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("2024年做什么", (2024,)),
        ("二〇二四年做什么", (2024,)),
        ("24年轮岗多少人", (2024,)),
        ("去年轮岗多少人", (2025,)),
        ("今年轮岗多少人", (2026,)),
        ("大前年的要点", (2023,)),
        ("2022-2024年轮岗", (2022, 2023, 2024)),
        ("教龄满25年有补贴吗", ()),
        ("从教30年以上的教师", ()),
        ("工作15年可以申请吗", ()),
        ("补贴2000元给谁", ()),
        ("两年一次吗", ()),
    ],
)
def test_years_are_read_and_durations_are_not(question: str, years: tuple[int, ...]) -> None:
    assert asked_years(question, 2026) == years


@pytest.mark.parametrize(
    "question", ["白鹭县2024年轮岗人数", "白鹭24年轮岗人数", "二〇二四年白鹭县教育局轮岗人数"]
)
def test_place_and_year_restrict_the_documents(question: str) -> None:
    assert ask(INDEX, question).documents == {"bailu2024"}


def test_a_year_no_document_has_is_refused_with_those_there_are() -> None:
    refused = ask(INDEX, "白鹭县2019年轮岗人数").refused

    assert refused is not None
    assert refused.reason is RefusalReason.UNKNOWN_YEAR
    assert refused.known == ("2023年", "2024年")


@pytest.mark.parametrize("place", ["墨河县", "栖霞岭市", "霜屿区", "贵阳"])
@pytest.mark.parametrize("form", ["{}2024年轮岗人数", "请问{}的教师轮岗多少人", "2024年{}轮岗几人"])
def test_a_place_no_document_has_is_refused(place: str, form: str) -> None:
    refused = ask(INDEX, form.format(place)).refused

    assert refused is not None
    assert refused.reason is RefusalReason.UNKNOWN_NAME
    assert refused.asked == place
    assert "白鹭县" in refused.known


@pytest.mark.parametrize(
    "question",
    [
        "教师轮岗多少人",
        "课后服务区怎么设",
        "全县有多少所学校",
        "示范区创建有什么要求",
        "市场监管部门做什么",
        "各乡镇怎么落实",
        "县级骨干教师怎么评",
        "哪个县先试点",
        "城区学校怎么做",
        "贫困县的老师有补贴吗",
        "优质均衡县怎么创建",
        "这个东西怎么报",
        "校区之间怎么交流",
        "社区教育怎么开展",
        "贵阳在不在试点名单里面",
        "到贵阳培训的老师有补贴吗",
        "德州扑克能进校园吗",
        "中山装校服可以吗",
    ],
)
def test_a_word_that_is_no_place_is_never_refused(question: str) -> None:
    assert ask(INDEX, question).refused is None


@given(st.text(max_size=60))
def test_any_question_is_understood(question: str) -> None:
    understood = ask(INDEX, question)

    assert understood.question == question
    assert understood.documents is None or understood.documents <= {plan.id for plan in PLANS}


def test_a_comparison_takes_both_places() -> None:
    understood = ask(INDEX, "白鹭和青崖2024年轮岗人数哪个多")

    assert [name.name for name in understood.names] == ["白鹭", "青崖"]
    assert understood.documents == {"bailu2024", "qingya2024"}


def test_a_word_beside_a_known_place_is_compared_too() -> None:
    index = index_of(*PLANS, sample("联席会议纪要", "1.砚溪试行午休躺睡。", key="minutes"))
    understood = ask(index, "白鹭和砚溪的午休分别怎么安排")

    assert [name.name for name in understood.names] == ["白鹭", "砚溪"]
    assert understood.documents == {"bailu2023", "bailu2024", "minutes"}


def test_documents_that_print_a_place_in_passing_are_preferred() -> None:
    assert ask(INDEX, "昆明有什么经验").preferred == {"qingya2024"}


def test_a_short_name_of_two_places_asks_back() -> None:
    index = index_of(
        sample("白鹭县教育局2024年工作要点", "1.轮岗40人。", year=2024),
        sample("白鹭市教育局2024年工作要点", "1.轮岗90人。", year=2024),
    )

    asked = ask(index, "白鹭2024年轮岗多少人").asks_back

    assert {one.name for one in asked} == {"白鹭县", "白鹭市"}
    assert ask(index, "白鹭县2024年轮岗多少人").asks_back == ()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("述职平议怎么做", "述职评议怎么做"),
        ("标zhun化食堂有哪些要求", "标准化食堂有哪些要求"),
        ("jiaocha检查谁组织", "交叉检查谁组织"),
        ("書香校園怎麼評", "书香校园怎么评"),
    ],
)
def test_slips_are_mended_to_what_the_documents_print(typed: str, meant: str) -> None:
    assert ask(INDEX, typed).text == meant


@pytest.mark.parametrize(
    "question",
    ["用什么app打卡", "校长培训班办几期", "前妻是谁", "述职评议怎么做", "PPT模板在哪", "食堂标准"],
)
def test_what_is_no_slip_stays(question: str) -> None:
    understood = ask(INDEX, question)

    assert understood.text == question
    assert understood.corrections == ()


def test_numerals_inside_words_find_each_other() -> None:
    assert {"1单", "2书"} <= {term.text for term in ask(INDEX, "1单2书发给谁").terms}


def test_everyday_words_bring_official_ones_with_less_weight() -> None:
    weights = {term.text: term.weight for term in ask(INDEX, "老师换岗的人数").terms}

    assert weights["老师"] == 1.0
    assert 0 < weights["轮岗"] < 1.0


def test_a_follow_up_keeps_place_and_subject() -> None:
    before = Turn(user="白鹭县2023年教师轮岗多少人", bot="40人。")

    assert ask(INDEX, "那青崖市呢", before).documents is not None
    assert "轮岗" in ask(INDEX, "那青崖市2024年呢", before).text
    assert ask(INDEX, "那青崖市2024年呢", before).documents == {"qingya2024"}
    assert ask(INDEX, "2024年呢", before).documents == {"bailu2024"}
    assert "轮岗" in ask(INDEX, "什么时候完成", before).text


def test_a_new_question_keeps_its_words_and_prefers_the_same_document() -> None:
    before = Turn(user="青崖市教师轮岗多少人", bot="120人。")
    understood = ask(INDEX, "班级图书角怎么设立", before)

    assert understood.text == "班级图书角怎么设立"
    assert understood.documents is None
    assert understood.preferred == {"qingya2024"}


def test_the_cited_document_of_the_turn_before_is_preferred() -> None:
    before = Turn(user="图书角怎么设", bot="每校设立班级图书角。《白鹭县教育局2024年工作要点》2.")

    assert "bailu2024" in ask(INDEX, "它由谁负责评选", before).preferred
