"""What /readyz says about working days that nobody has published yet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.scenario.town import living


async def test_an_unpublished_year_is_said_from_november_on(tmp_path: Path) -> None:
    async with living(tmp_path) as app:
        calendar = app.tasking.firing.planner.calendar
        year = calendar.calendar_ends.year
        app.clock.go_to(datetime(year, 11, 20, tzinfo=UTC))  # type: ignore[attr-defined]

        state = await app.health_pages.state()

    assert state["calendar"].is_ready
    assert str(year + 1) in state["calendar"].detail
