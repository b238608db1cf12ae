"""Who may open, hand in, see and decide records, as their types declare it."""

from __future__ import annotations

from collections.abc import Collection

from bot.errors import NotAllowed
from bot.messages import Role
from handlers.access import Actor
from handlers.records.types import Party, RecordType, Who


def is_among(
    actor: Actor,
    who: Who,
    unit_id: int | None,
    *,
    submitters: Collection[int | None] = (),
    owner: int | None = None,
) -> bool:
    """Whether ``who`` takes the actor in, for a record of ``unit_id`` (None: of nobody's)."""
    if actor.is_operator or Party.ANYONE in who:
        return True
    if actor.member_id is not None:
        if Party.SUBMITTER in who and actor.member_id in submitters:
            return True
        if Party.OWNER in who and actor.member_id == owner:
            return True
    held = actor.every_role if unit_id is None else actor.roles.get(unit_id, frozenset())
    if Role.TEACHER in who and held - {Role.GUEST}:
        return True
    return any(role in held for role in who)


def check_opens(actor: Actor, type_: RecordType, unit_id: int | None) -> None:
    """Refuse politely.

    Raises:
        NotAllowed: The actor may not open a roll call of this type there.
    """
    if not is_among(actor, type_.open, unit_id):
        raise NotAllowed(f"member {actor.member_id} may not open {type_.id}")


def check_submits(actor: Actor, type_: RecordType, unit_id: int | None) -> None:
    """Refuse politely.

    Raises:
        NotAllowed: The actor may not hand in records of this type there.
    """
    if not is_among(actor, type_.submit, unit_id):
        raise NotAllowed(f"member {actor.member_id} may not submit {type_.id}")
