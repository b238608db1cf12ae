"""How a unit stands on a tree: every score knows what it was counted from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Way(StrEnum):
    """How an indicator gets its score."""

    COUNTED = "counted"
    RATED = "rated"
    SUMMED = "summed"
    """From what stands below it."""
    UNSCORED = "unscored"
    """The sheet prints no score for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorRow:
    """One node. Scores are hundredths; ``score`` is None where there is nothing to give one."""

    id: int
    level: int
    title: str
    criterion: str
    way: Way
    full: int | None
    score: int | None
    type_name: str = ""
    target: int | None = None
    count: int | None = None
    """Records of the type, where it names one."""
    record_ids: tuple[int, ...] = ()

    @property
    def is_missing(self) -> bool:
        """Whether it has to be filled and is not; a missing one is no zero."""
        return self.way in (Way.COUNTED, Way.RATED) and self.score is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A unit on a tree."""

    tree: str
    unit_id: int
    unit: str
    first: date
    last: date
    made_at: datetime
    rows: tuple[IndicatorRow, ...]

    @property
    def filled(self) -> tuple[IndicatorRow, ...]:
        return tuple(one for one in self.rows if one.way in (Way.COUNTED, Way.RATED))

    @property
    def missing(self) -> tuple[IndicatorRow, ...]:
        return tuple(one for one in self.filled if one.is_missing)

    @property
    def has_none(self) -> bool:
        """Whether nothing has a result yet: that is no nought either."""
        return len(self.missing) == len(self.filled)

    @property
    def total(self) -> int:
        return sum(one.score or 0 for one in self.filled)

    @property
    def full(self) -> int:
        return sum(one.full or 0 for one in self.filled)

    @property
    def full_of_filled(self) -> int:
        """What could have been got where there is a score at all."""
        return sum(one.full or 0 for one in self.filled if one.score is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeView:
    """A tree that can be looked at; ``levels`` are counted from the top: 6, 20, 70."""

    name: str
    unit: str
    first: date
    last: date
    levels: tuple[int, ...]
    full: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a sheet would become; with ``errors`` it becomes nothing."""

    name: str
    first: date
    last: date
    levels: tuple[int, ...]
    full: int
    counted: int
    unscored: int
    replaces: bool
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingView:
    """What was given, by whom, when."""

    score: int
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorView:
    """One indicator of a unit with everything behind it."""

    tree: str
    unit: str
    row: IndicatorRow
    above: tuple[str, ...]
    ratings: tuple[RatingView, ...]
