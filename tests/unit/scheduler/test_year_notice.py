"""The State Council's notice in words, as it is pasted, and what is no notice."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UsageError
from scheduler.school_calendar import WorkdayCalendar
from scheduler.year_notice import YearNotice, read_year

NOTICE = """国务院办公厅关于2025年部分节假日安排的通知
国办发明电〔2024〕12号
一、元旦：1月1日（周三）放假1天，不调休。
二、春节：1月28日（农历除夕、周二）至2月4日（农历正月初七、周二）放假调休，共8天。1月26日（周日）、2月8日（周六）上班。
三、清明节：4月4日（周五）至6日（周日）放假，共3天。
四、劳动节：5月1日（周四）至5日（周一）放假调休，共5天。4月27日（周日）上班。
五、端午节：5月31日（周六）至6月2日（周一）放假，共3天。
六、国庆节、中秋节：10月1日（周三）至8日（周三）放假调休，共8天。9月28日（周日）、10月11日（周六）上班。
"""


def test_a_published_notice_says_what_the_calendar_knows() -> None:
    notice = read_year(NOTICE)
    official = WorkdayCalendar.official()
    assert notice.year == 2025
    assert len(notice.off) == 1 + 8 + 3 + 5 + 3 + 8
    bare = WorkdayCalendar(years=frozenset()).with_year_file(notice.to_json())
    for n in range(365):
        day = date(2025, 1, 1) + timedelta(days=n)
        assert bare.judge(day).is_workday == official.judge(day).is_workday, day


def test_days_of_the_december_before_may_be_named() -> None:
    notice = read_year("2023年：元旦：2022年12月31日至2023年1月2日放假调休，共3天。")
    assert notice.off == {date(2022, 12, 31), date(2023, 1, 1), date(2023, 1, 2)}


def test_a_year_file_is_read_and_comes_back_the_same() -> None:
    notice = read_year(NOTICE)
    assert read_year(json.dumps(notice.to_json())) == notice


@pytest.mark.parametrize(
    "text",
    [
        "",
        "明年放假吗",
        "2027年元旦：1月3日至1月1日放假。",
        "2027年元旦：13月1日放假。",
        "2027年元旦：1月1日放假，1月1日上班。",
        "2027年：3月1日至9月1日放假。",
        "{",
        "{}",
        '{"year": 2027, "days": []}',
        '{"year": 2027, "days": [{"date": "2031-01-01", "isOffDay": true}]}',
        '{"year": "x", "days": [1]}',
        "[" * 5000,
        '{"year":' + "[" * 5000,
    ],
)
def test_what_is_no_notice_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_year(text)
    assert caught.value.reply


@given(st.text(max_size=400) | st.text("2027年月日至（）放假上班，。1", max_size=80))
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        notice = read_year(text)
    except UsageError:
        return
    assert isinstance(notice, YearNotice)
    assert not notice.off & notice.on
