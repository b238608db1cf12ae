"""Whoever deals with something is told as its time runs out, and those above once it is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from handlers.posting import Post
from handlers.records import case_wording
from handlers.records.handing_in import turn_of
from handlers.records.window_book import WindowBook
from store import cases
from store.engine import Store
from store.models_records import WITHDRAWN

_AHEAD = timedelta(days=1)
_MORNING = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReminders:
    """Built once, in ``bot.app``."""

    store: Store
    book: WindowBook
    post: Post

    async def remind(self) -> bool:
        """Tell each once before and once after; False in the night, when nobody is told."""
        now = self.book.clock()
        if now.astimezone(self.book.zone).hour < _MORNING:
            return False
        await self.store.write(lambda session: self._remind(session, now))
        return True

    def _remind(self, session: Session, now: datetime) -> None:
        today = now.astimezone(self.book.zone).date()
        for record, case in cases.with_limit(session, today + _AHEAD):
            type_ = self.book.types.get(record.type)
            final = {one.id for one in type_.states if one.is_final} if type_ else set()
            if type_ is None or case.due_on is None or record.state in {*final, WITHDRAWN}:
                continue
            is_late = case.due_on < today
            key = f"case:{record.root_id or record.id}:{case.due_on}:{'late' if is_late else 'due'}"
            moves = type_.moves_from(record.state)
            above = set(turn_of(session, moves, record.unit_id, without=case.owner_id))
            if case.owner_id is not None:
                told = case_wording.due(type_, record.id, case.due_on, is_late=is_late)
                self.post.to_member(session, case.owner_id, key, told, now)
            if is_late or case.owner_id is None:
                for member_id in above:
                    late = case_wording.late(type_, record.id, case.due_on, is_late=is_late)
                    self.post.to_member(session, member_id, f"{key}:{member_id}", late, now)
