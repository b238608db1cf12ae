"""A row of a 责任清单 -> a draft task: its columns say what, who, until when and how often."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.cadence import read_cadence, read_due
from knowledge.evidence import evidence_types
from knowledge.kinds import kind_of
from knowledge.model import Basis, Document, DraftTask, Passage

TITLE_CHARS = 30
_CELL = re.compile(r"(?P<head>[^：；\n]{1,24})：(?P<value>[^；\n]*)(?:；|$)")
_DUTY = re.compile(r"任务|事项|内容|措施|要求|举措|项目|工作(?!.{0,4}(?:时限|科室|单位))")
_DETAIL = re.compile(r"具体|措施|内容|要求|举措|标准|任务$")
_WHO = re.compile(r"责任|牵头|主办|承办|负责|科室|股室|部门|单位|实施主体")
_HELPS = re.compile(r"配合|协办|协助|参与|分管|监督")
_WHEN = re.compile(r"时限|时间|完成|期限|进度|节点|频次|周期|截止")
_SKIP = re.compile(r"序号|编号|备注|领导|联系|状态|进展")


def draft_of_row(document: Document, passage: Passage) -> Iterator[DraftTask]:
    """One task, or none when the row names no duty (a sub-heading, a sum)."""
    cells = [(match["head"].strip(), match) for match in _CELL.finditer(passage.text)]
    duties = [m for head, m in cells if _is_duty(head) and m["value"].strip()]
    if not duties:
        return
    duty = max(duties, key=lambda match: (bool(_DETAIL.search(match["head"])), len(match["value"])))
    when = " ".join(
        m["value"] for head, m in cells if _WHEN.search(head) and not _SKIP.search(head)
    )
    who = "、".join(
        m["value"].strip()
        for head, m in cells
        if _WHO.search(head)
        and not _HELPS.search(head)
        and not _SKIP.search(head)
        and m["value"].strip()
    )
    quote = duty["value"].strip()
    start = passage.text.index(quote, duty.start("value"))
    cadence = read_cadence(when)
    if cadence.rule is None and not when.strip():
        cadence = read_cadence(quote)
    due = None if cadence.rule else read_due(f"{when}前" if when.strip() else quote, document.year)
    yield DraftTask(
        title=_title(duties[0]["value"].strip() or quote),
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


def _is_duty(head: str) -> bool:
    return bool(_DUTY.search(head)) and not (
        _WHO.search(head) or _HELPS.search(head) or _WHEN.search(head) or _SKIP.search(head)
    )


def _title(text: str) -> str:
    first = re.split(r"[。；，,]", text, maxsplit=1)[0]
    return first if len(first) <= TITLE_CHARS else first[: TITLE_CHARS - 1] + "…"
