"""Warnings to those who run the whole: each once a day or once, in Chinese, with what to do."""

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

    async def tell(self, about: str, text: str, *, is_daily: bool = True) -> int:
        """Tell the top-level admins, unless they heard about it; how many were told.

        ``is_daily``: they hear about it again tomorrow.
        """
        now = self.clock()
        when = f"{now.astimezone(self.zone).date()}" if is_daily else "once"

        def work(session: Session) -> int:
            told = 0
            for admin in self.post.in_charge(session, []):
                key = f"warning:{when}:{about}:{admin}"
                told += self.post.to_member(session, admin, key, Reply(text=text), now) is not None
            return told

        told = await self.store.write(work)
        if told:
            logger.warning("warned %d admins about %s", told, about)
        return told
