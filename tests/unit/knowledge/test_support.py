"""What a clause supports, and what it does not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.support import (
    Fault,
    Source,
    adds_nothing,
    fault_of,
    is_kept,
    read_sentence,
    sentences_in,
)
from knowledge.support_facts import Token, tokens_in

SOURCES = {
    1: Source(
        heading="云溪县教育局2026年校园阅读工作方案",
        text="（一）建好班级图书角。每个班级设一处图书角，小学藏书不少于80册，中学藏书不少于120册，"
        "每学期更新一次。严禁摊派购书，可以接受家长捐赠。",
    ),
    2: Source(
        heading="云溪县教育局2026年校园阅读工作方案",
        text="（二）办好读书节。每年4月举办读书节，由各校教导处负责组织，联系人祁远山同志。"
        "3月15日前报送方案，经费1.5万元，依据云教发〔2026〕12号执行。",
    ),
}


@pytest.mark.parametrize(
    "sentence",
    [
        "每个班级设一处图书角，小学藏书至少80册。[1]",
        "中学藏书不少于120册，每学期更新1次[1]。",
        "严禁摊派购书，可以接受家长捐赠。[1]",
        "读书节每年四月举办，由各校教导处组织。[2]",
        "联系人是祁远山同志。[2]",
        "方案应在3月15日前报送。[2]",
        "读书节的经费是1.5万元。[2]",
        "根据方案要求，各校教导处负责组织每年4月的读书节。[2]",
        "《云溪县教育局2026年校园阅读工作方案》要求每个班级设一处图书角[1]。",
        "依据云教发〔2026〕12号执行[2]。",
    ],
)
def test_other_words_for_the_same_are_shown(sentence: str) -> None:
    assert fault_of(read_sentence(sentence), SOURCES) is None


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("读书节每年4月举办。", Fault.NO_MARK),
        ("读书节每年4月举办[3]。", Fault.UNKNOWN_MARK),
        ("读书节每年4月举办[0]。", Fault.UNKNOWN_MARK),
        ("读书节每年4月举办。[1]", Fault.FIGURE),
        ("读书节每月举办。[2]", Fault.FIGURE),
        ("读书节2026年4月举办。[2]", Fault.FIGURE),
        ("方案应在3月20日前报送。[2]", Fault.FIGURE),
        ("方案应在3月15日后报送。[2]", Fault.FIGURE),
        ("读书节的经费是15万元。[2]", Fault.FIGURE),
        ("小学藏书80册。[1]", Fault.FIGURE),
        ("小学藏书不超过80册。[1]", Fault.FIGURE),
        ("小学藏书不少于120册。[1]", Fault.MIXED_UP),
        ("可以摊派购书。[1]", Fault.POLARITY),
        ("不可以接受家长捐赠。[1]", Fault.POLARITY),
        ("必须接受家长捐赠。[1]", Fault.POLARITY),
        ("接受家长捐赠。[1]", Fault.POLARITY),
        ("读书节由各校政教处组织。[2]", Fault.OVERLAP),
        ("读书节每年4月举办，并在全省推广经验。[2]", Fault.OVERLAP),
        ("方案要求“全员参加读书节”。[2]", Fault.QUOTE),
        ("《云溪县劳动教育方案》要求每年4月举办读书节。[2]", Fault.QUOTE),
        ("方案要求“每年4月举办读书节。[2]", Fault.OPEN_QUOTE),
        ("依据云教发〔2026〕21号执行[2]。", Fault.FIGURE),
        ("每年4月举办读书节，详见 example.com 。[2]", Fault.NAME),
        ("好的。[1]", Fault.TOO_SHORT),
    ],
)
def test_what_no_clause_says_is_not_shown(sentence: str, fault: Fault) -> None:
    assert fault_of(read_sentence(sentence), SOURCES) is fault


def test_a_person_is_not_given_to_another_duty() -> None:
    sources = {1: Source(heading="方案", text="安全工作由周建国负责，宣传工作由吴晓梅负责。")}

    assert fault_of(read_sentence("宣传工作由吴晓梅负责[1]。"), sources) is None
    assert fault_of(read_sentence("宣传工作由周建国负责[1]。"), sources) is not None


def test_sentences_are_whole_only_when_nothing_can_be_added() -> None:
    assert sentences_in("图书每学期更新。", is_over=False) == ([], "图书每学期更新。")
    assert sentences_in("图书每学期更新。[", is_over=False) == ([], "图书每学期更新。[")
    assert sentences_in("甲事要办。[1]乙", is_over=False) == (["甲事要办。[1]"], "乙")
    assert sentences_in("甲事要办[1]。乙", is_over=True) == (["甲事要办[1]。", "乙"], "")
    assert read_sentence("甲事【1】，乙事[2，3]。").numbers == (1, 2, 3)


def test_figures_are_read_alike_however_they_are_written() -> None:
    assert tokens_in("２０２６年３月５日前") == tokens_in("2026-03-05前")
    assert tokens_in("不少于八十册") == tokens_in("80册以上") == tokens_in("至少80册")
    assert tokens_in("进一步统一思想") == frozenset()
    assert tokens_in("星期三下午") == {Token(kind="weekday", value="周3")}


def test_a_fact_is_kept_with_its_figure() -> None:
    assert is_kept("不少于80册", "小学藏书至少80册[1]。")
    assert not is_kept("不少于80册", "小学藏书要充足[1]。")
    assert adds_nothing("云溪县读书节几月举办", "读书节几月举办\n云溪县今年有什么活动")
    assert not adds_nothing("白鹭县读书节几月举办", "读书节几月举办\n云溪县今年有什么活动")


DOCUMENT_WORDS = st.text(
    st.sampled_from(
        "读书节班级图书角教师每年月组织更新册次不可以得须前后，。一二三四1234[]【】“”《》"
    ),
    max_size=60,
)


@given(DOCUMENT_WORDS)
def test_whatever_is_shown_prints_no_figure_of_its_own(text: str) -> None:
    for sentence in sentences_in(text, is_over=True)[0]:
        said = read_sentence(sentence)
        if fault_of(said, SOURCES) is None:
            assert set(said.numbers) <= set(SOURCES)
            held = "".join(SOURCES[number].whole for number in said.numbers)
            assert all(
                figure in held for figure in re.findall(r"\d+", said.text.replace("1次", ""))
            )


@given(st.text(max_size=80), st.integers(1, 5))
def test_cutting_a_stream_anywhere_finds_the_same_sentences(text: str, size: int) -> None:
    found: list[str] = []
    rest = ""
    for at in range(0, len(text), size):
        whole, rest = sentences_in(rest + text[at : at + size], is_over=False)
        found += whole
    found += sentences_in(rest, is_over=True)[0]

    assert "".join(found).split() == "".join(sentences_in(text, is_over=True)[0]).split()
    assert [one.strip() for one in found] == [
        one.strip() for one in sentences_in(text, is_over=True)[0]
    ]


@given(
    st.text(
        st.sampled_from("读书节每年4月举办由各校教导处负责组织0123456789万元册，。"), min_size=1
    )
)
def test_the_words_of_a_clause_support_themselves_or_are_too_little(text: str) -> None:
    source = {1: Source(heading="", text=text)}
    fault = fault_of(read_sentence(f"{text}[1]"), source)

    assert fault in {None, Fault.TOO_SHORT, Fault.MIXED_UP, Fault.NO_MARK}
