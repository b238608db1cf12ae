"""How often a clause asks for something. An interval is read only where one is printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scheduler.numerals import NUMBER, number
from scheduler.plain_text import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWords:
    """``rrule`` is a bare rhythm in RFC 5545 text; None where a person has to say how often.

    ``start`` and ``end`` span the words in the text that was read.
    """

    rrule: str | None
    words: str
    start: int
    end: int

    @property
    def asks_for_time(self) -> bool:
        return self.rrule is None


_TIMES = (
    f"(?:(?:集中|组织|开展|召开|举办|进行|安排|至少|不少于|不低于|应|要|须|各|最少|定期|报送|汇报|研究|上报|"
    f"听取|更新)*(?P<times>{NUMBER})(?:次|期|轮|场|篇|遍|回))?"
)
_UNITS = {"天": 0, "日": 0, "周": 0, "星期": 0, "月": 1, "季度": 3, "季": 3, "学期": 6, "半年": 6}
_EACH = re.compile(
    rf"每(?P<n>{NUMBER})?个?(?P<unit>天|日|周|星期|月|季度?|学期|半年|学?年)度?(?:的?{_TIMES})"
)
_ONCE = re.compile(
    "(?P<n>一|半|两|三)个?(?P<unit>天|周|月|季度?|学期|学?年)(?:至少|不少于)?(?P<times>[一两二三])"
    "(?!是|方|体|线|步|级|套|批|项|名|支|部|条|类|家|人|流|致|起|定|般|切|直|律|样|周|月|年|学|季|天)"
)
_ADJECTIVE = re.compile(
    "(?<![第本上下一二三四该前后各首])(?:按|分|逐)?(?P<unit>季度|年度|年终)"
    "(?=.{0,4}(?:例会|会议|检查|考核|考评|通报|报告|督查|督导|汇报|总结|评议|述职|评估|调度|会商|研判|分析|"
    "评比|评选|体检)(?!等次|等级|档次|结果|成绩|优秀|合格|中))"
)
_BY = re.compile("(?:按|逐)(?P<unit>周|月|季度?|年)(?!级)")
_MONTHS = re.compile(rf"份?(?P<months>{NUMBER}月份?(?:[、,和]{NUMBER}月份?)*)")
_NO_INTERVAL = re.compile(
    "不定期|定期|常态化|经常性?|及时|限时|限期|随时|适时|动态|持续|长期|多次|阶段性|不断|有序"
)


def read_rule_words(text: str) -> RuleWords | None:
    """The first rhythm of a clause, else the first word that leaves it open, else None."""
    spelled = plain(text)
    found = [
        (match, rule)
        for pattern in (_EACH, _BY, _ADJECTIVE, _ONCE)
        for match in pattern.finditer(spelled.text)
        if (rule := _rule(match, spelled.text))
    ]
    if found:
        match, (rrule, end) = min(found, key=lambda one: one[0].start())
    elif vague := _NO_INTERVAL.search(spelled.text):
        match, rrule, end = vague, None, vague.end()
    else:
        return None
    start = spelled.offsets[match.start()]
    stop = spelled.offsets[end - 1] + 1
    return RuleWords(rrule=rrule, words=text[start:stop], start=start, end=stop)


def _rule(match: re.Match[str], text: str) -> tuple[str | None, int] | None:
    groups = match.groupdict()
    times = number(groups["times"]) if groups.get("times") else 1
    unit = match["unit"]
    said = groups.get("n")
    n = number(said) if said and said != "半" else 1
    unit = "半年" if said == "半" else unit
    if not n or not times or n > 100:
        return None
    if "年" in unit and unit != "半年":
        if n == times == 1 and (months := _MONTHS.match(text, match.end())):
            numbers = [number(word) for word in re.findall(NUMBER, months["months"])]
            if all(month and month <= 12 for month in numbers):
                return "FREQ=YEARLY;BYMONTH=" + ",".join(map(str, numbers)), months.end()
        if times == 1:
            return ("FREQ=YEARLY" + (f";INTERVAL={n}" if n > 1 else "")), match.end()
        return _monthly(12 * n, times), match.end()
    if unit in ("天", "日", "周", "星期"):
        if times > 1:
            return None, match.end()
        freq = "DAILY" if unit in ("天", "日") else "WEEKLY"
        return f"FREQ={freq}" + (f";INTERVAL={n}" if n > 1 else ""), match.end()
    return _monthly(_UNITS[unit] * n, times), match.end()


def _monthly(months: int, times: int) -> str | None:
    """``times`` in ``months``, evenly; None where that is no whole number of months."""
    if months % times:
        return None
    each = months // times
    if each == 12:
        return "FREQ=YEARLY"
    return "FREQ=MONTHLY" + (f";INTERVAL={each}" if each > 1 else "")
