"""Papers that a text hands out by name (即A清单、B承诺书): each is to be signed or kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.clauses import Clause, ClauseRole
from knowledge.duties import Duty

_PAPER = r"(?:清单|承诺书|责任书|目标书|告知书|协议书|台账|任务书|一览表|登记表)"
_ITEM = rf"[^，,。；;：:、！？\n]{{2,30}}?{_PAPER}(?:[）)])?"
_LIST = re.compile(rf"(?:即|包括|包含|分别[是为])[：:]?(?P<items>{_ITEM}(?:[、和及]{_ITEM})+)")
_EACH = re.compile(_ITEM)


def papers_of(text: str) -> Iterator[Duty]:
    """One duty a paper; a single one is no list and belongs to its clause."""
    for listed in _LIST.finditer(text):
        start = listed.start("items")
        for item in _EACH.finditer(listed["items"]):
            words = item.group().lstrip("、和及")
            end = start + item.end()
            clause = Clause(start=end - len(words), end=end, text=words, role=ClauseRole.SPECIFIC)
            yield Duty(start=clause.start, end=clause.end, core=clause, when=words)
