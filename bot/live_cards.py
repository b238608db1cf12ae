"""Keeps the card of a roll call counting: in the chat it was opened in, where the platform can.

Nothing here has to happen: a card that stays as it was is only old, and /签到 情况 tells.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.channels.base import RefreshesCards, Sends, Target
from bot.codec import reply_from_json, reply_to_json
from bot.errors import ChannelError
from bot.messages import ChannelName, Conversation
from handlers.records import wording
from handlers.records.check_in import RollCalls
from handlers.records.roll_call_views import RollCallView
from store import outbox, roll_calls
from store.engine import Store

logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 60.0
_PAUSE_S = 1.0
"""Answers that come together are shown together."""
_SENT_WITHIN = timedelta(minutes=5)
"""A card is sent just after its roll call was opened; clocks may differ."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a card showed last, and when it was changed."""

    state: tuple[object, ...]
    at_s: float


class LiveCards:
    """One loop in every process; pages that are open here are told here."""

    def __init__(
        self,
        *,
        store: Store,
        calls: RollCalls,
        channels: Mapping[ChannelName, Sends],
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._calls = calls
        self._channels = channels
        self._monotonic = monotonic
        self._seen: dict[int, _Seen] = {}

    async def run(self) -> None:
        """Follow the counts until cancelled."""
        woken = self._store.woken(roll_calls.COUNTS)
        wait_s = 0.0
        while True:
            await woken.next(wait_s or _LOOK_EVERY_S)
            wait_s = await self.refresh()
            await asyncio.sleep(_PAUSE_S)

    async def refresh(self) -> float:
        """Change every card that is behind; seconds until the next may be changed, 0 when none."""
        found = await self._calls.lately_open()
        self._seen = {view.id: self._seen[view.id] for view, _ in found if view.id in self._seen}
        waits = [await self._follow(view, here) for view, here in found]
        return min((wait_s for wait_s in waits if wait_s > 0), default=0.0)

    async def _follow(self, view: RollCallView, here: Conversation) -> float:
        channel = self._channels.get(here.channel)
        if not isinstance(channel, RefreshesCards) or (view.is_open and channel.refreshes_once):
            return 0.0
        state = (view.is_open, *sorted(view.counts.items()))
        seen, now_s = self._seen.get(view.id), self._monotonic()
        if seen is not None and seen.state == state:
            return 0.0
        if seen is not None and view.is_open:
            left_s = seen.at_s + channel.refresh_every_s - now_s
            if left_s > 0:
                return left_s
        self._seen[view.id] = _Seen(state, now_s)
        try:
            is_there = await self._change(view, here, channel)
        except ChannelError as error:
            logger.info("the card of roll call %d stays as it was: %s", view.id, error)
            return 0.0
        is_new = self._calls.book.clock() - view.opened_at < _SENT_WITHIN
        if is_there or not is_new:
            return 0.0
        del self._seen[view.id]
        return max(channel.refresh_every_s, _PAUSE_S)

    async def _change(
        self, view: RollCallView, here: Conversation, channel: RefreshesCards
    ) -> bool:
        """False when there is no such card, or not yet."""
        card = wording.card(view, is_leader=not here.is_group)
        since = view.opened_at - _SENT_WITHIN
        sent = await self._store.read(
            lambda session: outbox.sent_with(
                session, here.channel, here.id, f'"key":"{card.key}"', since
            )
        )
        if sent is None:
            return False
        delivery, provider_id = sent
        reply = reply_from_json(delivery.reply)
        if reply.card == card:
            return True
        changed = replace(reply, card=card)
        target = Target(
            conversation=here, accounts=tuple(delivery.accounts), reply_to=delivery.reply_to
        )
        await channel.refresh_card(changed, target, provider_id)

        def remember(session: Session) -> None:
            outbox.reword(session, delivery.id, reply_to_json(changed))

        await self._store.write(remember)
        return True
