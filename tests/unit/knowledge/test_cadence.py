"""How often and until when, from printed words only."""

from __future__ import annotations

from datetime import date

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from knowledge.cadence import has_date, number, read_cadence, read_due

WORDS = st.lists(
    st.sampled_from(
        "每 年 月 周 季度 学期 半 两 3 十 12 日 底 前 末 至 次 一 二 2026年 5月 31日 2 9 、 和 "
        "不超过 元 生 春季学期 秋季学期 按 逐 度 第".split()
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("每周五报送", "FREQ=WEEKLY;BYDAY=FR"),
        ("每周一、三、五巡查", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
        ("每两周轮换一次", "FREQ=WEEKLY;INTERVAL=2"),
        ("每半个月抽查一次", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
        ("每月10日前报送", "FREQ=MONTHLY;BYMONTHDAY=10"),
        ("每月底前汇总", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("每个季度末通报", "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1"),
        ("每年3月、9月各开展一次", "FREQ=YEARLY;BYMONTH=3,9"),
        ("每年8月25日前审核", "FREQ=YEARLY;BYMONTH=8;BYMONTHDAY=25"),
        ("每年不少于4次", "FREQ=MONTHLY;INTERVAL=3"),
        ("每学期至少开展2次", "FREQ=MONTHLY;INTERVAL=3"),
        ("每两年轮训一遍", "FREQ=YEARLY;INTERVAL=2"),
        ("春季学期于5月31日前、秋季学期于11月30日前发放", "FREQ=YEARLY;BYMONTH=5,11"),
        ("实行季度考评", "FREQ=MONTHLY;INTERVAL=3"),
    ],
)
def test_intervals(words: str, rule: str) -> None:
    assert read_cadence(words).rule == rule


@pytest.mark.parametrize(
    "words",
    [
        "每学期考试不超过1次",
        "每生每学期收费300元",
        "每年不少于36学时",
        "第一季度完成",
        "12月5日报告",
        "逐年提高",
        "近年来",
        "定期开展",
        "常态化推进",
        "限时办结",
        "本季度工作",
    ],
)
def test_no_interval_is_invented(words: str) -> None:
    assert read_cadence(words).rule is None


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("5月底前完成", date(2026, 5, 31)),
        ("2月底前完成", date(2026, 2, 28)),
        ("9月10日前报送", date(2026, 9, 10)),
        ("2027年1月15日前", date(2027, 1, 15)),
        ("2026.6.30前", date(2026, 6, 30)),
        ("2026-06-30前", date(2026, 6, 30)),
        ("4月10日至4月20日", date(2026, 4, 20)),
        ("11月1日至2月28日开展", date(2027, 2, 28)),
        ("2025年12月1日至2月28日", date(2026, 2, 28)),
        ("5月至6月举办", date(2026, 6, 30)),
        ("年底前完成", date(2026, 12, 31)),
        ("上半年完成", date(2026, 6, 30)),
        ("第三季度内完成", date(2026, 9, 30)),
        ("教师节前表彰", date(2026, 9, 10)),
        ("9月中旬完成", date(2026, 9, 20)),
    ],
)
def test_due_dates(words: str, due: date) -> None:
    assert read_due(words, 2026) == due


def test_a_month_counts_in_a_plan_only() -> None:
    assert read_due("12月进行交流", 2026) is None
    assert read_due("12月进行交流", 2026, is_plan=True) == date(2026, 12, 31)


@pytest.mark.parametrize("words", ["5月起实施", "13月底前", "2月30日前", "提前3天", "年底考核"])
def test_what_is_no_deadline(words: str) -> None:
    assert read_due(words, 2026, is_plan=True) is None


def test_without_a_year_there_is_no_date() -> None:
    assert read_due("5月底前完成", None) is None
    assert read_due("2026年5月底前完成", None) == date(2026, 5, 31)


@pytest.mark.parametrize(("text", "value"), [("十二", 12), ("两", 2), ("二十", 20), ("7", 7)])
def test_numbers(text: str, value: int) -> None:
    assert number(text) == value


@given(st.one_of(WORDS, st.text(max_size=60)))
def test_every_rule_is_valid_and_nothing_raises(text: str) -> None:
    found = read_cadence(text)
    if found.rule:
        rrulestr(found.rule)
        assert found.words
    read_due(text, 2026, is_plan=True)
    has_date(text)
