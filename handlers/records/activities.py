"""Which activities a text tells of, and which stretch of it each of them owns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from handlers.records import telling
from handlers.records.event_time import Moment
from handlers.records.numbers import read_counts
from handlers.records.types import Ask, Mention, RecordType, RecordTypes
from handlers.records.unit_words import SaidUnit

_NEXT = re.compile(
    "然后|接着|紧接着|随后|之后|会后|另外|此外|同时|还(?!有)|又|再(?!次)|完后|结束后"
)
_JOINED = re.compile("(?:了|并|以及|[一两二三]?[次场个堂])*[和及与、](?:一[次场个堂])?(?:了)?")
_CLAUSE = re.compile("[，。；！!\n]")
_TITLED = re.compile('(?:暨|[+＋]|[“”"（(])*')


@dataclass(slots=True, kw_only=True)
class Activity:
    """``types`` are several where one breath names them: 支委会和党小组会."""

    start: int
    end: int
    types: list[RecordType]
    words: list[tuple[int, int]] = field(default_factory=list)
    is_hint: bool = False


def find_activities(
    quiet: str,
    text: str,
    types: RecordTypes,
    moments: Sequence[Moment],
    units: Sequence[SaidUnit],
) -> list[Activity]:
    """In order; every character belongs to one, what stands before the first to the first."""
    mentions = [one for one in types.mentions(quiet) if _counts(quiet, one)]
    if not mentions:
        mentions = [one for one in types.mentions(text) if _counts(text, one)]
    groups: list[list[Mention]] = []
    joined: list[list[RecordType]] = []
    starts: list[int] = []
    for mention in mentions:
        if not groups:
            groups.append([mention])
            joined.append([])
            starts.append(0)
            continue
        last = groups[-1][-1]
        gap = quiet[last.end : mention.start]
        is_strong = not (mention.is_hint or all(one.is_hint for one in groups[-1]))
        if is_strong and _JOINED.fullmatch(gap):
            joined[-1].append(mention.type)
            groups[-1].append(mention)
            continue
        begins = _begins(quiet, groups[-1], mention, moments, units)
        if begins is None:
            groups[-1].append(mention)
        else:
            groups.append([mention])
            joined.append([])
            starts.append(begins)
    ends = [*starts[1:], len(quiet)][: len(groups)]
    return [
        _activity(start, end, group, also)
        for start, end, group, also in zip(starts, ends, groups, joined, strict=True)
    ]


def _activity(
    start: int, end: int, group: Sequence[Mention], also: Sequence[RecordType]
) -> Activity:
    main = min(group, key=_rank)
    others = [one for one in also if one is not main.type or len(also) > 0]
    kinds = [main.type, *others] if main is group[0] else [main.type]
    words = [(main.start, main.end), *((one.start, one.end) for one in group if one is not main)]
    return Activity(start=start, end=end, types=kinds, words=words, is_hint=main.is_hint)


def _rank(mention: Mention) -> tuple[bool, bool]:
    """A meeting with a roll goes before what is done in it, a name before a hint."""
    return mention.is_hint, Ask.EXPECTED not in mention.type.asks


def _counts(text: str, mention: Mention) -> bool:
    is_paper = not {Ask.PRESENT, Ask.WHO} & set(mention.type.asks)
    if telling.is_before_it(text, mention.end) or telling.is_excuse(text, mention.end):
        return False
    return is_paper or not telling.is_only_about(text, mention.end)


def _begins(
    quiet: str,
    group: Sequence[Mention],
    mention: Mention,
    moments: Sequence[Moment],
    units: Sequence[SaidUnit],
) -> int | None:
    """Where the activity that ``mention`` names begins; None if it is part of the one before."""
    last = group[-1]
    low, high = last.end, mention.start
    times = [one.start for one in moments if low <= one.start < high]
    times = [at for at in times if _is_after_clause(quiet, low, at)]
    if times:
        acting = [one.start for one in units if low <= one.start < times[0]]
        acting = [at for at in acting if _is_after_clause(quiet, low, at)]
        return next((at for at in acting if not _CLAUSE.search(quiet, at, times[0])), times[0])
    if mention.is_hint:
        return None
    is_same = mention.type is group[0].type
    acting = [one.start for one in units if low <= one.start < high]
    acting = [at for at in acting if _is_after_clause(quiet, low, at)]
    if acting:
        return acting[0]
    if (following := _NEXT.search(quiet, low, high)) and not _TITLED.fullmatch(quiet, low, high):
        return following.start()
    clause = max((match.end() for match in _CLAUSE.finditer(quiet, low, high)), default=low)
    is_counted = read_counts(quiet[low:high]).has_any
    is_counted_again = read_counts(quiet[mention.end :]).has_any
    if clause > low and is_counted and is_counted_again and (not is_same or high - clause <= 4):
        return clause
    return None


def _is_after_clause(quiet: str, low: int, at: int) -> bool:
    """A time in the clause of the mention before belongs to it: 主题党日下午3点开始."""
    return bool(_CLAUSE.search(quiet, low, at)) or bool(_NEXT.search(quiet, low, at))
