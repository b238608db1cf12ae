"""``yaodian when --json``: an expression's reading as flat JSON, with how the bot repeats it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler.echo import echo
from scheduler.phrases import read_when
from scheduler.school_calendar import Term, WorkdayCalendar, WorkHours
from scheduler.when import Json, When


def when_json(
    expression: str,
    *,
    now: datetime,
    calendar: WorkdayCalendar,
    terms: Sequence[Term] = (),
    count: int = 3,
    work_hours: WorkHours | None = None,
) -> Json:
    """Read ``expression`` and tell everything about it; ``count`` due times of a rule."""
    when = read_when(expression, now=now, calendar=calendar, terms=terms, work_hours=work_hours)
    return describe(when, count)


def describe(when: When, count: int = 3) -> Json:
    """Kind and fields flat, and ``echo``."""
    return when.to_json(count) | {"echo": echo(when)}
