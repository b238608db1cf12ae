"""Places and bodies in a text: whom a document speaks for, whom a question asks about."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_KNOWN = Path(__file__).with_name("places.toml")

_PLACE_SUFFIX = "自治区|自治州|自治县|特别行政区|街道|开发区|高新区|新区|省|市|县|区|州|盟|旗|镇|乡"
_BODY_SUFFIX = (
    "教育和体育局|教育体育局|教育科技局|教科体局|教体局|教育局|教育厅|教育委员会|教育工委|教委|财政局|人社局|"
    "卫健委|体育局|文旅局|党校|教研室|教师进修学校|进修学校|中心校|中心小学|实验小学|实验中学|实验学校|"
    "外国语学校|职业学校|大学|学院|中学|小学|幼儿园|学校|一中|二中|三中|四中|党委|党总支|党支部"
)
_OPENING = re.compile(r"^(?:中共|关于|印发|转发|公布|下发|发布|做好|开展|《|〈|【[^】]*】|\s)+")
_PLACES_AT_START = re.compile(rf"(?:[一-鿿]{{2,6}}?(?:{_PLACE_SUFFIX}))(?=.)")
_SUFFIX = re.compile(rf"(?:{_PLACE_SUFFIX})$")
_BODY = re.compile(rf"(?:{_BODY_SUFFIX})$")
_EVERYWHERE = frozenset(
    "中国 中华 我国 全国 全省 全市 全县 全区 国家 中华人民共和国 城区 市区 县区 校区 社区 "
    "农村 山区 本市 本县 本区 我市 我县 我区 我省 各市 各县 各区 各省 该市 该县 城市 乡镇 "
    "街道 省市 市县 县市 片区 学区 辖区 地区 园区 牧区 东部 西部 中部 南方 北方 新区 开发区 "
    "高新区 老区 灾区 边疆 亚洲 欧洲 世界 集市 超市 上市 都市 门市 城镇 村镇 示范区 实验区 "
    "示范县 先行区 试点县 试点区 试验区 创新区".split()
)
_GENERIC_STEM = re.compile(
    r"^(?:全|各|本|我|该|某|每|这|那|一|两|几|多|大|小|省|市|县|区|乡|镇|校|新|老|前|后|先|国|城)"
)
_NO_STEM = re.compile(rf"{_GENERIC_STEM.pattern}|[局校委厅院系部]")
_NO_PLACE_ENDS = frozenset("度村岗建率面头")
_PLACE_TAGS = frozenset({"ns", "nsf"})
_NAME_TAGS = frozenset({"ns", "nsf", "nr", "nrt", "nrfg", "nz", "nt", "x"})
_NO_PLACES = frozenset("东西 英雄 台风 长度 深度 上铺 中断 太大 中定 高度 海量 法律 温度".split())
"""Common words that the dictionary lists as places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """``text`` as written; ``stem`` without 省, 市, 县 …, and of a body the whole."""

    text: str
    stem: str
    is_body: bool = False
    is_certain: bool = False
    """Has a suffix of places or bodies, or is in the dictionary of places."""


def stem_of(name: str) -> str:
    """``南山县`` -> ``南山``; a stem of one character is no stem."""
    stem = _SUFFIX.sub("", name)
    return stem if len(stem) >= 2 else name


def names_at_start(title: str) -> list[Name]:
    """Places and the body that open a title: 甲省, 乙县, 乙县教育局."""
    rest = _OPENING.sub("", title)
    found: list[Name] = []
    while match := _PLACES_AT_START.match(rest):
        text = match.group()
        if text in _EVERYWHERE or _NO_STEM.search(text) or len(stem_of(text)) > 5:
            break
        found.append(Name(text=text, stem=stem_of(text), is_certain=True))
        rest = rest[match.end() :]
    if found:
        body = re.match(rf"[一-鿿]{{0,6}}?(?:{_BODY_SUFFIX})", rest)
        if body:
            whole = found[-1].text + body.group()
            found.append(Name(text=whole, stem=whole, is_body=True, is_certain=True))
    return found


def names_in(text: str) -> list[Name]:
    """Places that the dictionary knows or that end like one, and bodies that begin with one."""
    import rjieba

    found: list[Name] = []
    words = rjieba.tag(text)
    at = 0
    while at < len(words):
        word, tag = words[at]
        at += 1
        if not _is_place(word, tag):
            continue
        if at < len(words) and _SUFFIX.fullmatch(words[at][0]) and not _SUFFIX.search(word):
            word += words[at][0]
            at += 1
        found.append(Name(text=word, stem=stem_of(word), is_certain=True))
        body = word
        for number in range(at, min(at + 4, len(words))):
            body += words[number][0]
            if _BODY.search(words[number][0]):
                found.append(Name(text=body, stem=body, is_body=True, is_certain=True))
                break
    return found


def _is_place(word: str, tag: str) -> bool:
    if len(word) < 2 or word in _EVERYWHERE or not "一" <= word[0] <= "鿿":
        return False
    if _SUFFIX.search(word):
        is_name = tag in _NAME_TAGS and len(word) >= 3
        return is_name and is_safe_stem(stem_of(word))
    import rjieba

    if tag not in _PLACE_TAGS or word[-1] in _NO_PLACE_ENDS:
        return False
    return word not in _NO_PLACES and rjieba.has_word(word)


@cache
def well_known_places() -> frozenset[str]:
    """Provinces and larger cities, without 省 and 市."""
    table = tomllib.loads(_KNOWN.read_text(encoding="utf-8"))
    return frozenset(table["names"].split())


def is_safe_stem(stem: str) -> bool:
    """Whether a place's name without its suffix still reads as a name and as no common word."""
    import rjieba

    if not 2 <= len(stem) <= 5 or stem in _EVERYWHERE or _GENERIC_STEM.match(stem):
        return False
    return all(
        len(word) == 1 or tag in _NAME_TAGS or not rjieba.has_word(word)
        for word, tag in rjieba.tag(stem)
    )
