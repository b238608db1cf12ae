"""/撤销: takes back one's own last deed, where that is possible."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, Reply
from handlers.access import Actor
from handlers.confirmations import Confirmations
from handlers.deeds import DEEDS
from handlers.people.actions import People
from store import audit, people, settings
from store.engine import Store

Values = Mapping[str, object]
TakeBack = Callable[[Actor, Values], Awaitable[str]]
"""Does the opposite; what it did, in Chinese."""

_LASTING = timedelta(hours=24)
_AT_ONCE = timedelta(minutes=10)
"""What was done longer ago is shown first, and taken back after a yes."""
_DEED = "undo"
_NOTHING = (
    "24 小时内没有可以撤销的操作。可以撤销的有：角色、添加和停用成员、"
    "文件的添加和停用、通知、答复。"
)
_HARMLESS = frozenset(
    {"question.route", "session.open", "session.close", "people.export", "records.export",
     "proofs.export"}
)  # fmt: skip
"""What changes nothing that anybody would want back."""
_WORDS = {"standing.retire": "答复问题"}
"""A deed is remembered by what takes it back."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Built once, in ``bot.app``; rights are checked again when a deed is taken back."""

    store: Store
    people: People
    clock: Callable[[], datetime]
    confirmations: Confirmations
    zone: ZoneInfo
    ways: dict[str, TakeBack] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.confirmations.on(_DEED, self._confirmed)

    def on(self, name: str, way: TakeBack) -> None:
        """Say how the deed that is remembered as ``name`` is taken back."""
        self.ways[name] = way

    async def undo(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/撤销."""
        actor = await self.people.actor(message.sender)
        now = self.clock()
        kept, later = await self.store.read(lambda session: _looked_at(session, actor))
        deed = json.loads(kept or "{}")
        at = datetime.fromisoformat(deed["at"]) if deed else now - 2 * _LASTING
        if at + _LASTING < now:
            raise UsageError("nothing to undo", reply=_NOTHING)
        word = _WORDS.get(deed["name"]) or DEEDS.get(deed["name"], deed["name"])
        if later is not None:
            reply = (
                f"您最近做的是“{DEEDS.get(later, later)}”，这一件撤销不了，所以什么也没有动。"
                f"再早的“{word}”要改，请直接办。"
            )
            raise UsageError("something later cannot be undone", reply=reply)
        if at + _AT_ONCE < now:
            here = at.astimezone(self.zone)
            return await self.confirmations.ask(
                message, _DEED, {"kept": kept},
                title=f"撤销 {here.month}月{here.day}日 {here:%H:%M} 的“{word}”",
                body="这是您最近一件能撤销的事，过去有一会儿了，请看清是不是它。",
            )  # fmt: skip
        return await self._confirmed(actor, {"kept": kept})

    async def _confirmed(self, actor: Actor, values: Values) -> Reply:
        kept = str(values["kept"])

        def take(session: Session) -> bool:
            is_there = settings.get(session, _key(actor)) == kept
            settings.forget(session, _key(actor))
            return is_there

        if not await self.store.write(take):
            raise UsageError("something came between", reply=_NOTHING)
        deed = json.loads(kept)
        done = await self.ways[deed["name"]](actor, deed["values"])
        await self.store.write(lambda session: forget(session, actor))
        return Reply(text=done)


def _looked_at(session: Session, actor: Actor) -> tuple[str | None, str | None]:
    """What is remembered of the actor, and what else they did after it."""
    kept = settings.get(session, _key(actor))
    if kept is None:
        return None, None
    at = datetime.fromisoformat(json.loads(kept)["at"])
    who = {actor.account}
    if actor.member_id is not None:
        own = people.accounts(session, actor.member_id)
        who |= {f"{one.platform}:{one.account}" for one in own}
    later = [
        entry.what
        for entry in audit.latest(session, who=who, limit=20)
        if entry.at > at and entry.what not in _HARMLESS
    ]
    return kept, later[0] if later else None


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
