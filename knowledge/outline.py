"""Clean text to sections: item numbers that count up, and short unnumbered headings.

A number is believed only when its run counts up: the next of a run that is open, or the first of a
run that goes on. So decimals, dates and grades never become items.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.model import Section
from knowledge.numbering import Mark, Scheme, marks

HEADING_MOST_CHARS = 40
_SENTENCE_ENDS = "。！？!?…”"
_END_PUNCTUATION = "。；;！？!?：:，,、…）)”"
_STRONG = frozenset({Scheme.PART, Scheme.CHAPTER, Scheme.DIVISION, Scheme.ARTICLE, Scheme.COMMA})
_NOT_HEADING = re.compile(
    r"^(?:附件|附表|附[：:]|抄送|主送|联系人|联系电话|此件|特此|\d{4}年|[（(]此件)|\d{4}年\d{1,2}月\d{1,2}日$|[一二]〇"
)
_ANNEX_LABEL = re.compile(r"^附[件表录]\s?(?:\d{1,2}|[一二三四五六七八九十]{1,2})?(?=$|\s|[：:])")
_LONG_SENTENCE = re.compile(r"[，,、：:]")
_BODY_LEAST_CHARS = 40
_PLAIN_MOST_CHARS = 32


@dataclass(frozen=True, slots=True)
class Span:
    """Half open; offsets into the text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is known about a text beside its characters."""

    body: Span
    """Without the title above."""
    rows: tuple[Span, ...] = ()
    headings: tuple[Span, ...] = ()
    """Lines the file's own markup calls headings."""
    asides: tuple[Span, ...] = ()
    """Signatures and the like; a section ends where one begins."""
    annexes: tuple[Span, ...] = ()
    """Titles of annexes; numbering begins anew below."""


@dataclass(slots=True)
class _Frame:
    key: tuple[int, str]
    last: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """The start of a section: a believed mark, or an unnumbered heading."""

    start: int
    after: int
    level: int
    locator: str
    heading_end: int | None = None
    ends_with_line: bool = False


def outline_of(text: str, shape: Shape) -> tuple[Section, ...]:
    """Sections in reading order; a child follows its parent."""
    believed = believed_marks(text, shape)
    plain = _plain_headings(text, shape, believed)
    openings = _nested(text, believed, plain, shape.annexes)
    return tuple(_sections(text, openings, shape))


def believed_marks(text: str, shape: Shape) -> list[Mark]:
    """The marks whose runs count up, as the document's nesting has them."""
    closed = sorted([*shape.rows, *shape.asides, *shape.annexes], key=lambda span: span.start)
    starts = [span.start for span in closed]
    candidates = [
        mark
        for mark in marks(text)
        if shape.body.start <= mark.start < shape.body.end
        and not _within(mark.start, closed, starts)
    ]
    return _Believer(text, candidates, [span.start for span in shape.annexes]).believed()


def _within(position: int, spans: Sequence[Span], starts: Sequence[int]) -> bool:
    index = bisect_right(starts, position) - 1
    return index >= 0 and position < spans[index].end


def _key(mark: Mark) -> tuple[int, str]:
    if mark.scheme is Scheme.DECIMAL:
        return mark.scheme, re.sub(r"\d+$", "", mark.label)
    if mark.scheme is Scheme.ONE_IS:
        return mark.scheme, mark.label[-1]
    if mark.scheme is Scheme.PART:
        return mark.scheme, mark.label[-1]
    return mark.scheme, ""


class _Believer:
    """Walks the candidates once, keeping the stack of open runs."""

    def __init__(self, text: str, candidates: Sequence[Mark], breaks: Sequence[int]) -> None:
        self._text = text
        self._candidates = candidates
        self._breaks = list(breaks)
        self._stack: list[_Frame] = []
        self._last_of: dict[tuple[int, str], int] = {}
        self._places: dict[tuple[tuple[int, str], int], list[int]] = defaultdict(list)
        for mark in candidates:
            self._places[_key(mark), mark.number].append(mark.start)

    def believed(self) -> list[Mark]:
        believed: list[Mark] = []
        for mark in self._candidates:
            if self._breaks and mark.start > self._breaks[0]:
                self._breaks = [start for start in self._breaks if start > mark.start]
                self._stack.clear()
                self._last_of.clear()
            if self._fits_here(mark) and self._counts_up(mark):
                believed.append(mark)
        return believed

    def _counts_up(self, mark: Mark) -> bool:
        key = _key(mark)
        depth = next((i for i, frame in enumerate(self._stack) if frame.key == key), None)
        if depth is not None:
            return self._continues(mark, depth)
        last = self._last_of.get(key, 0)
        starts_run = mark.number == 1 or mark.number == last + 1
        starts_late = (
            mark.at_line_start and mark.scheme in _STRONG and last < mark.number <= last + 3
        )
        if not (starts_run or starts_late or self._is_excerpt(mark)):
            return False
        if not mark.at_line_start and not self._goes_on(mark):
            return False
        self._push(mark, key)
        return True

    def _continues(self, mark: Mark, depth: int) -> bool:
        frame = self._stack[depth]
        step = mark.number - frame.last
        skips = mark.at_line_start and 1 < step <= 3
        restarts = (
            mark.number == 1 and mark.at_line_start and frame.last >= 2 and self._goes_on(mark)
        )
        if step != 1 and not skips and not restarts:
            return False
        del self._stack[depth + 1 :]
        frame.last = mark.number
        self._last_of[frame.key] = mark.number
        return True

    def _is_excerpt(self, mark: Mark) -> bool:
        """A text that begins in the middle of a plan: the first number it prints is not 1."""
        return (
            mark.at_line_start
            and not self._last_of
            and mark.scheme in _STRONG | {Scheme.BRACKET}
            and self._goes_on(mark)
        )

    def _push(self, mark: Mark, key: tuple[int, str]) -> None:
        while (
            self._stack
            and self._stack[-1].key[0] > mark.scheme
            and not (mark.scheme is Scheme.ARTICLE and self._stack[-1].key[0] == Scheme.COMMA)
        ):
            self._stack.pop()
        self._stack.append(_Frame(key, mark.number, mark.label))
        self._last_of[key] = mark.number

    def _goes_on(self, mark: Mark) -> bool:
        """The next number of the run stands further down."""
        places = self._places.get((_key(mark), mark.number + 1), [])
        position = bisect_right(places, mark.start)
        return position < len(places) or self._last_of.get(_key(mark), 0) == mark.number - 1 > 0

    def _fits_here(self, mark: Mark) -> bool:
        """Inline numbers: a list within a sentence (：1.…；2.…) stays whole."""
        if mark.scheme is Scheme.DECIMAL:
            return mark.at_line_start
        if mark.at_line_start:
            return True
        before = self._text[mark.start - 1]
        if mark.scheme in _STRONG:
            return True
        if mark.scheme in {Scheme.NUMBER_BRACKET, Scheme.HALF_BRACKET, Scheme.CIRCLE}:
            return False
        if mark.scheme is Scheme.ONE_IS:
            return before in "。！？!?” ：:" and self._is_headed(mark)
        return before in "。！？!?”）) |" or (before not in "；;：:" and mark.number > 1)

    def _is_headed(self, mark: Mark) -> bool:
        """``一是抓学习。……``: a short heading sentence with more sentences behind it."""
        line_end = self._text.find("\n", mark.after)
        line_end = len(self._text) if line_end < 0 else line_end
        stop = self._text.find("。", mark.after, min(line_end, mark.after + HEADING_MOST_CHARS))
        if stop < 0 or stop + 2 > line_end:
            return False
        following = self._text[stop + 1 : stop + 3]
        return not (following[1:] in {"是", "要"} and following[0] in "二三四五六七八九十")


def _plain_headings(text: str, shape: Shape, believed: Sequence[Mark]) -> list[Span]:
    """Unnumbered headings: the markup's own, or two and more short lines above paragraphs."""
    marked = {text.rfind("\n", 0, mark.start) + 1 for mark in believed if mark.at_line_start}
    headings = [span for span in shape.headings if span.start not in marked]
    if headings:
        return headings
    if any(mark.scheme in _STRONG and mark.at_line_start for mark in believed):
        return []
    groups = _short_line_groups(text, shape, marked)
    return groups if len(groups) >= 2 else []


def _short_line_groups(text: str, shape: Shape, marked: set[int]) -> list[Span]:
    closed = (*shape.rows, *shape.asides, *shape.annexes)
    row_starts = {
        start
        for span in closed
        for start in [span.start, *(span.start + i + 1 for i in _newlines(text, span))]
    }
    groups: list[Span] = []
    short: list[Span] = []
    start = shape.body.start
    while start < shape.body.end:
        end = text.find("\n", start, shape.body.end)
        end = shape.body.end if end < 0 else end
        line = text[start:end]
        if start in row_starts:
            short = []
        elif start in marked or len(line) >= _BODY_LEAST_CHARS or line.endswith("。"):
            if 1 <= len(short) <= 2:
                groups.append(Span(short[0].start, short[-1].end))
            short = []
        elif line and _is_heading_like(line):
            short.append(Span(start, end))
        elif line:
            short = []
        start = end + 1
    return groups


def _newlines(text: str, span: Span) -> list[int]:
    return [i for i, character in enumerate(text[span.start : span.end]) if character == "\n"]


def _is_heading_like(line: str) -> bool:
    return (
        2 <= len(line) <= _PLAIN_MOST_CHARS
        and line[-1] not in _END_PUNCTUATION.replace("”", "")
        and not _NOT_HEADING.search(line)
        and not line.isdigit()
    )


def _nested(
    text: str, believed: Sequence[Mark], plain: Sequence[Span], annexes: Sequence[Span]
) -> list[_Opening]:
    """Levels and locators, by replaying the stack over marks and unnumbered headings together."""
    openings: list[_Opening] = []
    stack: list[tuple[tuple[int, str], str]] = []
    items: Iterable[Mark | Span] = sorted(
        [*believed, *plain, *annexes], key=lambda item: item.start
    )
    for item in items:
        if isinstance(item, Span):
            words = " ".join(text[item.start : item.end].split("\n"))
            stack = [((0, ""), words)]
            if item in annexes:
                label = _ANNEX_LABEL.match(words)
                stack = [((0, ""), label[0] if label else "附件")] if openings else []
            openings.append(
                _Opening(
                    start=item.start, after=item.start, level=1, locator=words, heading_end=item.end
                )
            )
            continue
        key = _key(item)
        depth = next((i for i, (other, _) in enumerate(stack) if other == key), None)
        if depth is not None:
            del stack[depth:]
        else:
            while (
                stack
                and stack[-1][0][0] > item.scheme
                and not (item.scheme is Scheme.ARTICLE and stack[-1][0][0] == Scheme.COMMA)
            ):
                stack.pop()
        stack.append((key, item.label))
        openings.append(
            _Opening(
                start=item.start,
                after=item.after,
                level=len(stack),
                locator=_locator(stack),
                ends_with_line=item.scheme is Scheme.ONE_IS and not item.at_line_start,
            )
        )
    return openings


def _locator(stack: Sequence[tuple[tuple[int, str], str]]) -> str:
    """``二、4.``; an article stands alone, for its number is unique in the document."""
    labels = [(key[0], label) for key, label in stack]
    for index, (scheme, _) in enumerate(labels):
        if scheme == Scheme.ARTICLE:
            labels = labels[index:]
    decimals = [label for scheme, label in labels if scheme == Scheme.DECIMAL]
    if decimals:
        return decimals[-1]
    words = [f"{label} " if scheme == 0 else label for scheme, label in labels]
    return "".join(words).strip()


def _sections(text: str, openings: Sequence[_Opening], shape: Shape) -> Iterable[Section]:
    end = shape.body.end
    aside_starts = [aside.start for aside in shape.asides]
    for index, opening in enumerate(openings):
        later = (other.start for other in openings[index + 1 :] if other.level <= opening.level)
        section_end = min(next(later, end), _first_after(aside_starts, opening.start, end))
        next_start = openings[index + 1].start if index + 1 < len(openings) else end
        if opening.ends_with_line:
            line_end = text.find("\n", opening.start)
            section_end = min(section_end, end if line_end < 0 else line_end)
        while section_end > opening.start and text[section_end - 1].isspace():
            section_end -= 1
        yield Section(
            locator=opening.locator,
            heading=_heading(text, opening, next_start),
            level=opening.level,
            start=opening.start,
            end=section_end,
        )


def _first_after(starts: Sequence[int], position: int, default: int) -> int:
    index = bisect_right(starts, position)
    return starts[index] if index < len(starts) else default


def _heading(text: str, opening: _Opening, limit: int) -> str:
    if opening.heading_end is not None:
        return opening.locator
    line_end = text.find("\n", opening.after, limit)
    line = text[opening.after : limit if line_end < 0 else line_end].strip()
    sentence = re.split(r"[。；;！？\n]", line, maxsplit=1)[0]
    if " " in sentence and len(sentence) < len(line) and _LONG_SENTENCE.search(sentence):
        sentence = sentence.split(" ", 1)[0]
    if len(sentence) == len(line) <= 2 * HEADING_MOST_CHARS:
        return sentence.rstrip("：:")
    if len(sentence) <= HEADING_MOST_CHARS:
        return sentence.rstrip("：:")
    clause = re.split(r"[：:，,]", sentence, maxsplit=1)[0]
    return clause[:HEADING_MOST_CHARS]
