"""What of a sentence can be right or wrong by itself: figures, dates, intervals, names, quotes.

Two texts are compared by the tokens that both yield, so that 二次 and 2次, 不少于 and 至少 are one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from knowledge.facts import people_in
from knowledge.segmentation import normalise

_IDIOMS = re.compile(
    r"进一步|第一时间|统一|一致|一起|一同|一律|一定|一般|一些|一样|一体|一线|一道|一旦|一直|万一|唯一|之一|"
    r"一贯|一流|一切|一方面|一系列|十分|千万|百姓|一边|一并|逐一|同一|单一|专一|一时|一经|一对一"
)
_AT_LEAST = r"不得?(?:少于|低于|短于|小于|早于)|至少|最少|最低|起码"
_AT_MOST = r"不得?(?:超过|多于|高于|超出|大于|晚于|迟于)|至多|最多|最高"
_DATE = (
    r"(?:\d{2,4}年(?:度)?)?\d{1,2}月\d{1,2}[日号]|\d{2,4}年(?:度)?\d{1,2}月"
    r"|\d{1,2}月(?:上旬|中旬|下旬|底|初)"
)
_TOKENS = re.compile(
    rf"(?P<bound>{_AT_LEAST}|{_AT_MOST})?(?:近|约|超|逾|达|为)?"
    rf"(?:(?P<date>{_DATE})|(?P<clock>\d{{1,2}}[:：]\d{{2}})"
    r"|(?P<interval>每(?:\d+|半|隔)?个?(?:学年|学期|季度?|年度?|月|旬|周|星期|日|天|晚))"
    r"|(?P<weekday>(?:周|星期)[1-7日天末](?![次个名]))"
    r"|(?P<number>\d+(?:[.,]\d+)*%?)(?P<much>[万亿千百]?)(?:个(?=人))?(?P<unit>[年月日时分][^\W\d_]?|[^\W\d_]?))"
    r"(?P<tail>以上|以下|以内|之内|以前|之前|前|后)?"
)
_ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_QUOTED = re.compile(r"[“「『‘\"]([^“”「」『』‘’\"]+)[”」』’\"]|《([^《》]+)》")
_NUMBERED = re.compile(r"[\u4e00-\u9fff]{1,12}[〔\[(（【]\d{4}[〕\])）】]\s*第?\s*\d+\s*号")
_LATIN = re.compile(r"[a-z0-9@._+/:?=&#%-]*[a-z][a-z0-9@._+/:?=&#%-]*")
_UNIT_KIN = {"位": "人", "名": "人", "回": "次", "块": "元", "号": "日", "個": "个"}
_NAME_TAGS = ("nr", "ns", "nt")
_BEFORE_NAMES = "由请向给让和与同经为是找"
_UNIT_CHARS = 1
_HIDE = {ord(digit): 0xE000 + n for n, digit in enumerate("一十百千万")}
_SHOW = {hidden: digit for digit, hidden in _HIDE.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """``kind`` says which tokens are alternatives of one another: 30本 and 50本, 每周 and 每月."""

    kind: str
    value: str
    bound: str = ""
    """``>`` at least, ``<`` at most, ``前`` and ``后`` of a date."""


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """For comparing: one width, one script, digits as digits, no white space, no leading zeros."""
    kept = _IDIOMS.sub(lambda match: match.group().translate(_HIDE), text)
    low = normalise(kept).translate(_SHOW)
    low = _ISO_DATE.sub(lambda m: f"{m[1]}年{int(m[2])}月{int(m[3])}日", "".join(low.split()))
    return re.sub(r"(?<![\d.])0+(?=\d)", "", low)


@lru_cache(maxsize=4096)
def tokens_in(text: str) -> frozenset[Token]:
    """Every figure, date, time and interval that ``text`` prints."""
    found: set[Token] = set()
    for match in _TOKENS.finditer(folded(text)):
        bound = _bound(match["bound"] or "", match["tail"] or "")
        if match["date"]:
            found |= {Token(kind="date", value=match["date"].replace("号", "日"), bound=bound)}
        elif match["clock"]:
            found.add(Token(kind="clock", value=match["clock"].replace("：", ":")))
        elif match["interval"]:
            found.add(Token(kind="interval", value=_interval(match["interval"])))
        elif match["weekday"]:
            found.add(Token(kind="weekday", value=match["weekday"].replace("星期", "周")))
        else:
            unit = match["unit"] or ""
            unit = _UNIT_KIN.get(unit[:_UNIT_CHARS], unit[:_UNIT_CHARS])
            value = match["number"].replace(",", "") + match["much"]
            found.add(Token(kind=unit, value=value, bound=bound))
    return frozenset(found)


def parts_of_dates(tokens: frozenset[Token]) -> frozenset[Token]:
    """With what a longer date also states: 2026年3月15日 prints 3月15日, 2026年3月 and 3月 too."""
    more: set[Token] = set(tokens)
    for token in tokens:
        if token.kind != "date":
            continue
        pieces = re.findall(r"\d+[年月日](?:度|上旬|中旬|下旬|底|初)?", token.value)
        for start in range(len(pieces)):
            for end in range(start + 1, len(pieces) + 1):
                value = "".join(pieces[start:end])
                if end - start > 1 or value[-1] not in "年日":
                    more.add(Token(kind="date", value=value, bound=token.bound))
                number = re.fullmatch(r"(\d+)([年月日])", value)
                if number:
                    more.add(Token(kind=number[2], value=number[1], bound=token.bound))
    return frozenset(more)


def quotes_in(text: str) -> tuple[str, ...]:
    """Phrases in quotation marks and titles, folded."""
    return tuple(folded(one or other) for one, other in _QUOTED.findall(text))


def has_open_quote(text: str) -> bool:
    """Whether a quotation begins or ends outside ``text``."""
    pairs = (("“", "”"), ("「", "」"), ("『", "』"), ("《", "》"))
    return any(text.count(left) != text.count(right) for left, right in pairs) or (
        text.count('"') % 2 == 1
    )


@lru_cache(maxsize=4096)
def names_in(text: str) -> tuple[str, ...]:
    """Persons, places, bodies, document numbers and Latin words, folded."""
    import rjieba

    plain = unicodedata.normalize("NFKC", text)
    names = [fact.text for fact in people_in(plain)]
    for word, tag in rjieba.tag(plain):
        if tag.startswith(_NAME_TAGS):
            bare = word.lstrip(_BEFORE_NAMES) if tag.startswith("nr") else word
            names += [bare] if len(bare) > 1 else []
    names += _NUMBERED.findall(text)
    return tuple(dict.fromkeys([*map(folded, names), *_LATIN.findall(folded(text))]))


def _bound(before: str, after: str) -> str:
    if re.fullmatch(_AT_LEAST, before) or after == "以上":
        return ">"
    if re.fullmatch(_AT_MOST, before) or after in {"以下", "以内", "之内"}:
        return "<"
    return {"以前": "前", "之前": "前"}.get(after, after)


def _interval(text: str) -> str:
    value = text.replace("个", "").replace("星期", "周").replace("年度", "年").replace("季度", "季")
    return re.sub("[日天]$", "天", re.sub("^每1(?=\\D)", "每", value))
