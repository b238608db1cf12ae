"""The grammar of what comes back: 每两周的周三, 每月第二个周二, 每季度首月15日, 每学期末."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from scheduler import festivals
from scheduler.day_grammar import NOT_A_TITLE, WEEK_WORD, weekday_number
from scheduler.numerals import NUMBER, number
from scheduler.recurrence import Filter, Frequency, Period, Pick, Recurrence
from scheduler.viewpoint import Viewpoint

Rules = tuple[Recurrence, ...]
"""More than one: the person has to choose."""

_EACH = "(?:每逢|每|逢)一?个?"
_SEP = "[、,和及与]"
_DAY_NAME = "[一二三四五六日天](?![点时月号])"
_WEEKDAYS = (
    f"(?P<days>{_DAY_NAME}[到至-]+{WEEK_WORD}?{_DAY_NAME}"
    f"|{_DAY_NAME}(?:{_SEP}?{WEEK_WORD}?{_DAY_NAME})*|[1-7](?![0-9点时:月号])){NOT_A_TITLE}"
)
_ORDINAL = f"(?:第(?P<n>{NUMBER})|(?P<first>首)|(?P<last>最后一?|末)|倒数第(?P<back>{NUMBER}))"
_ONCE = "(?:(?:至少|不少于|最少)?(?:开展|召开|组织)?[一1]次)?"
_DAILY = re.compile("每一?天|每日|天天|每(?=早|晚)")
_WORKDAYS = re.compile(f"(?:{_EACH}工作日|工作日(?=每[天日]))(?:的?每[天日])?")
_EVERY_N = re.compile(
    f"每(?P<apart>隔)?(?P<n>{NUMBER})个?(?P<unit>天|日|{WEEK_WORD}|月|年|季度)(?:的?(?={WEEK_WORD}))?"
)
_EVERY_OTHER_WEEK = re.compile(f"每?隔周的?(?={WEEK_WORD})")
_PARITY = re.compile(f"(?:每逢|每|逢)?一?个?(?P<odd>单|双)数?周的?{WEEK_WORD}{_WEEKDAYS}")
_WEEKLY = re.compile(f"(?:{_EACH}{WEEK_WORD}的?{WEEK_WORD}?|天天)(?=[一二三四五六日天1-7末])")
_RANGE_DAILY = re.compile(
    f"(?={WEEK_WORD}[一二三四五六日天][到至-]+{WEEK_WORD}?[一二三四五六日天],?每[天日])"
)
_WEEK_DAYS = re.compile(f"{WEEK_WORD}?{_WEEKDAYS}(?:,?的?每[天日])?")
_WEEKEND = re.compile("末")
_WEEK = re.compile(f"每一?个?{WEEK_WORD}")
_MONTHLY = re.compile("每一?个?月份?的?")
_QUARTERLY = re.compile("每一?个?季度?的?")
_YEARLY = re.compile("每一?年度?的?")
_TERMLY = re.compile("每一?个?学期的?")
_HALF_YEARLY = re.compile("每半年")
_BARE_END = re.compile(_ONCE)
_MONTH_DAYS = re.compile(f"(?:的?)(?P<days>{NUMBER}[日号]?(?:{_SEP}{NUMBER}[日号]?)*)(?<=[日号])")
_MONTH_END = re.compile("月?[底末](?!月)|最后一[天日]")
_NTH_DAY = re.compile(f"{_ORDINAL}[天日]")
_NTH_WEEKDAY = re.compile(f"{_ORDINAL}个?{WEEK_WORD}(?P<weekday>[一二三四五六日天])")
_NTH_WORKDAY = re.compile(f"{_ORDINAL}个?工作日")
_NTH_MONTH = re.compile(f"{_ORDINAL}个?月份?的?")
_MONTHS = re.compile(f"(?P<months>{NUMBER}月?份?(?:{_SEP}{NUMBER}月?份?)*)(?<=[月份])的?")
_YEAR_END = re.compile("年?[底末终]|最后一[天日]")
_FESTIVAL = re.compile(f"(?P<festival>{'|'.join(festivals.NAMES)})(?![点月日号前后])")
_TERM_WEEK = re.compile(
    f"(?:开学)?{_ORDINAL}个?(?:教学)?周的?{WEEK_WORD}(?P<weekday>[一二三四五六日天])"
)
_TERM_START = re.compile("(?:开学)?第一[天日]|开学(?:首日|当[天日]|日)?")
_TERM_END = re.compile("结束(?:时|当天)?|[末底]|最后一[天日]")
_NUMBERS = re.compile(NUMBER)


def read_every(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[Rules, int]]:
    """Every reading of the days of a rule at ``pos`` with its end; times of day come after."""
    yield from _days(text, pos, view)
    yield from _weeks(text, pos, view)
    if match := _MONTHLY.match(text, pos):
        base = _rule(view, Frequency.MONTHLY)
        yield from _in_month(text, match.end(), base)
        yield from _open(text, match.end(), base)
    if match := _QUARTERLY.match(text, pos):
        yield from _in_quarter(text, match.end(), view)
    if match := _YEARLY.match(text, pos):
        yield from _in_year(text, match.end(), view)
    if match := _TERMLY.match(text, pos):
        yield from _in_term(text, match.end(), view)
    if match := _HALF_YEARLY.match(text, pos):
        yield from _open(text, match.end(), replace(_rule(view, Frequency.MONTHLY), interval=6))


def _rule(view: Viewpoint, freq: Frequency) -> Recurrence:
    return Recurrence(freq=freq, starts_at=view.now)


def _days(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[Rules, int]]:
    daily = _rule(view, Frequency.DAILY)
    if match := _WORKDAYS.match(text, pos):
        yield (replace(daily, filter=Filter.WORKDAY),), match.end()
    if match := _DAILY.match(text, pos):
        yield (daily,), match.end()
    if match := _EVERY_N.match(text, pos):
        yield from _every_n(text, match, view)


def _every_n(text: str, match: re.Match[str], view: Viewpoint) -> Iterator[tuple[Rules, int]]:
    n = number(match["n"])
    if not n or n > 120:
        return
    unit = match["unit"]
    # 每隔一天 is every other day; 每隔两天 is said for two and for three
    intervals = (n,) if not match["apart"] else (n + 1,) if n == 1 else (n, n + 1)
    if unit in ("天", "日"):
        daily = _rule(view, Frequency.DAILY)
        yield tuple(replace(daily, interval=interval) for interval in intervals), match.end()
    elif unit in ("月", "季度", "年"):
        months = {"月": 1, "季度": 3, "年": 12}[unit]
        base = _rule(view, Frequency.MONTHLY)
        spread = tuple(replace(base, interval=interval * months) for interval in intervals)
        place = match.end() + (text[match.end() : match.end() + 1] == "的")
        if unit == "月":
            for rules, end in _in_month(text, place, base):
                yield (
                    tuple(
                        replace(rule, interval=interval)
                        for rule in rules
                        for interval in intervals
                        if not rule.pick
                    ),
                    end,
                )
        if end := _bare_end(text, match.end()):
            yield tuple(rule for each in spread for rule in _open_days(each)), end
    else:
        for rules, end in _week_days(text, match.end(), view):
            yield (
                tuple(replace(rule, interval=interval) for rule in rules for interval in intervals),
                end,
            )


def _weeks(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[Rules, int]]:
    if match := _PARITY.match(text, pos):
        parity = Filter.ODD_WEEK if match["odd"] == "单" else Filter.EVEN_WEEK
        for rule in _on_weekdays(match["days"], view):
            yield (replace(rule, filter=parity),), match.end()
    if match := _EVERY_OTHER_WEEK.match(text, pos):
        for rules, end in _week_days(text, match.end(), view):
            yield tuple(replace(rule, interval=2) for rule in rules), end
    if match := _WEEKLY.match(text, pos):
        if weekend := _WEEKEND.match(text, match.end()):
            both = replace(_rule(view, Frequency.WEEKLY), week_days=((0, 5), (0, 6)))
            yield (both,), weekend.end()
        yield from _week_days(text, match.end(), view)
    if match := _RANGE_DAILY.match(text, pos):
        yield from _week_days(text, match.end(), view)
    if match := _WEEK.match(text, pos):
        if nth := _NTH_WORKDAY.match(text, match.end() + (text[match.end() :][:1] == "的")):
            n = _ordinal(nth)
            if n:
                pick = Pick(n=n, of=Period.WEEK)
                yield (replace(_rule(view, Frequency.WEEKLY), pick=pick),), nth.end()
        if end := _bare_end(text, match.end()):
            weekly = _rule(view, Frequency.WEEKLY)
            yield tuple(replace(weekly, week_days=((0, day),)) for day in (0, 4)), end


def _week_days(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[Rules, int]]:
    match = _WEEK_DAYS.match(text, pos)
    if not match:
        return
    for rule in _on_weekdays(match["days"], view):
        yield (rule,), match.end()
    for cut in range(match.end("days") - 1, match.start("days"), -1):
        kept = text[match.start("days") : cut]  # 每周三三点: the last 三 may belong to the clock
        if kept[-1] in "一二三四五六日天":
            for rule in _on_weekdays(kept, view):
                yield (rule,), cut


def _on_weekdays(words: str, view: Viewpoint) -> Iterator[Recurrence]:
    bare = re.sub(WEEK_WORD, "", words)
    if re.search("[到至-]", bare):
        first, last = weekday_number(bare[0]), weekday_number(bare[-1])
        days = list(range(first, last + 1))  # nothing for 周五到周一
    else:
        days = [weekday_number(char) for char in re.sub(_SEP, "", bare)]
    if days and len(set(days)) == len(days):
        yield replace(
            _rule(view, Frequency.WEEKLY), week_days=tuple((0, day) for day in sorted(days))
        )


def _ordinal(match: re.Match[str]) -> int | None:
    if match["first"]:
        return 1
    if match["last"]:
        return -1
    if match["back"]:
        back = number(match["back"])
        return -back if back else None
    return number(match["n"]) or None


def _in_month(text: str, pos: int, base: Recurrence) -> Iterator[tuple[Rules, int]]:
    """Days of a month for a rule whose months are settled."""
    if match := _MONTH_DAYS.match(text, pos):
        days = [number(word) or 0 for word in _NUMBERS.findall(match["days"])]
        if all(1 <= day <= 31 for day in days):
            yield _on_month_days(base, tuple(sorted(set(days)))), match.end()
    if match := _MONTH_END.match(text, pos):
        yield (replace(base, month_days=(-1,)),), match.end()
    if (match := _NTH_DAY.match(text, pos)) and (n := _ordinal(match)) and abs(n) <= 31:
        yield _on_month_days(base, (n,)), match.end()
    if (match := _NTH_WEEKDAY.match(text, pos)) and (n := _ordinal(match)) and -5 <= n <= 5:
        weekday = weekday_number(match["weekday"])
        yield (replace(base, week_days=((n, weekday),)),), match.end()
    if (match := _NTH_WORKDAY.match(text, pos)) and (n := _ordinal(match)) and not base.months:
        yield (replace(base, pick=Pick(n=n, of=Period.MONTH)),), match.end()


def _on_month_days(base: Recurrence, days: tuple[int, ...]) -> Rules:
    """29 February every year: only when there is one, or on the last day of February?"""
    if base.months == (2,) and days == (29,):
        return replace(base, month_days=(-1,)), replace(base, month_days=(29,))
    return (replace(base, month_days=days),)


def _in_quarter(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[Rules, int]]:
    yearly = _rule(view, Frequency.YEARLY)
    if match := _MONTH_END.match(text, pos):
        yield (replace(yearly, months=(3, 6, 9, 12), month_days=(-1,)),), match.end()
    if (match := _NTH_DAY.match(text, pos)) and _ordinal(match) == 1:
        yield (replace(yearly, months=(1, 4, 7, 10), month_days=(1,)),), match.end()
    if (match := _NTH_MONTH.match(text, pos)) and (n := _ordinal(match)) in (1, 2, 3, -1):
        first = n if n and n > 0 else 3
        base = replace(yearly, months=tuple(range(first, 13, 3)))
        yield from _in_month(text, match.end(), base)
        yield from _open(text, match.end(), base)
    if (match := _NTH_WORKDAY.match(text, pos)) and (n := _ordinal(match)):
        picked = replace(
            _rule(view, Frequency.MONTHLY), interval=3, pick=Pick(n=n, of=Period.QUARTER)
        )
        yield (picked,), match.end()
    yield from _open(text, pos, replace(_rule(view, Frequency.MONTHLY), interval=3))


def _in_year(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[Rules, int]]:
    yearly = _rule(view, Frequency.YEARLY)
    if match := _YEAR_END.match(text, pos):
        yield (replace(yearly, months=(12,), month_days=(-1,)),), match.end()
    if match := _MONTHS.match(text, pos):
        months = [number(word) or 0 for word in _NUMBERS.findall(match["months"])]
        if all(1 <= month <= 12 for month in months):
            base = replace(yearly, months=tuple(sorted(set(months))))
            yield from _in_month(text, match.end(), base)
            yield from _open(text, match.end(), base)
    if (match := _FESTIVAL.match(text, pos)) and (
        month_day := festivals.fixed_month_day(match["festival"])
    ):
        month, day = month_day
        yield (replace(yearly, months=(month,), month_days=(day,)),), match.end()
    if (match := _NTH_WORKDAY.match(text, pos)) and (n := _ordinal(match)):
        yield (replace(yearly, pick=Pick(n=n, of=Period.YEAR)),), match.end()
    yield from _open(text, pos, yearly)


def _in_term(text: str, pos: int, view: Viewpoint) -> Iterator[tuple[Rules, int]]:
    base = replace(_rule(view, Frequency.MONTHLY), interval=6)

    def picked(n: int, weekday: int | None = None, *, is_workday: bool = False) -> Rules:
        pick = Pick(n=n, of=Period.TERM, weekday=weekday, is_workday=is_workday)
        return (replace(base, pick=pick),)

    if (match := _TERM_WEEK.match(text, pos)) and (n := _ordinal(match)):
        yield picked(n, weekday_number(match["weekday"])), match.end()
    if match := _TERM_START.match(text, pos):
        yield picked(1), match.end()
    if match := _TERM_END.match(text, pos):
        yield picked(-1), match.end()
    if (match := _NTH_WORKDAY.match(text, pos)) and (n := _ordinal(match)):
        yield picked(n, is_workday=True), match.end()
    if end := _bare_end(text, pos):
        yield (*picked(1), *(replace(rule, is_deadline=True) for rule in picked(-1))), end


def _bare_end(text: str, pos: int) -> int:
    match = _BARE_END.match(text, pos)
    return match.end() if match else pos


def _open(text: str, pos: int, base: Recurrence) -> Iterator[tuple[Rules, int]]:
    """A rhythm without a day: the person says whether it is the first day or the end."""
    yield _open_days(base), _bare_end(text, pos)


def _open_days(base: Recurrence) -> Rules:
    ending = base.by_period_end()
    if not ending.names_day:
        return replace(base, month_days=(1,)), replace(base, month_days=(-1,))
    starting = replace(ending, month_days=(1,), is_deadline=False)
    if not base.months:
        months = tuple(month - base.interval + 1 for month in ending.months)
        months = (1,) if base.freq is Frequency.YEARLY else months
        starting = replace(starting, months=months)
    return starting, ending
