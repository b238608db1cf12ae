"""``/填报 开始 材料报送 9月1日到9月30日 第二中学 菜单：甲、乙``: what is opened. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.records.opening import units_in
from handlers.records.types import RecordType, RecordTypes
from scheduler.phrases import find_when
from scheduler.school_calendar import Term, WorkdayCalendar
from scheduler.when import Day, Deadline, Instant, Interval, When

USUAL = timedelta(days=30)
_MENU = re.compile(r"(?:菜单|名单|可选)\s*[:：是]\s*(?P<items>.+)", re.DOTALL)
_ITEMS = re.compile(r"[、,，;；\n]+")
_NUMBERED = re.compile(r"(?:^|(?<=\s))(?:\d{1,2}\s*(?:[、．)）]|\.(?!\d))|[（(]\d{1,2}[)）])\s*")
_MOST_ITEMS = 60
_LONGEST_ITEM = 60
_END = time(23, 59, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormOpening:
    """``unit_ids`` are all that the words fit; ``closes_at`` before ``opens_at`` is no time."""

    type: RecordType
    opens_at: datetime
    closes_at: datetime
    unit_ids: tuple[int, ...]
    menu: tuple[str, ...]


def read_form_opening(
    text: str,
    *,
    now: datetime,
    types: RecordTypes,
    units: Mapping[int, str],
    calendar: WorkdayCalendar,
    terms: Sequence[Term] = (),
) -> FormOpening | None:
    """Read the words behind ``/填报 开始``; without a time for thirty days. None: no form named."""
    menu = _MENU.search(text)
    rest = text if menu is None else text[: menu.start()]
    named = next((one for one in types.mentions(rest) if one.type.fields), None)
    if named is None:
        return None
    rest = f"{rest[: named.start]} {rest[named.end :]}"
    opens_at, closes_at = _window(rest, now, calendar, terms)
    return FormOpening(
        type=named.type,
        opens_at=opens_at,
        closes_at=closes_at,
        unit_ids=units_in(rest, units)[0],
        menu=() if menu is None else read_menu(menu["items"]),
    )


def read_menu(text: str) -> tuple[str, ...]:
    """Items of a list, one a line or set apart by commas; numbers before them fall away."""
    pieces = (one.strip(" 。.") for one in _ITEMS.split(_NUMBERED.sub("\n", text)))
    items = dict.fromkeys(one[:_LONGEST_ITEM] for one in pieces if one)
    return tuple(items)[:_MOST_ITEMS]


def last_moment(text: str, now: datetime, calendar: WorkdayCalendar) -> datetime | None:
    """Until when, as somebody says it."""
    found = find_when(text, now=now, calendar=calendar)
    ends = [end for _, _, when in found if (end := _end(when, now)) is not None]
    return ends[0] if ends else None


def season_at(type_: RecordType, today: date) -> tuple[date, date] | None:
    """The yearly window that ``today`` is in, else the one that comes next."""
    days = sorted(
        (date.fromisoformat(f"{year}-{one.opens}"), date.fromisoformat(f"{year}-{one.closes}"))
        for year in (today.year, today.year + 1)
        for one in type_.seasons
    )
    return next(((first, last) for first, last in days if today <= last), None)


def _window(
    text: str, now: datetime, calendar: WorkdayCalendar, terms: Sequence[Term]
) -> tuple[datetime, datetime]:
    usual = datetime.combine((now + USUAL).date(), _END, now.tzinfo)
    for is_past in (False, True):
        found = find_when(text, now=now, calendar=calendar, terms=terms, allow_past=is_past)
        for _, _, when in found:
            if isinstance(when, Interval):
                return max(when.start, now), when.end
            if (end := _end(when, now)) is not None:
                return now, end
    return now, usual


def _end(when: When, now: datetime) -> datetime | None:
    match when:
        case Interval(end=at) | Instant(at=at) | Deadline(at=at):
            return at
        case Day(on=on):
            return datetime.combine(on, _END, now.tzinfo)
        case _:
            return None
