"""Cut found passages into sentences and clauses that remember where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from knowledge.model import Hit, PassageKind

_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]*[”’』」）)]*")
_NUMBERED = re.compile(r"[（(]?[0-9一二三四五六七八九十]+(?:[.．、）)]|是(?!指))[^，,：:]*[。.]?$")
HEADING_CHARS = 26
_ROW = re.compile(r"[^\n]+")
_CLAUSE = re.compile(r"[^，,。！？!?；;：:\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """``start`` and ``end`` are offsets into the document's text."""

    hit: Hit
    rank: int
    """Place of its passage among the hits, from 0."""
    number: int
    """Place within its passage, from 0."""
    start: int
    end: int
    text: str
    before: str
    """The sentence before it in the passage; "" for the first."""
    heading: str = ""
    """The heading its item opens with (``3.开足劳动课程。``)."""

    @property
    def context(self) -> str:
        """What a reader has in mind when reading it: title, headings, the sentence before."""
        passage = self.hit.passage
        return "\n".join((self.hit.document.title, *passage.path, self.heading, self.before))


def sentences_of(hits: Iterable[Hit]) -> Iterator[Sentence]:
    """All sentences of all hits, best hit first, each in reading order."""
    for rank, hit in enumerate(hits):
        passage = hit.passage
        before = heading = ""
        pattern = _ROW if passage.kind is PassageKind.ROW else _SENTENCE
        for number, match in enumerate(pattern.finditer(passage.text)):
            text = match.group().strip()
            if not text:
                continue
            if number == 0 and _is_heading(text) and len(text) < len(passage.text.strip()):
                heading = text
                continue
            start = passage.start + match.start() + len(match.group()) - len(match.group().lstrip())
            yield Sentence(
                hit=hit,
                rank=rank,
                number=number,
                start=start,
                end=start + len(text),
                text=text,
                before=before,
                heading=heading,
            )
            before = text


def _is_heading(text: str) -> bool:
    return len(text) <= HEADING_CHARS and _NUMBERED.match(text) is not None


def clause_spans(text: str) -> list[tuple[int, int]]:
    """Spans of the pieces between commas, colons and stops."""
    return [match.span() for match in _CLAUSE.finditer(text)]
