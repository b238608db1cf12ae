"""The fixed Chinese around a document's own words: leads, refusals, cautions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from knowledge.asked import Part, Want
from knowledge.facts import Fact, FactKind
from knowledge.model import Answer, Citation, Genre
from knowledge.sentences import clause_spans

if TYPE_CHECKING:
    from knowledge.answers import Scored
    from knowledge.question import Understood
    from knowledge.sentences import Sentence

OPENING_CHARS = 12
SHORT_CLAUSE_CHARS = 30
_UNTIL = re.compile(r"之?前|以前|以内|之内|内|止")
_KIND_WORDS = {
    FactKind.COUNT: "具体数目",
    FactKind.PERCENT: "比例",
    FactKind.MONEY: "金额",
    FactKind.DURATION: "时长",
    FactKind.INTERVAL: "多久一次",
    FactKind.YEAR: "年份",
    FactKind.MONTH: "月份",
    FactKind.DAY: "具体日期",
    FactKind.CLOCK: "具体时间",
    FactKind.PERSON: "姓名",
    FactKind.CONTACT: "联系方式",
}
_MAIN_KINDS = (
    FactKind.INTERVAL,
    FactKind.MONEY,
    FactKind.PERSON,
    FactKind.YEAR,
    FactKind.DURATION,
    FactKind.DAY,
    FactKind.MONTH,
    FactKind.PERCENT,
    FactKind.COUNT,
    FactKind.CLOCK,
    FactKind.CONTACT,
)


def nothing_found(question: str) -> Answer:
    """No passage was found at all."""
    return Answer(
        question=question,
        answered=False,
        text="现有文件里没有找到相关内容。您可以换个说法再问，或者我帮您转给负责的同志。",
    )


def not_said(question: str, why: str, nearest: tuple[Citation, ...], confidence: float) -> Answer:
    """Name the nearest clause, without passing it off as the answer.

    Args:
        question: As understood.
        why: A sentence: what the documents do not say.
        nearest: Shown as a pointer only.
        confidence: How much of the question the nearest clause covers.
    """
    text = why
    if nearest:
        text += f"最接近的是《{nearest[0].document}》{nearest[0].locator}，供参考。"
    return Answer(
        question=question, answered=False, text=text, citations=nearest, confidence=confidence
    )


def which_one(understood: Understood, nearest: tuple[Citation, ...]) -> Answer:
    """Two places or bodies fit what was named: ask which is meant."""
    names = "、".join(dict.fromkeys(name.name for name in understood.asks_back))
    text = f"您问的是哪一个？文件里有：{names}。请写出全名再问一次。"
    return Answer(question=understood.text, answered=False, text=text, citations=nearest)


def why_missing(missing: Sequence[Part]) -> str:
    """The facts asked for that nothing found states."""
    what = "、".join(dict.fromkeys(_missing_words(part) for part in missing))
    return f"现有文件里没有写明{what}。" if what else "现有文件里没有找到对这个问题的说明。"


def why_absent(absent: Sequence[str]) -> str:
    """The things asked about that nothing found mentions."""
    return f"现有文件里没有提到{_quoted(absent)}。" if absent else why_missing(())


HIDDEN = "原文把名称隐去了，看不出是哪里、是谁。"


def _quoted(words: Sequence[str]) -> str:
    return "、".join(f"“{word}”" for word in words)


def unknown(understood: Understood, nearest: tuple[Citation, ...]) -> Answer:
    """A year or a place no document has: say which there are, and answer from none of them."""
    refused = understood.refused
    asked = refused.asked if refused else ""
    known = "、".join(refused.known) if refused else ""
    text = f"现有文件里没有{asked}的内容。"
    if known:
        text += f"目前有：{known}。"
    return Answer(question=understood.text, answered=False, text=text, citations=nearest)


def _missing_words(part: Part) -> str:
    if part.want is Want.WHERE:
        return "地点"
    if part.want in {Want.NAMES, Want.LIST}:
        return "具体名称"
    if {FactKind.DAY, FactKind.CLOCK} <= part.kinds:
        return "时间"
    kind = next((kind for kind in _MAIN_KINDS if kind in part.kinds), None)
    return _KIND_WORDS.get(kind, "具体内容") if kind else "具体内容"


PREMISE = "文件里没有提到"
"""How a text begins that corrects the question."""


def premise(parts: Sequence[Part], absent: Sequence[str]) -> str:
    """Correct a question that takes for granted what the documents do not mention."""
    doubted = [word for word in absent if any(word in part.text for part in parts)]
    if not doubted or any(part.want is not Want.YES_NO for part in parts):
        return ""
    return f"{PREMISE}{_quoted(doubted)}，相关的原文是：\n"


def compose(chosen: Sequence[tuple[Scored, Sequence[Sentence]]], *, by_document: bool) -> str:
    """The direct answer first where there is one, then each passage's sentences in order."""
    if by_document:
        return "\n".join(
            f"《{one.sentence.hit.document.title}》：{_led(_lead([one]), _joined(sentences), '')}"
            for one, sentences in chosen
        )
    words = "\n".join(_joined(sentences) for _, sentences in chosen)
    return _led(_lead([one for one, _ in chosen]), words, "\n")


def _joined(sentences: Sequence[Sentence]) -> str:
    return "".join(sentence.text for sentence in sentences)


def _led(lead: str, words: str, between: str) -> str:
    """Nothing is said twice in a row: words that open with the lead need none."""
    opening = words[: len(lead) + OPENING_CHARS]
    return words if not lead or lead.rstrip("。") in opening else lead + between + words


def _lead(chosen: Sequence[Scored]) -> str:
    facts = facts_of(chosen)
    return "；".join(facts) + "。" if facts else ""


def facts_of(chosen: Sequence[Scored]) -> tuple[str, ...]:
    """The first fact found for each part of the question, as one would say it."""
    facts: dict[Part, str] = {}
    for one in chosen:
        for found in one.settled:
            if found.fact is not None:
                facts.setdefault(found.part, _said(found.fact, one.sentence.text))
    return tuple(dict.fromkeys(facts.values()))


def _said(fact: Fact, text: str) -> str:
    """The fact as one would say it: a date with its 前, an interval with what is done."""
    if fact.kind is FactKind.INTERVAL:
        clause = next((text[a:b] for a, b in clause_spans(text) if a <= fact.start < b), fact.text)
        return clause.strip() if len(clause) <= SHORT_CLAUSE_CHARS else fact.text
    tail = _UNTIL.match(text, fact.end)
    return fact.text + (tail.group() if tail else "")


def cautions(chosen: Sequence[Scored]) -> tuple[str, ...]:
    """One short line per caution of what is quoted, and one for a report of what others do."""
    lines: dict[str, None] = {}
    for one in chosen:
        document = one.sentence.hit.document
        for caution in document.cautions:
            lines[caution] = None
        if document.genre is Genre.NEWS:
            lines["这是新闻报道，说的是当地的做法，不是对您单位的要求。"] = None
    return tuple(lines)
