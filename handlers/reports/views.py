"""A report as data: every number knows the records behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from handlers.reports.period import Period
from store.models_records import RecordKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRow:
    """What was done of one type; ``people`` are those who took part, each once."""

    type_id: str
    name: str
    group: str
    activities: int
    forms: int
    attendances: int
    people: int
    record_ids: tuple[int, ...]
    months: tuple[int, ...] = ()
    """Activities and forms month by month, in a period of several months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """One unit's own. ``expected`` and ``present`` are summed over its roll calls."""

    unit_id: int
    name: str
    members: int
    activities: int
    forms: int
    expected: int
    present: int
    trained: int
    """Members who took part in anything."""
    done: int
    due: int
    record_ids: tuple[int, ...]

    @property
    def attendance(self) -> float | None:
        return self.present / self.expected if self.expected else None

    @property
    def coverage(self) -> float | None:
        return self.trained / self.members if self.members else None

    @property
    def completion(self) -> float | None:
        return self.done / self.due if self.due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task's due times in the period, and the clause that it fulfils."""

    task_id: int
    title: str
    document_id: str | None
    document: str
    locator: str
    quote: str
    due: int
    done: int
    late: int
    """Done after their time, or not done and over it."""
    record_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPerson:
    """A member who took part in nothing."""

    member_id: int
    name: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One record that the numbers are counted from."""

    id: int
    on: date
    kind: RecordKind
    type_name: str
    unit: str
    member: str
    fields: Mapping[str, object]
    entered_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the type calls its fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one unit with all below it did in a period."""

    unit: str
    period: Period
    made_at: datetime
    types: tuple[TypeRow, ...]
    units: tuple[UnitRow, ...]
    tasks: tuple[TaskRow, ...]
    missing: tuple[MissingPerson, ...]
    records: tuple[RecordRow, ...]
    idle_types: tuple[str, ...] = ()
    """Names of types that tasks ask for and that have no record."""
    is_ranked: bool = False
    """Whether units are shown in an order of merit, too."""

    @property
    def members(self) -> int:
        return sum(row.members for row in self.units)

    @property
    def activities(self) -> int:
        return sum(row.activities for row in self.units)

    @property
    def forms(self) -> int:
        return sum(row.forms for row in self.units)

    @property
    def trained(self) -> int:
        return self.members - len(self.missing)

    @property
    def due(self) -> int:
        return sum(row.due for row in self.tasks)

    @property
    def done(self) -> int:
        return sum(row.done for row in self.tasks)
