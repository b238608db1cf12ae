"""Until when: the time somebody promises or asks for, as they said it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from handlers.tasks.drafting import at_end_of
from handlers.times import Times
from scheduler.numerals import number as read_number
from scheduler.recurrence import SHANGHAI
from scheduler.when import Ambiguous, CalendarUnknown, Day, Deadline, Instant, Interval

_MORE = re.compile(
    r"(?P<n>\d{1,2}|[一二两三四五六七八九十]{1,3})(?P<unit>个工作日|天|日|周|个?星期|个月)"
)


def until(times: Times, words: str, due_at: datetime) -> datetime | None:
    """三天: so much later than it is due, or than now; else the time that was named."""
    more = _MORE.fullmatch(words)
    count = read_number(more["n"]) if more else None
    if more is None or count is None:
        return moment(times, words)
    start = max(due_at, times.now()).astimezone(SHANGHAI)
    if more["unit"] == "个工作日":
        found = times.planner.calendar.count_workdays(start.date(), count)
        return start.replace(year=found.day.year, month=found.day.month, day=found.day.day)
    days = {"天": 1, "日": 1, "个月": 30}.get(more["unit"], 7)
    return start + timedelta(days=days * count)


def moment(times: Times, words: str, *, morning: bool = False) -> datetime | None:
    """An instant; of a day its end, or its ``morning``. None when it says none."""
    when = times.read(words)
    if isinstance(when, CalendarUnknown):
        when = when.provisional
    if isinstance(when, Ambiguous):
        when = when.candidates[-1]
    match when:
        case Instant(at=at) | Deadline(at=at) | Interval(end=at):
            return at
        case Day(on=on):
            at = datetime(on.year, on.month, on.day, 8, 30, tzinfo=SHANGHAI)
            return at if morning else at_end_of(at)
        case _:
            return None
