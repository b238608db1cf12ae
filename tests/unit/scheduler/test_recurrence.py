from __future__ import annotations

from datetime import date, time, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UnreadableTime
from scheduler.recurrence import Period, Pick, Recurrence
from scheduler.rule_words import read_rule_words
from scheduler.when import Recurring
from tests.unit.scheduler.fixtures import NOW, OFFICIAL, TERMS, at, read


def rule(text: str) -> Recurrence:
    answer = read(text)
    assert isinstance(answer, Recurring), answer
    return answer.rule


def first(text: str, count: int = 3) -> list[date]:
    dues = rule(text).occurrences(NOW, OFFICIAL, TERMS)
    return [due.at.date() for due in islice(dues, count)]


@pytest.mark.parametrize(
    ("text", "rrule"),
    [
        ("每天中午12点", "FREQ=DAILY;BYHOUR=12;BYMINUTE=0;BYSECOND=0"),
        ("每周二、四下午4点半", "FREQ=WEEKLY;BYDAY=TU,TH;BYHOUR=16;BYMINUTE=30;BYSECOND=0"),
        ("周一至周五每天7:40", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=7;BYMINUTE=40;BYSECOND=0"),
        ("每月5日和20日", "FREQ=MONTHLY;BYMONTHDAY=5,20"),
        ("每季度末", "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1"),
        ("每年教师节", "FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=10"),
        ("每月倒数第三天", "FREQ=MONTHLY;BYMONTHDAY=-3"),
        ("每个月最后一个礼拜五", "FREQ=MONTHLY;BYDAY=-1FR"),
        ("每周四前", "FREQ=WEEKLY;BYDAY=TH;BYHOUR=23;BYMINUTE=59;BYSECOND=59"),
        ("每年6月20日前", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=20;BYHOUR=23;BYMINUTE=59;BYSECOND=59"),
    ],
)
def test_rules(text: str, rrule: str) -> None:
    assert rule(text).rrule == rrule
    assert rule(text).is_deadline == text.endswith("前")


def test_every_two_weeks_keep_the_rhythm_of_the_first() -> None:
    said = rule("每两周的周三上午9点")
    days = first("每两周的周三上午9点", 4)
    assert days == [date(2026, 4, 15) + timedelta(weeks=2 * n) for n in range(4)]
    later = [due.at.date() for due in islice(said.occurrences(at(4, 25), OFFICIAL), 2)]
    assert later == days[1:3]


def test_working_days() -> None:
    assert first("每个工作日早上8点", 16)[-4:] == [date(2026, 5, day) for day in (6, 7, 8, 9)]
    assert first("每月最后一个工作日", 2) == [date(2026, 4, 30), date(2026, 5, 29)]
    assert first("每月1日，遇节假日提前", 1) == [date(2026, 4, 30)]
    assert first("每周五，节假日除外", 3) == [
        date(2026, 4, 17),
        date(2026, 4, 24),
        date(2026, 5, 8),
    ]


def test_terms_and_teaching_weeks() -> None:
    assert first("每学期第二周周三") == [date(2026, 9, 9)]
    assert first("单周周二", 2) == [date(2026, 4, 14), date(2026, 4, 28)]
    assert first("每学期第二周周六，遇节假日顺延") == [date(2026, 9, 14)]
    assert first("每学期最后一天") == [date(2026, 7, 10), date(2027, 1, 22)]


def test_ends() -> None:
    until = read("每周三下午3点到5月底")
    assert isinstance(until, Recurring)
    assert until.last().at == at(5, 27, 15)  # type: ignore[union-attr]
    three = read("从5月1日起每天9点，共3次")
    assert isinstance(three, Recurring)
    assert [due.at for due in three.first(9)] == [at(5, day, 9) for day in (1, 2, 3)]


def test_a_birthday_on_29_february_comes_every_year() -> None:
    leap = Recurrence.birthday(2, 29, starts_at=NOW)
    days = [due.at.date() for due in islice(leap.occurrences(NOW, OFFICIAL), 3)]
    assert days == [date(2027, 2, 28), date(2028, 2, 29), date(2029, 2, 28)]


def test_late_december_is_provisional_and_settles_with_the_year_file() -> None:
    daily = rule("每个工作日早上8点")
    due = next(daily.occurrences(at(12, 27), OFFICIAL))
    assert (due.at, due.missing_year) == (at(12, 28, 8), 2027)
    told = OFFICIAL.with_year_file(
        {"year": 2027, "days": [{"date": "2026-12-28", "isOffDay": True}]}
    )
    settled = next(daily.occurrences(at(12, 27), told))
    assert (settled.at, settled.is_provisional) == (at(12, 29, 8), False)


@pytest.mark.parametrize(
    ("text", "per_year"),
    [
        ("FREQ=YEARLY", 1),
        ("FREQ=YEARLY;BYMONTH=1", 1),
        ("FREQ=YEARLY;BYMONTH=3,9", 2),
        ("FREQ=MONTHLY;INTERVAL=6", 2),
        ("FREQ=MONTHLY;INTERVAL=3", 4),
        ("FREQ=MONTHLY", 12),
    ],
)
def test_a_bare_rhythm_fires_as_often_as_it_says(text: str, per_year: int) -> None:
    bare = Recurrence.from_rrule(text, starts_at=at(1, 1))
    for one in (bare, bare.by_period_end()):
        year = []
        for due in one.occurrences(at(1, 1), OFFICIAL):
            if due.at.year > 2027:
                break
            if due.at.year == 2027:
                year.append(due.at)
        assert len(year) == per_year
    ends = next(bare.by_period_end().occurrences(at(1, 1), OFFICIAL))
    assert (ends.at + timedelta(days=1)).day == 1
    assert ends.at.time() == time(23, 59, 59)


@pytest.mark.parametrize(
    ("text", "rrule"),
    [
        ("每季度召开一次", "FREQ=MONTHLY;INTERVAL=3"),
        ("每学期不少于2次", "FREQ=MONTHLY;INTERVAL=3"),
        ("每年3月和10月", "FREQ=YEARLY;BYMONTH=3,10"),
        ("一月一主题", "FREQ=MONTHLY"),
        ("每两年评选", "FREQ=YEARLY;INTERVAL=2"),
        ("定期研判", None),
        ("及时报告、常态化开展", None),
        ("每月两次", None),
    ],
)
def test_rule_words(text: str, rrule: str | None) -> None:
    found = read_rule_words(text)
    assert found is not None
    assert found.rrule == rrule
    assert found.asks_for_time == (rrule is None)
    assert text[found.start : found.end] == found.words


def test_no_rhythm_where_none_is_printed() -> None:
    for text in ("第三季度完成", "每名党员谈话", "一年级开展", "年度考核等次优秀"):
        assert read_rule_words(text) is None


@pytest.mark.parametrize(
    "text", ["", "FREQ=SECONDLY", "FREQ=DAILY;BYSETPOS=1", "FREQ=MONTHLY;BYMONTHDAY=32"]
)
def test_foreign_rules_are_refused(text: str) -> None:
    with pytest.raises(UnreadableTime):
        Recurrence.from_rrule(text, starts_at=NOW)


@given(
    st.sampled_from(Period),
    st.integers(1, 12) | st.integers(-5, -1),
    st.none() | st.integers(0, 6),
    st.booleans(),
)
def test_picks_are_stored_as_text(of: Period, n: int, weekday: int | None, workday: bool) -> None:
    pick = Pick(n=n, of=of, weekday=weekday, is_workday=workday)
    assert str(Pick.parse(str(pick))) == str(pick)


@pytest.mark.parametrize(
    "text", ["每月1号9:00，遇节假日顺延", "每学期第二周周三", "每两周周五前", "双周周一"]
)
def test_rules_survive_the_store(text: str) -> None:
    said = rule(text)
    back = Recurrence.from_json(said.to_json())
    due = list(islice(said.occurrences(NOW, OFFICIAL, TERMS), 5))
    assert list(islice(back.occurrences(NOW, OFFICIAL, TERMS), 5)) == due
    assert back.is_deadline == said.is_deadline
