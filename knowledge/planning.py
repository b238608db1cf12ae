"""Document -> draft tasks: what it asks for, each with the clause it quotes. Nothing is confirmed.

Rows of a 责任清单 are a task each; prose is read duty by duty (:mod:`knowledge.duties`). A date or an
interval is taken only where the text prints it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.cadence import Cadence, read_cadence, read_due
from knowledge.duties import MERGE_CHARS, Clause, Duty, duties_of
from knowledge.evidence import evidence_types, found_types, is_activity_of_its_own
from knowledge.kinds import basis_of, kind_of, year_end_deliverable
from knowledge.model import Basis, Document, DraftTask, Genre, Passage, PassageKind
from knowledge.responsible import Bodies, responsible_of
from knowledge.rows import draft_of_row
from knowledge.segmentation import normalise

TITLE_CHARS = 30
_PREAMBLE = re.compile(r"^(?:导语|前言|总体要求|指导思想|总体目标|工作目标|基本原则)")
_NUMBERING = re.compile(
    r"^[\s（(]*(?:[一二三四五六七八九十]+[、.．）)]|[0-9]+[.．、）)]|[一二三四五六七八九十]是|第[^条]{1,5}条|[①-⑳])\s*"
)
_ADVERBS = re.compile(
    r"^(?:同时|并|要|应当?|须|必须|将|继续|持续|进一步|大力|积极|主动|认真|切实|扎实|深入|全面|不断|着力|全力|同步|先后|"
    r"坚决|牢牢|努力|逐步|稳步|有序|严肃(?=查处))+"
)
_SERIES_TAIL = re.compile(r"等[^、，。]{0,12}$")
_NAMED = re.compile(
    r"“[^“”]+”.*(?:宣讲|活动|行动|工程|比赛|评选|培训|论坛|讲堂|课堂|课)(?:等.{0,6})?$"
)


def draft_tasks(document: Document) -> tuple[DraftTask, ...]:
    """Every duty once, in reading order."""
    bodies = Bodies.of(document)
    drafts: list[DraftTask] = []
    for passage in document.passages:
        if passage.kind is PassageKind.ROW:
            drafts += draft_of_row(document, passage)
        elif not _is_preamble(document, passage):
            drafts += _of_prose(document, passage, bodies)
    return tuple(_without_repeats(drafts))


def _is_preamble(document: Document, passage: Passage) -> bool:
    if document.genre is not Genre.POLICY or not document.outline:
        return False
    return bool(_PREAMBLE.match(passage.locator) or any(map(_is_preamble_heading, passage.path)))


def _is_preamble_heading(heading: str) -> bool:
    return bool(_PREAMBLE.match(_NUMBERING.sub("", heading)))


def _of_prose(document: Document, passage: Passage, bodies: Bodies) -> Iterator[DraftTask]:
    headings = {normalise(section.heading) for section in document.outline}
    before = ""
    is_report = document.genre is not Genre.POLICY
    for duty in duties_of(passage.text, is_report=is_report):
        quote = passage.text[duty.start : duty.end]
        if normalise(_NUMBERING.sub("", quote)) in headings:
            continue
        if is_report and not _is_worth_copying(document, quote):
            continue
        for title in _held_apart(passage.text, duty) or (None,):
            yield _draft(document, passage, duty, title, bodies, before)
        before = quote


def _is_worth_copying(document: Document, quote: str) -> bool:
    """A report tells much; a practice is what leaves a record of its own."""
    return bool(found_types(quote)) or basis_of(document, quote) is Basis.REQUIREMENT


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


def _draft(
    document: Document,
    passage: Passage,
    duty: Duty,
    title: str | None,
    bodies: Bodies,
    before: str,
) -> DraftTask:
    start, end = duty.start, duty.end
    if title is not None:
        start, end = _clause_with(passage.text, duty.core, title)
    quote = passage.text[start:end]
    sentence = _sentence_around(passage.text, start, end)
    cadence = read_cadence(title or quote)
    basis = basis_of(document, sentence)
    due = None if cadence.rule else read_due(quote, document.year)
    if due is None and not cadence.rule and basis is Basis.REQUIREMENT:
        due = year_end_deliverable(document, quote)
    return DraftTask(
        title=_title(title, None) if title else _title(quote, duty.core),
        quote=quote,
        locator=passage.locator,
        responsible=responsible_of(quote, sentence, before, bodies),
        kind=kind_of(quote, cadence, due),
        rrule=cadence.rule,
        due_on=due,
        basis=basis,
        evidence_types=evidence_types(title or quote),
        asks_for_time=_asks_for_time(cadence),
        start=passage.start + start,
        end=passage.start + end,
    )


def _clause_with(text: str, core: Clause, item: str) -> tuple[int, int]:
    """The clause an item of a series stands in; of a long one the item and what is beside it."""
    if core.end - core.start <= MERGE_CHARS:
        return core.start, core.end
    at = text.index(item, core.start)
    return max(core.start, at - MERGE_CHARS // 4), min(core.end, at + len(item) + MERGE_CHARS // 4)


def _asks_for_time(cadence: Cadence) -> bool:
    return cadence.is_vague and cadence.rule is None


def _sentence_around(text: str, start: int, end: int) -> str:
    first = max(text.rfind(mark, 0, start) for mark in "。！？；\n") + 1
    ends = [at for mark in "。！？；\n" if (at := text.find(mark, end)) >= 0]
    return text[first : min(ends, default=len(text))]


def _title(quote: str, core: Clause | None) -> str:
    """The core clause without numbering and adverbs, cut at a place where one can stop reading."""
    text = core.text[core.verb_at :] if core and core.verb else quote
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
