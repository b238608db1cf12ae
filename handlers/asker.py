"""Who pays for a model's words."""

from __future__ import annotations

from handlers.access import Actor
from knowledge.writer_limits import NOBODY, Asker


def asker_of(actor: Actor) -> Asker:
    """The operator pays for nobody but the whole."""
    if actor.is_operator:
        return NOBODY
    sender = actor.sender
    own = sorted(actor.units & actor.roles.keys())
    return Asker(
        person=f"{sender.channel.platform}:{sender.account}",
        unit=f"unit:{own[0]}" if own else None,
    )
