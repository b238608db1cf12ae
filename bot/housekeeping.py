"""Forgets what nobody needs any more."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.model_writer import ModelUsage
from scheduler.clock import Chore, Ticker
from store import inbox, instant, signatures
from store.engine import Store

logger = logging.getLogger(__name__)

EVERY_S = 3600.0
_MESSAGES = timedelta(days=30)
"""Platforms repeat within a day; the chat page shows what was said before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Housekeeping:
    """A chore of the ticker. Deliveries stay: receipts and reports count on them."""

    store: Store
    clock: Callable[[], datetime]
    """The real time, by which signatures expire."""
    forget_usage: Callable[[], Awaitable[None]]
    """Lets go of what a model was used for on days that are past."""

    async def run(self) -> None:
        def work(session: Session) -> int:
            signatures.purge(session, self.clock())
            return inbox.purge(session, before=instant.now(session) - _MESSAGES)

        if gone := await self.store.write(work):
            logger.info("forgot %d old messages", gone)
        await self.forget_usage()


def housekeeping(
    store: Store,
    usage: ModelUsage,
    *,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    more: Sequence[Chore] = (),
) -> Ticker:
    """Once an hour; ``more`` as often as each wants."""
    keeping = Housekeeping(store=store, clock=clock, forget_usage=usage.forget_past)
    chore = Chore(name="housekeeping", every_s=EVERY_S, run=keeping.run)
    return Ticker(chores=[chore, *more], clock=clock, monotonic=monotonic)
