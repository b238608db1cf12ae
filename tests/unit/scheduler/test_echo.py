from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.echo import echo
from scheduler.when import Ambiguous, Day, Deadline, Instant, Interval, NoTime, Recurring, Reject
from scheduler.when_json import when_json
from tests.unit.scheduler.fixtures import NOW, OFFICIAL, TERMS, at, read

FIRST, LAST = NOW + timedelta(minutes=1), at(12, 31, year=2031)
MOMENTS = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=NOW.tzinfo)
)


@given(MOMENTS)
def test_instants_and_deadlines_read_back(moment: datetime) -> None:
    for when in (Instant(at=moment), Deadline(at=moment), Day(on=moment.date())):
        assert read(echo(when)) == when
    whole = Deadline(at=moment.replace(hour=23, minute=59, second=59))
    assert read(echo(whole)) == whole


@given(MOMENTS, st.timedeltas(timedelta(minutes=1), timedelta(days=40)))
def test_ranges_read_back(start: datetime, length: timedelta) -> None:
    end = (start + length).replace(microsecond=0)
    when = Interval(start=start, end=end)
    assert read(echo(when)) == when


DAYS = st.sampled_from(
    [
        "每天", "每3天", "每个工作日", "每周一", "每周二、周五", "每2周的周四", "隔周周三",
        "每月1日",
        "每月最后一天", "每月倒数第二天", "每月10日、25日", "每月第二个周二", "每月最后一个周五",
        "每月最后一个工作日", "每月第三个工作日", "每季度最后一个工作日", "每季度末",
        "每季度首月8日",
        "每年3月12日", "每年5月第二个周日", "每年教师节", "每学期第三周周一", "每学期最后一天",
        "单周周三",
        "每两个月的15号", "每年最后一个工作日", "每周最后一个工作日",
    ]
)  # fmt: skip
CLOCKS = st.sampled_from(["", "8:30", "下午3点", "前", "下班前", "17:00前", "晚上九点一刻"])
STARTS = st.sampled_from(["", "从5月6日起", "从下周一起"])
TAILS = st.sampled_from(["", "，遇节假日顺延", "，遇节假日提前", "，到明年6月底", "，共30次"])


@given(STARTS, DAYS, CLOCKS, TAILS)
def test_rules_read_back(start: str, days: str, clock: str, tail: str) -> None:
    when = read(start + days + clock + tail)
    if isinstance(when, Recurring):
        assert read(echo(when)) == when, echo(when)
    else:
        assert isinstance(when, Reject | Ambiguous)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4月31日", "没有这一天"),
        ("上周五", "已经过去"),
        ("每月31日", "跳过"),
        ("2027年1月第一个工作日", "暂定"),
        ("明天3点", "请确认"),
        ("尽快", "具体时间"),
        ("单周周三", "已配置的学期"),
    ],
)
def test_what_a_person_has_to_know_is_said(text: str, words: str) -> None:
    assert words in echo(read(text))


def test_a_word_without_a_time_is_quoted() -> None:
    assert "晚自习" in echo(NoTime(words="晚自习"))


def test_json_is_flat_and_has_the_echo() -> None:
    told = when_json("每周五前", now=NOW, calendar=OFFICIAL, terms=TERMS)
    assert told == {
        "kind": "recurrence",
        "rrule": "FREQ=WEEKLY;BYDAY=FR;BYHOUR=23;BYMINUTE=59;BYSECOND=59",
        "first": [f"2026-{day}T23:59:59+08:00" for day in ("04-17", "04-24", "05-01")],
        "is_deadline": True,
        "echo": "每周五前；接下来3次：4月17日（周五）、4月24日（周五）、5月1日（周五）",
    }
    assert when_json("后天8:05", now=NOW, calendar=OFFICIAL)["at"] == at(4, 16, 8, 5).isoformat()
