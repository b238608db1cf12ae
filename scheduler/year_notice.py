"""A year's holidays as they are published: the State Council's notice in words, or a year file.

Source:
    国务院办公厅关于…年部分节假日安排的通知: “元旦：1月1日（周四）至3日（周六）放假调休，共3天。
    1月4日（周日）上班。” Years come as JSON from the holiday-cn project.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.errors import ConfigError, UsageError
from scheduler.school_calendar import WorkdayCalendar

_YEAR = re.compile(r"(20\d\d)\s*年")
_DAY = r"(?:(?:(20\d\d)年)?(\d{1,2})月)?(\d{1,2})日(?:[(（][^)）]*[)）])?"
_SPAN = re.compile(rf"{_DAY}\s*(?:至|到|-|—|~)\s*{_DAY}")
_ONE = re.compile(_DAY)
_LONGEST = timedelta(days=20)
_MOST_CHARS = 20_000
HOW = (
    "没看懂放假安排。可以把国务院办公厅通知的正文整段贴上，例如：/放假安排 2027年 "
    "元旦：1月1日至3日放假，1月4日上班。……；也可以发 .json 年度文件（year、days）。"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearNotice:
    """Days off and days worked that a notice names; some may lie in the December before."""

    year: int
    off: frozenset[date]
    on: frozenset[date]

    def to_json(self) -> dict[str, object]:
        """As a year file, for keeping."""
        rows = [(day, True) for day in self.off] + [(day, False) for day in self.on]
        return {
            "year": self.year,
            "days": [{"date": day.isoformat(), "isOffDay": is_off} for day, is_off in sorted(rows)],
        }


def read_year(text: str) -> YearNotice:
    """Read a notice or a year file.

    Raises:
        UsageError: It is neither, or what it says cannot be.
    """
    if len(text) > _MOST_CHARS * 5:
        raise UsageError("too long", reply=HOW)
    if text.lstrip("\ufeff \n").startswith("{"):
        return _from_file(text.lstrip("\ufeff"))
    return _from_words(unicodedata.normalize("NFKC", text)[:_MOST_CHARS])


def _from_file(text: str) -> YearNotice:
    try:
        content = json.loads(text)
        told = WorkdayCalendar(years=frozenset()).with_year_file(content)
    except ConfigError as error:
        raise UsageError("no year file", reply=error.reply) from error
    except (ValueError, RecursionError) as error:
        raise UsageError("no year file", reply=HOW) from error
    rows = content.get("days")
    if not told.years:
        raise UsageError("empty year file", reply="这个年度文件还是空的，等公布以后再发。")
    if isinstance(rows, list):
        off = frozenset(date.fromisoformat(one["date"]) for one in rows if one["isOffDay"] is True)
        on = frozenset(date.fromisoformat(one["date"]) for one in rows if one["isOffDay"] is False)
    else:
        off, on = told.off, told.on
    return _checked(YearNotice(year=min(told.years), off=off, on=on))


def _from_words(text: str) -> YearNotice:
    named = _YEAR.search(text)
    if named is None:
        raise UsageError("no year", reply=HOW)
    year = int(named[1])
    off: set[date] = set()
    on: set[date] = set()
    month = 0
    for clause in re.split(r"[。;；\n]", text):
        for piece, is_off in _pieces(clause):
            days, month = _days(piece, year, month)
            (off if is_off else on).update(days)
    if not off:
        raise UsageError("no days off", reply=HOW)
    return _checked(YearNotice(year=year, off=frozenset(off), on=frozenset(on)))


def _pieces(clause: str) -> Iterator[tuple[str, bool]]:
    """Each stretch of days with what is said of it: 放假, or 上班."""
    start = 0
    for found in re.finditer(r"放假|休息|上班|补班", clause):
        yield clause[start : found.start()], found[0] in ("放假", "休息")
        start = found.end()


def _days(piece: str, year: int, month: int) -> tuple[set[date], int]:
    found: set[date] = set()
    rest = piece
    for span in _SPAN.finditer(piece):
        first, month = _day(span[1], span[2], span[3], year, month)
        last, month = _day(span[4], span[5], span[6], year, month)
        if not timedelta() <= last - first <= _LONGEST:
            raise UsageError("a span runs backwards", reply=f"“{span[0]}”看着不对，请核对。")
        found |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
        rest = rest.replace(span[0], "", 1)
    for one in _ONE.finditer(rest):
        day, month = _day(one[1], one[2], one[3], year, month)
        found.add(day)
    return found, month


def _day(
    named: str | None, month: str | None, day: str, year: int, before: int
) -> tuple[date, int]:
    in_month = int(month) if month else before
    try:
        return date(int(named or year), in_month, int(day)), in_month
    except ValueError as error:
        raise UsageError("no such day", reply=f"没有{in_month}月{day}日这一天，请核对。") from error


def _checked(notice: YearNotice) -> YearNotice:
    """A day is not both, and none is far from the year."""
    near = {notice.year - 1, notice.year}
    far = [day for day in (*notice.off, *notice.on) if day.year not in near]
    if notice.off & notice.on or far or not 2000 <= notice.year <= 2100:
        reply = "放假和上班的日子有冲突，或者年份不对，请核对后再发。"
        raise UsageError("days contradict", reply=reply)
    return notice
