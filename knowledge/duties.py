"""Clauses -> the separate duties they put on somebody.

A duty is one specific clause with the frame or general clause that leads to it, and what measures,
dates or documents it; goals are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.cadence import read_cadence
from knowledge.clauses import Clause, ClauseRole, clauses_of, sentences_of

MERGE_CHARS = 40
"""A clause that explains or continues a duty joins its quote only up to this length."""
LEAD_CHARS = 48
"""The same for what leads to it: the occasion, the field, and for when it is to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """``start``/``end`` span the quote; ``core`` is the clause that says what is done."""

    start: int
    end: int
    core: Clause
    when: str
    """The words that may say when: the core, what leads to it and what dates it."""


_CORES = frozenset({ClauseRole.SPECIFIC, ClauseRole.GENERAL, ClauseRole.OUTCOME})
_LAST_RESORTS = (ClauseRole.MEASURE, ClauseRole.VERBAL)
_PRACTICES = frozenset({ClauseRole.SPECIFIC, ClauseRole.FRAME, ClauseRole.OTHER})
_ACTS = re.compile(r"(?:通过|采取|以)(?:组织|开展|举办|建立|召开|实行)|运用|用好")
_DONE_BY = re.compile(
    r"(?:前|底|末|内|[0-9]月|[0-9]日)[^，]{0,6}?(?:(?:完成|到位|完工|竣工|到岗|拨付|公布|公示|投用|投入使用|办结|上线|启用)"
    r"[\u4e00-\u9fff]{0,2}|结束|上报|报送)$"
)
_COUNTS = re.compile(
    r"^(?:评选|评出|培训|表彰|奖励|组织|发放|覆盖|惠及|推选)[^，]{0,40}[0-9]{1,6}(?:万|余)?[个名所项家节份件人篇套支次期场]$"
)
_WRITTEN_UP = re.compile(
    r"^(?:[\u4e00-\u9fff]{2,5}处|并|及时|同步)?(?:做好|建立|完善|留存|形成|上传|撰写)[^，]{0,8}(?:记录|台账|台帐|档案|[一1]档|资料|影像)$"
)
_MONTH = re.compile("[0-9]月")
_CONDITION = re.compile(r"的$|追究|取消|从严|严肃处理|一票否决|问责")


def duties_of(text: str, *, is_report: bool = False) -> Iterator[Duty]:
    """The duties of a passage in reading order; spans never overlap.

    Args:
        text: A passage.
        is_report: It tells what others did: a thing and what follows from it are one practice,
            and fields and outcomes are none.
    """
    for offset, sentence in sentences_of(text):
        clauses = clauses_of(sentence, offset)
        duties = _of_sentence(clauses, is_report=is_report)
        yield from (duty for duty in duties if not is_report or duty.core.role in _PRACTICES)


def _of_sentence(clauses: Sequence[Clause], *, is_report: bool) -> Iterator[Duty]:
    lead: list[Clause] = []
    duty: _Growing | None = None
    for clause in clauses:
        if duty is None:
            if clause.role in _CORES:
                duty = _Growing(lead, clause)
            else:
                lead.append(clause)
            continue
        if duty.takes(clause, is_report=is_report):
            continue
        if clause.role not in _CORES:
            continue
        if duty.core.role is ClauseRole.SPECIFIC or clause.end - duty.start > MERGE_CHARS:
            yield duty.grown()
            lead = []
        else:
            lead = [*lead, duty.core]
        duty = _Growing(lead, clause)
    if duty is not None:
        yield duty.grown()
    else:
        yield from _without_core(clauses, is_report=is_report)


class _Growing:
    """A duty while the clauses behind its core are read."""

    def __init__(self, lead: Sequence[Clause], core: Clause) -> None:
        self.core = core
        self.start = _start(lead, core)
        self.end = core.end
        kept = [clause.text for clause in lead if clause.start >= self.start]
        dates = [clause.text for clause in lead if clause.is_timed and clause.text not in kept]
        self._when = [*dates, *kept, core.text]

    def takes(self, clause: Clause, *, is_report: bool) -> bool:
        """Join what belongs to the duty; False for what begins another or is left out."""
        if _DONE_BY.search(clause.text) and clause.is_timed and not self._is_due():
            self._when.append(clause.text)
            if clause.end - self.start <= max(LEAD_CHARS, 2 * (self.end - self.start)):
                self.end = clause.end
            return True
        if self.core.is_timed and not clause.verb and _MONTH.search(clause.text):
            self._when.append(clause.text)
            self.end = clause.end
            return True
        is_part = any(
            (
                _COUNTS.match(clause.text),
                _WRITTEN_UP.match(clause.text),
                clause.text.startswith("并") and clause.text.endswith(clause.verb),
            )
        )
        is_own = clause.is_timed or (clause.role is ClauseRole.SPECIFIC and not is_part)
        if is_own and (not is_report or clause.is_timed):
            return False
        if clause.end - self.start > MERGE_CHARS:
            return is_part
        self.end = clause.end
        return True

    def _is_due(self) -> bool:
        return len(self._when) > 1 and _DONE_BY.search(self._when[-1]) is not None

    def grown(self) -> Duty:
        return Duty(start=self.start, end=self.end, core=self.core, when="，".join(self._when))


def _without_core(clauses: Sequence[Clause], *, is_report: bool) -> Iterator[Duty]:
    """A sentence without a core still asks for what its frame does, or for what comes back."""
    acting = next((clause for clause in clauses if _ACTS.search(clause.text)), None)
    if acting is None and read_cadence("".join(clause.text for clause in clauses)).rule:
        acting = clauses[0]
    if acting is None and not is_report:
        acting = _last_resort(clauses)
    if acting is None:
        return
    reach = [one for one in clauses if one.start >= acting.start]
    end = acting.end
    for clause in reach[1:]:
        if clause.end - acting.start <= LEAD_CHARS + len(acting.text):
            end = clause.end
    lead = [one for one in clauses if one.start < acting.start and one.is_timed]
    when = "，".join(one.text for one in [*lead, *reach] if one.end <= end)
    yield Duty(start=acting.start, end=end, core=acting, when=when)


def _last_resort(clauses: Sequence[Clause]) -> Clause | None:
    if any(_CONDITION.search(clause.text) for clause in clauses):
        return None
    for role in _LAST_RESORTS:
        if found := next((clause for clause in clauses if clause.role is role), None):
            return found
    return next((clause for clause in clauses if clause.is_timed), None)


def _start(lead: Sequence[Clause], core: Clause) -> int:
    """Where the quote begins: the nearest leads stay as long as it is short."""
    start = core.start
    for clause in reversed(lead):
        limit = LEAD_CHARS if clause.role is ClauseRole.FRAME else MERGE_CHARS
        if clause.role is ClauseRole.GOAL or core.end - clause.start > limit:
            break
        start = clause.start
    return start
