"""How many: 应到20实到18, 三人请假, 廿个党员来了十八个, 全部到齐. Only numbers that are printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scheduler.numerals import number

_DIGIT = "0-9零〇一二两俩三四五六七八九十廿卅百千"
_NOT_BEFORE = f"(?<![{_DIGIT}.第之])"
_THINGS = "节次条项篇期份周届场岁天学课级班楼半封起件家所幅部本堂遍圈轮批句"
_NOT_AFTER = rf"(?![{_DIGIT}.%/万元年月日号点时分刻小秒{_THINGS}]|个[多小月星礼工])"
_UNIT = (
    "(?:[个名位](?:人|正式党员|预备党员|党员|同志|教师|老师|教职工|职工|委员|学生|家长|群众|志愿者|同学|干部|成员|代表)?|"
    "人次?|(?:正式)?党员|同志|教师|老师|教职工|委员)"
)
_PEOPLE = "(?:党员|人员|人数|人|教师|老师|教职工|职工|家长|学生|群众|成员|委员|会议|会|的|总)*"
_IS = "[:：]?(?:一共|总共|共计|是|为|有|共|了|计)*"
_CAME = (
    "(?:到会|到场|到课|到岗|在场|参会|出席|参加|与会|参与|出勤|到位|签到|听课|听众|参赛|参训"
    "|到了?|来了?)"
)
_WENT = (
    "(?:参加|参与|到会|到场|出席|参会|与会|参训|到位|签到|报到|到了|来了|去了|前往|走进|赴|实到"
    "|听了|听课|听讲|听(?=[，。；]|$)|参赛|受训|旁听|开展|观看|聆听)"
)


def _pattern(template: str) -> re.Pattern[str]:
    """``<name>`` stands for a number, as the group of that name."""

    def group(match: re.Match[str]) -> str:
        return rf"{_NOT_BEFORE}(?P<{match[1]}>[0-9]{{1,5}}|[{_DIGIT[3:]}]{{1,7}}){_NOT_AFTER}"

    return re.compile(re.sub(r"<(\w+)>", group, template))


_OUGHT = "(?:应该?|该)(?:到|来|参加|参会|出席|参与|参训|参)"
_BOTH = _pattern(f"应到{_PEOPLE}[、和与,，]?实到{_PEOPLE}(?:都|均|各|全)(?:是|为)?<both>")
_OF = _pattern(
    f"<expected>{_UNIT}[，,]?(?:里|中|其中)?(?:只|就|仅|实际)?{_CAME}了?<present>{_UNIT}?"
)
_BRIEF = (
    _pattern(f"应到?<expected>{_UNIT}?[，,]?实?到<present>"),
    _pattern(f"(?:(?<=^)|(?<=[|，。；]))<expected>{_UNIT}?到<present>{_UNIT}?(?=[，。；]|$)"),
)
_SHARE = re.compile(
    rf"(?:{_CAME}|人数|实到|到会率|出勤率){_PEOPLE}{_IS}(?P<present>[0-9]{{1,4}})/(?P<expected>[0-9]{{1,4}})"
)
_IN_ALL = _pattern(
    f"(?:现有|共有|一共有?|总共有?|总人数|全体)(?:支部)?{_PEOPLE}{_IS}<n>{_UNIT}(?!{_WENT})"
)
_EXPECTED = (
    _pattern(f"{_OUGHT}{_PEOPLE}{_IS}(?:[0-9一二两三四五六七八九十]+[家个]单位)?<n>"),
    _pattern(f"<n>{_UNIT}{_OUGHT}"),
    _IN_ALL,
    _pattern(f"支部有?(?:正式)?党员<n>{_UNIT}?"),
    _pattern(
        f"(?<!其余)(?<!其他)<n>{_UNIT}[，,]?(?:全部|全都|全员|都|均|悉数|全)(?:到|参加|出席|来)"
    ),
    _pattern(f"(?<!其余)(?<!其他)<n>{_UNIT}[，,]?(?:一个(?:都|也)?[不没](?:少|落|缺)|就缺|只缺)"),
)
_PRESENT = (
    _pattern(
        f"(?:实到|实际到会|实际参加|实际到|实际出席|实参|实际参会|实来|实际来){_PEOPLE}{_IS}<n>"
    ),
    _pattern(
        f"(?<!应)(?<!应该)(?<!该)(?<!没)(?<!未)(?<![收接受得提达])"
        f"{_CAME}{_PEOPLE}{_IS}<n>(?={_UNIT}|[，。；、;）)|(（]|$|其中|请|缺)"
    ),
    _pattern(f"(?:{_WENT}|来?听)的(?:一共|总共|共|有|是)*<n>{_UNIT}"),
    _pattern(f"<n>{_UNIT}(?:全部|全都|全员|都|均|一起|共同|现场|实际)*{_WENT}"),
    _pattern(f"(?:组织|带领|安排|选派|召集|发动)(?:了)?{_PEOPLE}<n>{_UNIT}"),
    _pattern(f"(?<=[，。；、;(（])<n>{_UNIT}(?=[，。；、;）)]|$)"),
    _pattern(f"(?:去了|共|一共|总共|共计|人数){_IS}<n>{_UNIT}?(?=[，。；、,;）)]|$)"),
)
_LEAVE_WORD = "(?:请(?:了|的)?(?:病|事|产|公|年|婚|丧)?假|告假|(?:病|事|产|公)假)"
_ABSENT_WORD = (
    "(?:缺席|缺勤|缺|没来|没到|未到|没有来|没有到|旷会|旷课|未参加|没参加|没有参加|未出席)"
)
_LATE_WORD = "(?:迟到|晚到|来晚|晚来)"
_GONE = {
    name: (
        _pattern(f"<n>{_UNIT}(?:因[^，。；]{{0,8}})?{word}"),
        _pattern(f"{word}(?:的|了|人员|人数|者)*(?:有|是|为|共)*[:：]?<n>{_UNIT}?"),
    )
    for name, word in (("on_leave", _LEAVE_WORD), ("absent", _ABSENT_WORD), ("late", _LATE_WORD))
}
_ALL = re.compile(
    "全到|全都到|都到[了齐会场。，]|(?<!没)(?<!未)(?<!没有)到齐|全部(?:到|参加|出席|参会|参与|在场)|全员(?!育)"
    "|全勤|人(?:都|全)?齐|悉数|无[一人]缺[席勤]|没人缺[席勤]|无缺[席勤]|没有人?缺席|一个(?:都|也)?[不没](?:少|落|缺)"
    "|[都均全](?:来了|参加|到会|到场|出席)|[都均全]在(?=[，。；！场]|$)|就(?:缺|少|差)(?:了|个)"
    "|全体[^，。；]{0,6}?(?:参加|到会|出席|参与|到场|参会|参训)|组织全体|无人请假|没人请假|没有人请假"
)
_REST = re.compile(
    "就(?:缺|少|差)(?:了|个)|只缺|其余|其他|其它|剩下|别的|除了?[^。；]{1,30}(?:外|都|全|均)|余下"
)
_NOT_EXACT_BEFORE = re.compile(
    "(?:约|大概|差不多|将近|接近|近|不到|超过|至少|可能|估计|好像|几乎)$"
)
_NOT_EXACT_AFTER = re.compile(rf"来|多|余|几|{_UNIT}?(?:左右|上下|以上|以下|不到|出头)")
_ABOUT = re.compile(
    rf"(?:[0-9]{{1,4}}|[{_DIGIT[3:]}]{{1,6}})(?:多|余|来|几){_UNIT}(?:全部|都|一起|共同)*{_WENT}"
    rf"|{_WENT}(?:的|了)?(?:有|共)?(?:[0-9]{{1,4}}|[{_DIGIT[3:]}]{{1,6}})(?:多|余|来|几){_UNIT}"
)
_HUNDRED_AND_TENS = re.compile("百[一二三四五六七八九]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What is printed; ``is_all`` and ``is_rest`` are words for numbers that are not."""

    expected: int | None = None
    present: int | None = None
    on_leave: int | None = None
    absent: int | None = None
    late: int | None = None
    is_all: bool = False
    is_rest: bool = False
    is_about: bool = False
    """Somebody was there, but how many is said loosely."""

    @property
    def has_any(self) -> bool:
        numbers = (self.expected, self.present, self.on_leave, self.absent, self.late)
        return self.is_all or any(one is not None for one in numbers)


def exact(text: str) -> int | None:
    """The value of a printed number; 一百二 is 120, 十七八 is none."""
    return number(f"{text}十") if _HUNDRED_AND_TENS.search(text) else number(text)


def read_counts(text: str) -> Counts:
    """Read what a stretch of text counts, where times and topics are blanked."""
    is_all = bool(_ALL.search(text))
    gone = {name: _sum(patterns, text) for name, patterns in _GONE.items()}
    both = _first((_BOTH,), text, "both")
    expected = present = both
    if both is None:
        expected, present = _pair(text)
    if expected is None:
        expected = _first(_EXPECTED, text)
    if present is None:
        present = _first(_PRESENT[:1], text)
    if present is None:
        present = _earliest(_PRESENT[1:], text)
    if expected == present and _is_said_once(text):
        expected = None
    return Counts(
        expected=expected,
        present=present,
        is_all=is_all,
        is_rest=bool(_REST.search(text)),
        is_about=bool(_ABOUT.search(text)),
        **gone,
    )


def _pair(text: str) -> tuple[int | None, int | None]:
    for pattern in (_SHARE, *_BRIEF, _OF):
        for match in pattern.finditer(text):
            values = _value(match, text, "expected"), _value(match, text, "present")
            if None not in values:
                return values
    return None, None


def _is_said_once(text: str) -> bool:
    """一共18个人 says how many there were, and nothing of how many there should have been."""
    counted = {match.start("n") for match in _IN_ALL.finditer(text)}
    among = {match.start("n") for pattern in _PRESENT for match in pattern.finditer(text)}
    ought = {
        match.start("n")
        for pattern in _EXPECTED
        if pattern is not _IN_ALL
        for match in pattern.finditer(text)
    }
    return bool(counted & among) and not ought


def _first(patterns: tuple[re.Pattern[str], ...], text: str, group: str = "n") -> int | None:
    for pattern in patterns:
        for match in pattern.finditer(text):
            if (value := _value(match, text, group)) is not None:
                return value
    return None


def _earliest(patterns: tuple[re.Pattern[str], ...], text: str) -> int | None:
    found = [
        (match.start("n"), value)
        for pattern in patterns
        for match in pattern.finditer(text)
        if (value := _value(match, text, "n")) is not None
    ]
    return min(found)[1] if found else None


def _sum(patterns: tuple[re.Pattern[str], ...], text: str) -> int | None:
    """病假1人事假2人 is 3; a number is counted once, however many patterns see it."""
    found: dict[int, int] = {}
    used: set[int] = set()
    for pattern in patterns:
        for match in pattern.finditer(text):
            if used & set(range(*match.span())):
                continue
            if (value := _value(match, text, "n")) is not None:
                found[match.start("n")] = value
                used |= set(range(*match.span()))
    return sum(found.values()) if found else None


def _value(match: re.Match[str], text: str, group: str) -> int | None:
    if _NOT_EXACT_BEFORE.search(text, 0, match.start(group)):
        return None
    if _NOT_EXACT_AFTER.match(text, match.end(group)):
        return None
    return exact(match[group])
