"""Document -> draft tasks: what it asks for, each with the clause it quotes. Nothing is confirmed.

Rows of a 责任清单 are a task each; prose is read duty by duty (:mod:`knowledge.duties`). A date
or an interval is taken only where the text prints it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from knowledge.cadence import has_date, read_due
from knowledge.clauses import unwrapped
from knowledge.duties import Duty, duties_of
from knowledge.evidence import found_types
from knowledge.model import Basis, Document, DraftTask, Passage, PassageKind
from knowledge.papers import papers_of
from knowledge.planning_page import Page, Plan, sentence_around
from knowledge.rows import columns_of, drafts_of_row, is_remark
from knowledge.segmentation import normalise
from knowledge.titles import NUMBERING, held_apart

_HEADING_CHARS = 18
_PREAMBLE = re.compile(r"^(?:导语|前言|总体要求|指导思想|总体目标|基本原则|主要原则)")
_NO_DUTIES = re.compile(
    r"^(?:专项)?(?:整治|检查|督查|排查)(?:重点|范围|对象)|"
    r"^(?:资助|收费|评选|认定|奖励)?(?:标准|条件|对象|范围)$|"
    r"^.{0,4}(?:时间|地点|主题|日期)$|"
    r"负面清单|承诺书|样式|样表|(?:统计|登记|汇总|申请|申报)表|名单$"
)
_SAYS_LITTLE = frozenset(
    "形成 打造 培育 树立 搭建 探索 贯彻 保障 帮扶 安排 部署 明确 确定 统筹 规范 整改 进行".split()
)
_RESULT = re.compile(
    r"之路|荣获|获得|等奖|走出|抓手|作用$|(?:构建|形成|建立|探索)[了出](?!“)[^，]*(?:机制|模式|格局|局面)$"
)
_ARTICLE = re.compile(r"\s*第[^条]{1,6}条")
_AIM = re.compile(r"^.{0,6}目标(?:任务)?$")
_CLOSING = re.compile(
    r"制定本|本(?:办法|细则|方案|规定|意见|通知|要点|表)[^，。]{0,24}(?:解释|施行|印发)|起施行|印发给你们|"
    r"同时废止|所称|[^，]原则[，。]|如下[：:]|"
    r"(?:分送|抄送|抄报|出席|列席|记录|联系人|联系电话)[：:]|\.(?:docx?|xlsx?|pptx?|pdf)"
)
_SAYS_SOMETHING = re.compile(r"[\u4e00-\u9fff]{2}")
_STOPS = "。；;！？!? \n"


def draft_tasks(document: Document) -> tuple[DraftTask, ...]:
    """Every duty once, in reading order."""
    plan = Plan.of(document)
    columns = columns_of(document)
    drafts: list[DraftTask] = []
    for passage in document.passages:
        if passage.kind is PassageKind.ROW and not is_remark(passage):
            drafts += drafts_of_row(document, passage, columns)
        elif not is_set_aside(plan, passage):
            drafts += _of_prose(plan, passage)
    return tuple(_without_repeats(drafts))


def is_preamble(heading: str) -> bool:
    """Whether a heading, without its number, opens what is only said by way of introduction."""
    return _PREAMBLE.match(heading) is not None


def is_set_aside(plan: Plan, passage: Passage) -> bool:
    """Signatures, preambles, lists of what is forbidden or aimed at: no duties of the reader."""
    if plan.is_report:
        return False
    headings = [NUMBERING.sub("", heading) for heading in (passage.locator, *passage.path)]
    if passage.locator.startswith("落款") or any(map(_NO_DUTIES.search, headings)):
        return True
    return bool(plan.headings) and any(map(is_preamble, headings))


def _of_prose(plan: Plan, passage: Passage) -> Iterator[DraftTask]:
    text, places = unwrapped(passage.text)
    page = Page(plan=plan, passage=passage, text=text, places=places)
    head = _heading_end(plan, text)
    period = _period(plan, passage, text[:head])
    before = ""
    for duty in _duties(plan, passage, text, head):
        quote = text[duty.start : duty.end]
        for title in held_apart(text, duty) or (None,):
            yield page.draft(duty, title, before, period)
        before = quote


def _duties(plan: Plan, passage: Passage, text: str, head: int) -> Sequence[Duty]:
    """Those of the words below the heading; the heading itself when it says all there is."""
    found = duties_of(text, is_report=plan.is_report)
    duties = [duty for duty in found if _SAYS_SOMETHING.search(duty.core.text)]
    duties = [duty for duty in duties if not is_closing(text, duty)]
    body = [duty for duty in duties if duty.start >= head]
    if plan.is_report:
        worth = [duty for duty in body if _is_worth_copying(plan, duty, text)]
        papers = [one for one in papers_of(text) if not _overlaps(one, worth)]
        return sorted([*worth, *papers], key=lambda duty: duty.start)
    heading = _heading(passage, text[:head])
    if _NO_DUTIES.search(heading):
        return ()
    if _AIM.search(heading):
        return [duty for duty in body if has_date(duty.when)]
    return body or [duty for duty in duties if duty.end <= head]


def _overlaps(duty: Duty, others: Sequence[Duty]) -> bool:
    return any(duty.start < other.end and other.start < duty.end for other in others)


def _heading(passage: Passage, head: str) -> str:
    """The nearest heading: the passage's own, or the one above it."""
    own = NUMBERING.sub("", head).strip(_STOPS)
    return own or (NUMBERING.sub("", passage.path[-1]) if passage.path else "")


def _heading_end(plan: Plan, text: str) -> int:
    """Where the words below the passage's heading begin; 0 when it is all one thought."""
    first = re.match(r"[^。；;！？!?\n]{1,60}[。；;！？!?\n]", text)
    if first is None or not text[first.end() :].strip() or _ARTICLE.match(text):
        return 0
    words = NUMBERING.sub("", first.group()).strip(_STOPS)
    if re.search("[，,]", words):
        return 0
    is_short = len(words) <= _HEADING_CHARS and not re.search("[：:]", words)
    is_numbered = NUMBERING.match(text) is not None
    is_title = normalise(words) in plan.headings
    return first.end() if is_title or (is_short and is_numbered and not has_date(words)) else 0


def is_closing(text: str, duty: Duty) -> bool:
    """Who explains a document, from when it holds, who gets a copy: no duties."""
    return _CLOSING.search(sentence_around(text, duty.start, duty.end)) is not None


def _period(plan: Plan, passage: Passage, head: str) -> date | None:
    """The time a heading gives to everything below it."""
    for heading in (head, *reversed(passage.path)):
        if has_date(heading) and (due := read_due(heading, plan.year)):
            return due
    return None


def _is_worth_copying(plan: Plan, duty: Duty, text: str) -> bool:
    """A report tells much; a practice is what leaves a record of its own."""
    quote = text[duty.start : duty.end]
    if plan.basis_of(quote) is Basis.REQUIREMENT:
        return True
    is_vague = duty.core.verb in _SAYS_LITTLE or _RESULT.search(duty.core.text) is not None
    return bool(found_types(quote)) and not is_vague and not quote.startswith(("“", '"'))


def _without_repeats(drafts: list[DraftTask]) -> Iterator[DraftTask]:
    """The same words for another body or at another time are another task."""
    seen: set[tuple[str, str | None, str | None, date | None]] = set()
    for draft in drafts:
        words = normalise(f"{draft.title}\n{draft.quote}")
        key = (words, draft.responsible, draft.rrule, draft.due_on)
        if key not in seen:
            seen.add(key)
            yield draft
