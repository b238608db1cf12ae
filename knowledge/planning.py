"""Document -> draft tasks: what it asks for, each with the clause it quotes. Nothing is confirmed.

Rows of a 责任清单 are a task each; prose is read duty by duty (:mod:`knowledge.duties`). A date
or an interval is taken only where the text prints it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.bodies import Bodies
from knowledge.cadence import has_date, read_cadence, read_due, read_period_end
from knowledge.clauses import Clause, unwrapped
from knowledge.duties import MERGE_CHARS, Duty, duties_of
from knowledge.evidence import evidence_types, found_types, is_activity_of_its_own
from knowledge.kinds import basis_of, kind_of, year_end_deliverable, year_of
from knowledge.model import Basis, Document, DraftTask, Genre, Passage, PassageKind
from knowledge.responsible import responsible_of
from knowledge.rows import columns_of, drafts_of_row, is_remark
from knowledge.segmentation import normalise

TITLE_CHARS = 30
_SHORTEST_TITLE = 5
_HEADING_CHARS = 18
_PAST_DAYS = 60
"""A due date longer before the date of issue is meant for the year after."""
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
    r"制定本|本(?:办法|细则|方案|规定|意见|通知|要点|表)[^，。]{0,24}(?:解释|施行|印发)|起施行|印发给你们|同时废止|所称|[^，]原则[，。]|如下[：:]|(?:分送|抄送|抄报|出席|列席|记录|联系人|联系电话)[：:]|"
    r"\.(?:docx?|xlsx?|pptx?|pdf)"
)
_NUMBERING = re.compile(
    r"^[\s（(]*(?:[一二三四五六七八九十]+[、.．）)]|[0-9]+[.．、）)]|[一二三四五六七八九十][是要]|第[^条]{1,5}条|[①-⑳])\s*"
)
_ADVERBS = re.compile(
    r"^(?:同时|并|要|应当?|须|必须|将|继续|持续|进一步|大力|积极|主动|认真|切实|扎实|深入|全面|不断|着力|全力|同步|先后|"
    r"坚决|牢牢|努力|逐步|稳步|有序|严肃(?=查处))+"
)
_SERIES_TAIL = re.compile(r"等[^、，。]{0,12}$")
_NAMED = re.compile(
    r"“[^“”]+”.{0,40}(?:宣讲|活动|行动|工程|比赛|评选|培训|论坛|讲堂|课堂|课)(?:等.{0,6})?$"
)


def draft_tasks(document: Document) -> tuple[DraftTask, ...]:
    """Every duty once, in reading order."""
    bodies = Bodies.of(document)
    columns = columns_of(document)
    drafts: list[DraftTask] = []
    for passage in document.passages:
        if passage.kind is PassageKind.ROW and not is_remark(passage):
            drafts += drafts_of_row(document, passage, columns)
        elif not _is_set_aside(document, passage):
            drafts += _of_prose(document, passage, bodies)
    return tuple(_without_repeats(drafts))


def _is_set_aside(document: Document, passage: Passage) -> bool:
    """Signatures, preambles, lists of what is forbidden or aimed at: no duties of the reader."""
    if document.genre is not Genre.POLICY:
        return False
    headings = [_NUMBERING.sub("", heading) for heading in (passage.locator, *passage.path)]
    if passage.locator.startswith("落款") or any(map(_NO_DUTIES.search, headings)):
        return True
    return bool(document.outline) and any(map(_PREAMBLE.match, headings))


def _of_prose(document: Document, passage: Passage, bodies: Bodies) -> Iterator[DraftTask]:
    text, places = unwrapped(passage.text)
    page = _Page(document=document, passage=passage, text=text, places=places, bodies=bodies)
    is_report = document.genre is not Genre.POLICY
    found = duties_of(text, is_report=is_report)
    duties = [duty for duty in found if not _is_closing(text, duty)]
    head = _heading_end(document, text)
    body = [duty for duty in duties if duty.start >= head]
    if not body and not is_report and len(text) > head:
        body = [duty for duty in duties if duty.end <= head]
    if not is_report and _NO_DUTIES.search(_headings(passage, text[:head])):
        return
    if not is_report and _AIM.search(_headings(passage, text[:head])):
        body = [duty for duty in body if has_date(duty.when)]
    period = _period(document, passage, text[:head])
    before = ""
    for duty in body:
        quote = text[duty.start : duty.end]
        if is_report and not _is_worth_copying(document, duty, quote):
            continue
        for title in _held_apart(text, duty) or (None,):
            yield page.draft(duty, title, before, period)
        before = quote


def _headings(passage: Passage, head: str) -> str:
    """The nearest heading: the passage's own, or the one above it."""
    own = _NUMBERING.sub("", head).strip("。；;！？!? \n")
    return own or (_NUMBERING.sub("", passage.path[-1]) if passage.path else "")


def _heading_end(document: Document, text: str) -> int:
    """Where the words below the passage's heading begin; 0 when it is all one thought."""
    first = re.match(r"[^。；;！？!?\n]{1,60}[。；;！？!?\n]", text)
    if first is None or not text[first.end() :].strip():
        return 0
    words = _NUMBERING.sub("", first.group()).strip("。；;！？!? \n")
    headings = {normalise(section.heading) for section in document.outline}
    is_short = len(words) <= _HEADING_CHARS and not re.search("[：:]", words)
    is_numbered = _NUMBERING.match(text) is not None
    if _ARTICLE.match(text) or re.search("[，,]", words):
        return 0
    if normalise(words) in headings or (is_short and is_numbered and not has_date(words)):
        return first.end()
    return 0


def _is_closing(text: str, duty: Duty) -> bool:
    return _CLOSING.search(_sentence_around(text, duty.start, duty.end)) is not None


def _period(document: Document, passage: Passage, head: str) -> date | None:
    """The time a heading gives to everything below it."""
    for heading in (head, *reversed(passage.path)):
        if has_date(heading) and (due := read_due(heading, year_of(document))):
            return due
    return None


def _is_worth_copying(document: Document, duty: Duty, quote: str) -> bool:
    """A report tells much; a practice is what leaves a record of its own."""
    if basis_of(document, quote) is Basis.REQUIREMENT:
        return True
    is_vague = duty.core.verb in _SAYS_LITTLE or _RESULT.search(duty.core.text) is not None
    return bool(found_types(quote)) and not is_vague and not quote.startswith(("“", '"'))


def _held_apart(text: str, duty: Duty) -> list[str]:
    """Titles of a series of activities that are each held by themselves; empty when it is none."""
    start = duty.core.start + duty.core.verb_at + len(duty.core.verb)
    items = _series(text[start : duty.core.end])
    own = [item for item in items if is_activity_of_its_own(item)]
    named = [item for item in items if _NAMED.search(item)]
    apart = max(own, named, key=len)
    return apart if len(apart) > 1 and len(apart) >= len(items) - 1 else []


def _series(text: str) -> list[str]:
    """Items between 、 and 和, not cut inside quotation marks or book titles."""
    items, depth = [""], 0
    for character in text:
        depth += (character in "“《（(") - (character in "”》）)")
        if character in "、和及与" and depth <= 0:
            items.append("")
        else:
            items[-1] += character
    return [item.strip() for item in items if len(item.strip()) > 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A passage being read; ``places`` are where the characters of ``text`` stand in it."""

    document: Document
    passage: Passage
    text: str
    places: Sequence[int]
    bodies: Bodies

    def draft(self, duty: Duty, title: str | None, before: str, period: date | None) -> DraftTask:
        start, end = duty.start, duty.end
        if title is not None:
            start, end = _clause_with(self.text, duty.core, title)
        if number := _NUMBERING.match(self.text[start:end]):
            start += number.end()
        quote = self.text[start:end]
        sentence = _sentence_around(self.text, start, end)
        cadence = read_cadence(title or duty.when)
        basis = basis_of(self.document, sentence)
        if _is_told_as_done(duty.core) and self.document.genre is Genre.POLICY:
            basis = Basis.REPORTED_PRACTICE
        due = None if cadence.rule else self._due(duty, basis, period)
        first, last = self.places[start], self.places[end - 1] + 1
        return DraftTask(
            title=_title(title, None) if title else _title(quote, duty.core),
            quote=self.passage.text[first:last],
            locator=self.passage.locator,
            responsible=responsible_of(quote, sentence, before, self.bodies),
            kind=kind_of(quote, cadence, due),
            rrule=cadence.rule,
            due_on=due,
            basis=basis,
            evidence_types=evidence_types(title or quote),
            asks_for_time=cadence.is_vague and cadence.rule is None,
            start=self.passage.start + first,
            end=self.passage.start + last,
        )

    def _due(self, duty: Duty, basis: Basis, period: date | None) -> date | None:
        if basis is not Basis.REQUIREMENT:
            return read_due(duty.when, None)
        year = year_of(self.document)
        is_plan = self.document.genre is Genre.POLICY
        if (stated := read_due(duty.when, year, is_plan=is_plan)) is not None:
            return _not_before(self.document, stated)
        earlier = self.text[_sentence_start(self.text, duty.start) : duty.start]
        act = self.text[duty.start : duty.core.end]
        quote = self.text[duty.start : duty.end]
        return (
            read_period_end(earlier, year)
            or period
            or year_end_deliverable(self.document, act, quote)
        )


def _is_told_as_done(core: Clause) -> bool:
    """``开展了``: what has been done asks nobody for anything."""
    return bool(core.verb) and core.text[core.verb_at + len(core.verb) :].startswith("了")


def _not_before(document: Document, due: date) -> date:
    """A document without a year of its own that is issued in December means next January."""
    issued_on = document.issued_on
    if document.year is None and issued_on and (issued_on - due).days > _PAST_DAYS:
        return due.replace(year=due.year + 1, day=min(due.day, 28))
    return due


def _clause_with(text: str, core: Clause, item: str) -> tuple[int, int]:
    """The clause an item of a series stands in; of a long one the item and what is beside it."""
    if core.end - core.start <= MERGE_CHARS:
        return core.start, core.end
    at = text.index(item, core.start)
    return max(core.start, at - MERGE_CHARS // 4), min(core.end, at + len(item) + MERGE_CHARS // 4)


def _sentence_around(text: str, start: int, end: int) -> str:
    first = _sentence_start(text, start)
    ends = [at for mark in "。！？；\n" if (at := text.find(mark, end)) >= 0]
    return text[first : min(ends, default=len(text))]


def _sentence_start(text: str, position: int) -> int:
    return max(text.rfind(mark, 0, position) for mark in "。！？；\n") + 1


def _title(quote: str, core: Clause | None) -> str:
    """The core clause without numbering and adverbs, cut at a place where one can stop reading."""
    text = core.text[core.verb_at :] if core and core.verb else quote
    if core and (len(text) < _SHORTEST_TITLE or text.count("“") != text.count("”")):
        text = core.text
    text = _SERIES_TAIL.sub("", text) if core is None else text
    text = _ADVERBS.sub("", _NUMBERING.sub("", text.strip())).strip(" 、，,")
    if len(text) <= TITLE_CHARS:
        return text
    cut = max(text.rfind(mark, 8, TITLE_CHARS) for mark in "，,、和")
    return text[:cut] if cut > 0 else text[: TITLE_CHARS - 1] + "…"


def _without_repeats(drafts: list[DraftTask]) -> Iterator[DraftTask]:
    seen: set[str] = set()
    for draft in drafts:
        key = normalise(f"{draft.title}\n{draft.quote}")
        if key not in seen:
            seen.add(key)
            yield draft
