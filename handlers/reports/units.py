"""Which unit a report is about."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Act, Actor
from store import people
from store.models import Unit


def unit_of(session: Session, actor: Actor, name: str) -> Unit:
    """By its name or the end of it; without a name the actor's own, the highest.

    Raises:
        NotFound: There is none, or there are several.
    """
    everything = people.units(session)
    if not name:
        return _own(everything, actor)
    fitting = [one for one in everything if one.name == name] or [
        one for one in everything if one.name.endswith(name)
    ]
    allowed = [one for one in fitting if actor.may(Act.SEE_TASKS, one.id)]
    fitting = allowed or fitting
    if not fitting:
        raise NotFound("no such unit", reply=f"花名册里没有“{name}”这个单位，请写全名。")
    if len(fitting) > 1:
        names = "、".join(one.name for one in fitting[:8])
        raise NotFound("several units", reply=f"有好几个单位都像：{names}。请写全名。")
    return fitting[0]


def _own(everything: Sequence[Unit], actor: Actor) -> Unit:
    mine = [one for one in everything if actor.is_operator or one.id in actor.roles]
    if not mine:
        raise NotFound("no unit", reply="花名册里还没有单位，请先导入花名册。")
    ids = {one.id for one in mine}
    return next(one for one in mine if one.parent_id not in ids)
