"""How far in the tree of units somebody reaches."""

from __future__ import annotations

from sqlalchemy.orm import Session

from handlers.access import Act, Actor
from store import people


def runs_whole(session: Session, actor: Actor, act: Act) -> bool:
    """Whether the actor may ``act`` at the top of the tree."""
    return actor.is_operator or any(actor.may(act, one) for one in people.root_units(session))
