"""/撤销: takes back one's own last deed, where that is possible."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, Reply
from handlers.access import Actor
from handlers.people.actions import People
from store import settings
from store.engine import Store

Values = Mapping[str, object]
TakeBack = Callable[[Actor, Values], Awaitable[str]]
"""Does the opposite; what it did, in Chinese."""

_LASTING = timedelta(hours=24)
_NOTHING = (
    "24 小时内没有可以撤销的操作。可以撤销的有：角色、停用成员、文件的添加和停用、通知、答复。"
)


@dataclass(frozen=True, slots=True)
class Undo:
    """Built once, in ``bot.app``; rights are checked again when a deed is taken back."""

    store: Store
    people: People
    clock: Callable[[], datetime]
    ways: dict[str, TakeBack] = field(default_factory=dict)

    def on(self, name: str, way: TakeBack) -> None:
        """Say how the deed that is remembered as ``name`` is taken back."""
        self.ways[name] = way

    async def undo(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/撤销."""
        actor = await self.people.actor(message.sender)
        now = self.clock()

        def take(session: Session) -> str | None:
            kept = settings.get(session, _key(actor))
            settings.forget(session, _key(actor))
            return kept

        kept = await self.store.write(take)
        deed = json.loads(kept) if kept else None
        if deed is None or datetime.fromisoformat(deed["at"]) + _LASTING < now:
            raise UsageError("nothing to undo", reply=_NOTHING)
        return Reply(text=await self.ways[deed["name"]](actor, deed["values"]))


def remember(session: Session, actor: Actor, name: str, values: Values, now: datetime) -> None:
    """Keep the last deed of the actor, in the transaction that does it."""
    kept = {"name": name, "values": dict(values), "at": now.isoformat()}
    settings.put(session, _key(actor), json.dumps(kept))


def forget(session: Session, actor: Actor) -> None:
    """What the actor did last cannot be taken back."""
    settings.forget(session, _key(actor))


def _key(actor: Actor) -> str:
    who = f"member:{actor.member_id}" if actor.member_id is not None else actor.account
    return f"undo\n{who}"
