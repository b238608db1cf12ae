"""The roster of the store, as reading a sentence needs it."""

from __future__ import annotations

from collections import defaultdict

from pydantic import JsonValue, TypeAdapter
from sqlalchemy.orm import Session

from handlers.records.people_words import RosterMember, RosterUnit, RosterView
from store import people

_ROSTER: TypeAdapter[RosterView] = TypeAdapter(RosterView)


def roster_view(session: Session, member_id: int | None = None) -> RosterView:
    """Everybody active and every unit; ``member_id`` is who writes."""
    units = tuple(
        RosterUnit(id=unit.id, name=unit.name, parent_id=unit.parent_id)
        for unit in people.units(session)
    )
    own: dict[int, set[int]] = defaultdict(set)
    for unit in units:
        for member in people.members(session, [unit.id]):
            own[member.id].add(unit.id)
    members = tuple(
        RosterMember(id=member.id, name=member.name, unit_ids=frozenset(own[member.id]))
        for member in people.members(session)
    )
    me = next((member for member in members if member.id == member_id), None)
    return RosterView(members=members, units=units, me=me)


def roster_json(roster: RosterView) -> JsonValue:
    """For the way between the server and a command."""
    value: JsonValue = _ROSTER.dump_python(roster, mode="json")
    return value


def roster_of_json(value: JsonValue) -> RosterView:
    """What :func:`roster_json` made.

    Raises:
        pydantic.ValidationError: It is something else.
    """
    return _ROSTER.validate_python(value)
