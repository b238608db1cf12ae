"""A row of a 责任清单 -> draft tasks: its columns say what, who, until when and how often."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from knowledge.cadence import read_cadence, read_due
from knowledge.evidence import evidence_types
from knowledge.kinds import kind_of, year_of
from knowledge.model import Basis, Document, DraftTask, Passage, PassageKind
from knowledge.titles import TITLE_CHARS

_HEAD = re.compile(r"(?:^|；)(?P<head>[^：；\n]{1,24})：")
_DUTY = re.compile(r"任务|事项|内容|措施|要求|举措|项目|工作(?!.{0,4}(?:时限|科室|单位))")
_DETAIL = re.compile(r"具体|措施|内容|要求|举措|任务$")
_WHO = re.compile(r"责任|牵头|主办|承办|负责|科室|股室|部门|单位|实施主体")
_HELPS = re.compile(r"配合|协办|协助|参与|分管|监督|验收|标准")
_WHEN = re.compile(r"时限|时间|完成|期限|进度|节点|频次|周期|截止")
_SKIP = re.compile(r"序号|编号|备注|类别|类型|分类|领导|联系|状态|进展")
_REMARK = re.compile(r"^(?:备注|说明|注|填表说明)[：:]")
_ITEM = re.compile(r"(?:(?<=^)|(?<=[；。;\s]))(?:[（(]?[0-9]{1,2}[)）.．、](?![0-9])|[①-⑳])\s*")
_WHOLE_YEAR = re.compile(r"^(20[0-9]{2})年(?:内|全年|度)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """``start`` is the offset of ``value`` in the row's text."""

    head: str
    value: str
    start: int


def columns_of(document: Document) -> frozenset[str]:
    """Heads that more than one row has: a colon inside a cell makes no column."""
    rows = [one.text for one in document.passages if one.kind is PassageKind.ROW]
    seen = Counter(head for text in rows for head in {m["head"].strip() for m in _heads(text)})
    return frozenset(head for head, count in seen.items() if count > 1 or len(rows) < 3)


def is_remark(passage: Passage) -> bool:
    """Whether a row is a note below the table."""
    return _REMARK.match(passage.text) is not None


def drafts_of_row(
    document: Document, passage: Passage, columns: frozenset[str]
) -> Iterator[DraftTask]:
    """One task, one for each numbered item, or none when the row names no duty (a sum)."""
    cells = _cells(passage.text, columns)
    duties = [cell for cell in cells if _is_duty(cell.head) and cell.value]
    if not duties:
        return
    duty = max(duties, key=lambda cell: (bool(_DETAIL.search(cell.head)), len(cell.value)))
    when = " ".join(
        cell.value for cell in cells if _WHEN.search(cell.head) and not _SKIP.search(cell.head)
    )
    who = "、".join(
        dict.fromkeys(cell.value for cell in cells if cell.value and _is_who(cell.head))
    )
    items = _items(duty)
    for start, quote in items:
        cadence = read_cadence(when if when else quote)
        due = None if cadence.rule else _due(document, when, quote)
        yield DraftTask(
            title=_title(duties[0].value if len(items) == 1 else quote),
            quote=quote,
            locator=passage.locator,
            responsible=who or None,
            kind=kind_of(quote, cadence, due),
            rrule=cadence.rule,
            due_on=due,
            basis=Basis.REQUIREMENT,
            evidence_types=evidence_types(quote),
            asks_for_time=cadence.rule is None and due is None,
            start=passage.start + start,
            end=passage.start + start + len(quote),
        )


def _cells(text: str, columns: frozenset[str]) -> list[_Cell]:
    heads = [match for match in _heads(text) if match["head"].strip() in columns]
    cells = []
    for at, match in enumerate(heads):
        end = heads[at + 1].start() if at + 1 < len(heads) else len(text)
        raw = text[match.end() : end]
        lead = len(raw) - len(raw.lstrip())
        cells.append(_Cell(head=match["head"].strip(), value=raw.strip(), start=match.end() + lead))
    return cells


def _heads(text: str) -> list[re.Match[str]]:
    return list(_HEAD.finditer(text))


def _items(duty: _Cell) -> list[tuple[int, str]]:
    """The numbered items of a cell, or the cell."""
    marks = list(_ITEM.finditer(duty.value))
    if len(marks) < 2:
        return [(duty.start, duty.value)]
    ends = [mark.start() for mark in marks[1:]] + [len(duty.value)]
    items = []
    for mark, end in zip(marks, ends, strict=True):
        words = duty.value[mark.end() : end].rstrip("；;。 \n\t")
        if words:
            items.append((duty.start + mark.end(), words))
    return items


def _due(document: Document, when: str, quote: str) -> date | None:
    """The day the time column prints; without one, what the duty itself prints."""
    if not when:
        return read_due(quote, year_of(document))
    if match := _WHOLE_YEAR.match(when):
        return date(int(match[1]), 12, 31)
    return read_due(f"{when}前", year_of(document))


def _is_who(head: str) -> bool:
    return bool(_WHO.search(head)) and not (_HELPS.search(head) or _SKIP.search(head))


def _is_duty(head: str) -> bool:
    return bool(_DUTY.search(head)) and not (
        _WHO.search(head) or _HELPS.search(head) or _WHEN.search(head) or _SKIP.search(head)
    )


def _title(text: str) -> str:
    first = re.split(r"[。；，,]", _ITEM.sub("", text, count=1), maxsplit=1)[0]
    return first if len(first) <= TITLE_CHARS else first[: TITLE_CHARS - 1] + "…"
