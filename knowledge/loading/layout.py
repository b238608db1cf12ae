"""Placed words of a page (PDF, OFD, OCR) to lines in reading order, then to paragraphs.

Coordinates grow to the right and downwards; units do not matter, only ratios.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

_MARGIN_SHARE = 0.11
_REPEATS_SHARE = 0.5
_PAGE_NUMBER = re.compile(r"^[\s\-—–－·第页共/／]*\d{1,4}[\s\-—–－·第页共/／\d]*$")
_STOPS = "。！？；：!?;:”）)》…"
_STARTS_ITEM = re.compile(
    r"^(?:第[一二三四五六七八九十百零\d]{1,5}[章节条编部]|[一二三四五六七八九十]{1,3}[、．]|[（(][一二三四五六七八九十\d]{1,3}[)）]"
    r"|\d{1,2}[.．、](?!\d)|[①-⑳]|[一二三四五六七八九十]是|附件|抄送)"
)
_MEASURABLE_CHARS = 6
"""Of a shorter line (``%。``) the width says nothing about the size of its letters."""
_LATIN = re.compile(r"[A-Za-z0-9]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One run of text and the box it fills."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return max(self.bottom - self.top, 0.1)

    @property
    def size(self) -> float:
        """Width of one full character: boxes are often tight, widths are not."""
        width = sum(0.5 if character.isascii() else 1.0 for character in self.text)
        return max((self.right - self.left) / max(width, 1.0), 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page and the runs of text placed on it."""

    width: float
    height: float
    placed: tuple[Placed, ...]


def paragraphs(pages: Sequence[Page]) -> list[str]:
    """Running heads and page numbers gone, columns in order, wrapped lines joined."""
    ordered = [_in_order(page) for page in pages]
    repeated = _running_heads(pages, ordered)
    texts: list[str] = []
    open_text = ""
    for page, columns in zip(pages, ordered, strict=True):
        for column in columns:
            body = [line for line in column if not _is_running(line, page, repeated)]
            if len(columns) > 1 and len(body) == 1 and _spans(body[0], page):
                texts += [text for text in (open_text, body[0].text) if text]
                open_text = ""
                continue
            open_text = _join_column(body, texts, open_text)
    if open_text:
        texts.append(open_text)
    return texts


def _spans(line: Placed, page: Page) -> bool:
    return line.left < 0.45 * page.width and line.right > 0.55 * page.width


def _in_order(page: Page) -> list[list[Placed]]:
    lines = _rows(page.placed)
    gutter = _gutter(lines, page)
    if gutter is None:
        return [[_merged(row) for row in lines]]
    return _two_columns(lines, gutter)


def _rows(placed: Sequence[Placed]) -> list[list[Placed]]:
    """Runs that share a base line, each from left to right."""
    rows: list[list[Placed]] = []
    for run in sorted(placed, key=lambda run: ((run.top + run.bottom) / 2, run.left)):
        middle = (run.top + run.bottom) / 2
        if rows:
            last = rows[-1][-1]
            if last.top < middle < last.bottom and abs(last.height - run.height) < last.height:
                rows[-1].append(run)
                continue
        rows.append([run])
    return [sorted(row, key=lambda run: run.left) for row in rows]


def _merged(row: Sequence[Placed]) -> Placed:
    text = row[0].text
    for before, run in pairwise(row):
        gap = run.left - before.right
        text += (" " if gap > 0.6 * run.size else "") + run.text
    return Placed(
        text=text.strip(),
        left=row[0].left,
        top=min(run.top for run in row),
        right=max(run.right for run in row),
        bottom=max(run.bottom for run in row),
    )


def _gutter(rows: Sequence[Sequence[Placed]], page: Page) -> float | None:
    """The x that almost no run crosses while most rows have text on both of its sides."""
    runs = [run for row in rows for run in row]
    if len(rows) < 6:
        return None
    for share in (0.5, 0.48, 0.52, 0.46, 0.54):
        x = page.width * share
        crossing = sum(run.left < x - 2 and run.right > x + 2 for run in runs)
        left = sum(run.right <= x + 2 for run in runs)
        right = sum(run.left >= x - 2 for run in runs)
        both = sum(row[0].right <= x + 2 and row[-1].left >= x - 2 for row in rows)
        if crossing <= 0.15 * len(runs) and min(left, right) >= 4 and both >= 0.3 * len(rows):
            wide = [run.right - run.left for run in runs if run.right <= x + 2]
            if median(wide) > 0.2 * page.width:
                return x
    return None


def _two_columns(rows: Sequence[Sequence[Placed]], x: float) -> list[list[Placed]]:
    """Rows across the gutter (title, section line) close the columns above them."""
    columns: list[list[Placed]] = []
    left: list[Placed] = []
    right: list[Placed] = []
    for row in rows:
        if any(run.left < x - 2 and run.right > x + 2 for run in row):
            columns += [part for part in (left, right) if part]
            left, right = [], []
            columns.append([_merged(row)])
            continue
        for side, part in (
            (left, [run for run in row if run.right <= x + 2]),
            (right, [run for run in row if run.right > x + 2]),
        ):
            if part:
                side.append(_merged(part))
    return columns + [part for part in (left, right) if part]


def _running_heads(
    pages: Sequence[Page], ordered: Sequence[Sequence[Sequence[Placed]]]
) -> set[str]:
    if len(pages) < 2:
        return set()
    least = 2 if len(pages) == 2 else max(3.0, _REPEATS_SHARE * len(pages) / 2)
    counted: Counter[str] = Counter()
    for page, columns in zip(pages, ordered, strict=True):
        margin = {
            _shape(line.text) for column in columns for line in column if _in_margin(line, page)
        }
        counted.update(margin)
    return {text for text, count in counted.items() if count >= least}


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", re.sub(r"\s", "", text))


def _in_margin(line: Placed, page: Page) -> bool:
    return line.bottom < _MARGIN_SHARE * page.height or line.top > (1 - _MARGIN_SHARE) * page.height


def _is_running(line: Placed, page: Page, repeated: set[str]) -> bool:
    if not line.text:
        return True
    return _in_margin(line, page) and (
        _shape(line.text) in repeated or bool(_PAGE_NUMBER.match(line.text))
    )


def _join_column(lines: Sequence[Placed], texts: list[str], open_text: str) -> str:
    """Append finished paragraphs to ``texts``; what may go on in the next column is returned."""
    if not lines:
        return open_text
    left = _usual_left(lines)
    right = max(line.right for line in lines)
    size = median(line.size for line in lines)
    previous: Placed | None = None
    for line in lines:
        if open_text and not _begins(line, previous, left, right, size):
            open_text = _joined(open_text, line.text)
        else:
            if open_text:
                texts.append(open_text)
            open_text = line.text
        previous = line
    if previous is not None and previous.right < right - 2.5 * size and open_text[-1:] in _STOPS:
        texts.append(open_text)
        return ""
    return open_text


def _usual_left(lines: Sequence[Placed]) -> float:
    """Where wrapped lines begin: the leftmost edge that several lines share."""
    edges = sorted(line.left for line in lines)
    return edges[min(len(edges) // 10, len(edges) - 1)]


def _begins(line: Placed, previous: Placed | None, left: float, right: float, size: float) -> bool:
    if _STARTS_ITEM.match(line.text):
        return True
    if previous is None:
        return line.left > left + 1.2 * size
    if line.left > left + 1.2 * size and line.left > previous.left + 0.8 * size:
        return True
    is_measurable = min(len(line.text), len(previous.text)) >= _MEASURABLE_CHARS
    if is_measurable and abs(line.size - previous.size) > 0.25 * size:
        return True
    if line.top - previous.bottom > 1.8 * size:
        return True
    ended_short = previous.right < right - 2.5 * size
    is_centred = previous.left > left + 3 * size
    return ended_short or is_centred


def _joined(before: str, after: str) -> str:
    if _LATIN.search(before) and re.match(r"[A-Za-z]", after):
        return f"{before} {after}"
    return before + after
