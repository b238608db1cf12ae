"""Whether a sentence says no more than the passages it cites. Pure, and strict on purpose.

What it refuses wrongly costs a better wording; what it lets through wrongly costs trust.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from knowledge.segmentation import content_words
from knowledge.support_facts import (
    Token,
    folded,
    has_open_quote,
    names_in,
    parts_of_dates,
    quotes_in,
    tokens_in,
)

LEAST_SENTENCE = 0.7
"""Share of a sentence's character pairs that its passages print."""
LEAST_CLAUSE = 0.6
LEAST_FACT = 0.8
LEAST_CHARS = 4

_MARK = re.compile(r"\s*[\[［【](\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)[\]］】]\s*")
_STOP = "。！？!?"
_MARKS = r"(?:[ \t]*[\[［【][\d,，、 ]+[\]］】][ \t]*)*"
_SENTENCE = re.compile(rf"[^{_STOP}\n]*[{_STOP}\n]+[”’』」）)\"]*{_MARKS}[{_STOP}]*")
_CLAUSE = re.compile(r"[^，,。！？!?；;：:\n]+")
_PIECE = re.compile(r"[^，,。！？!?；;：:、\n]+")
_TITLE = re.compile(r"《[^《》]*》")
_CJK_OR_WORD = re.compile(r"[\u4e00-\u9fff]+|[a-z0-9.%]+")
_FRAME = re.compile(
    r"(?:根据|按照|依据|依照)?(?:该|本|这份|上述)?(?:文件|方案|通知|要点|制度|办法|条款|规定|原文)?"
    r"(?:中|里)?(?:明确|规定|要求|提出|指出|写明|载明)(?:了|是|为)?|也就是说|具体(?:来说|如下|包括|为|是)?|"
    r"其中|此外|同时|另外|分别|包括|主要|以及|并且|而且|还要|还|都|均|也|即|则|是指|的是|为"
)
_COLOURLESS = frozenset(
    "开展 进行 需要 应当 应该 负责 组织 举办 完成 实行 实施 采取 作为 成为 属于 用于 安排 做好 "
    "共有 设有 设立 确定 具有 达到 情况 时间 内容 方面 工作 活动 人员 要求 规定 数量 次数 标准 "
    "目标 任务 方式 部门 单位 "
    "担任 承担 牵头 联系人 负责人 禁止 严禁 不得 允许 可以 必须 至少".split()
)
"""Words with which a sentence is built; what they are said of is checked."""
_JOINTS = frozenset("由在的和与及将应等对从把被为以其之每各共")
"""A word with one of these in it is as often a slip of segmentation."""
_BOUND = re.compile(r"不得?(?:少于|低于|超过|多于|高于|短于|小于|超出|大于|早于|晚于|迟于)")
_LIMIT = re.compile(rf"{_BOUND.pattern}|至[少多]|最[少多高低]|起码|以[上下内]|之[内前]")
_NEGATION = re.compile(
    r"(?:不(?!断|仅|但|同|论|只|管|少|久|定期|忘|懈|妨)|未(?!来)|没有?|无(?!论|锡|私|人机|障碍|线)|非(?!常|遗|物质)|"
    r"勿|禁|杜绝|取消|免(?!疫)|拒|停止|暂停|除外)"
)
_FORBIDS = re.compile(
    r"不得(?!少|低|超|多|高|短|小|大|早|晚|迟)|禁止|严禁|不准|不许|不能|不可|不应|杜绝"
)
_PERMITS = re.compile(r"(?<!不)可(?!靠|能|持续|见|行)|允许|鼓励|提倡|自愿|酌情")
_OBLIGES = re.compile(r"必须|一律|务必|强制")


class Fault(StrEnum):
    """Why a sentence is not shown."""

    NO_MARK = "no_mark"
    UNKNOWN_MARK = "unknown_mark"
    TOO_SHORT = "too_short"
    OPEN_QUOTE = "open_quote"
    QUOTE = "quote"
    FIGURE = "figure"
    NAME = "name"
    OVERLAP = "overlap"
    POLARITY = "polarity"
    MIXED_UP = "mixed_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence without its marks, and the numbers of the passages it cites."""

    text: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage as it may be cited: ``heading`` is title and headings, ``text`` its own words."""

    heading: str
    text: str

    @property
    def whole(self) -> str:
        return f"{self.heading}\n{self.text}"


def sentences_in(text: str, *, is_over: bool) -> tuple[list[str], str]:
    """The whole sentences at the head of a growing text, and what is left.

    Args:
        text: What has come so far.
        is_over: Nothing more comes: what is left is a sentence too.
    """
    whole: list[str] = []
    at = 0
    for match in _SENTENCE.finditer(text):
        if match.end() == len(text) and not is_over:
            break
        if not is_over and _may_go_on(text[match.end() :]):
            break
        whole.append(match.group())
        at = match.end()
    rest = text[at:]
    if is_over and rest.strip():
        whole.append(rest)
        rest = ""
    return [one for one in whole if one.strip()], rest


def _may_go_on(rest: str) -> bool:
    """Whether a mark that belongs to the sentence before may still be coming."""
    return re.fullmatch(r"\s*(?:[\[［【][\d,，、 ]*)?", rest) is not None


def read_sentence(sentence: str) -> Said:
    """Take the marks off a sentence."""
    numbers = [
        int(number)
        for match in _MARK.finditer(sentence)
        for number in re.findall(r"\d+", match.group(1))
    ]
    return Said(text=_MARK.sub("", sentence).strip(), numbers=tuple(dict.fromkeys(numbers)))


def fault_of(said: Said, sources: Mapping[int, Source]) -> Fault | None:
    """What speaks against showing a sentence; None when its passages support it."""
    if not said.numbers:
        return Fault.NO_MARK
    if any(number not in sources for number in said.numbers):
        return Fault.UNKNOWN_MARK
    cited = [sources[number] for number in said.numbers]
    return unsupported(said.text, cited)


def unsupported(text: str, cited: list[Source]) -> Fault | None:
    """As :func:`fault_of`, for words whose passages are known."""
    whole = "\n".join(source.whole for source in cited)
    held = folded(whole)
    if len(_content(text)) < LEAST_CHARS:
        return Fault.TOO_SHORT
    if has_open_quote(text):
        return Fault.OPEN_QUOTE
    if any(quote not in held for quote in quotes_in(text)):
        return Fault.QUOTE
    if not tokens_in(text) <= parts_of_dates(tokens_in(whole)):
        return Fault.FIGURE
    if any(name not in held for name in names_in(text)):
        return Fault.NAME
    bare = _without_heading(text, cited)
    if _has_foreign_word(bare, held) or not _overlaps(bare, folded(_texts(cited))):
        return Fault.OVERLAP
    clauses = [clause for source in cited for clause in _CLAUSE.findall(source.text)]
    if not all(_same_sense(clause, clauses) for clause in _CLAUSE.findall(text)):
        return Fault.POLARITY
    pieces = [piece for source in cited for piece in _pieces(source.text)]
    if any(_is_mixed_up(piece, pieces) for piece in _pieces(text)):
        return Fault.MIXED_UP
    return None


def _has_foreign_word(text: str, held: str) -> bool:
    """Whether a thing or a doing is named of which the passages print not even two characters."""
    for word in _words(_FRAME.sub("，", _LIMIT.sub("，", text))):
        pairs = [word[at : at + 2] for at in range(len(word) - 1)]
        if word in _COLOURLESS or not _JOINTS.isdisjoint(word):
            continue
        if not any(pair in held for pair in pairs):
            return True
    return False


def _texts(cited: list[Source]) -> str:
    return "\n".join(source.text for source in cited)


def _without_heading(text: str, cited: list[Source]) -> str:
    """A title names where something stands; it states nothing, so nothing is said by it."""
    headings = folded("\n".join(source.heading for source in cited))
    bare = _TITLE.sub("，", text)
    texts = folded(_texts(cited))
    for name in names_in(bare):
        if name in headings and name not in texts:
            bare = bare.replace(name, "，")
    return bare


@lru_cache(maxsize=4096)
def _content(text: str) -> str:
    return "".join(_CJK_OR_WORD.findall(folded(_FRAME.sub("", text))))


def _pairs(text: str) -> list[str]:
    """Character pairs of the words that carry meaning; pairs over the seams of words count too."""
    bare = _FRAME.sub("，", _LIMIT.sub("，", text))
    pairs: list[str] = []
    for word in content_words(bare):
        for run in _CJK_OR_WORD.findall(folded(word)):
            chinese = "\u4e00" <= run[0] <= "\u9fff"
            pairs += [run[at : at + 2] for at in range(len(run) - 1)] if chinese else [run]
            if chinese and len(run) == 1:
                pairs.append(run)
    return pairs


def _share(text: str, held: str) -> float:
    pairs = _pairs(text)
    return sum(pair in held for pair in pairs) / len(pairs) if pairs else 1.0


def _overlaps(text: str, held: str) -> bool:
    if _share(text, held) < LEAST_SENTENCE:
        return False
    return all(_share(clause, held) >= LEAST_CLAUSE for clause in _CLAUSE.findall(text))


def _same_sense(clause: str, clauses: list[str]) -> bool:
    """Whether the clause it comes from forbids, allows and denies as this one does."""
    pairs = set(_pairs(clause))
    if not pairs:
        return True
    scored = [(sum(pair in folded(other) for pair in pairs), other) for other in clauses]
    most = max((score for score, _ in scored), default=0)
    return any(_agree(clause, other) for score, other in scored if score == most)


def _agree(clause: str, other: str) -> bool:
    mine, theirs = _BOUND.sub("", clause), _BOUND.sub("", other)
    if bool(_NEGATION.search(mine)) != bool(_NEGATION.search(theirs)):
        return False
    if bool(_FORBIDS.search(mine)) and not _FORBIDS.search(theirs):
        return False
    if bool(_PERMITS.search(mine)) != bool(_PERMITS.search(theirs)):
        return False
    return not (_OBLIGES.search(mine) and not _OBLIGES.search(theirs))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    words: frozenset[str]
    tokens: frozenset[Token]
    names: frozenset[str]


def _pieces(text: str) -> list[_Piece]:
    """Between commas; a piece that is all figures takes the words before it."""
    pieces: list[_Piece] = []
    for part in _PIECE.findall(text):
        words = frozenset(
            word for word in _words(part) if not any(character.isdigit() for character in word)
        )
        if not words and pieces:
            words = pieces[-1].words
        pieces.append(
            _Piece(
                words=words,
                tokens=parts_of_dates(tokens_in(part)),
                names=frozenset(_people(part)),
            )
        )
    return pieces


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    import rjieba

    return tuple(
        folded(word)
        for word, tag in rjieba.tag(text)
        if tag[0] in "nvaj" and not tag.startswith(("nr", "vs")) and len(word) > 1
    )


def _people(text: str) -> tuple[str, ...]:
    import rjieba

    return tuple(folded(word) for word, tag in rjieba.tag(text) if tag.startswith("nr"))


def _is_mixed_up(piece: _Piece, pieces: list[_Piece]) -> bool:
    """Whether a figure or a person is given to what the passages give another one to."""
    for token in piece.tokens:
        with_it = [one for one in pieces if token in one.tokens]
        others = [
            one
            for one in pieces
            if token not in one.tokens and any(other.kind == token.kind for other in one.tokens)
        ]
        if _is_swapped(piece, with_it, others):
            return True
    for name in piece.names:
        with_it = [one for one in pieces if name in one.names]
        others = [one for one in pieces if one.names and name not in one.names]
        if _is_swapped(piece, with_it, others):
            return True
    return False


def _is_swapped(piece: _Piece, with_it: list[_Piece], others: list[_Piece]) -> bool:
    if not with_it or any(one.words and one.words <= piece.words for one in with_it):
        return False
    near = frozenset[str]().union(*(one.words for one in with_it))
    far = frozenset[str]().union(*(one.words for one in others)) if others else frozenset[str]()
    return bool(piece.words & far - near)


def share_of(text: str, other: str) -> float:
    """How much (0–1) of what ``text`` says stands in ``other``, by character pairs."""
    return _share(text, folded(other))


def is_kept(fact: str, text: str) -> bool:
    """Whether a fact of the quoted answer is still there in other words."""
    stated = {(token.kind, token.value) for token in parts_of_dates(tokens_in(text))}
    figures = {(token.kind, token.value) for token in tokens_in(fact)}
    return figures <= stated and share_of(fact, text) >= LEAST_FACT


def adds_nothing(text: str, given: str) -> bool:
    """Whether figures, names and words of ``text`` all come from ``given``; order is free."""
    held = folded(given)
    figures = tokens_in(text) <= parts_of_dates(tokens_in(given))
    names = all(name in held for name in names_in(text))
    return figures and names and share_of(text, given) >= LEAST_SENTENCE
