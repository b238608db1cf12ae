"""Things a question names that nothing found prints: a false premise, or what is not said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.asked import Part, Want, content_words, tagged_words
from knowledge.facts import FactKind, facts_in
from knowledge.segmentation import fold
from knowledge.sentences import Sentence
from knowledge.synonyms import stand_ins_of

_NAME_TAGS = ("ns", "nr", "nt")
_KIN = 2
"""So many names of the same kind in one sentence make it a list to compare with."""
_KIND_ASKED = re.compile(
    r"(?<![跟和与按用靠由为向以])(?:什么|啥|哪些|哪种|哪类)(?P<thing>[\u4e00-\u9fff]{2,8})"
)
_GENERAL = frozenset(
    """
    好处 内容 要求 作用 活动 措施 工作 任务 意义 特点 规定 办法 方式 方法 标准 条件 程序 流程
    要点 单位 部门 情况 问题 说法 做法 时间 地点 安排 文件 通知 方案 材料 事情 事项 原因 目标
    目的 结果 人员 对象 范围 步骤 制度 机制 类别 名称 名字 具体 道理 区别 变化 关系 依据 责任
    职责 手续 资料 学校 老师 教师 学生 党员 支部 教育 全县 全市 全区
    """.split()
)
_MEMBERSHIP = re.compile(
    r"在不在|是不是|属不属于|包不包括|包括|算不算|算|在[^，。]{0,12}[里中内]|里头?面?有"
)
_NAMED_KIND = "省|市|县|区|镇|乡|村|学校|小学|中学|局"
_WHICH_NAME = re.compile(rf"(?:哪个?|什么|啥)(?P<kind>{_NAMED_KIND})")
_BLANKED = re.compile(rf"(?:[×xX＊*]{{1,3}}|某某?)(?P<kind>{_NAMED_KIND})")
_EXISTENCE = re.compile(r"有没有|有无|有(?=[^，,。]{1,8}[吗么没嘛])")


def absent_things(question: str, sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Content nouns of the question that no found sentence or its heading holds."""
    holds = fold("\n".join(f"{one.context}\n{one.text}" for one in sentences))
    return tuple(
        word
        for word, is_thing in tagged_words(question)
        if is_thing
        and len(word) > 1
        and not any(fold(one) in holds for one in (word, *stand_ins_of(word)))
    )


def asks_for_absent(parts: Sequence[Part], absent: Sequence[str]) -> bool:
    """Whether all that is asked is if there is something that nothing found mentions."""
    return all(
        part.want is Want.YES_NO
        and (match := _EXISTENCE.search(part.text)) is not None
        and any(word in part.text[match.end() :] for word in absent)
        for part in parts
    )


def asks_for_unmentioned(
    question: str, parts: Sequence[Part], absent: Sequence[str], found: str
) -> tuple[str, ...]:
    """Things without which there is nothing to answer: all that is named, or the kind asked for.

    ``暑假怎么安排`` where nothing found mentions 暑假; ``送什么礼物`` where nothing mentions 礼物.
    """
    named = [
        word
        for word, is_thing in tagged_words(question)
        if is_thing and len(word) > 1 and word not in _GENERAL
    ]
    missing = [word for word in absent if word not in _GENERAL and not _is_partly(word, found)]
    if named and all(word in missing for word in named) and not any(map(_is_doubt, parts)):
        return tuple(named)
    asked = [match["thing"] for part in parts if (match := _KIND_ASKED.search(part.text))]
    return tuple(word for word in missing if any(thing.startswith(word) for thing in asked))


def _is_partly(word: str, found: str) -> bool:
    """初中生 is spoken of where 初中 is."""
    return any(word[at : at + 2] in found for at in range(len(word) - 1))


def _is_doubt(part: Part) -> bool:
    return part.want is Want.YES_NO


def asks_membership(parts: Sequence[Part], sentence: Sentence) -> bool:
    """Whether it is asked if something is one of those that the sentence names."""
    asks = all(
        part.want is Want.YES_NO and _MEMBERSHIP.search(part.text) is not None for part in parts
    )
    tags = frozenset(_NAME_TAGS)
    return asks and (kin_of(tags, sentence.text) or lists_alternatives(sentence.text))


def lists_alternatives(text: str) -> bool:
    """Whether ``text`` lists what there is, so that what is missing from it is an answer."""
    facts = facts_in(text)
    quoted = sum(fact.kind is FactKind.QUOTED for fact in facts)
    series = (len(fact.items) for fact in facts if fact.kind is FactKind.SERIES)
    return max(quoted, *series, 0) > _KIN


def is_hidden(parts: Sequence[Part], sentence: Sentence) -> bool:
    """Whether what is asked by name (which county, which school) is blanked out in the source."""
    asked = [match["kind"] for part in parts if (match := _WHICH_NAME.search(part.text))]
    return any(match["kind"] in asked for match in _BLANKED.finditer(sentence.text))


def strange_names(question: str, holds: str) -> frozenset[str]:
    """Tags (place, person, body) of names in the question that nothing found prints."""
    import rjieba

    everything = fold(holds)
    content = set(content_words(question))
    return frozenset(
        tag
        for word, tag in rjieba.tag(question)
        if tag in _NAME_TAGS and word in content and fold(word) not in everything
    )


def kin_of(tags: frozenset[str], text: str) -> bool:
    """Whether ``text`` lists names of the same kind as a strange one: other places, people."""
    if not tags:
        return False
    import rjieba

    return len({word for word, tag in rjieba.tag(text) if tag in tags}) >= _KIN
