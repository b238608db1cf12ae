"""Which occurrence a reply is about: named, quoted, last reminded of here, or the only one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from sqlalchemy.orm import Session

from bot.messages import IncomingMessage
from handlers.access import Actor
from handlers.tasks import rights, showing
from handlers.tasks.actions import Tasks
from handlers.tasks.views import OccurrenceView
from store import notices, occurrences
from store.models_tasks import OPEN_STATES

_NUMBER = re.compile(r"[#＃第]?\s*(\d{1,12})\s*[号个条项]?(?:任务)?")
_ALIKE = 0.6
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Matching:
    """Built once, in ``bot.app``."""

    tasks: Tasks

    async def about(
        self, actor: Actor, message: IncomingMessage, about: str
    ) -> Sequence[OccurrenceView]:
        """One when it is clear, several when it has to be asked, none when there is none.

        A name that fits nothing gives none: it was not about a task.
        """
        reminded = await self._reminded(actor, message)
        own = await self.tasks.mine(actor)
        known = {one.id: one for one in (*(one for group in reminded for one in group), *own)}
        if about:
            return self._named(about, list(known.values()), reminded)
        if message.quoted_text and (quoted := _quoted(message.quoted_text, list(known.values()))):
            return quoted
        if reminded:
            return reminded[0]
        return list(known.values())[:_LISTED]

    async def pointed_at(self, actor: Actor, message: IncomingMessage) -> OccurrenceView | None:
        """What a message without words is about: quoted, or the only one just reminded of here."""
        reminded = await self._reminded(actor, message)
        if message.quoted_text:
            own = await self.tasks.mine(actor)
            known = {one.id: one for one in (*(one for group in reminded for one in group), *own)}
            found = _quoted(message.quoted_text, list(known.values()))
            return found[0] if found else None
        return reminded[0][0] if reminded and len(reminded[0]) == 1 else None

    def _named(
        self,
        about: str,
        known: Sequence[OccurrenceView],
        reminded: Sequence[Sequence[OccurrenceView]],
    ) -> Sequence[OccurrenceView]:
        if number := _NUMBER.fullmatch(about):
            n = int(number[1])
            exact = [one for one in known if one.id == n]
            if exact:
                return exact
            last = reminded[0] if reminded else ()
            return last[n - 1 : n] if 1 <= n <= len(last) else ()
        found = [one for one in known if _is_called(about, one)]
        if len({one.task_id for one in found}) == 1:
            return found[:1]
        return found[:_LISTED]

    async def _reminded(
        self, actor: Actor, message: IncomingMessage
    ) -> Sequence[Sequence[OccurrenceView]]:
        """What the latest reminders here were about and is open, one group a message."""
        here = message.conversation
        now = self.tasks.clock()

        def query(session: Session) -> Sequence[Sequence[OccurrenceView]]:
            groups: dict[int, dict[int, OccurrenceView]] = {}
            rows = notices.of_conversation(session, here.channel, here.id)
            ids = {notices.occurrence_of(one) for one in rows}
            entries = occurrences.entries(session, ids)
            for row in reversed(rows):
                entry = entries.get(notices.occurrence_of(row))
                if entry is None or entry.occurrence.state not in OPEN_STATES:
                    continue
                if rights.has(session, actor, entry.assignment, entry.task, here):
                    view = showing.occurrence(session, entry, now)
                    groups.setdefault(row.delivery_id or 0, {})[view.id] = view
            newest = sorted(groups.items(), reverse=True)
            return [list(group.values()) for _, group in newest]

        return await self.tasks.store.read(query)


def _quoted(quoted: str, known: Sequence[OccurrenceView]) -> Sequence[OccurrenceView]:
    found = [one for one in known if one.title in quoted]
    longest = max((len(one.title) for one in found), default=0)
    found = [one for one in found if len(one.title) == longest]
    return found if len(found) <= 1 else [min(found, key=lambda one: one.due_at)]


def _is_called(about: str, one: OccurrenceView) -> bool:
    bare = re.sub(r"[\s“”\"《》]", "", about)
    title = re.sub(r"[\s“”\"《》]", "", one.title)
    if len(bare) >= 2 and (bare in title or title in bare):
        return True
    return SequenceMatcher(None, bare, title).ratio() >= _ALIKE
