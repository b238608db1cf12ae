"""Lists that are looked through page by page, on both databases."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from store import ledger, occurrences, people, records, roster, tasks
from store.engine import Store
from store.ledger import Reach
from store.models_records import RecordKind
from store.models_tasks import Occurrence, Task
from store.occurrences import Sought
from store.records import Entered, NewRecord, Wanted
from store.roster import SoughtPeople
from tests.fakes.messages import NOW

A_DAY = date(2026, 3, 2)


def _town(session: Session) -> tuple[int, int]:
    """Two schools of one office, and three who teach there."""
    school = people.unit_at(session, ["县局", "二中"]).id
    other = people.unit_at(session, ["县局", "小学"]).id
    for name, unit, role in (
        ("祁远山", school, "teacher"),
        ("白_映雪", other, "teacher"),
        ("关若谷", school, "admin"),
    ):
        member = people.add_member(session, name=name, now=NOW)
        people.give_role(session, member.id, unit, role)
        people.link(session, "web", f"m{member.id}", member.id)
    return school, other


async def test_people_are_found_by_name_unit_and_role(store: Store) -> None:
    school, _ = await store.write(_town)

    def names(session: Session, wanted: SoughtPeople, limit: int = 30) -> list[str]:
        total, found = roster.sought(session, wanted, limit=limit)
        assert total >= len(found)
        return [one.name for one in found]

    def query(session: Session) -> None:
        assert names(session, SoughtPeople()) == ["关若谷", "祁远山", "白_映雪"]
        assert names(session, SoughtPeople(words="_")) == ["白_映雪"], "no wildcard"
        assert names(session, SoughtPeople(unit_ids={school}, role="teacher")) == ["祁远山"]
        assert names(session, SoughtPeople(unit_ids=set())) == []
        assert names(session, SoughtPeople(is_active=False)) == []
        assert len(names(session, SoughtPeople(), limit=1)) == 1
        ids = [one.id for one in people.members(session)]
        assert len(roster.memberships(session, ids)) == len(roster.accounts(session, ids)) == 3

    await store.read(query)


async def test_records_are_found_within_reach(store: Store) -> None:
    school, other = await store.write(_town)

    def fill(session: Session) -> int:
        member = people.members_named(session, "祁远山")[0].id
        by = Entered(by=member, account="web:m1", channel="web", conversation="m1", at=NOW)
        added = []
        for n, (type_, unit) in enumerate(
            (("talk", school), ("talk", other), ("case", other), ("talk", None))
        ):
            new = NewRecord(
                kind=RecordKind.FORM, type=type_, on=A_DAY + timedelta(days=n), unit_id=unit
            )
            added.append(records.add(session, new, by))
        found = records.get(session, added[0] or 0)
        assert found is not None
        decided = Entered(by=None, account="x", channel="web", conversation="x", at=NOW)
        records.follow(session, found, decided, state="returned", is_counted=False)
        return member

    member = await store.write(fill)

    def query(session: Session) -> None:
        def count(*reach: Reach, turn: list[Reach] | None = None) -> int:
            wanted = Wanted(is_counted=None, with_confidential=True)
            return ledger.sought(session, wanted, reach, turn, limit=5)[0]

        assert count() == 0
        assert count(Reach(types=["talk"], unit_ids=None)) == 3
        assert count(Reach(types=["talk"], unit_ids=[school])) == 1
        assert count(Reach(types=["talk"], unit_ids=[0])) == 1, "of no unit"
        assert count(Reach(types=["talk", "case"], unit_ids=[other])) == 2
        assert count(Reach(types=["talk"], own=member)) == 3, "also what was decided since"
        every = Reach(types=["talk", "case"], unit_ids=None)
        returned = Reach(types=["talk"], unit_ids=[school], states=["returned"])
        assert count(every, turn=[returned]) == 1
        assert count(every, turn=[]) == 0

    await store.read(query)


async def test_tasks_are_found_by_whose_they_are(store: Store) -> None:
    school, other = await store.write(_town)

    def fill(session: Session) -> int:
        office = people.units_named(session, "县局")[0].id
        task = Task(
            title="报送_名单", kind="one_off", policy={}, milestones=[], evidence_types=[],
            labels=[], unit_id=office, document_title="阅读方案", created_at=NOW,
        )  # fmt: skip
        session.add(task)
        session.flush()
        for unit in (school, other):
            given = tasks.assign(
                session, task.id, f"unit:{unit}", now=NOW, planned_until=NOW, unit_id=unit
            )
            assert given is not None
            session.add(
                Occurrence(
                    assignment_id=given.id, task_id=task.id, planned_at=NOW, due_at=NOW,
                    noticed_until=NOW, created_at=NOW,
                )
            )  # fmt: skip
        return task.id

    task_id = await store.write(fill)

    def query(session: Session) -> None:
        def count(wanted: Sought) -> int:
            return occurrences.sought(session, wanted, limit=0)[0]

        assert count(Sought()) == 2
        assert count(Sought(unit_ids={school})) == 1
        assert count(Sought(unit_ids=set())) == 0
        assert count(Sought(words="_")) == 2
        assert count(Sought(words="%名单")) == 0, "no wildcard"
        assert count(Sought(unit_ids={school}, task_id=task_id)) == 1
        one = occurrences.sought(session, Sought(unit_ids={other}))[1][0].occurrence.id
        assert count(Sought(unit_ids={school}, task_id=task_id, occurrence_id=one)) == 0
        assert occurrences.documents(session, {school}) == ["阅读方案"]
        assert occurrences.documents(session, set()) == []

    await store.read(query)
