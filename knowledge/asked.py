"""What a question wants to be told: split into parts, each with the kind of fact and its focus.

``江西那5个党建指导员都叫啥`` wants persons, focus ``党建指导员``; ``双品牌是指啥，几年`` wants an
explanation and a duration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from knowledge.facts import FactKind


class Want(StrEnum):
    """How a part of a question wants to be answered."""

    FACT = "fact"
    """One of ``kinds`` has to be printed; otherwise the documents do not say it."""
    NAMES = "names"
    """What something is called, or the names of several things."""
    LIST = "list"
    WHO = "who"
    WHERE = "where"
    YES_NO = "yes_no"
    HOW = "how"
    WHAT = "what"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing asked.

    ``focus`` is what it is about, without question words; ``count`` how many things a list has.
    """

    want: Want
    kinds: frozenset[FactKind]
    focus: str
    text: str
    unit: str = ""
    count: int | None = None
    counted: str = ""
    """What the number is of, where it is said right after it (几个介绍人)."""


MIN_FOCUS_CHARS = 2
"""A shorter focus (在哪打) says too little; the part before it lends its own."""

_PERSON_ROLE = re.compile(
    r"(?:书记|主任|局长|校长|园长|院长|组长|科长|处长|部长|会长|专干|教师|老师|[一-龥]员|班主任|记者|作者|联系人|"
    r"负责人|成员|干部|人员|专家|代表|骨干|党员|同志|学生|家长|干事|督学|联络员|获奖者|带头人)$"
)
_MONEY_WORD = re.compile(
    r"(?:钱|经费|费用|补贴|补助|奖金|津贴|资金|工资|待遇|收费|学费|党费|投入|预算|标准|金额|罚款|报酬|餐费|奖励)"
)
_MEASURE = (
    r"个|名|位|人次|人|所|家|项|类|次|场|期|节|门|篇|条|件|份|套|支|批|种|级|轮|届|册|部|本|张|台|间|处|分|学时|课时|学分|"
    r"倍|户|例|起|组|对|辆|栋|步|字|句|堂|回|遍|趟|员|档|等|方面|环节|小时|分钟|天|周|年|月|点|号|岁|元|万|亩|平方米|公里|米"
)
_TIME_UNITS = {
    "年": (FactKind.DURATION, FactKind.YEAR),
    "小时": (FactKind.DURATION,),
    "分钟": (FactKind.DURATION,),
    "天": (FactKind.DURATION,),
    "周": (FactKind.DURATION,),
    "学时": (FactKind.DURATION, FactKind.COUNT),
    "课时": (FactKind.DURATION, FactKind.COUNT),
    "月": (FactKind.MONTH, FactKind.DAY),
    "号": (FactKind.DAY,),
    "点": (FactKind.CLOCK,),
    "元": (FactKind.MONEY,),
    "学期": (FactKind.DURATION,),
}
_DATE = (FactKind.DAY, FactKind.MONTH, FactKind.YEAR)
_Q = r"(?:(?<![哪这那好])几|多少|好多)"
_RULES: tuple[tuple[re.Pattern[str], Want, tuple[FactKind, ...]], ...] = tuple(
    (re.compile(pattern), want, kinds)
    for pattern, want, kinds in (
        (
            r"多久(?:\S{0,4}?)(?:一次|一回|一遍|一期|开会|轮)|多长时间(?:\S{0,4}?)(?:一次|一回|一遍)|隔多久|频次|频率|"
            r"几(?:天|周|个?月|年|个?学期|个?季度)(?:\S{0,3}?)一(?:次|回|遍)|(?:一|每)个?(?:学年|学期|季度|月|周|天|星期|年|日)"
            r"(?:\S{0,8})(?<![哪这那好])(?:几|多少)(?:次|回|场|期|遍|趟|节|个?课时|小时|轮|堂)",
            Want.FACT,
            (FactKind.INTERVAL,),
        ),
        (
            r"多久|多长时间|多少时间|几年时间|多长|期限(?:是|有)?多|时长",
            Want.FACT,
            (FactKind.DURATION, FactKind.DAY),
        ),
        (
            r"(?:哪|几|何|什么|啥)年(?:哪|几)月(?:(?:哪|几)[日号天])?|哪年哪月",
            Want.FACT,
            (FactKind.YEAR,),
        ),
        (r"哪一?年|何年|几几年|什么年份|哪个年度", Want.FACT, (FactKind.YEAR,)),
        (r"几月(?:份)?几[日号]|几[日号]|哪一?天|哪[日]|什么日子", Want.FACT, (FactKind.DAY,)),
        (r"几月|哪个?月|什么月份", Want.FACT, (FactKind.MONTH, FactKind.DAY)),
        (r"几点|什么钟点", Want.FACT, (FactKind.CLOCK,)),
        (
            r"什么时候|啥时候|啥时|何时|什么时间|啥时间|哪时候|截止(?:时间|日期)?(?:是|到)?(?:什么|啥|哪|何)?|哪个时间|(?:时间|日期)(?:是|呢|$)",
            Want.FACT,
            (*_DATE, FactKind.CLOCK, FactKind.INTERVAL),
        ),
        (
            r"多少钱|多少元|几块钱|几万|多少万(?!人|名|字)|几元|多大金额",
            Want.FACT,
            (FactKind.MONEY,),
        ),
        (
            r"百分之几|百分之多少|比例|占比|优良率|合格率|多大比重|率(?:是|要|达到)?多少|率(?:要|得)?(?:达到?|到)",
            Want.FACT,
            (FactKind.PERCENT,),
        ),
        (r"电话|手机号|联系方式|邮箱(?:地址)?|号码", Want.FACT, (FactKind.CONTACT,)),
    )
)
_COUNT_ASKED = re.compile(
    rf"(?:{_Q})(?P<unit>{_MEASURE})?(?P<after>[^，,。？?！!；;吗呢呀啊吧了的\s]{{0,12}})"
)
_WHICH = re.compile(
    rf"(?:是|有|为|指|分)?哪(?P<count>[一二两俩三四五六七八九十0-9]+)?(?:些|几)?(?P<unit>{_MEASURE}|拨人|几)?(?P<after>[^，,。？?！!；;吗呢呀啊吧了\s]{{0,12}})"
)
_NAMED = re.compile(
    r"(?:都|分别|各自|各)?(?:叫(?:做|作)?(?:什么|啥|什么名字|个?啥名)|(?:的)?(?:名字|名称|姓名|名单)(?:都|分别|各)?(?:是|叫|有|为)?(?:什么|啥|谁|哪些?)?|叫什么)"
)
_WHO_IS = re.compile(r"(?:是|为)谁(?:啊|呀|呢)?$|^谁是|都?有谁|是哪位|哪位")
_WHO = re.compile(
    r"谁|哪个?(?:单位|部门|学校|科室|处室|机构|组织|支部|局|人)|什么人|哪些?人|哪拨人|何人|啥人|哪家|哪方"
)
_WHERE = re.compile(
    r"哪里|哪儿|哪边|什么地方|啥地方|何处|在哪|到哪|去哪|往哪|哪个?(?:地方|地点|位置|场地|平台|网站)"
)
_PLACE_ASKED = re.compile(r"(?:地点|地址|场地|会场)(?:是|在|呢|$)")
_LIST = re.compile(
    r"哪些|哪几|哪[一二两三四五六七八九十0-9]+|都是(?:啥|什么)|包括(?:啥|什么|哪)|有(?:啥|什么)|分别(?:是|有|为)|列(?:出|举)|几(?:类|项|种|方面|个方面|条)"
)
_YES_NO = re.compile(
    r"吗|么$|是不是|有没有|能不能|可不可以|要不要|会不会|对不对|行不行|一样不|在不在|是否|[吧嘛]$|有无|用不用|需不需要|算不算"
)
_HOW = re.compile(
    r"怎么|怎样|如何|咋|咋样|怎么个|干啥|干嘛|做什么|什么作用|啥作用|啥措施|什么措施|什么要求|啥要求|流程|步骤|为什么|为啥"
)
_SET_PHRASE = re.compile(
    r"(?:[一二三四五六七八九十两双1-9](?![个名位项次年月日天周号点分种类条所家些])[\u4e00-\u9fff]){2,}"
)
_NOISE = frozenset(
    """
    请问 我 想 问 想问 知道 了解 想知道 麻烦 帮 查 告诉 一下 一共 总共 到底 究竟 分别 大概 请 儿
    指 话 那个 这个 那边 这边 那 这 个 些 什么 啥 哪 哪些 哪个 哪几 谁 吗 呢 呀 啊 吧 嘛 么 咋
    咋样 怎么 怎么样 怎样 如何 多少 几个 几 多 是 是不是 有没有 的 了 都 叫 叫做 有 要 会 能 在
    里 里头 里面 中 对 和 跟 与 就是 说 得 过 着 把 给 让 被 从 到 去 来 也 还 就 不 一 他们
    我们 你们 咱们 咱 他 你 它 需要 应该 可以 必须 可 应 须 做 搞 弄 办 干 用 之后 然后 东西
    意思 回事 多久 多长 一次 一回 一遍 每次 次数 时候 时间 哪年 哪月 几月 几号 后面 前面 外面
    地方 位 名 项 件 家 所 种 类 条 次 份 场 期 该 其 所有 各自 各 具体 主要 关于 有关 目前 现在
    是否 没有 没 变成 变为 改成 改为
    """.split()
)
_DIGIT = {c: n for n, c in enumerate("零一二三四五六七八九十")} | {"两": 2, "俩": 2}


def _number(text: str | None) -> int | None:
    if not text:
        return None
    if text.isdigit():
        return int(text)
    return _DIGIT.get(text)


def parts_of(question: str) -> tuple[Part, ...]:
    """Split ``question`` at its punctuation and say of every piece what it wants; never empty.

    Args:
        question: Simplified text, as understood (follow-ups made whole).
    """
    pieces = [piece for piece in re.split(r"[？?！!。；;，,\s]+", question.strip()) if piece]
    parts: list[Part] = []
    for piece in pieces:
        part = _part(piece)
        if part is None:
            continue
        if len(part.focus) < MIN_FOCUS_CHARS and parts:
            part = _with_focus(part, parts[-1].focus)
        elif len(part.focus) < MIN_FOCUS_CHARS:
            part = _with_focus(part, _focus("".join(pieces)))
        parts.append(part)
    if not parts:
        parts.append(_plain(question, Want.WHAT))
    return tuple(parts)


def _part(piece: str) -> Part | None:
    for pattern, want, kinds in _RULES:
        if match := pattern.search(piece):
            return _plain(piece, want, kinds, cut=match.span())
    named = _NAMED.search(piece)
    counted = _COUNT_ASKED.search(piece)
    if named is None and counted:
        return _count_part(piece, counted)
    which = _WHICH.search(piece)
    if named:
        count = re.search(r"([一二两三四五六七八九十0-9]+)(?:个|项|名|位|大|类|种|条|所|家)", piece)
        focus = _focus(piece[: named.start()] or piece[named.end() :])
        is_person = _PERSON_ROLE.search(focus) is not None or "姓名" in named.group()
        return Part(
            want=Want.FACT if is_person else Want.NAMES,
            kinds=frozenset({FactKind.PERSON}) if is_person else frozenset(),
            focus=focus,
            text=piece,
            count=_number(count[1]) if count else None,
        )
    if who := _WHO_IS.search(piece):
        focus = _focus(piece[: who.start()] + piece[who.end() :])
        if _PERSON_ROLE.search(focus):
            return _plain(piece, Want.FACT, (FactKind.PERSON,), cut=who.span())
    if _WHERE.search(piece) or _PLACE_ASKED.search(piece):
        return _plain(piece, Want.WHERE)
    if _WHO.search(piece):
        return _plain(piece, Want.WHO)
    if which and (which["count"] or _LIST.search(piece)):
        return Part(
            want=Want.LIST,
            kinds=frozenset(),
            focus=_focus(piece[: which.start()] + which["after"]),
            text=piece,
            unit=which["unit"] or "",
            count=_number(which["count"]),
        )
    if _LIST.search(piece):
        return _plain(piece, Want.LIST)
    if _HOW.search(piece):
        return _plain(piece, Want.HOW)
    if _YES_NO.search(piece):
        return _plain(piece, Want.YES_NO)
    return _plain(piece, Want.WHAT) if _focus(piece) else None


def _count_part(piece: str, counted: re.Match[str]) -> Part:
    unit = counted["unit"] or ""
    after = counted["after"]
    before = piece[: counted.start()]
    names_thing = any(is_thing and len(word) > 1 for word, is_thing in tagged_words(after))
    focus = _focus(after) if names_thing else _focus(before + after)
    if unit in _TIME_UNITS:
        kinds: tuple[FactKind, ...] = _TIME_UNITS[unit]
    elif not unit and _MONEY_WORD.search(before + after):
        kinds = (FactKind.MONEY, FactKind.PERCENT) if "标准" in before else (FactKind.MONEY,)
    elif not unit:
        kinds = (FactKind.COUNT, FactKind.PERCENT, FactKind.MONEY, FactKind.DURATION)
    else:
        kinds = (FactKind.COUNT,)
    return Part(
        want=Want.FACT,
        kinds=frozenset(kinds),
        focus=focus,
        text=piece,
        unit=unit,
        counted=_focus(after),
    )


def _plain(
    piece: str,
    want: Want,
    kinds: tuple[FactKind, ...] = (),
    *,
    cut: tuple[int, int] | None = None,
) -> Part:
    rest = piece if cut is None else piece[: cut[0]] + piece[cut[1] :]
    return Part(want=want, kinds=frozenset(kinds), focus=_focus(rest), text=piece)


def content_words(text: str) -> list[str]:
    """The words of ``text`` that carry its subject, in order."""
    return [word for word, _ in tagged_words(text)]


def tagged_words(text: str) -> list[tuple[str, bool]]:
    """Content words, and whether each names a thing (rather than an action or a quality).

    A set phrase of counted things (三会一课, 一岗双责) is one word.
    """
    words: list[tuple[str, bool]] = []
    at = 0
    for phrase in _SET_PHRASE.finditer(text):
        words += _tagged(text[at : phrase.start()])
        words.append((phrase.group(), True))
        at = phrase.end()
    return words + _tagged(text[at:])


def _tagged(text: str) -> list[tuple[str, bool]]:
    """A lone noun right after a noun belongs to it (劳动周, 图书角)."""
    import rjieba

    words: list[tuple[str, bool]] = []
    follows = False
    for word, tag in rjieba.tag(text):
        if word in _NOISE or tag in {"x", "w", "y", "u", "e"}:
            follows = False
            continue
        is_thing = tag.startswith(("n", "vn", "j", "l", "i", "eng"))
        is_lone = len(word) == 1 and tag[0] in "nqtf"
        if is_lone and follows and words[-1][1]:
            words[-1] = (words[-1][0] + word, True)
        else:
            words.append((word, is_thing))
        follows = True
    return words


def _focus(text: str) -> str:
    return "".join(content_words(text)).strip("，,。？?！!“”\"'《》()（）、+ ")


def _with_focus(part: Part, focus: str) -> Part:
    kinds = part.kinds
    if FactKind.MONEY in kinds and not part.unit and _MONEY_WORD.search(focus):
        kinds = frozenset({FactKind.MONEY})
    return Part(
        want=part.want,
        kinds=kinds,
        focus=focus,
        text=part.text,
        unit=part.unit,
        count=part.count,
        counted=part.counted,
    )
