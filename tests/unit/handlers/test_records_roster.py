from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from handlers.records.roster_view import roster_json, roster_of_json, roster_view
from store import people
from store.engine import Store

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)


def _fill(session: Session) -> int:
    school = people.unit_at(session, ["云溪县", "第三小学"])
    branch = people.unit_at(session, ["云溪县", "第三小学", "第一党支部"])
    teacher = people.add_member(session, name="何若溪", now=NOW)
    other = people.add_member(session, name="赵晓", now=NOW)
    people.give_role(session, teacher.id, branch.id, "teacher")
    people.give_role(session, teacher.id, branch.id, "party_member")
    people.give_role(session, other.id, school.id, "teacher")
    return teacher.id


async def test_the_roster_is_seen_as_one_of_its_members(store: Store) -> None:
    member_id = await store.write(_fill)

    roster = await store.read(lambda session: roster_view(session, member_id))

    assert roster.me is not None
    assert roster.me.name == "何若溪"
    (unit_id,) = roster.me.unit_ids
    above = [unit.name for unit in roster.above(unit_id)]
    assert above == ["第一党支部", "第三小学", "云溪县"]
    school = next(unit for unit in roster.units if unit.name == "第三小学")
    assert {member.name for member in roster.within(school.id)} == {"何若溪", "赵晓"}
    assert [member.name for member in roster.within(unit_id)] == ["何若溪"]
    assert roster_of_json(roster_json(roster)) == roster


async def test_without_a_writer_nobody_is_me(store: Store) -> None:
    await store.write(_fill)

    assert (await store.read(roster_view)).me is None
