"""Who is meant: names of the roster, titles, and names that no separator parts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

BLANK = "|"
"""Stands in for whatever is no name, so that no name is read across it."""

_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭"
    "郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元"
    "卜顾孟平黄穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强"
    "贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣邓郁"
    "单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山"
    "谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂"
    "索咸籍赖卓蔺屠蒙池乔阴能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍璩桑桂濮牛寿通边扈燕冀郏浦尚"
    "农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃"
    "利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓"
    "公覃佘岳帅亢况有琴商牟佟肖闫付代涂苟仝冼区占邸卿揭原青杞"
)
_COMPOUND = frozenset(
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 钟离 宇文 长孙 端木 夏侯 南宫 独孤 "
    "轩辕 澹台 淳于 单于 太史 申屠 公冶 濮阳 西门 闻人 百里 呼延".split()
)
_TITLE = (
    "(?:副?(?:校长|书记|主任|园长|院长|局长|科长|股长|组长|主席)|老师|同志|教授|专干|师傅|会计"
    "|辅导员|干事)"
)
_TITLES = re.compile(_TITLE)
_NICKNAME = re.compile("[老小](?P<surname>[\u4e00-\u9fff])")
_SEPARATORS = re.compile("[、，,和与及跟同以还有]+")
_NO_NAME = re.compile(
    "今天|昨天|前天|我们|咱们|我|他们|大家|党员|同志们|教职工|教师们|全体|其中|只有|还有|有|另有"
    "|另外|除了?|但是?|不过|因为|由于|所有|因[^、，。；|]{0,8}|由于[^、，。；|]{0,8}"
    "|外出[^、，。；|]{0,4}|出差|生病|住院|开会|家里有事|有事|身体不适|临时|分别|都|均|全|也|是|的|没|未"
    "|[0-9一二两三四五六七八九十]+[个名位]?(?:人|党员|同志|老师|教师)?(?=[请缺迟未没，。；、|（(]|$)"
    "|等|俩|两人|两位|三人|几人|几位"
)
_NUMERALS = re.compile("[一二三四五六七八九十]{1,2}")
_NO_NAMES = frozenset(
    "支部 支委 党委 总支 总务 教务 政教 年级 班级 全体 组织 宣传 纪检 "
    "学校 干部 机关 常务 管理 安全 后勤 应到 应该 于是 时间 党员 党课 "
    "平时 和谐 安排 方面 方案 高度 高中 初中 家长 家里 家庭 计划 "
    "段时间 师德 师生 成员 成绩 花名册 能力 都是 都有 相关 相互 国家 "
    "国旗 文件 文明 文化 安心 经费 经过 经验 别人 广大 公开 公司 都到 "
    "都来 都没 所有 时候 明确 强化 白天 温暖 万分 空调 应急 向上 从严 "
    "东西 水平 金额 马上 车上 连续 终于 空缺 红色 查缺 原因 荣誉 房间 "
    "路上 花时间 边远 于家里".split()
)
_LONGEST_NAME = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterUnit:
    """A place in the tree."""

    id: int
    name: str
    parent_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterMember:
    """Someone, and the units they are in themselves."""

    id: int
    name: str
    unit_ids: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class RosterView:
    """The roster as one person sees it who writes; ``me`` is that person."""

    members: tuple[RosterMember, ...] = ()
    units: tuple[RosterUnit, ...] = ()
    me: RosterMember | None = None

    @cached_property
    def by_name(self) -> dict[str, list[RosterMember]]:
        found: dict[str, list[RosterMember]] = {}
        for member in self.members:
            found.setdefault(member.name, []).append(member)
        return found

    @cached_property
    def by_unit_id(self) -> dict[int, RosterUnit]:
        return {unit.id: unit for unit in self.units}

    @cached_property
    def names(self) -> re.Pattern[str]:
        """Any name on the roster, the longest first."""
        ordered = sorted(self.by_name, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, ordered)) or "(?!)")

    def above(self, unit_id: int) -> Iterator[RosterUnit]:
        """The unit and all it is part of, upwards."""
        seen: set[int] = set()
        unit = self.by_unit_id.get(unit_id)
        while unit is not None and unit.id not in seen:
            seen.add(unit.id)
            yield unit
            unit = self.by_unit_id.get(unit.parent_id) if unit.parent_id is not None else None

    def within(self, unit_id: int) -> list[RosterMember]:
        """Members of the unit and of all below it."""
        return [
            member
            for member in self.members
            if any(up.id == unit_id for own in member.unit_ids for up in self.above(own))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One person as written, and as on the roster where that is one person."""

    start: int
    end: int
    said: str
    member: str | None = None

    @property
    def shown(self) -> str:
        return self.member or self.said


def is_name(text: str) -> bool:
    """Whether it looks like a full name: a surname and one or two characters."""
    if (
        text in _NO_NAMES
        or text[-1:] in "了着过"
        or not 2 <= len(text) <= _LONGEST_NAME
        or not all("\u4e00" <= c <= "\u9fff" for c in text)
    ):
        return False
    return (text[:2] in _COMPOUND and len(text) > 2) or (text[0] in _SURNAMES and len(text) <= 3)


def part_names(run: str) -> list[str] | None:
    """张三李四王小五 -> its names, as few as can be; None where it is no row of names."""
    best: dict[int, list[str]] = {0: []}
    for end in range(2, len(run) + 1):
        for start in range(max(0, end - _LONGEST_NAME), end - 1):
            piece = run[start:end]
            before = best.get(start)
            if before is None or not is_name(piece):
                continue
            if end not in best or len(before) + 1 < len(best[end]):
                best[end] = [*before, piece]
    return best.get(len(run)) or None


def known_people(
    text: str, roster: RosterView, unit_id: int | None, start: int = 0, end: int | None = None
) -> list[Named]:
    """Names of the roster and people with a title, wherever they stand in ``text[start:end]``."""
    end = len(text) if end is None else end
    found: list[Named] = []
    taken = start
    while taken < end:
        match = roster.names.search(text, taken, end)
        titled = _next_titled(text, taken, match.start() if match else end, roster, unit_id)
        if titled:
            found.append(titled)
            taken = titled.end
            continue
        if match is None:
            break
        stop = match.end()
        if title := _TITLES.match(text, stop, end):
            stop = title.end()
        found.append(Named(start=match.start(), end=stop, said=match[0], member=match[0]))
        taken = stop
    return found


def _next_titled(
    text: str, start: int, end: int, roster: RosterView, unit_id: int | None
) -> Named | None:
    for match in _TITLES.finditer(text, start, end):
        for length in (3, 2, 4, 1):
            at = match.start() - length
            said = text[max(at, 0) : match.start()]
            if at < start or not _may_be_titled(said, text[at - 1 : at] if at else ""):
                continue
            member = said if said in roster.by_name else None
            if member is None and length == 1:
                member = _only_of(said, roster, unit_id)
            return Named(
                start=at,
                end=match.end(),
                said=said if length > 1 else text[at : match.end()],
                member=member,
            )
    return None


def _may_be_titled(said: str, before: str) -> bool:
    if len(said) == 1:
        return said in _SURNAMES and said not in "全有同都各党支东公相别能师益管"
    return is_name(said) and not re.match("[\u4e00-\u9fff0-9]", before)


def _only_of(surname: str, roster: RosterView, unit_id: int | None) -> str | None:
    """The one member of this surname in the unit, or in the whole roster; None if several."""
    for members in (roster.within(unit_id) if unit_id is not None else (), roster.members):
        names = {one.name for one in members if one.name.startswith(surname)}
        if names:
            return names.pop() if len(names) == 1 else None
    return None


def names_before(text: str, end: int, roster: RosterView, unit_id: int | None) -> list[Named]:
    """The row of people that ends at ``end``: 张三、李四和王老师 in …张三、李四和王老师请假."""
    found: list[Named] = []
    for start, stop in reversed(_pieces(text, 0, end, roster)):
        people = _people_in(text, start, stop, roster, unit_id, is_from_end=True)
        if people is None:
            break
        found = people + found
        if people and people[0].start > start:
            break
    return found


def names_after(text: str, start: int, roster: RosterView, unit_id: int | None) -> list[Named]:
    """The row of people that begins at ``start``."""
    found: list[Named] = []
    stop = len(text)
    for mark in (BLANK, "。", "；", "）", ")"):
        at = text.find(mark, start)
        stop = at if 0 <= at < stop else stop
    for first, last in _pieces(text, start, stop, roster):
        people = _people_in(text, first, last, roster, unit_id, is_from_end=False)
        if people is None:
            break
        found += people
        if people and people[-1].end < last:
            break
    return found


def _pieces(text: str, start: int, end: int, roster: RosterView) -> list[tuple[int, int]]:
    """What separators part, names of the roster left whole, back to the last hard boundary."""
    begin = max(start, *(text.rfind(mark, start, end) + 1 for mark in f"{BLANK}。；：:（("))
    whole = [match.span() for match in roster.names.finditer(text, begin, end)]
    pieces: list[tuple[int, int]] = []
    at = begin
    for match in _SEPARATORS.finditer(text, begin, end):
        if any(low < match.end() and match.start() < high for low, high in whole):
            continue
        if match.start() > at:
            pieces.append((at, match.start()))
        at = match.end()
    if at < end:
        pieces.append((at, end))
    return pieces


def _people_in(
    text: str,
    start: int,
    end: int,
    roster: RosterView,
    unit_id: int | None,
    *,
    is_from_end: bool,
) -> list[Named] | None:
    """The people of one piece; None where there is nobody at the side that was asked for."""
    known = known_people(text, roster, unit_id, start, end)
    known = [*known, *_nicknames(text, start, end, known, roster, unit_id, is_from_end)]
    rows: list[Named] = list(known)
    at = start
    for one in [*sorted(known, key=lambda named: named.start), None]:
        stop = one.start if one else end
        if run := text[at:stop]:
            names = part_names(run)
            for name in names or ():
                rows.append(Named(start=at, end=at + len(name), said=name))
                at += len(name)
        at = one.end if one else end
    rows.sort(key=lambda named: named.start)
    if is_from_end:
        return _chained(rows, end, is_from_end=True) or None
    return _chained(rows, start, is_from_end=False) or None


def _chained(rows: list[Named], edge: int, *, is_from_end: bool) -> list[Named]:
    chain: list[Named] = []
    for one in reversed(rows) if is_from_end else rows:
        if (one.end if is_from_end else one.start) != edge:
            break
        chain.append(one)
        edge = one.start if is_from_end else one.end
    return chain[::-1] if is_from_end else chain


def _nicknames(
    text: str,
    start: int,
    end: int,
    known: Collection[Named],
    roster: RosterView,
    unit_id: int | None,
    is_from_end: bool,
) -> list[Named]:
    """老王, 小李 at the side that was asked for."""
    found = []
    for match in _NICKNAME.finditer(text, start, end):
        is_taken = any(one.start < match.end() and match.start() < one.end for one in known)
        is_there = match.end() == end if is_from_end else match.start() == start
        if not is_taken and is_there and match["surname"] in _SURNAMES:
            member = _only_of(match["surname"], roster, unit_id)
            found.append(Named(start=match.start(), end=match.end(), said=match[0], member=member))
    return found


def blank_no_names(text: str) -> str:
    """Blank words that stand between names and are none; the length stays. 李四 is no four."""

    def blanked(match: re.Match[str]) -> str:
        is_given_name = _NUMERALS.fullmatch(match[0]) and text[match.start() - 1 :][:1] in _SURNAMES
        return match[0] if match.start() and is_given_name else BLANK * len(match[0])

    return _NO_NAME.sub(blanked, text)
