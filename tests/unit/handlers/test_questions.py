from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UsageError
from handlers.confirmations import is_yes_or_no
from handlers.deeds import masked
from handlers.questions.alike import core, is_near, is_same
from handlers.questions.dialogue import read_answer
from tests.fakes.messages import message

SAME = [
    ("读书节的经费是多少钱", "请问读书节经费多少？"),
    ("读书节的经费是多少", "经费读书节是多少"),
    ("陪餐记录什么时候交？", "陪餐记录何时交"),
    ("这件事找哪个科室", "这件事找谁呢"),
    ("教师请假要找谁？", "教师请假应该找谁"),
    ("能不能用电子台账", "可否用电子台账"),
]
OTHER = [
    ("第二中学食堂由谁负责", "第一中学食堂由谁负责"),
    ("甲校支援乙校几个人", "乙校支援甲校几个人"),
    ("2025年读书节经费多少", "2026年读书节经费多少"),
    ("党费标准是多少", "预备党员党费标准是多少"),
    ("台账要不要交", "台账不要交吗"),
    ("教师请假找谁", "女教师请假找谁"),
    ("", ""),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_question_in_other_words(one: str, other: str) -> None:
    assert is_same(one, other)
    assert is_same(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_only_looks_alike_is_another_question(one: str, other: str) -> None:
    assert not is_same(one, other)


def test_a_neighbour_is_shown_but_not_with_another_year() -> None:
    assert is_near("读书节活动经费是多少", "今年的读书节经费多少")
    assert not is_near("2025年读书节经费多少", "2026年读书节经费多少")
    assert not is_near("读书节几月办", "陪餐记录保存多久")


@given(st.text(max_size=40), st.text(max_size=40))
def test_sameness_is_mutual(one: str, other: str) -> None:
    assert is_same(one, other) == is_same(other, one)
    assert is_same(one, one) == bool(core(one))


@pytest.mark.parametrize(
    ("text", "answer", "basis", "expires_on"),
    [
        ("每年4月。", "每年4月。", None, None),
        ("每年4月，依据：《方案》第三条", "每年4月", "《方案》第三条", None),
        ("每年4月 有效期至2026-12-31", "每年4月", None, date(2026, 12, 31)),
        ("四月。依据：《方案》二、 有效期到2027年1月5日", "四月", "《方案》二、", date(2027, 1, 5)),
        ("没有依据可以补发", "没有依据可以补发", None, None),
    ],
)
def test_what_stands_at_the_end_of_an_answer(
    text: str, answer: str, basis: str | None, expires_on: date | None
) -> None:
    said = read_answer(text)

    assert (said.answer, said.basis, said.expires_on) == (answer, basis, expires_on)


def test_a_date_that_does_not_exist_is_said_so() -> None:
    with pytest.raises(UsageError):
        read_answer("四月。有效期至 2026-02-30")


@given(st.text(max_size=200))
def test_any_answer_is_read_or_refused(text: str) -> None:
    try:
        said = read_answer(text)
    except UsageError:
        return
    assert said.answer == said.answer.strip()


@pytest.mark.parametrize("text", ["确认", "好的。", "是", "OK", "ｏｋ", "取消", "算了", "不用了"])
def test_yes_and_no_in_their_ways(text: str) -> None:
    assert is_yes_or_no(message("1", text))


@pytest.mark.parametrize("text", ["确认名单发我", "好的建议有哪些", "不是很清楚", ""])
def test_a_sentence_is_neither(text: str) -> None:
    assert not is_yes_or_no(message("1", text))


def test_the_log_shows_no_whole_number() -> None:
    assert masked("张三 19900001234 已换") == "张三 199****1234 已换"
    assert masked("11010119900307123X") == "110101****123X"
    assert masked("编号 12345678901234567890") == "编号 12345678901234567890"
