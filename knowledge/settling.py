"""Does a sentence settle a part of a question: is the asked fact printed, and about its focus?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.asked import Part, Want, tagged_words
from knowledge.facts import Fact, FactKind, facts_in, kinds_in
from knowledge.model import PassageKind
from knowledge.overlap import Overlap, Weigh
from knowledge.sentences import Sentence, clause_spans

FOCUS_NEARBY = 0.5
"""Share of the focus that the clauses around a fact (with headings at half weight) must hold."""
BARE_NEARBY = 0.4
"""The same for an interval that stands in a clause of its own."""
HEAD_REACH_CHARS = 14
"""How far a count may stand from the noun it counts."""

BARE_CHARS = 5
"""A clause with no more beside its interval (每学期不少于两次) is about its neighbours."""

_ROW = PassageKind.ROW
_UNIT_GROUPS = tuple(
    frozenset(group)
    for group in (
        ("名", "位", "个", "人", "员", "人次"),
        ("所", "家", "个", "校", "处", "间"),
        ("项", "个", "条", "类", "种", "方面", "件", "点", "环节", "大"),
        ("次", "场", "期", "轮", "回", "遍", "届", "个", "节", "堂"),
        ("学时", "课时", "小时"),
        ("份", "套", "本", "册", "篇", "件", "部", "个", "项"),
        ("个", "支", "组", "批", "对", "块", "张", "台", "户", "例", "起", "座", "辆"),
        ("类", "种", "级", "等", "档", "星", "个"),
    )
)
_DATES = frozenset({FactKind.YEAR, FactKind.MONTH, FactKind.DAY})
_ENDS = re.compile(r"完(?!善)|截止|之?前(?:交|报|完成|要)|为止|期限|交上?|报(?:到|送|上)?|提交")
_UNTIL = re.compile(r"前|底|止|截|内|末|完成|时限|期限")
_PAYS = re.compile(r"[罚退扣赔捐欠](?=款|了|掉|过|多少|几)")
_GOES_TO = re.compile(r"(?:到|去|往|至|进)(?:了)?(?:哪|什么地方|啥地方|何处)")
_ARRIVES = re.compile(r"[到至往赴进]")
_LISTED_UNITS = frozenset({"类", "种", "项", "条", "方面"})
"""几类, 几项: a list of them answers how many there are."""
_EXACT = frozenset({Want.FACT, Want.WHERE, Want.NAMES, Want.LIST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """``fact`` is what answers the part; None when the part needs no particular fact."""

    part: Part
    sentence: Sentence
    fact: Fact | None


def needs_fact(part: Part) -> bool:
    """Whether silence of the text on this part means "the documents do not say"."""
    if part.want in {Want.FACT, Want.WHERE}:
        return True
    return part.want in {Want.NAMES, Want.LIST} and (part.count or 0) > 1


def settle(part: Part, sentence: Sentence, focus: Overlap, weigh: Weigh) -> Settled | None:
    """The first fact of ``sentence`` that answers ``part``, or None.

    Args:
        part: One thing asked.
        sentence: Where to look.
        focus: Weights of what the part is about.
        weigh: Idf, for the head noun of a count.
    """
    if part.want not in _EXACT or not needs_fact(part):
        return None
    facts = list(facts_in(sentence.text))
    if part.want is Want.WHERE:
        facts = [fact for fact in facts if fact.kind is FactKind.PLACE]
        if _GOES_TO.search(part.text):
            facts = [fact for fact in facts if _ARRIVES.match(fact.text)]
    elif part.want in {Want.NAMES, Want.LIST}:
        return _listed(part, sentence, facts, focus)
    else:
        facts = [fact for fact in facts if fact.kind in part.kinds]
    for fact in facts:
        if _fits(part, fact, sentence) and _is_about(part, fact, sentence, focus):
            return Settled(part=part, sentence=sentence, fact=fact)
    counts_itself = FactKind.COUNT in part.kinds and part.unit in _LISTED_UNITS
    if counts_itself:
        for fact in facts_in(sentence.text):
            is_list = fact.kind is FactKind.SERIES and len(fact.items) > 2
            if is_list and focus.coverage(sentence.text, sentence.context, 0.3) >= 0.7:
                return Settled(part=part, sentence=sentence, fact=None)
    return None


def _fits(part: Part, fact: Fact, sentence: Sentence) -> bool:
    text = sentence.text
    if fact.kind is FactKind.COUNT:
        return _unit_fits(part.unit, fact.unit) and _counts_focus(part, fact, text)
    if fact.kind is FactKind.DURATION and part.unit:
        return part.unit[-1] in fact.text or (part.unit == "天" and "日" in fact.text)
    if fact.kind is FactKind.YEAR and FactKind.DURATION in part.kinds:
        return False
    if fact.kind in _DATES and _ENDS.search(part.text):
        return fact.kind is not FactKind.YEAR and _is_deadline(fact, text)
    if fact.kind is FactKind.MONEY and (verb := _PAYS.search(part.text)):
        return verb.group() in text
    return True


def _is_deadline(fact: Fact, text: str) -> bool:
    near = text[max(0, fact.start - 6) : fact.end + 4]
    return _UNTIL.search(near) is not None


def _unit_fits(asked: str, printed: str) -> bool:
    if not asked or asked == printed:
        return True
    return any(asked in group and printed in group for group in _UNIT_GROUPS)


def _counts_focus(part: Part, fact: Fact, text: str) -> bool:
    if len(part.counted) > 1:
        return _stands_near(part.counted[-2:], fact, text)
    head = next((word for word, is_thing in reversed(tagged_words(part.focus)) if is_thing), "")
    head = head[-2:] if len(head) > 1 else part.focus[-2:]
    return not part.unit or len(head) < 2 or _stands_near(head, fact, text)


def _stands_near(head: str, fact: Fact, text: str) -> bool:
    after = text[fact.end : fact.end + HEAD_REACH_CHARS]
    before = text[max(0, fact.start - HEAD_REACH_CHARS) : fact.start]
    return head in after or head in before


def _is_about(part: Part, fact: Fact, sentence: Sentence, focus: Overlap) -> bool:
    if not focus.total:
        return True
    if fact.kind in {FactKind.INTERVAL, FactKind.PERSON} and sentence.hit.passage.kind is not _ROW:
        near, is_bare = _clause_of(sentence.text, fact)
        context = sentence.context if is_bare else ""
        least = BARE_NEARBY if is_bare else FOCUS_NEARBY
        return focus.coverage(near, context, 0.5 * is_bare) >= least
    kinds = kinds_in(sentence.text)
    return focus.coverage(sentence.text, sentence.context, 0.5, kinds) >= FOCUS_NEARBY


def _clause_of(text: str, fact: Fact) -> tuple[str, bool]:
    """The clause of a fact; with its neighbours where it is bare: says nothing but the fact."""
    spans = clause_spans(text)
    at = next((n for n, (start, end) in enumerate(spans) if start <= fact.start < end), None)
    if at is None:
        return text, True
    start, end = spans[at]
    if end - start - len(fact.text) > BARE_CHARS:
        return text[start:end], False
    first, last = max(0, at - 1), min(len(spans) - 1, at + 1)
    return text[spans[first][0] : spans[last][1]], True


def _listed(part: Part, sentence: Sentence, facts: list[Fact], focus: Overlap) -> Settled | None:
    count = part.count or 0
    if focus.coverage(sentence.text, sentence.context, 0.5) < FOCUS_NEARBY:
        return None
    series = [fact for fact in facts if fact.kind is FactKind.SERIES]
    for fact in series:
        if len(fact.items) == count and not _lists_counted_things(fact):
            return Settled(part=part, sentence=sentence, fact=fact)
    quoted = [fact for fact in facts if fact.kind is FactKind.QUOTED]
    numbered = max(_enumerated(sentence.text), _enumerated(sentence.hit.passage.text))
    if count in {len(quoted), numbered}:
        return Settled(part=part, sentence=sentence, fact=None)
    if any(fact.kind is FactKind.COUNT and _value(fact.text) == count for fact in facts):
        near = any(abs(len(fact.items) - count) <= 1 and len(fact.items) > 1 for fact in series)
        if near or _clauses_after_colon(sentence.text) >= count:
            return Settled(part=part, sentence=sentence, fact=None)
    return None


def _enumerated(text: str) -> int:
    """How many things 一是…二是… or （一）…（二）… count up to."""
    count = 0
    for number in "一二三四五六七八九十":
        if not re.search(rf"{number}是|第{number}[，,、]|（{number}）|{number}要", text):
            break
        count += 1
    return count


def _clauses_after_colon(text: str) -> int:
    _, colon, after = text.partition("：")
    return len(clause_spans(after)) if colon else 0


def _lists_counted_things(series: Fact) -> bool:
    """``一级指标（6项）、二级指标（20项）`` lists how many there are, not what they are called."""
    counted = sum(any(f.kind is FactKind.COUNT for f in facts_in(item)) for item in series.items)
    return counted * 2 > len(series.items)


def _value(text: str) -> int | None:
    digits = "".join(c for c in text if c.isdigit())
    if digits:
        return int(digits)
    for number, word in enumerate("零一二三四五六七八九十"):
        if text.startswith(word):
            return number
    return 2 if text.startswith("两") else None
