"""Words that print how often or until when a thing is to be done -> RFC 5545 rule or due date.

Only what is printed counts: 定期, 及时, 常态化, 限时 give no interval, they ask a person for one;
a limit (每学期不超过1次) is no rhythm.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

_CHINESE = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_N = r"[0-9一二两三四五六七八九十]{1,3}"
_NO_NUMBER = r"(?<![0-9〇零一二三四五六七八九十两])"
_UNITS = (
    (r"年度?|周年|学年", "YEARLY", 1),
    (r"半年|个?学期", "MONTHLY", 6),
    (r"个?季度?", "MONTHLY", 3),
    (r"个?月份?", "MONTHLY", 1),
    (r"旬", "DAILY", 10),
    (r"周|个?星期", "WEEKLY", 1),
    (r"个?工作日|天|日|晚", "DAILY", 1),
)
_EVERY = tuple(
    (re.compile(rf"每(?:隔)?(?P<n>{_N})?(?:{unit})"), frequency, interval)
    for unit, frequency, interval in _UNITS
)
_MONTHS_OF_A_YEAR = re.compile(
    rf"每年(?:度|的)?(?P<months>{_N}(?:月份?)?(?:[、和及]{_N}(?:月份?)?)*)(?<=[月份])(?:(?P<day>{_N})[日号])?"
)
_OTHER = (
    (
        re.compile(r"一年(?:一|[12]次|至少一次)(?!级|年)|一年一度|按年度?(?=[报开召组])"),
        "YEARLY",
        1,
    ),
    (re.compile(r"半年一[次度]|半年度"), "MONTHLY", 6),
    (
        re.compile(
            r"(?<![每本上下一二三四1234首前个])季度(?![末内初的底]|工作)(?=[\u4e00-\u9fff])|[按逐]季度?|一季一"
        ),
        "MONTHLY",
        3,
    ),
    (re.compile(r"[按逐]月|月度(?=[\u4e00-\u9fff])|一月一|月报制"), "MONTHLY", 1),
    (re.compile(r"双周(?=[\u4e00-\u9fff])"), "WEEKLY", 2),
    (re.compile(r"[按逐]周|周例会|一周一|周报制"), "WEEKLY", 1),
    (re.compile(rf"[按逐][日天]|{_NO_NUMBER}日报告|日报制|[晨晚]午检"), "DAILY", 1),
    (re.compile(r"年[终末](?=[\u4e00-\u9fff]{0,6}(?:考|评|述|总结))"), "YEARLY", 1),
    (re.compile(r"[按逐]学期"), "MONTHLY", 6),
)
_HALF_MONTHLY = re.compile(r"每半个?月|半月一|每月(?:[^，。,;；每]{0,12}?)(?:2|两|二)次")
_QUARTER_ENDS = re.compile(r"每(?:个)?季度(?:末|底|结束)|季末")
_MONTH_ENDS = re.compile(r"每月(?:月?底|月?末|最后一天)")
_WEEKDAY = re.compile(
    r"每(?:个)?(?:周|星期)(?P<days>[一二三四五六日天](?:[、和及,，]?[一二三四五六日天])*)(?![次轮节个])"
)
_MONTHDAY = re.compile(rf"每月(?P<day>{_N})[日号]")
_BIRTHDAY = re.compile(r"政治生日")
_VAGUE = re.compile(
    r"定期|不定期|及时|经常|常态化?|限时|适时|随时|多次|持续|长期|阶段性|按时|按期|尽快|逐步|分批|轮流"
)
_DAYS = dict(zip("一二三四五六日天", ("MO", "TU", "WE", "TH", "FR", "SA", "SU", "SU"), strict=True))
_TIMES = tuple(
    (re.compile(rf"每(?:个)?(?:{unit})(?:[^，。,;；每]{{0,12}}?)(?P<n>{_N})次"), months)
    for unit, months in ((r"年度?|学年", 12), (r"学期|半年", 6))
)
_BY_TERMS = re.compile(
    rf"春季学期[^，。；;]{{0,6}}?(?P<spring>{_N})月[^。；;]{{0,16}}?秋季学期[^，。；;]{{0,6}}?(?P<autumn>{_N})月"
)
_PER_HEAD = re.compile(r"每[生人名班校]每(?:学?年|个?学期|月|天|日)")
_LIMIT = re.compile(
    r"每[^，。,;；]{0,16}?(?:不超过|不高于|不多于|不得超过|不得多于|最多|以内|[不可]突破)|"
    r"每[^，。,;；]{0,8}(?:不少于|不低于)[^，。,;；]{0,6}(?:元|小时|分钟|课时|学时|%)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """``rule`` without DTSTART; ``words`` as printed; ``is_vague``: 定期 and the like, no rule."""

    rule: str | None = None
    words: str = ""
    is_vague: bool = False


def read_cadence(text: str) -> Cadence:
    """The interval ``text`` prints, the first one where there are several."""
    text = _PER_HEAD.sub("", _LIMIT.sub("", text))
    for read in (_read_days, _read_times, _read_every, _read_other):
        if found := read(text):
            return found
    vague = _VAGUE.search(text)
    return Cadence(words=vague.group() if vague else "", is_vague=vague is not None)


def _read_days(text: str) -> Cadence | None:
    if match := _WEEKDAY.search(text):
        days = ",".join(_DAYS[day] for day in match["days"] if day in _DAYS)
        return Cadence(rule=f"FREQ=WEEKLY;BYDAY={days}", words=match.group())
    day = number(match["day"]) if (match := _MONTHDAY.search(text)) else None
    if match and day and day <= 31:
        return Cadence(rule=f"FREQ=MONTHLY;BYMONTHDAY={day}", words=match.group())
    for pattern, rule in (
        (_HALF_MONTHLY, "FREQ=MONTHLY;BYMONTHDAY=1,15"),
        (_QUARTER_ENDS, "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1"),
        (_MONTH_ENDS, "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ):
        if match := pattern.search(text):
            return Cadence(rule=rule, words=match.group())
    return _read_months(text)


def _read_months(text: str) -> Cadence | None:
    if match := _BY_TERMS.search(text):
        months = [number(match["spring"]), number(match["autumn"])]
        if all(month and month <= 12 for month in months):
            return Cadence(
                rule=f"FREQ=YEARLY;BYMONTH={months[0]},{months[1]}", words="春季、秋季学期"
            )
    match = _MONTHS_OF_A_YEAR.search(text)
    if match is None:
        return None
    months = [number(one) for one in re.findall(_N, match["months"])]
    if not all(month and month <= 12 for month in months):
        return None
    rule = "FREQ=YEARLY;BYMONTH=" + ",".join(str(month) for month in months)
    day = number(match["day"])
    if day and day <= 31:
        rule += f";BYMONTHDAY={day}"
    return Cadence(rule=rule, words=match.group())


def _read_times(text: str) -> Cadence | None:
    for times, months in _TIMES:
        if (match := times.search(text)) and (count := number(match["n"])) and months % count == 0:
            return Cadence(rule=_monthly(months // count), words=match.group())
    return None


def _read_every(text: str) -> Cadence | None:
    for pattern, frequency, interval in _EVERY:
        if match := pattern.search(text):
            every = interval * (number(match["n"]) or 1)
            return Cadence(rule=_rule(frequency, every), words=match.group())
    return None


def _read_other(text: str) -> Cadence | None:
    for pattern, frequency, interval in _OTHER:
        if match := pattern.search(text):
            return Cadence(rule=_rule(frequency, interval), words=match.group())
    if _BIRTHDAY.search(text):
        return Cadence(rule="FREQ=YEARLY", words="政治生日")
    return None


def _rule(frequency: str, interval: int) -> str:
    return f"FREQ={frequency}" if interval == 1 else f"FREQ={frequency};INTERVAL={interval}"


def _monthly(interval: int) -> str:
    return "FREQ=YEARLY" if interval == 12 else _rule("MONTHLY", interval)


def number(text: str | None) -> int | None:
    """``十二``, ``两`` or ``12`` as a number up to 999; None for None or anything else."""
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if ten:
        return (_CHINESE.get(tens, 1) if tens else 1) * 10 + (_CHINESE.get(ones, 0) if ones else 0)
    return _CHINESE.get(text)


_DATE = (
    rf"(?:(?P<year>20[0-9]{{2}})年)?(?P<month>{_N})月"
    rf"(?:(?P<day>{_N})[日号]|(?P<part>底|末|初|中旬|上旬|下旬)|份)?"
)
_DUE = re.compile(rf"{_NO_NUMBER}{_DATE}(?P<by>前|之前|以前|止)?")
_PERIOD = re.compile(
    rf"(?:20[0-9]{{2}}年)?{_NO_NUMBER}{_N}(?:月(?:{_N}[日号]|[上中下]旬|[初底末]|份)?|[日号])?\s*(?:至|到|—+|－|-|~|～)\s*(?={_N}月|20[0-9]{{2}}年)"
)
_STARTS = re.compile(r"^(?:起|开始|以来|以后|后|之后)")
_DEADLINE_NEAR = re.compile(r"截止|截至|完成|报送|上报|提交|到位|竣工|投用|结束")
_YEAR_END = re.compile(
    r"(?<!每)年[底末](?:前|之前|以前)|年[底末](?=完成|实现|建成|达到|全面)|(?<![0-9])年内|本年度内"
)
_FESTIVALS = {
    **dict.fromkeys(("妇女节", "三八"), (3, 8)),
    **dict.fromkeys(("劳动节", "五一"), (5, 1)),
    **dict.fromkeys(("儿童节", "六一"), (6, 1)),
    **dict.fromkeys(("建党节", "七一"), (7, 1)),
    **dict.fromkeys(("建军节", "八一"), (8, 1)),
    "教师节": (9, 10),
    "国庆": (10, 1),
}
"""Those that fall on one day in every year."""
_BEFORE_FESTIVAL = re.compile(rf"[“\"]?(?P<name>{'|'.join(_FESTIVALS)})[”\"]?节?(?:之|以)?前(?!后)")
_HALF_YEAR = re.compile(r"上半年")
_QUARTER_END = re.compile(r"第?(?P<quarter>[一二三四1-4])季度(?:末|内|前|底|完成|结束)")


def _spelt(text: str) -> str:
    """``2025-06-30`` and ``2025.6.30`` as 2025年6月30日."""
    return re.sub(r"(20[0-9]{2})[-./]([0-9]{1,2})[-./]([0-9]{1,2})(?![0-9])", r"\1年\2月\3日", text)


def has_date(text: str) -> bool:
    """Whether a month or a day of the year is printed that is not a yearly one."""
    text = _spelt(text)
    return any("每年" not in text[: match.start()] for match in _DUE.finditer(text))


def read_due(text: str, year: int | None, *, is_plan: bool = False) -> date | None:
    """The due date ``text`` prints: of a deadline the day, of a period its last one.

    Args:
        text: A clause with what dates it.
        year: The document's own, for dates printed without one.
        is_plan: A month in a plan (12月进行验收) is when a thing has to be done by.
    """
    text = _spelt(text)
    if (period := read_period_end(text, year)) is not None:
        return period
    for match in _DUE.finditer(text):
        after = text[match.end() :]
        is_deadline = match["by"] or match["part"] in {"底", "末"}
        is_near = _DEADLINE_NEAR.search(after[:8]) is not None
        if _STARTS.match(after) or not (is_deadline or is_near or is_plan):
            continue
        if found := _date_of(match, year):
            return found
    if year is None:
        return None
    if festival := _BEFORE_FESTIVAL.search(text):
        return date(year, *_FESTIVALS[festival["name"]])
    if quarter := _QUARTER_END.search(text):
        month = (number(quarter["quarter"]) or 1) * 3
        return date(year, month, calendar.monthrange(year, month)[1])
    if _HALF_YEAR.search(text):
        return date(year, 6, 30)
    return date(year, 12, 31) if _YEAR_END.search(text) else None


def read_period_end(text: str, year: int | None) -> date | None:
    """The last day of a period (4月10日至4月20日, 5月至6月) that ``text`` prints."""
    text = _spelt(text)
    for period in _PERIOD.finditer(text):
        first, last = _DUE.search(text, period.start()), _DUE.match(text, period.end())
        if first is None or last is None:
            continue
        start = _date_of(first, year)
        end = _date_of(last, start.year if start else year)
        if start and end and end < start and last["year"] is None:
            end = _date_of(last, start.year + 1)
        if end is not None:
            return end
    return None


def _date_of(match: re.Match[str], default_year: int | None) -> date | None:
    year = int(match["year"]) if match["year"] else default_year
    month = number(match["month"])
    if year is None or not month or month > 12:
        return None
    last = calendar.monthrange(year, month)[1]
    day = number(match["day"]) or _part_of_month(match["part"], last)
    return date(year, month, day) if 1 <= day <= last else None


def _part_of_month(part: str | None, last: int) -> int:
    return {"初": 10, "上旬": 10, "中旬": 20}.get(part or "", last)
