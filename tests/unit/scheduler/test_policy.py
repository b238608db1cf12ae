from __future__ import annotations

from datetime import datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.policy import Escalation, Policy, StageKind, stages
from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import QuietHours, WorkdayCalendar

OFFICIAL = WorkdayCalendar.official()
NIGHT = QuietHours()
DUE = datetime(2026, 10, 15, 17, 30, tzinfo=SHANGHAI)  # the Thursday after the long holiday


def _named(policy: Policy, due: datetime = DUE) -> dict[str, str]:
    return {stage.name: f"{stage.at:%m-%d %H:%M}" for stage in stages(policy, due, OFFICIAL, NIGHT)}


def test_days_are_working_days_over_the_holiday() -> None:
    found = _named(Policy(late_days=2, late_weeks=1))

    assert found == {
        "before-7": "09-30 08:30",
        "before-3": "10-12 08:30",
        "before-1": "10-14 08:30",
        "day": "10-15 08:30",
        "late-1": "10-16 08:30",
        "late-2": "10-19 08:30",
        "escalated-1": "10-20 08:30",
        "escalated-2": "10-26 08:30",
        "late-week-1": "10-26 08:30",
    }


def test_a_plain_reminder_comes_once_at_its_time_even_at_night() -> None:
    early = DUE.replace(hour=5, minute=45)

    assert _named(Policy.plain(), early) == {"due": "10-15 05:45"}


def test_nothing_on_the_day_when_the_morning_is_too_late() -> None:
    assert "day" not in _named(Policy(), DUE.replace(hour=8, minute=0))


def test_a_morning_in_quiet_hours_waits_for_their_end() -> None:
    assert _named(Policy(morning=time(6)))["day"] == "10-15 07:00"


def test_an_unknown_year_is_said() -> None:
    due = datetime(2099, 3, 5, 9, tzinfo=SHANGHAI)

    found = stages(Policy(), due, OFFICIAL, NIGHT)

    assert {stage.missing_year for stage in found if stage.kind is StageKind.LATE} == {2099}


policies = st.builds(
    Policy,
    leads=st.lists(st.integers(1, 30), unique=True, max_size=4).map(tuple),
    on_day=st.booleans(),
    at_due=st.booleans(),
    late_days=st.integers(0, 10),
    late_weeks=st.integers(0, 10),
    escalations=st.lists(
        st.builds(
            Escalation,
            days_late=st.integers(1, 30),
            to=st.sampled_from(["officer", "superior", "member:石磊"]),
        ),
        max_size=3,
    ).map(tuple),
    morning=st.times().map(lambda at: at.replace(microsecond=0, tzinfo=None)),
    catch_up=st.integers(1, 10**6).map(lambda s: timedelta(seconds=s)),
    coalesces=st.booleans(),
)
due_times = st.integers(0, 9 * 366 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=SHANGHAI) + timedelta(minutes=minutes)
)


@given(policies)
def test_a_policy_is_read_back_as_it_was_stored(policy: Policy) -> None:
    assert Policy().with_json(policy.to_json()) == policy


@given(policies, due_times)
def test_stages_are_ordered_named_once_and_outside_the_night(policy: Policy, due: datetime) -> None:
    found = stages(policy, due, OFFICIAL, NIGHT)

    assert [stage.at for stage in found] == sorted(stage.at for stage in found)
    assert len({stage.name for stage in found}) == len(found)
    for stage in found:
        assert stage.kind is StageKind.DUE or not NIGHT.covers(stage.at)
        assert (stage.at > due) == (stage.kind in (StageKind.LATE, StageKind.ESCALATED))


@given(policies, due_times)
def test_every_reminder_in_the_morning_falls_where_the_calendar_says(
    policy: Policy, due: datetime
) -> None:
    for stage in stages(policy, due, OFFICIAL, NIGHT):
        if stage.kind in (StageKind.BEFORE, StageKind.ESCALATED):
            moved = stage.at.date()
            if NIGHT.covers(datetime.combine(moved, policy.morning)) and policy.morning > NIGHT.end:
                continue  # a morning late at night goes to the next day
            days = -stage.days if stage.kind is StageKind.BEFORE else stage.days
            assert moved == OFFICIAL.count_workdays(due.date(), days).day
