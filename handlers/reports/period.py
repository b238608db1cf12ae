"""2026年9月 · 上月 · 三季度 · 上半年 · 2026年: the time a report is about. Pure."""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from scheduler.numerals import number

_YEAR = r"(?:(?P<year>20\d\d)年?|(?P<rel>今年|本年度?|去年|上一?年度?|前年)(?:度)?)?的?"
_MONTH = re.compile(_YEAR + r"(?P<month>\d{1,2}|[一二三四五六七八九十]{1,3})月份?")
_DASHED = re.compile(r"(?P<year>20\d\d)[-./](?P<month>\d{1,2})")
_QUARTER = re.compile(_YEAR + r"(?:第?(?P<quarter>[一二三四1-4])季度?|q(?P<q>[1-4]))")
_HALF = re.compile(_YEAR + r"(?P<half>[上下])半年")
_WHOLE = re.compile(
    r"(?:(?P<year>20\d\d)(?:年度?|全年)?|(?P<rel>今年|本年度?|去年|上一?年度?|前年))(?:全年)?"
)
_DAYS = re.compile(
    r"(20\d\d)[-./年](\d{1,2})[-./月](\d{1,2})日?(?:到|至|~|—|-)+(20\d\d)[-./年](\d{1,2})[-./月](\d{1,2})日?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Both days included."""

    name: str
    first: date
    last: date

    @property
    def months(self) -> tuple[str, ...]:
        """What its months are called; none for more than two years."""
        span = self.last.year * 12 + self.last.month - self.first.year * 12 - self.first.month + 1
        if span > 24:
            return ()
        numbers = [self.first.year * 12 + self.first.month - 1 + n for n in range(span)]
        if self.first.year == self.last.year:
            return tuple(f"{one % 12 + 1}月" for one in numbers)
        return tuple(f"{one // 12}年{one % 12 + 1}月" for one in numbers)


def month(year: int, n: int) -> Period:
    """One month."""
    last = calendar.monthrange(year, n)[1]
    return Period(name=f"{year}年{n}月", first=date(year, n, 1), last=date(year, n, last))


def year(n: int) -> Period:
    """One year."""
    return Period(name=f"{n}年", first=date(n, 1, 1), last=date(n, 12, 31))


def usual_month(today: date) -> Period:
    """What /月报 means: in the first ten days the month before, then this one."""
    if today.day > 10:
        return month(today.year, today.month)
    before = today.month - 1 or 12
    return month(today.year - (before == 12), before)


def usual_year(today: date) -> Period:
    """What /年报 means: in January the year before."""
    return year(today.year - (today.month == 1))


def read_period(text: str, today: date) -> Period | None:
    """None when it is no time a report can be about."""
    said = unicodedata.normalize("NFKC", text).casefold().replace(" ", "")
    if said in ("本月", "这个月", "当月"):
        return month(today.year, today.month)
    if said in ("上月", "上个月"):
        before = today.month - 1 or 12
        return month(today.year - (before == 12), before)
    if said in ("本季度", "这个季度", "上季度", "上个季度"):
        index = today.year * 4 + (today.month - 1) // 3 - said.startswith("上")
        return _quarter(index // 4, index % 4 + 1)
    if found := _DAYS.fullmatch(said):
        return _days(*map(int, found.groups()))
    if found := _DASHED.fullmatch(said) or _MONTH.fullmatch(said):
        n = number(found["month"])
        base = _year(found, today)
        if n is None or not 1 <= n <= 12:
            return None
        is_past_year = found["year"] is None and found.groupdict().get("rel") is None
        return month(base - (is_past_year and n > today.month), n)
    if found := _QUARTER.fullmatch(said):
        n = number(found["quarter"] or found["q"])
        return None if n is None else _quarter(_year(found, today), n)
    if found := _HALF.fullmatch(said):
        base, is_first = _year(found, today), found["half"] == "上"
        first, last = (1, 6) if is_first else (7, 12)
        name = f"{base}年{found['half']}半年"
        return Period(name=name, first=date(base, first, 1), last=month(base, last).last)
    if found := _WHOLE.fullmatch(said):
        return year(_year(found, today))
    return None


def _year(found: re.Match[str], today: date) -> int:
    if found["year"]:
        return int(found["year"])
    said = found.groupdict().get("rel") or ""
    if said == "前年":
        return today.year - 2
    return today.year - said.startswith(("去", "上"))


def _quarter(base: int, n: int) -> Period:
    last = month(base, n * 3).last
    return Period(
        name=f"{base}年第{'一二三四'[n - 1]}季度", first=date(base, n * 3 - 2, 1), last=last
    )


def _days(*parts: int) -> Period | None:
    try:
        first, last = date(*parts[:3]), date(*parts[3:])
    except ValueError:
        return None
    if last < first:
        return None
    return Period(name=f"{first.isoformat()}至{last.isoformat()}", first=first, last=last)
