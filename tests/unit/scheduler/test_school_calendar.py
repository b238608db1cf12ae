from __future__ import annotations

from datetime import date, datetime, time, timedelta

import chinese_calendar
import pytest

from bot.errors import ConfigError
from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import Counted, QuietHours, Term, WorkdayCalendar, term_at
from tests.unit.scheduler.fixtures import OFFICIAL, TERMS

DAY = timedelta(days=1)


def test_every_day_from_2010_to_2026_is_as_published_or_unknown() -> None:
    unsettled = []
    for offset in range((date(2026, 12, 31) - date(2010, 1, 1)).days + 1):
        day = date(2010, 1, 1) + offset * DAY
        answer = OFFICIAL.is_workday(day)
        if answer is None:
            unsettled.append(day)
        else:
            assert answer == chinese_calendar.is_workday(day), day
    assert unsettled == [date(2026, 12, day) for day in range(24, 32)]


def test_an_unpublished_year_is_never_certain() -> None:
    assert {OFFICIAL.is_workday(date(2027, 1, 1) + n * DAY) for n in range(365)} == {None}
    assert OFFICIAL.missing_year(date(2026, 12, 28)) == 2027


def test_a_year_file_settles_the_year_and_the_december_before() -> None:
    told = OFFICIAL.with_year_file(
        {
            "year": 2027,
            "days": [
                {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
                {"name": "元旦", "date": "2026-12-27", "isOffDay": False},
            ],
        }
    )
    assert told.is_workday(date(2027, 1, 1)) is False
    assert told.is_workday(date(2027, 1, 4)) is True
    assert told.is_workday(date(2026, 12, 27)) is True
    assert told.is_workday(date(2026, 12, 28)) is True
    assert told.is_workday(date(2027, 12, 27)) is None


def test_an_empty_year_file_changes_nothing_and_a_wrong_one_is_refused() -> None:
    assert OFFICIAL.with_year_file({"year": 2027, "days": []}) == OFFICIAL
    with pytest.raises(ConfigError):
        OFFICIAL.with_year_file({"days": "?"})


def test_everybody_who_looks_at_it_learns_a_year() -> None:
    looked_at = OFFICIAL.with_extra()
    holder = [looked_at]
    year = {"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": True}]}
    looked_at.take_over(OFFICIAL.with_year_file(year))
    assert holder[0].is_workday(date(2027, 1, 4)) is True


def test_days_of_a_school_win() -> None:
    own = OFFICIAL.with_extra(holidays=[date(2026, 4, 15)], workdays=[date(2026, 4, 18)])
    assert own.is_workday(date(2026, 4, 15)) is False
    assert own.is_workday(date(2026, 4, 18)) is True
    assert own.next_workday(date(2026, 4, 14)).day == date(2026, 4, 16)
    assert OFFICIAL.is_workday(date(2026, 4, 15)) is True


def test_the_warning_begins_on_1_november() -> None:
    assert OFFICIAL.warning(date(2026, 10, 31)) is None
    assert "2027" in (OFFICIAL.warning(date(2026, 11, 1)) or "")
    assert OFFICIAL.calendar_ends == date(2026, 12, 23)


def test_workdays_between_and_nth() -> None:
    week = [one.day.day for one in OFFICIAL.workdays_between(date(2026, 5, 4), date(2026, 5, 10))]
    assert week == [6, 7, 8, 9]
    last = OFFICIAL.nth_workday(date(2026, 5, 4), date(2026, 5, 10), -1)
    assert last == Counted(day=date(2026, 5, 9))
    assert OFFICIAL.nth_workday(date(2026, 5, 4), date(2026, 5, 10), 5) is None


def test_terms_and_teaching_weeks() -> None:
    autumn = TERMS[1]
    assert autumn.first_monday == date(2026, 8, 31)
    assert autumn.week_of(date(2026, 9, 7)) == 2
    assert term_at(date(2026, 8, 1), TERMS) == autumn
    assert term_at(date(2026, 8, 1), TERMS, 1) == autumn
    assert term_at(date(2026, 4, 1), TERMS, 1) == autumn
    assert term_at(date(2026, 9, 9), TERMS, 1) is None
    with pytest.raises(ConfigError):
        Term(name="反", starts_on=date(2026, 9, 1), ends_on=date(2026, 8, 1))


def test_quiet_hours_run_over_midnight() -> None:
    night = QuietHours(start=time(21, 30), end=time(7))
    late = datetime(2026, 4, 14, 23, tzinfo=SHANGHAI)
    assert night.next_allowed(late) == datetime(2026, 4, 15, 7, tzinfo=SHANGHAI)
    early = datetime(2026, 4, 14, 6, tzinfo=SHANGHAI)
    assert night.next_allowed(early) == datetime(2026, 4, 14, 7, tzinfo=SHANGHAI)
    noon = datetime(2026, 4, 14, 12, tzinfo=SHANGHAI)
    assert night.next_allowed(noon) == noon


def test_a_calendar_without_years_knows_nothing() -> None:
    assert WorkdayCalendar(years=frozenset()).is_workday(date(2026, 4, 14)) is None
