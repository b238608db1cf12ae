"""Counts a report from the store, within one view of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from handlers.records.types import RecordTypes
from handlers.reports.period import Period
from handlers.reports.views import MissingPerson, RecordRow, Report, TaskRow, TypeRow, UnitRow
from store import people, records
from store.models import Member, Membership, Unit
from store.models_records import CheckIn, Record, RecordKind
from store.models_tasks import Assignment, Occurrence, OccurrenceState, Task
from store.records import Wanted

_THERE = (CheckIn.PRESENT.value, CheckIn.LATE.value)


def count(
    session: Session,
    unit: Unit,
    period: Period,
    types: RecordTypes,
    *,
    now: datetime,
    zone: ZoneInfo,
    type_ids: Collection[str] | None = None,
    is_ranked: bool = False,
) -> Report:
    """Everything but what is confidential."""
    below = people.with_all_below(session, [unit.id])
    units = [one for one in people.units(session) if one.id in below]
    rows = records.find(
        session,
        Wanted(types=type_ids, unit_ids=below, first_day=period.first, last_day=period.last),
    )
    homes = _homes(session, below)
    names = {one.id: one.name for one in session.scalars(select(Member))}
    took_part = who_took_part(rows, homes, names)
    trained = frozenset[int]().union(*took_part.values())
    tasks, by_unit = _tasks(session, below, homes, period, zone, now)
    shown = {one.id: one.name for one in units}
    by_place: dict[int, list[Record]] = defaultdict(list)
    for row in rows:
        by_place[row.unit_id or 0].append(row)
    return Report(
        unit=unit.name,
        period=period,
        made_at=now.astimezone(zone),
        types=tuple(_types(rows, took_part, types, period)),
        units=tuple(_unit(one, by_place.get(one.id, ()), homes, trained, by_unit) for one in units),
        tasks=tuple(tasks),
        missing=tuple(
            MissingPerson(member_id=id, name=names[id], unit=shown[home])
            for id, home in homes.items()
            if id not in trained
        ),
        records=tuple(record_row(one, types, shown, names) for one in rows),
        idle_types=_idle(session, below, rows, types),
        is_ranked=is_ranked,
    )


def _homes(session: Session, below: Collection[int]) -> dict[int, int]:
    """Active members, each counted in the first of their units here."""
    found = session.execute(
        select(Membership.member_id, Membership.unit_id)
        .join(Member, Member.id == Membership.member_id)
        .where(Membership.unit_id.in_(below), Member.is_active)
        .order_by(Membership.member_id, Membership.unit_id.desc())
    )
    homes: dict[int, int] = {}
    for member_id, unit_id in found:
        homes.setdefault(member_id, unit_id)
    return homes


def who_took_part(
    rows: Sequence[Record], homes: Mapping[int, int], names: Mapping[int, str]
) -> dict[int, set[int]]:
    """By record, the members who were there: signed in, handed in, or named as taking part.

    A name that several members have stands for none of them. Where as many were expected as the
    unit has, and all who stayed away are named, the others were there.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    by_unit: dict[int, set[int]] = defaultdict(set)
    for member_id, unit_id in homes.items():
        by_name[names[member_id]].append(member_id)
        by_unit[unit_id].add(member_id)
    found: dict[int, set[int]] = {}
    for row in rows:
        there: set[int] = set()
        is_there = row.kind != RecordKind.CHECK_IN or row.fields.get("standing") in _THERE
        if row.member_id in homes and is_there and row.member_id is not None:
            there.add(row.member_id)
        if row.kind == RecordKind.ACTIVITY:
            named = row.fields.get("who")
            for name in named if isinstance(named, list) else ():
                if len(by_name.get(str(name), ())) == 1:
                    there.add(by_name[str(name)][0])
            there |= _all_but_the_absent(row, by_unit.get(row.unit_id or 0, set()), names)
        found[row.id] = there
    return found


def _all_but_the_absent(row: Record, here: set[int], names: Mapping[int, str]) -> set[int]:
    """Nobody where the figures and the names do not add up to the whole unit."""
    away: set[int] = set()
    said = 0
    for field in ("on_leave", "absent"):
        listed = row.fields.get(field)
        for name in listed if isinstance(listed, list) else ():
            said += 1
            away |= {one for one in here if names[one] == name}
    expected, present = row.fields.get("expected"), row.fields.get("present")
    is_whole = expected == len(here) and present == len(here) - said
    return here - away if here and is_whole and len(away) == said else set()


def _types(
    rows: Sequence[Record],
    took_part: Mapping[int, set[int]],
    types: RecordTypes,
    period: Period,
) -> list[TypeRow]:
    by_type: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        by_type[row.type].append(row)
    order = {one.id: n for n, one in enumerate(types)}
    found = []
    for type_id in sorted(by_type, key=lambda one: order.get(one, len(order))):
        own = by_type[type_id]
        type_ = types.get(type_id)
        there = [took_part[one.id] for one in own if one.kind == RecordKind.CHECK_IN]
        found.append(
            TypeRow(
                type_id=type_id,
                name=type_.name if type_ else "其他签到",
                group=type_.group if type_ else "其他",
                activities=_number(own, RecordKind.ACTIVITY),
                forms=_number(own, RecordKind.FORM),
                attendances=sum(map(len, there)),
                people=len(set().union(*(took_part[one.id] for one in own))),
                record_ids=tuple(one.id for one in own),
                months=_months(own, period),
            )
        )
    return found


def _unit(
    unit: Unit,
    own: Sequence[Record],
    homes: Mapping[int, int],
    trained: Collection[int],
    tasks: Mapping[int, tuple[int, int]],
) -> UnitRow:
    here = {member_id for member_id, home in homes.items() if home == unit.id}
    done, due = tasks.get(unit.id, (0, 0))
    return UnitRow(
        unit_id=unit.id,
        name=unit.name,
        members=len(here),
        activities=_number(own, RecordKind.ACTIVITY),
        forms=_number(own, RecordKind.FORM),
        expected=_sum(own, "expected"),
        present=_sum(own, "present"),
        trained=len(here.intersection(trained)),
        done=done,
        due=due,
        record_ids=tuple(one.id for one in own),
    )


def _sum(rows: Sequence[Record], field: str) -> int:
    """Over activities that print both figures: a rate of one without the other means nothing."""
    total = 0
    for row in rows:
        expected, present = row.fields.get("expected"), row.fields.get("present")
        if (
            row.kind == RecordKind.ACTIVITY
            and isinstance(expected, int)
            and isinstance(present, int)
        ):
            value = row.fields[field]
            total += value if isinstance(value, int) else 0
    return total


def _number(rows: Sequence[Record], kind: RecordKind) -> int:
    return sum(one.kind == kind for one in rows)


def _tasks(
    session: Session,
    below: Collection[int],
    homes: Mapping[int, int],
    period: Period,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[list[TaskRow], dict[int, tuple[int, int]]]:
    """Tasks with a due time in the period; and done and due by unit."""
    since = datetime.combine(period.first, time(), zone).astimezone(UTC)
    until = datetime.combine(period.last + timedelta(days=1), time(), zone).astimezone(UTC)
    found = session.execute(
        select(Occurrence, Assignment, Task)
        .join(Assignment, Assignment.id == Occurrence.assignment_id)
        .join(Task, Task.id == Occurrence.task_id)
        .where(
            Occurrence.due_at >= since,
            Occurrence.due_at < until,
            Occurrence.state != OccurrenceState.CANCELLED,
            or_(Assignment.unit_id.in_(below), Assignment.member_id.in_(list(homes))),
        )
        .order_by(Task.id, Occurrence.due_at)
    ).all()
    proofs: dict[int, list[int]] = defaultdict(list)
    ids = [occurrence.id for occurrence, _, _ in found]
    for record in records.find(session, Wanted(occurrence_ids=ids)):
        if record.occurrence_id is not None:
            proofs[record.occurrence_id].append(record.id)
    by_task: dict[int, list[Occurrence]] = defaultdict(list)
    tasks: dict[int, Task] = {}
    by_unit: dict[int, tuple[int, int]] = {}
    for occurrence, assignment, task in found:
        by_task[task.id].append(occurrence)
        tasks[task.id] = task
        unit_id = assignment.unit_id or homes.get(assignment.member_id or 0)
        if unit_id is not None:
            done, due = by_unit.get(unit_id, (0, 0))
            is_done = occurrence.state == OccurrenceState.DONE
            by_unit[unit_id] = (done + is_done, due + 1)
    return [_task(tasks[id], own, proofs, now) for id, own in by_task.items()], by_unit


def _task(
    task: Task, own: Sequence[Occurrence], proofs: Mapping[int, Sequence[int]], now: datetime
) -> TaskRow:
    done = [one for one in own if one.state == OccurrenceState.DONE]
    late = [one for one in own if one not in done and one.due_at < now]
    return TaskRow(
        task_id=task.id,
        title=task.title,
        document_id=task.document_id,
        document=task.document_title,
        locator=task.locator,
        quote=task.quote,
        due=len(own),
        done=len(done),
        late=len(late) + sum(one.done_at is not None and one.done_at > one.due_at for one in done),
        record_ids=tuple(id for one in own for id in proofs.get(one.id, ())),
    )


def record_row(
    record: Record, types: RecordTypes, units: Mapping[int, str], names: Mapping[int, str]
) -> RecordRow:
    """One record as people read it."""
    type_ = types.get(record.type)
    is_anonymous = type_ is not None and type_.is_anonymous(record.fields)
    return RecordRow(
        id=record.id,
        on=record.on_date,
        kind=RecordKind(record.kind),
        type_name=type_.name if type_ else "其他签到",
        unit=units.get(record.unit_id or 0, ""),
        member="" if is_anonymous else names.get(record.member_id or 0, ""),
        fields=record.fields,
        entered_at=record.entered_at,
        labels={one.id: one.name for one in type_.fields} if type_ else {},
    )


def _idle(
    session: Session, below: Collection[int], rows: Sequence[Record], types: RecordTypes
) -> tuple[str, ...]:
    """Types that the tasks of these units ask for as proof, and that nobody has recorded."""
    asked: set[str] = set()
    for evidence in session.scalars(
        select(Task.evidence_types)
        .join(Assignment, Assignment.task_id == Task.id)
        .where(Assignment.unit_id.in_(below))
    ):
        asked |= set(evidence)
    proven: set[str] = set()
    for row in rows:
        type_ = types.get(row.type)
        proven |= type_.proven if type_ else {row.type}
    return tuple(one.name for one in types if one.id in asked - proven and not one.confidential)


def _months(rows: Sequence[Record], period: Period) -> tuple[int, ...]:
    found = [0] * len(period.months)
    if len(found) < 2:
        return ()
    for row in rows:
        if row.kind != RecordKind.CHECK_IN:
            at = (row.on_date.year - period.first.year) * 12 + row.on_date.month
            found[at - period.first.month] += 1
    return tuple(found)
