"""A question for a list whose items are passages of their own: the section is the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.asked import Part, Want
from knowledge.facts import FactKind, facts_in
from knowledge.model import Citation, Document, Hit, Passage
from knowledge.overlap import Overlap

MAX_SECTION_CHARS = 900
LEAST_ITEMS = 2
HEADING_COVERAGE = 0.5
_FIRST_SENTENCE = re.compile(r"[^。；\n]{2,60}")


def asks_for_list(parts: Sequence[Part]) -> bool:
    """Whether any part wants several things named."""
    return any(part.want in {Want.LIST, Want.NAMES} for part in parts)


def is_list_itself(text: str) -> bool:
    """Whether a sentence enumerates things, so that no section is needed."""
    return any(fact.kind is FactKind.SERIES and len(fact.items) > 1 for fact in facts_in(text))


def section_of_items(
    hits: Sequence[Hit], focus: Overlap
) -> tuple[Document, tuple[Passage, ...]] | None:
    """The passages under the heading that is what the question asks about, if there is one.

    Args:
        hits: Best first; at least two of the section's passages have to be among them.
        focus: Weights of what is asked.
    """
    found: dict[tuple[str, tuple[str, ...]], int] = {}
    for hit in hits:
        if hit.passage.path:
            key = (hit.document.id, hit.passage.path)
            found[key] = found.get(key, 0) + 1
    for hit in hits:
        key = (hit.document.id, hit.passage.path)
        if found.get(key, 0) < LEAST_ITEMS:
            continue
        heading = hit.passage.path[-1]
        if focus.coverage(heading, hit.document.title, 0.5) < HEADING_COVERAGE:
            continue
        items = tuple(p for p in hit.document.passages if p.path == hit.passage.path)
        if items[-1].end - items[0].start <= MAX_SECTION_CHARS:
            return hit.document, items
    return None


def lines_of(items: Sequence[Passage]) -> str:
    """Each item by its own first words, in reading order."""
    firsts = (_FIRST_SENTENCE.search(item.text) for item in items)
    return "；".join(match.group().strip() for match in firsts if match) + "。"


def citation_of(document: Document, items: Sequence[Passage]) -> Citation:
    """The whole section, from its first item to its last."""
    start, end = items[0].start, items[-1].end
    locator = items[0].locator
    if len(items) > 1:
        locator = f"{items[0].locator}至{items[-1].locator}"
    return Citation(
        document_id=document.id,
        document=document.title,
        file=document.file,
        locator=locator,
        quote=document.text[start:end],
        start=start,
        end=end,
    )
