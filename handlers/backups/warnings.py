"""Warnings to those who run the whole: each once a day, in Chinese, with what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.messages import Reply
from handlers.posting import Post
from store.engine import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warnings:
    """Built once, in ``bot.app``."""

    store: Store
    post: Post
    clock: Callable[[], datetime]
    zone: ZoneInfo

    async def tell(self, about: str, text: str) -> int:
        """Tell the top-level admins, unless they heard about it today; how many were told."""
        now = self.clock()
        day = now.astimezone(self.zone).date()

        def work(session: Session) -> int:
            told = 0
            for admin in self.post.in_charge(session, []):
                key = f"warning:{day}:{about}:{admin}"
                told += self.post.to_member(session, admin, key, Reply(text=text), now) is not None
            return told

        told = await self.store.write(work)
        if told:
            logger.warning("warned %d admins about %s", told, about)
        return told
