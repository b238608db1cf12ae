"""Recognise the facts a question may ask for: counts, money, intervals, dates, people, lists.

Works on simplified text as printed (half- or full-width). Nothing is inferred: a fact is a span.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache


class FactKind(StrEnum):
    """What kind of thing a span of text states."""

    COUNT = "count"
    PERCENT = "percent"
    MONEY = "money"
    DURATION = "duration"
    INTERVAL = "interval"
    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    CLOCK = "clock"
    PERSON = "person"
    BODY = "body"
    PLACE = "place"
    CONTACT = "contact"
    QUOTED = "quoted"
    SERIES = "series"
    """At least two things joined by 、."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """``text`` is verbatim; ``unit`` the measure word of a count; ``items`` those of a series."""

    kind: FactKind
    start: int
    end: int
    text: str
    unit: str = ""
    items: tuple[str, ...] = ()


_CHINESE_NUMBER = r"[一二两三四五六七八九十百千]+(?:点[一二三四五六七八九]+)?"
_DIGITS = rf"[0-9０-９]+(?:[.．,，][0-9０-９]+)*|{_CHINESE_NUMBER}"
_NUMBER = (
    rf"(?:近|约|超|逾|至少|不少于|不低于|不超过|最多)?(?:{_DIGITS})(?:多|余)?[万亿千百]?(?:多|余)?"
)
_MEASURES = (
    "个|名|位|人次|人|所|家|项|类|次|场|期|节|门|篇|条|件|份|套|支|批|种|级|轮|届|册|部|本|张|台|间|处|块|面|"
    "分|学时|课时|学分|平方米|公里|米|倍|户|例|起|组|对|颗|辆|座|栋|幅|段|步|字|句|堂|回|遍|趟|员|星|档|等|"
    "枚|亩|吨|公斤|克|度|点|方面|环节|专题|小组|学位|班"
)
_PATTERNS: tuple[tuple[FactKind, str], ...] = (
    (FactKind.MONEY, rf"(?:{_NUMBER})\s*(?:元|万元|亿元|块钱)(?:/[人月年])?"),
    (
        FactKind.PERCENT,
        r"(?:[0-9０-９.．]+\s*[%％‰])|百分之[零一二三四五六七八九十百点]+|[一二三四五六七八九]成",
    ),
    (
        FactKind.INTERVAL,
        r"每(?:[两二三四五六七八九十0-9]+|半|隔)?个?(?:年度?|学年|学期|季度?|月份?|旬|周|星期|日|天|晚|小时|课间)"
        r"(?:[0-9０-９一二三四五六七八九十]+月份?)?"
        r"|季度(?=[\u4e00-\u9fff])|年度(?=[\u4e00-\u9fff])|[按逐]月|[按逐]季度?|[按逐]年|[按逐]周|按学期|月度|"
        r"一[年月季周日天](?=[一两二三四五六][\u4e00-\u9fff])|半年一[次度]|一年一度|一季一[\u4e00-\u9fff]",
    ),
    (
        FactKind.YEAR,
        r"(?:19|20)[0-9]{2}\s*(?:年|[-—–~至/.．])|[一二〇零○]{1}[〇零○一二三四五六七八九]{3}年",
    ),
    (
        FactKind.MONTH,
        r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s*月(?:份|底|初|中旬|上旬|下旬)?",
    ),
    (
        FactKind.DAY,
        r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s*月\s*(?:[0-3]?[0-9]|[一二三]?十?[一二三四五六七八九]?)\s*[日号]"
        r"|(?<![0-9])(?:每月|每年|当月|次月|本月)?[0-3]?[0-9]\s*[日号](?!常|趋)"
        r"|(?:19|20)[0-9]{2}[-/.][01]?[0-9][-/.][0-3]?[0-9]|[周星期]{1,2}[一二三四五六日天]",
    ),
    (
        FactKind.CLOCK,
        r"[0-2]?[0-9][:：][0-5][0-9]|(?:上午|下午|晚上|中午)\s*[0-9一二三四五六七八九十两]+[点时]",
    ),
    (
        FactKind.DURATION,
        rf"(?:(?<![0-9])[0-9０-９]{{1,3}}(?:[.．][0-9]+)?|{_CHINESE_NUMBER}|半)\s*"
        r"(?:个多?半?(?:月|学期|季度|星期|工作日|小时|学年)|多?(?:年|学年|学期|季度|周|工作日|天|小时|分钟|学时|课时))"
        r"(?:以上|以内|以下|内|左右|之内)?",
    ),
    (
        FactKind.CONTACT,
        r"1[0-9]{2}[0-9*]{4}[0-9]{4}|0[0-9]{2,3}[-—][0-9]{7,8}|[\w.+-]+@[\w-]+\.[\w.]+",
    ),
    (FactKind.QUOTED, r"[“「『][^“”「」『』]{1,40}[”」』]|《[^《》]{2,60}》"),
)
_COUNT = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<unit>{_MEASURES})")
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗"
    "凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛"
    "禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡"
    "凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊甄曲封芮储靳邴糜松井"
    "段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从"
    "鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿"
    "阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛"
    "阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖岳闫覃邸"
)
_ROLE = (
    "书记|主任|局长|校长|园长|院长|组长|科长|处长|股长|部长|会长|秘书长|专干|教师|老师|指导员|辅导员|班主任|委员|"
    "记者|通讯员|联系人|负责人|所长|站长|队长|县长|市长|区长|教授|专家|同志|作者|干事|督学|管理员|联络员"
)
_PERSON = re.compile(
    rf"(?:{_ROLE})(?:[:：是为]|\s|由)*(?P<name>[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})"
    r"(?=强调|指出|表示|介绍|说|出席|主持|讲话|要求|担任|任|负责|带领|宣读|作|致|同志|等|和|、|,|，|。|;|；|\s|\)|）|\(|（|$|电话)"
    rf"|(?P<named>[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?:同志|老师|校长|书记|主任|局长|教授)"
    rf"|(?:由|请|找|联系|报送|报给)(?P<asked>[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?=负责|担任|牵头|处|[,，。;；、]|$)"
)
_NOT_A_NAME = re.compile(
    r"(?:党|全|各|学校|支部|教育|工作|和|及|在|要|应|都|的|等)$|^(?:全体|和各|都要|各级)"
)
_BODY = re.compile(
    r"[\u4e00-\u9fff（）()]{1,18}?(?:教育局|体育局|教体局|科技局|委员会|办公室|领导小组|工作小组|指导组|专班|党委|党组|"
    r"党总支|党支部|支部|支委会|工委|市委|省委|县委|区委|纪委|纪检组|工会|团委|妇委会|少工委|教研室|进修学校|学校|小学|中学|"
    r"幼儿园|大学|高校|学院|集团|科|股|处室|处|中心|政府|厅|部门|单位|医院|公司|协会|学会|少先队|家委会|机关)"
)
_PLACE = re.compile(
    r"(?:(?<![得达做受遇看想感收提找听谈见直])到|至|往|赴|(?<![促推改先前跟引增])进)(?!时|位|底|今|少|期|目前|达)[\u4e00-\u9fff“”]{2,20}"
    r"|[在于][\u4e00-\u9fff“”0-9]{2,20}(?:举行|召开|举办|开展|集合|报到|进行|领取|办理|提交|施行)"
    r"|[\u4e00-\u9fff]{2,6}(?:省|市|县|区(?!域|分|别)|镇|乡|村|街道)(?!级|直|属|管)"
    r"|[\u4e00-\u9fff]{0,10}(?:会议室|办公室|报告厅|礼堂|操场|体育馆|图书馆|展览馆|纪念馆|文化馆|基地|活动中心|服务中心|"
    r"大厅|广场|教室|窗口|平台|网站|公众号|邮箱|楼[0-9一二三四五六七八九十]+|路[0-9]+号)"
)
_SERIES_ITEM = r"[^，,。；;：:、！!？?\n（）()]{1,24}(?:[（(][^（）()\n]{1,12}[）)])?"
_SERIES = re.compile(rf"{_SERIES_ITEM}(?:、\s*{_SERIES_ITEM})+")


@cache
def _compiled() -> tuple[tuple[FactKind, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)


@lru_cache(maxsize=4096)
def facts_in(text: str) -> tuple[Fact, ...]:
    """All facts, in reading order; spans of different kinds may overlap (``2017年3月`` is two)."""
    found = [
        Fact(kind=kind, start=match.start(), end=match.end(), text=match.group())
        for kind, pattern in _compiled()
        for match in pattern.finditer(text)
    ]
    found += [
        Fact(
            kind=FactKind.COUNT,
            start=match.start(),
            end=match.end(),
            text=match.group(),
            unit=match["unit"],
        )
        for match in _COUNT.finditer(text)
    ]
    found += people_in(text)
    for kind, pattern in ((FactKind.BODY, _BODY), (FactKind.PLACE, _PLACE)):
        found += [
            Fact(kind=kind, start=match.start(), end=match.end(), text=match.group())
            for match in pattern.finditer(text)
        ]
    found += series_in(text)
    return tuple(sorted(found, key=lambda fact: (fact.start, fact.end)))


def kinds_in(text: str) -> frozenset[FactKind]:
    """Which kinds of facts ``text`` states."""
    return frozenset(fact.kind for fact in facts_in(text))


def people_in(text: str) -> list[Fact]:
    """Names of persons that stand beside a role or a verb only persons take."""
    people: list[Fact] = []
    for match in _PERSON.finditer(text):
        group = next(name for name in ("name", "named", "asked") if match[name])
        if _NOT_A_NAME.search(match[group]) or _is_common_word(match[group]):
            continue
        start, end = match.span(group)
        people.append(Fact(kind=FactKind.PERSON, start=start, end=end, text=match[group]))
    return people


def _is_common_word(text: str) -> bool:
    """Whether segmentation reads dictionary words (``和|党委``, ``关键``), not a surname + name."""
    import rjieba

    (first, tag), *rest = rjieba.tag(text)
    if tag.startswith(("nr", "ns")) and (len(first) == 1 or not rest):
        return False
    words = [first, *(word for word, _ in rest)]
    return tag in {"c", "p", "d", "r"} or any(len(w) > 1 and rjieba.has_word(w) for w in words)


def series_in(text: str) -> list[Fact]:
    """Enumerations joined by 、 with their items, quotes around them stripped."""
    return [
        Fact(
            kind=FactKind.SERIES,
            start=match.start(),
            end=match.end(),
            text=match.group(),
            items=tuple(item.strip("“”\"' ") for item in match.group().split("、")),
        )
        for match in _SERIES.finditer(text)
    ]
