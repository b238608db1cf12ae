"""A roll call as people see it, and what became of an answer to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.messages import Reply
from store.models_records import CheckIn


class Result(StrEnum):
    """What became of an answer."""

    DONE = "done"
    ALREADY = "already"
    CORRECTED = "corrected"
    PHOTO_ADDED = "photo_added"
    """To what was said before."""
    ASKED = "asked"
    """A late one waits for an officer's word."""
    CLOSED = "closed"
    TOO_EARLY = "too_early"
    COMING = "coming"
    """On the way; nothing is entered yet."""
    NOT_EXPECTED = "not_expected"
    NONE_OPEN = "none_open"
    WHICH = "which"
    CODE_MISSING = "code_missing"
    CODE_WRONG = "code_wrong"
    CODE_OLD = "code_old"
    CODE_TOO_OFTEN = "code_too_often"
    CODE_OTHER = "code_other"
    """Another roll call's."""
    REASON_MISSING = "reason_missing"
    UNKNOWN_NAMES = "unknown_names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Somebody on the roster of a roll call."""

    member_id: int
    name: str
    standing: CheckIn


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCallView:
    """A roll call as it stands."""

    id: int
    title: str
    type_name: str
    unit: str
    place: str
    starts_at: datetime
    closes_at: datetime
    opened_at: datetime
    is_open: bool
    needs_code: bool
    counts: Mapping[CheckIn, int]
    occurrence_id: int | None = None
    """Of the task it is held for."""
    lines: tuple[Line, ...] = ()
    """The roster, where it was asked for."""

    @property
    def expected(self) -> int:
        return sum(self.counts.values())

    @property
    def present(self) -> int:
        return self.number(CheckIn.PRESENT) + self.number(CheckIn.LATE)

    @property
    def missing(self) -> int:
        return self.number(CheckIn.MISSING) + self.number(CheckIn.ASKED)

    def number(self, standing: CheckIn) -> int:
        return self.counts.get(standing, 0)

    def moved(self, was: CheckIn, now: CheckIn) -> RollCallView:
        """The same after one answer, without counting anew."""
        counts = dict(self.counts)
        counts[was] = counts.get(was, 0) - 1
        counts[now] = counts.get(now, 0) + 1
        return replace(self, counts=counts)

    def names(self, *standings: CheckIn) -> list[str]:
        return [line.name for line in self.lines if line.standing in standings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """``names`` are those it was said for; ``choices`` those it may be about."""

    result: Result
    standing: CheckIn | None = None
    view: RollCallView | None = None
    names: tuple[str, ...] = ()
    choices: tuple[RollCallView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudged:
    """Whom a reminder went to, and who cannot be reached."""

    view: RollCallView
    told: tuple[str, ...]
    unreachable: tuple[str, ...]
    too_soon: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The sentences that deliveries carry; ``handlers.records.wording`` has them."""

    invitation: Callable[[RollCallView], Reply]
    nudge: Callable[[RollCallView], Reply]
    closed: Callable[[RollCallView], Reply]
    make_up: Callable[[RollCallView, Line, str], Reply]
    decided: Callable[[RollCallView, bool, str], Reply]
