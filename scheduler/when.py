"""What a time expression can mean: one dataclass for each kind of answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from typing import ClassVar

from scheduler.recurrence import Due, Recurrence
from scheduler.school_calendar import Term, WorkdayCalendar

Json = dict[str, "str | int | bool | list[str] | Json"]


class Reason(StrEnum):
    """Why an expression is refused."""

    PAST = "past"
    NO_SUCH_DATE = "no_such_date"
    WEEKDAY_MISMATCH = "weekday_mismatch"
    CONTRADICTION = "contradiction"
    """下午 with 9 点 in the morning, 24:30 …"""
    END_BEFORE_START = "end_before_start"
    LUNAR = "lunar"
    NO_TERMS = "no_terms"
    """It names a term or a teaching week that is not configured."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A moment."""

    kind: ClassVar[str] = "instant"
    at: datetime

    def to_json(self, count: int = 3) -> Json:
        return {"kind": self.kind, "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day without a time of day."""

    kind: ClassVar[str] = "date"
    on: date

    def to_json(self, count: int = 3) -> Json:
        return {"kind": self.kind, "date": self.on.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """``at`` is 23:59:59 of the last day unless a time was said."""

    kind: ClassVar[str] = "deadline"
    at: datetime

    def to_json(self, count: int = 3) -> Json:
        return {"kind": self.kind, "deadline": self.at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From ``start`` to ``end``, both included; whole days run from 00:00:00 to 23:59:59."""

    kind: ClassVar[str] = "interval"
    start: datetime
    end: datetime

    def to_json(self, count: int = 3) -> Json:
        return {
            "kind": self.kind,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """A rule, with what is needed to list its due times after ``now``."""

    kind: ClassVar[str] = "recurrence"
    rule: Recurrence
    now: datetime = field(compare=False)
    calendar: WorkdayCalendar = field(compare=False, repr=False)
    terms: Sequence[Term] = field(compare=False, repr=False, default=())

    def first(self, count: int = 3) -> list[Due]:
        return list(islice(self.rule.occurrences(self.now, self.calendar, self.terms), count))

    def last(self) -> Due | None:
        """The last due time of a rule that ends."""
        if not self.rule.until and not self.rule.count:
            return None
        *_, last = (None, *self.rule.occurrences(self.now, self.calendar, self.terms))
        return last

    def to_json(self, count: int = 3) -> Json:
        has_clock = self.rule.clock is not None

        def shown(due: Due) -> str:
            return due.at.isoformat() if has_clock else due.at.date().isoformat()

        first = self.first(count)
        told: Json = {
            "kind": self.kind,
            "rrule": self.rule.rrule,
            "first": [shown(due) for due in first],
        }
        if last := self.last():
            told["last"] = shown(last)
        for name, value in (
            ("filter", self.rule.filter),
            ("shift", self.rule.shift),
            ("pick", self.rule.pick),
        ):
            if value:
                told[name] = str(value)
        if self.rule.is_deadline:
            told["is_deadline"] = True
        if provisional := [due for due in first if due.missing_year]:
            told["missing_year"] = int(provisional[0].missing_year or 0)
            told["provisional"] = [shown(due) for due in provisional]
        return told


Choice = Instant | Day | Deadline | Interval | Recurring


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """The person has to choose, or to write it in full."""

    kind: ClassVar[str] = "ambiguous"
    candidates: tuple[Choice, ...]

    def to_json(self, count: int = 3) -> Json:
        return {"kind": self.kind, "candidates": [_shown(choice) for choice in self.candidates]}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarUnknown:
    """It rests on the holidays of a year that is not published; ``provisional`` is the guess."""

    kind: ClassVar[str] = "calendar_unknown"
    missing_year: int
    provisional: Choice

    def to_json(self, count: int = 3) -> Json:
        return {
            "kind": self.kind,
            "missing_year": self.missing_year,
            "provisional": self.provisional.to_json(count),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTime:
    """No time was given, or only ``words`` that leave it open."""

    kind: ClassVar[str] = "no_time"
    words: str = ""

    def to_json(self, count: int = 3) -> Json:
        return {"kind": self.kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Refused; ``meant`` is what it would be where that can be said (a moment in the past)."""

    kind: ClassVar[str] = "reject"
    reason: Reason
    meant: Instant | Day | Deadline | Interval | None = None

    def to_json(self, count: int = 3) -> Json:
        told: Json = {"kind": self.kind, "reason": str(self.reason)}
        if self.meant:
            told |= {key: value for key, value in self.meant.to_json().items() if key != "kind"}
        return told


When = Choice | Ambiguous | CalendarUnknown | NoTime | Reject


def _shown(choice: Choice) -> str:
    match choice:
        case Instant(at=at) | Deadline(at=at) | Interval(start=at):
            return at.isoformat()
        case Day(on=on):
            return on.isoformat()
        case Recurring(rule=rule):
            return rule.rrule
