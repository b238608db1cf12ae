"""A window of forms as people see it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from handlers.records.form_parties import Asked
from handlers.records.form_state import listed
from handlers.records.types import FieldKind, RecordType


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowView:
    """Times are local."""

    id: int
    type: RecordType | None
    title: str
    unit: str
    opens_at: datetime
    closes_at: datetime
    is_open: bool
    is_closed: bool
    menu: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What one of those who are asked has handed in, as it stands now."""

    record_id: int
    name: str
    key: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """``hides``: not even how many may be known by their numbers; ``anonymous``: no names."""

    view: WindowView
    asked: tuple[Asked, ...]
    handed: tuple[Handed, ...]
    hides: bool
    anonymous: bool

    @property
    def missing(self) -> tuple[Asked, ...]:
        """Who is asked and has handed in nothing."""
        keys = {one.key for one in self.handed}
        return tuple(one for one in self.asked if one.key not in keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Votes by whom they are about: how often each answer, and what was remarked."""

    view: WindowView
    counts: Mapping[str, Mapping[str, Mapping[str, int]]]
    """By person, then by the name of the question, then by answer."""
    remarks: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, view: WindowView, type_: RecordType, votes: Sequence[Mapping[str, object]]) -> Self:
        """Answers nobody gave are there with a zero; remarks come sorted, not as they came."""
        asked = [one for one in type_.fields if one.kind is FieldKind.CHOICE]
        told = [
            one.id
            for one in type_.fields
            if one.kind is FieldKind.TEXT and one.id != type_.votes_on
        ]
        by_person: dict[str, list[Mapping[str, object]]] = {}
        for vote in votes:
            about = "、".join(map(str, listed(vote.get(type_.votes_on))))
            by_person.setdefault(about, []).append(vote)
        counts, remarks = {}, {}
        for about, own in sorted(by_person.items()):
            counts[about] = {
                one.name: {
                    choice: Counter(vote.get(one.id) for vote in own)[choice]
                    for choice in one.choices
                }
                for one in asked
            }
            remarks[about] = sorted(
                str(vote[name]) for vote in own for name in told if vote.get(name)
            )
        return cls(view=view, counts=counts, remarks=remarks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A made archive, and what is in it."""

    name: str
    content: bytes
    records: int
    files: int
    missing: tuple[str, ...]
