"""Words that print how often or until when a thing is to be done -> RFC 5545 rule or due date.

Only what is printed counts: 定期, 及时, 常态化, 限时 give no interval, they ask a person for one.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

_CHINESE = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_N = r"[0-9一二两三四五六七八九十]+"
_UNITS = (
    (r"年度?|周年", "YEARLY", 1),
    (r"学年", "YEARLY", 1),
    (r"半年", "MONTHLY", 6),
    (r"个?学期", "MONTHLY", 6),
    (r"个?季度?", "MONTHLY", 3),
    (r"个?月份?", "MONTHLY", 1),
    (r"旬", "DAILY", 10),
    (r"周|个?星期", "WEEKLY", 1),
    (r"个?工作日", "DAILY", 1),
    (r"天|日|晚", "DAILY", 1),
)
_EVERY = tuple(
    (re.compile(rf"每(?P<n>{_N})?(?:{unit})(?P<month>(?P<m>{_N})月份?)?"), frequency, interval)
    for unit, frequency, interval in _UNITS
)
_OTHER = (
    (
        re.compile(r"一年(?:一|[12]次|至少一次)(?!级|年)|一年一度|逐年|按年度?(?=[报开召组])"),
        "YEARLY",
        1,
    ),
    (re.compile(r"半年一[次度]|半年度"), "MONTHLY", 6),
    (
        re.compile(
            r"(?<!每)(?<!第[一二三四])(?<!本)(?<!上)(?<!下)(?<!一)(?<!二)(?<!三)(?<!四)季度(?!末|内|初|的|工作)(?=[\u4e00-\u9fff])|[按逐]季度?|一季一"
        ),
        "MONTHLY",
        3,
    ),
    (re.compile(r"[按逐]月|月度(?=[\u4e00-\u9fff])|一月一"), "MONTHLY", 1),
    (re.compile(r"[按逐]周|周例会|一周一"), "WEEKLY", 1),
    (re.compile(r"[按逐][日天]|日报告|[晨晚]午检"), "DAILY", 1),
    (
        re.compile(
            r"年终(?=[\u4e00-\u9fff]{0,6}(?:考|评|述|总结))|年末(?=[\u4e00-\u9fff]{0,4}(?:考|评|述|总结))"
        ),
        "YEARLY",
        1,
    ),
    (re.compile(r"[按逐]学期"), "MONTHLY", 6),
)
_WEEKDAY = re.compile(
    r"每(?:个)?(?:周|星期)(?P<days>[一二三四五六日天](?:[、和及,，]?[一二三四五六日天])*)(?![次轮])"
)
_MONTHDAY = re.compile(rf"每月(?P<day>{_N})[日号]")
_BIRTHDAY = re.compile(r"政治生日")
_VAGUE = re.compile(
    r"定期|不定期|及时|经常|常态化?|限时|适时|随时|多次|持续|长期|阶段性|按时|按期|尽快|逐步|分批|轮流"
)
_DAYS = dict(zip("一二三四五六日天", ("MO", "TU", "WE", "TH", "FR", "SA", "SU", "SU"), strict=True))
_TIMES_A_YEAR = re.compile(rf"每(?:年|学年)(?:[^，。,;；]{{0,8}}?)(?P<n>{_N})次")
_TIMES_A_TERM = re.compile(rf"每(?:个)?学期(?:[^，。,;；]{{0,8}}?)(?P<n>{_N})次")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """``rule`` without DTSTART; ``words`` as printed; ``is_vague``: 定期 and the like, no rule."""

    rule: str | None = None
    words: str = ""
    is_vague: bool = False


def read_cadence(text: str) -> Cadence:
    """The interval ``text`` prints, the first one where there are several."""
    if match := _WEEKDAY.search(text):
        days = ",".join(_DAYS[day] for day in match["days"] if day in _DAYS)
        return Cadence(rule=f"FREQ=WEEKLY;BYDAY={days}", words=match.group())
    if match := _MONTHDAY.search(text):
        return Cadence(rule=f"FREQ=MONTHLY;BYMONTHDAY={number(match['day'])}", words=match.group())
    for times, months in ((_TIMES_A_YEAR, 12), (_TIMES_A_TERM, 6)):
        if (match := times.search(text)) and (count := number(match["n"])) and months % count == 0:
            return Cadence(rule=_monthly(months // count), words=match.group())
    for pattern, frequency, interval in _EVERY:
        if match := pattern.search(text):
            interval *= number(match["n"]) or 1
            rule = _rule(frequency, interval)
            if (month := number(match["m"])) and frequency == "YEARLY":
                rule += f";BYMONTH={month}"
            return Cadence(rule=rule, words=match.group())
    for pattern, frequency, interval in _OTHER:
        if match := pattern.search(text):
            return Cadence(rule=_rule(frequency, interval), words=match.group())
    if _BIRTHDAY.search(text):
        return Cadence(rule="FREQ=YEARLY", words="政治生日")
    vague = _VAGUE.search(text)
    return Cadence(words=vague.group() if vague else "", is_vague=vague is not None)


def _rule(frequency: str, interval: int) -> str:
    return f"FREQ={frequency}" if interval == 1 else f"FREQ={frequency};INTERVAL={interval}"


def _monthly(interval: int) -> str:
    return "FREQ=YEARLY" if interval == 12 else _rule("MONTHLY", interval)


def number(text: str | None) -> int | None:
    """``十二``, ``两`` or ``12`` as a number up to 99; None for None or anything else."""
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if ten:
        return (_CHINESE.get(tens, 1) if tens else 1) * 10 + (_CHINESE.get(ones, 0) if ones else 0)
    return _CHINESE.get(text)


_DUE = re.compile(
    rf"(?:(?P<year>20[0-9]{{2}})年)?(?P<month>{_N})月(?:(?P<day>{_N})[日号]|(?P<part>底|末|初|中旬|上旬|下旬)|份)?"
    r"(?P<by>前|之前|以前|底前|内|止|完成)?"
)
_DEADLINE_NEAR = re.compile(r"前|截止|截至|之前|以前|内|完成|报送|上报|提交|到位|竣工|投用|结束")
_YEAR_END = re.compile(r"年底前?|年末|年内|本年度内|全年")
_HALF_YEAR = re.compile(r"上半年")
_QUARTER_END = re.compile(r"(?P<quarter>[一二三四1-4])季度(?:末|内|前|底|完成)")


def read_due(text: str, year: int | None) -> date | None:
    """The due date ``text`` prints; ``year`` is the plan's own, for dates printed without one."""
    for match in _DUE.finditer(text):
        after = text[match.end() : match.end() + 8]
        is_deadline = match["by"] or match["part"] in {"底", "末"} or _DEADLINE_NEAR.search(after)
        found_year = int(match["year"]) if match["year"] else year
        month = number(match["month"])
        if not is_deadline or found_year is None or not month or month > 12:
            continue
        last = calendar.monthrange(found_year, month)[1]
        day = number(match["day"]) or _part_of_month(match["part"], last)
        if 1 <= day <= last:
            return date(found_year, month, day)
    if year is None:
        return None
    if match := _QUARTER_END.search(text):
        month = (number(match["quarter"]) or 1) * 3
        return date(year, month, calendar.monthrange(year, month)[1])
    if _HALF_YEAR.search(text):
        return date(year, 6, 30)
    return date(year, 12, 31) if _YEAR_END.search(text) else None


def _part_of_month(part: str | None, last: int) -> int:
    return {"初": 10, "上旬": 10, "中旬": 20}.get(part or "", last)
