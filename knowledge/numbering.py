"""Item numbers as Chinese documents print them: where they stand, what kind, which number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from knowledge.dates import chinese_number


class Scheme(IntEnum):
    """Kinds of numbering; the order is the usual nesting, outermost first."""

    PART = 1
    CHAPTER = 2
    DIVISION = 3
    ARTICLE = 4
    COMMA = 5
    """一、"""
    BRACKET = 6
    """（一）"""
    DECIMAL = 7
    """1.1, 1.1.2"""
    DOT = 8
    """1. or 1、"""
    NUMBER_BRACKET = 9
    """（1）"""
    HALF_BRACKET = 10
    """1）"""
    CIRCLE = 11
    ONE_IS = 12
    """一是"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A possible item number; ``label`` is for locators, ``after`` is where its words begin."""

    scheme: Scheme
    number: int
    label: str
    start: int
    after: int
    at_line_start: bool


_N = "一二三四五六七八九十"
_FORMS = {
    Scheme.PART: rf"第[{_N}\d]{{1,3}}(?:部分|编|篇)",
    Scheme.CHAPTER: rf"第[{_N}百\d]{{1,4}}章",
    Scheme.DIVISION: rf"第[{_N}百\d]{{1,4}}节",
    Scheme.ARTICLE: rf"第[{_N}百零〇\d]{{1,6}}条",
    Scheme.COMMA: rf"[{_N}]{{1,3}}\s?(?:[、．]|\.(?!\d)|,(?=[^{_N}]))",
    Scheme.BRACKET: rf"[（(]\s?[{_N}]{{1,3}}\s?[)）]",
    Scheme.DECIMAL: r"\d{1,2}(?:[.．]\d{1,2}){1,3}(?![\d%％.．万亿元])",
    Scheme.DOT: r"\d{1,3}\s?(?:[.．](?!\d(?!\d{3}年))|、)",
    Scheme.NUMBER_BRACKET: r"[（(]\s?\d{1,2}\s?[)）]",
    Scheme.HALF_BRACKET: r"\d{1,2}[)）]",
    Scheme.CIRCLE: r"[①-⑳㉑-㉟]",
    Scheme.ONE_IS: rf"[{_N}]{{1,3}}(?:是|要(?=[\u4e00-\u9fff]))",
}
_MARK = re.compile("|".join(f"(?P<{scheme.name}>{form})" for scheme, form in _FORMS.items()))
_BEFORE_INLINE = frozenset(" \t\u3000。；;！？!?：:”’）)》…|")
_NOT_AFTER = re.compile(
    rf"[、\d{_N}]|[年月日级届期次个名人项所家万亿元%％号条款页后前以内起至到～~—-]"
)
_ARTICLE_REFERENCE = re.compile(
    r"^(?:规定|的|第|款|至|和|、|之|所|中|，|,|。|项|以|[（(][一二三四五六七八九十\d]{1,3}[)）]项)"
)
_CROSS_REFERENCE = re.compile(
    r"(?:依照|按照|根据|依据|违反|本办法|本规定|本细则|前款|《[^》]*》|符合|参照|适用|执行)$"
)


def marks(text: str) -> Iterator[Mark]:
    """Every place in ``text`` that could be an item number, in reading order."""
    for found in _MARK.finditer(text):
        scheme = Scheme[found.lastgroup or "DOT"]
        start, after = found.span()
        at_line_start = start == 0 or text[start - 1] == "\n"
        if not at_line_start and not _may_be_inline(text, scheme, start):
            continue
        if not _may_continue(text, scheme, after, at_line_start):
            continue
        label = re.sub(r"\s", "", found[0])
        yield Mark(
            scheme=scheme,
            number=_number(scheme, label),
            label=label,
            start=start,
            after=after,
            at_line_start=at_line_start,
        )


def _may_be_inline(text: str, scheme: Scheme, start: int) -> bool:
    before = text[start - 1]
    if before in _BEFORE_INLINE:
        return not (scheme is Scheme.ARTICLE and before in "》”）)")
    return (
        scheme is Scheme.DOT
        and "\u4e00" <= before <= "\u9fff"
        and before not in "第共约近达至到前后每满"
    )


def _may_continue(text: str, scheme: Scheme, after: int, at_line_start: bool) -> bool:
    rest = text[after : after + 8]
    if not rest or rest[0] == "\n":
        return at_line_start and scheme <= Scheme.BRACKET
    if scheme is Scheme.COMMA:
        return rest[0] not in _N + "、，。"
    if scheme in {Scheme.PART, Scheme.CHAPTER, Scheme.DIVISION}:
        return rest[0] not in "的规所中以、，。和至"
    if scheme is Scheme.ARTICLE:
        return not _ARTICLE_REFERENCE.match(rest)
    if scheme in {Scheme.BRACKET, Scheme.NUMBER_BRACKET}:
        return rest[0] not in "项款、，。；和至的"
    if scheme is Scheme.DOT:
        return not rest[0].isspace() or bool(rest.strip())
    if scheme is Scheme.ONE_IS:
        return rest[0] not in "，。、；"
    return True


def _number(scheme: Scheme, label: str) -> int:
    if scheme is Scheme.CIRCLE:
        code = ord(label)
        return code - 0x2460 + 1 if code < 0x3251 else code - 0x3251 + 21
    if scheme is Scheme.DECIMAL:
        return int(re.split(r"[.．]", label)[-1])
    digits = re.search(r"\d+", label)
    if digits:
        return int(digits[0])
    found = re.search(rf"[{_N}百零〇]+", label)
    return chinese_number(found[0]) if found else 0
