from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.engine import sqlite_warning
from store.instant import from_microseconds, to_microseconds

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001


@given(MOMENTS)
def test_a_moment_survives_exactly(moment: datetime) -> None:
    assert from_microseconds(to_microseconds(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_later_is_larger(one: datetime, other: datetime) -> None:
    assert (one < other) == (to_microseconds(one) < to_microseconds(other))


def test_what_comes_back_is_utc() -> None:
    assert from_microseconds(0) == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(TypeError):
        to_microseconds(datetime(2026, 9, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("version", "is_warned"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)]
)
def test_the_doctor_knows_a_faulty_sqlite(version: tuple[int, int, int], is_warned: bool) -> None:
    warning = sqlite_warning(version)

    assert (warning is not None) == is_warned
    assert warning is None or "3.51.3" in warning
