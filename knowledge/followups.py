"""A question that leans on the turns before it, made whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.asked import tagged_words
from knowledge.filters import known_names
from knowledge.model import Turn
from knowledge.segmentation import content_words
from knowledge.vocabulary import Vocabulary
from knowledge.years import asked_years

_LEANS = re.compile(
    r"^(?:那么?|还有|另外|然后|它|他们|她们|这|该|其|上述|以上|前者|后者|刚才)|呢[？?！!。\s]*$|它|他们|这个|这些|该(?:项|条|制度|工作)|其中|上面"
)
_TITLE = re.compile(r"《([^》]{2,80})》")
_YEAR = re.compile(
    r"(?:(?:19|20)?[0-9]{2}|[〇零一二三四五六七八九]{2,4})(?:学)?年度?|今年|去年|明年|前年"
)
_ASPECTS = frozenset(
    """
    地点 时间 日期 材料 人数 人员 经费 费用 金额 名单 要求 标准 对象 内容 方式 流程 步骤 程序 数量
    名额 比例 单位 部门 科室 负责人 责任人 联系人 电话 期限 时限 条件 范围 目标 结果 依据 原因 目的
    作用 报名 奖励 处罚 措施 频次 次数
    """.split()
)
_BRIEF_CHARS = 3
_TURNS_BACK = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """``text`` stands without the turns before; ``preferred`` are the documents they were about."""

    text: str
    preferred: frozenset[str] = frozenset()


def make_whole(
    question: str, previous: Sequence[Turn], vocabulary: Vocabulary, this_year: int
) -> Whole:
    """Put back what ``question`` leaves out: place or body, year, subject.

    A question that does not lean on anything keeps its words; the documents of the conversation
    are only preferred then.
    """
    if not previous:
        return Whole(text=question)
    names = known_names(question, vocabulary)
    topic = _topic(question, vocabulary)
    leans = _LEANS.search(question) is not None or (
        len(topic) <= _BRIEF_CHARS and not _has_subject(question)
    )
    earlier = _last_names(previous, vocabulary)
    documents = frozenset[str]().union(*(vocabulary.owners()[name] for name in earlier))
    cited = _cited(previous[-1].bot, vocabulary)
    if not leans:
        return Whole(text=question, preferred=frozenset() if names else documents | cited)
    head = "" if names else "".join(earlier)
    if not asked_years(question, this_year) and (year := _last_year(previous)):
        head += year
    subject = _topic(previous[-1].user, vocabulary)
    if not topic:
        # 那乙县呢: the question before, about another place or year.
        carried = _without_names(_YEAR.sub("", previous[-1].user), vocabulary).lstrip("的")
        stated = "".join(known_names(question, vocabulary))
        stated += "".join(_YEAR.findall(question))
        return Whole(text=head + stated + carried, preferred=cited)
    return Whole(text=f"{head}{subject} {question}".strip(), preferred=cited)


def _has_subject(question: str) -> bool:
    """Whether a short question names what it is about (党费), and not only an aspect (地点)."""
    return any(
        is_thing and len(word) > 1 and word not in _ASPECTS
        for word, is_thing in tagged_words(question)
    )


def _topic(question: str, vocabulary: Vocabulary) -> str:
    bare = _without_names(_YEAR.sub(" ", question), vocabulary)
    return "".join(content_words(_LEANS.sub(" ", bare))).strip(" ，,。？?！!、")


def _without_names(text: str, vocabulary: Vocabulary) -> str:
    for name in known_names(text, vocabulary):
        text = text.replace(name, "")
    return text


def _last_names(previous: Sequence[Turn], vocabulary: Vocabulary) -> list[str]:
    for turn in reversed(previous[-_TURNS_BACK:]):
        if names := known_names(turn.user, vocabulary):
            return names
    return []


def _last_year(previous: Sequence[Turn]) -> str | None:
    for turn in reversed(previous[-_TURNS_BACK:]):
        if match := _YEAR.search(turn.user):
            return match.group()
    return None


def _cited(reply: str, vocabulary: Vocabulary) -> frozenset[str]:
    titles = set(_TITLE.findall(reply))
    return frozenset(key for key, title in vocabulary.titles.items() if title in titles)
