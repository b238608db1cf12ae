from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.phrases import find_when
from scheduler.when import (
    Ambiguous,
    CalendarUnknown,
    Day,
    Deadline,
    Instant,
    Interval,
    NoTime,
    Reason,
    Recurring,
    Reject,
)
from tests.unit.scheduler.fixtures import NOW, OFFICIAL, TERMS, at, by, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("后天 15：05", at(4, 16, 15, 5)),
        ("明早七点三刻", at(4, 15, 7, 45)),
        ("下禮拜二下午兩點一刻", at(4, 21, 14, 15)),
        ("二十五号晚上七点零五分", at(4, 25, 19, 5)),
        ("周六１６：４０", at(4, 18, 16, 40)),
        ("４月３０日上午１０点半", at(4, 30, 10, 30)),
        ("一小时四十五分钟后", at(4, 14, 12, 5)),
        ("差五分下午三点", None),
        ("4月17日（周五）16:00", at(4, 17, 16)),
        ("今晚12点", at(4, 15, 0)),
        ("24点", at(4, 15, 0)),
        ("中秋节前一天上午9点", at(9, 24, 9)),
        ("第9周周五下午4点", at(5, 1, 16)),
        ("下个月最后一个工作日下午5点", at(5, 29, 17)),
        ("国庆假期后第一个工作日早上8点", at(10, 8, 8)),
        ("15天后上午9点", at(4, 29, 9)),
        ("晚上11点", at(4, 14, 23)),
        ("3pm", at(4, 14, 15)),
    ],
)
def test_instants(text: str, expected: object) -> None:
    if expected is None:
        assert isinstance(read(text), Reject)
    else:
        assert read(text) == Instant(at=expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("三月五号", date(2027, 3, 5)),
        ("2026-06-30", date(2026, 6, 30)),
        ("6/30", date(2026, 6, 30)),
        ("下下个月一号", date(2026, 6, 1)),
        ("三个工作日后", date(2026, 4, 17)),
        ("本月底", date(2026, 4, 30)),
        ("明年2月底", date(2027, 2, 28)),
        ("5月第一个周一", date(2026, 5, 4)),
        ("开学第一天", date(2026, 9, 1)),
        ("31号", date(2026, 5, 31)),
    ],
)
def test_dates(text: str, expected: date) -> None:
    assert read(text) == Day(on=expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("于6月15日前", by(6, 15)),
        ("10号之前", by(5, 10)),
        ("五个工作日内", by(4, 21)),
        ("两周内", by(4, 28)),
        ("三天之内", by(4, 17)),
        ("最迟下周三", by(4, 22)),
        ("截止到4月20日17:00", at(4, 20, 17)),
        ("周五下班前", at(4, 17, 17, 30)),
        ("本季度内", by(6, 30)),
        ("学期结束前", by(7, 10)),
        ("三季度末前", by(9, 30)),
        ("两小时内", at(4, 14, 12, 20)),
    ],
)
def test_deadlines(text: str, expected: object) -> None:
    assert read(text) == Deadline(at=expected)  # type: ignore[arg-type]


def test_ranges() -> None:
    assert read("明天下午2点到4点") == Interval(start=at(4, 15, 14), end=at(4, 15, 16))
    assert read("4月20日-26日") == Interval(start=at(4, 20), end=by(4, 26))
    assert read("从今天到周五") == Interval(start=at(4, 14), end=by(4, 17))
    assert read("晚上10点到凌晨1点") == Interval(start=at(4, 14, 22), end=at(4, 15, 1))
    assert read("4月10日至4月20日") == Interval(start=at(4, 10), end=by(4, 20))
    assert read("9月至6月") == Interval(start=at(9, 1), end=by(6, 30, year=2027))
    assert read("下周") == Interval(start=at(4, 20), end=by(4, 26))


@pytest.mark.parametrize(
    "text",
    [
        "国庆前",
        "周二",
        "明天3点",
        "周末",
        "月初",
        "5月前",
        "每隔两天",
        "每月",
        "下午两三点",
        "明天下午",
    ],
)
def test_what_can_mean_two_things_is_asked(text: str) -> None:
    answer = read(text)
    assert isinstance(answer, Ambiguous)
    assert answer.candidates


def test_after_midnight_tomorrow_is_asked() -> None:
    asked = read("明天上午9点", at(4, 14, 1))
    assert asked == Ambiguous(candidates=(Instant(at=at(4, 14, 9)), Instant(at=at(4, 15, 9))))


@pytest.mark.parametrize(
    "text", ["尽快", "晚自习", "明天早读", "这两天", "两三天内", "节后", "吃饭了"]
)
def test_what_gives_no_time_is_said(text: str) -> None:
    assert isinstance(read(text), NoTime)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("4月31日", Reason.NO_SUCH_DATE),
        ("2027年2月29日", Reason.NO_SUCH_DATE),
        ("上周五", Reason.PAST),
        ("今天上午9点", Reason.PAST),
        ("4月17日周三", Reason.WEEKDAY_MISMATCH),
        ("明天凌晨9点", Reason.CONTRADICTION),
        ("明天上午9点到8点", Reason.END_BEFORE_START),
        ("八月初五", Reason.LUNAR),
        ("下下学期第一周周一", Reason.NO_TERMS),
        ("明天下午3点在会议室", Reason.UNREADABLE),
        ("每周一课", Reason.UNREADABLE),
        ("每月10号到15号", Reason.UNREADABLE),
        ("三天前", Reason.PAST),
    ],
)
def test_refusals_say_why(text: str, reason: Reason) -> None:
    answer = read(text)
    assert isinstance(answer, Reject)
    assert answer.reason is reason


def test_an_unpublished_year_is_provisional() -> None:
    answer = read("2027年1月第一个工作日")
    assert isinstance(answer, CalendarUnknown)
    assert answer.missing_year == 2027


def test_records_look_back() -> None:
    assert read("昨天下午3点", allow_past=True) == Instant(at=at(4, 13, 15))
    assert read("三天前", allow_past=True) == Day(on=date(2026, 4, 11))
    assert read("周五", allow_past=True) == Day(on=date(2026, 4, 10))
    assert read("4月2日", allow_past=True) == Day(on=date(2026, 4, 2))
    assert read("12月30日", allow_past=True) == Day(on=date(2025, 12, 30))


def find(text: str) -> list[tuple[str, str]]:
    found = find_when(text, now=NOW, calendar=OFFICIAL, terms=TERMS)
    return [(text[start:end], when.kind) for start, end, when in found]


def test_expressions_are_found_in_sentences() -> None:
    assert find("提醒我明天下午 3点交表") == [("明天下午 3点", "instant")]
    assert find("每月最后一个工作日由张三报送") == [("每月最后一个工作日", "recurrence")]
    assert find("周五前往县里") == [("周五", "date")]
    assert find("提出三点要求，三会一课，第十二届，不超过3天") == []
    assert [words for words, _kind in find("6月1日前自查、6月30日前整改")] == [
        "6月1日前",
        "6月30日前",
    ]


@given(
    st.text(
        st.sampled_from("明后天周一三五下上个月日号点半前内每到至0123:年第学期工作、，"),
        max_size=14,
    )
)
def test_nothing_makes_it_stumble(text: str) -> None:
    answer = read(text)
    assert answer.to_json()["kind"]
    match answer:
        case Instant(at=moment) | Deadline(at=moment):
            assert moment > NOW
        case Day(on=on):
            assert on >= NOW.date()
        case Interval(start=start, end=end):
            assert start < end
        case Recurring():
            assert all(due.at > NOW for due in answer.first(5))
        case _:
            pass


@given(st.text(max_size=60))
def test_spans_lie_in_the_sentence_in_order(text: str) -> None:
    last = 0
    for start, end, _when in find_when(text, now=NOW, calendar=OFFICIAL, terms=TERMS):
        assert last <= start < end <= len(text)
        last = end
