"""/日志: who did what to what, before and after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.messages import IncomingMessage, Reply
from handlers.access import Act, Actor, check
from handlers.deeds import DEEDS, masked
from handlers.people.actions import People
from handlers.people.selecting import member_meant
from handlers.trail import names, readable
from store import audit, people
from store.engine import Store
from store.models import AuditEntry

_LISTED = 15
_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Built once, in ``bot.app``."""

    store: Store
    people: People
    zone: ZoneInfo

    async def entries(
        self, actor: Actor, who: str = "", *, before: int | None = None, limit: int = _LISTED
    ) -> Sequence[AuditEntry]:
        """Newest first; ``who`` narrows it to one member's deeds.

        A unit's admin reads those of the unit's people.

        Raises:
            NotAllowed: The actor may not read it.
        """
        check(actor, Act.SEE_AUDIT)

        def query(session: Session) -> Sequence[AuditEntry]:
            units = readable(session, actor)
            accounts = None
            if who:
                member = member_meant(session, who)
                held = people.accounts(session, member.id)
                accounts = [f"{one.platform}:{one.account}" for one in held]
            return audit.latest(session, who=accounts, units=units, before=before, limit=limit)

        return await self.store.read(query)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/日志 [姓名] [编号之前]."""
        actor = await self.people.actor(message.sender)
        words = list(arguments.words + arguments.mentions)
        before = int(words.pop()) if words and re.fullmatch(r"\d{1,9}", words[-1]) else None
        found = await self.entries(actor, " ".join(words), before=before)
        if not found:
            return Reply(text="没有更早的操作记录了。" if before else "还没有操作记录。")
        called = await self.store.read(lambda session: names(session, found))
        lines = [self._line(entry, called.get(entry.who, entry.who)) for entry in found]
        more = f"\n再往前看：/日志 {' '.join([*words, str(found[-1].n)])}"
        return Reply(text="\n".join(lines) + more, is_private=True)

    def _line(self, entry: AuditEntry, who: str) -> str:
        at = entry.at.astimezone(self.zone)
        deed = DEEDS.get(entry.what, entry.what)
        change = " → ".join(_short(text) for text in (entry.before, entry.after) if text)
        return f"- {entry.n}　{at:%m-%d %H:%M}　{who}　{deed}（{entry.subject}）　{change}".rstrip()


def _short(text: str) -> str:
    line = masked(" ".join(text.split()))
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 1]}…"
