"""Who keeps which documents."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.errors import NotAllowed
from handlers.access import Act, Actor
from handlers.reach import runs_whole

_EVERYBODYS = "这是给所有人看的文件，只有管全局的管理员、党建专干才能加和改。"


def may_keep(session: Session, actor: Actor, visible_to: int | None) -> bool:
    """What is for everyone is kept by those at the top of the tree; a unit's by its own."""
    if visible_to is None:
        return runs_whole(session, actor, Act.MANAGE_DOCUMENTS)
    return actor.may(Act.MANAGE_DOCUMENTS, visible_to)


def check_keeps(session: Session, actor: Actor, visible_to: int | None) -> None:
    """Refuse politely.

    Raises:
        NotAllowed: The actor does not keep what ``visible_to`` sees.
    """
    if not may_keep(session, actor, visible_to):
        is_keeper = visible_to is None and actor.may(Act.MANAGE_DOCUMENTS)
        raise NotAllowed(
            f"member {actor.member_id} keeps no documents of {visible_to}",
            reply=_EVERYBODYS if is_keeper else None,
        )
