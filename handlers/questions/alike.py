"""Whether two questions ask the same thing. Pure; rather no than wrongly yes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

_FILLERS = re.compile(
    r"请问一?下?|麻烦问?一?下?|我?想(?:问|知道|了解)一?下?|咨询一下|你?知道|老师们?好?|您好|你好|"
    r"能否?告诉我|帮我?(?:查|看)一?下?|(?:我|咱)们(?:学校|单位|这里)?|到底|究竟|具体|大概|一般|"
    r"[的地得了呢吗嘛呀啊吧是要应该需都]|[^\w%]"
)
_SAME = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"什么时候|什么时间|何时|哪天|哪一天|几号|几时|多会儿", "何时"),
        (r"多少(?:钱|个|次|天|人|元|册|份)?|几(?:个|次|天|人|元|册|份|块)", "多少"),
        (r"哪个(?:科室|部门|单位|人|处室)|什么人|哪位|哪些人", "谁"),
        (r"怎么样|怎样|如何|咋", "怎么"),
        (r"哪儿|哪里|什么地方|在哪", "哪里"),
        (r"能不能|可不可以|可否|是否可以|能否|可以不可以", "能否"),
        (r"为啥|为何", "为什么"),
        (r"有没有|是否有", "有无"),
        (r"啥", "什么"),
        (r"(\w)不\1", r"否\1"),
    )
)
_LEAST_CHARS = 4
_NEAR = 0.6
_DIGITS = re.compile(r"\d+|[一二三四五六七八九十百]+")


def core(question: str) -> str:
    """What is left when politeness, particles and punctuation are gone."""
    plain = unicodedata.normalize("NFKC", question).casefold()
    for pattern, word in _SAME:
        plain = pattern.sub(word, plain)
    return _FILLERS.sub("", plain)


def is_same(one: str, other: str) -> bool:
    """The same words, at most with two neighbouring pieces swapped."""
    left, right = core(one), core(other)
    if min(len(left), len(right)) < _LEAST_CHARS:
        return left == right != ""
    if left == right:
        return True
    return _is_swapped(left, right)


def is_near(one: str, other: str) -> bool:
    """Worth a look, as another wording of it or a neighbour of it."""
    left, right = core(one), core(other)
    if _DIGITS.findall(left) != _DIGITS.findall(right):
        return False
    return _share(left, right) >= _NEAR


def _is_swapped(left: str, right: str) -> bool:
    """读书节经费多少 and 经费读书节多少, but not 甲校支援乙校 and 乙校支援甲校."""
    if len(left) != len(right):
        return False
    start = next((n for n, (a, b) in enumerate(zip(left, right, strict=True)) if a != b), 0)
    end = next(n for n in range(len(left), 0, -1) if left[n - 1] != right[n - 1])
    return right[start:end] in left[start:end] * 2


def _share(left: str, right: str) -> float:
    """Of pairs of neighbouring characters, those that both have."""
    pairs = [Counter(pairwise(text)) for text in (left, right)]
    total = pairs[0].total() + pairs[1].total()
    return 2 * (pairs[0] & pairs[1]).total() / total if total else 0.0
