"""Messages in: stored before they are acknowledged, then handled one at a time in each turn.

A *turn* is a sender in a conversation, on the fast lane or on the slow one. What a crash leaves
between any two steps:

======================  ===========================================================================
after                   a restart (on PostgreSQL another replica, when the lease is over) finds
======================  ===========================================================================
nothing stored          no message; it was not acknowledged, so the platform posts it again
stored                  an accepted message; a repeat by the platform inserts nothing; it is handled
claimed, handling       the same, one attempt older; handled again, as its reply was not stored
committed               a handled message and its delivery, in one transaction: the outbox sends it
showing it live         a delivery that is open; its lease goes and the whole text is sent
======================  ===========================================================================

A message whose handling takes the process down again and again is given up after some attempts and
its sender is told. Beyond the bounds a question is stored as refused, with one polite word; the
fast lane has no bounds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from bot.arrivals import Arrivals
from bot.channels.base import KeepsPrivacy, Sends, Streams, Target
from bot.codec import message_from_json, message_to_json, reply_to_json
from bot.errors import BotError
from bot.live import SEARCHING, Live, can_stream
from bot.messages import ChannelName, Conversation, IncomingMessage, Reply
from store import inbox, instant, outbox, preferences
from store.arrivals import Arrival
from store.engine import Store
from store.models import DeliveryKind, DeliveryState, InboxMessage, InboxState

logger = logging.getLogger(__name__)

Handle = Callable[[IncomingMessage], Awaitable[Reply | None]]

BUSY = "现在问的人比较多，这条先没有处理，请过几分钟再发一次。"

_AT_ONCE = 32
_MOST_WAITING = 1000
_MOST_PER_TURN = 5
_MOST_ATTEMPTS = 5
_LEASE = timedelta(seconds=60)
_SLOW_AFTER_S = 2.0
_GRACE_S = 10.0
_POLL_S = 2.0
_START_OVER_S = 1.0


class Dispatcher:
    """``handle`` is the middleware around the router; ``channels`` those of this process."""

    def __init__(
        self,
        *,
        store: Store,
        handle: Handle,
        is_fast: Callable[[IncomingMessage], bool],
        channels: Mapping[ChannelName, Sends],
        clock: Callable[[], datetime],
        at_once: int = _AT_ONCE,
        most_waiting: int = _MOST_WAITING,
        most_per_turn: int = _MOST_PER_TURN,
        lease: timedelta = _LEASE,
        slow_after_s: float = _SLOW_AFTER_S,
    ) -> None:
        self._store = store
        self._handle = handle
        self._is_fast = is_fast
        self._channels = channels
        self._clock = clock
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._most_per_turn = most_per_turn
        self._lease = lease
        self._slow_after_s = slow_after_s
        self._arrivals = Arrivals(store, clock)
        self._owner = f"dispatcher-{uuid4().hex}"
        self._woken = store.woken(inbox.TOPIC)
        self._running: set[asyncio.Task[None]] = set()
        self._waiting: Counter[str] = Counter()
        """Messages by turn; never a zero."""
        self._all_waiting = 0
        """Their sum, which every message asks for."""
        self._told: set[str] = set()
        """Turns that were told that the bot is busy, and have had nothing handled since."""
        self._is_stopping = False

    async def accept(self, message: IncomingMessage) -> bool:
        """Store a message durably; False when it was there already. No work is done here."""
        is_fast = self._is_fast(message)
        turn = _turn(message, is_fast=is_fast)
        is_over = self._all_waiting >= self._most_waiting
        if not is_fast and (is_over or self._waiting[turn] >= self._most_per_turn):
            return await self._refuse(message, turn)
        self._count_up(turn)
        is_new = False
        arrival = Arrival(
            channel=message.channel,
            message_id=message.message_id,
            turn=turn,
            body=message_to_json(message),
            sent_at=message.sent_at,
            number=message.number,
        )
        try:
            is_new = await self._arrivals.accept(arrival)
        finally:
            if not is_new:
                self._count_down(turn)
        return is_new

    async def _refuse(self, message: IncomingMessage, turn: str) -> bool:
        draft = None if turn in self._told else self._draft(message, Reply(text=BUSY))
        self._told.add(turn)
        body, now = message_to_json(message), self._clock()

        def work(session: Session) -> bool:
            is_new = inbox.accept(
                session,
                channel=message.channel,
                message_id=message.message_id,
                turn=turn,
                body=body,
                now=now,
                state=InboxState.REFUSED,
            )
            if is_new and draft is not None:
                outbox.add(session, draft, now=instant.now(session))
            return is_new

        logger.warning("busy: refused %s:%s", message.channel, message.message_id)
        return await self._store.write(work)

    async def run(self) -> None:
        """Handle what is waiting until cancelled or stopped; what was claimed is given back."""
        if not self._store.is_shared:
            await self._store.write(inbox.release)
        await self._count_anew()
        while not self._is_stopping:
            try:
                await self._serve()
            except Exception:
                logger.exception("the dispatcher starts over")
                await asyncio.sleep(_START_OVER_S)

    async def stop(self, grace_s: float = _GRACE_S) -> None:
        """Take nothing new, and let what is being handled finish for at most ``grace_s``."""
        self._is_stopping = True
        self._woken.set()
        if self._running:
            _, unfinished = await asyncio.wait(self._running, timeout=grace_s)
            for task in unfinished:
                task.cancel()

    async def _serve(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                renewing = group.create_task(self._renew())
                while not self._is_stopping:
                    await self._start_some(group)
                await asyncio.gather(*self._running, return_exceptions=True)
                renewing.cancel()
        finally:
            await self._store.write(lambda session: inbox.release(session, self._owner))

    async def _renew(self) -> None:
        """Keep the leases of what takes long, and count anew what other replicas have done."""
        while True:
            await asyncio.sleep(min(_POLL_S, self._lease.total_seconds() / 3))
            if self._store.is_shared:
                await self._count_anew()

            def work(session: Session) -> None:
                until = instant.now(session) + self._lease
                inbox.renew(session, self._owner, until=until)
                outbox.renew(session, self._owner, until=until)

            if self._running:
                await self._store.write(work)

    async def _start_some(self, group: asyncio.TaskGroup) -> None:
        free = self._at_once - len(self._running)
        claimed = await self._claim(free) if free else ()
        for row in claimed:
            task = group.create_task(self._take(row))
            self._running.add(task)
            task.add_done_callback(self._finished)
        if len(claimed) < free or not free:
            await self._woken.next(_POLL_S)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._woken.set()

    async def _claim(self, limit: int) -> Sequence[InboxMessage]:
        return await self._store.write(
            lambda session: inbox.claim(
                session,
                owner=self._owner,
                limit=limit,
                now=instant.now(session),
                lease=self._lease,
            )
        )

    async def _take(self, row: InboxMessage) -> None:
        try:
            message = message_from_json(row.body)
        except ValueError:
            logger.exception("message %d cannot be read", row.id)
            await self._commit(row, None, state=InboxState.FAILED)
            return
        if row.attempts > _MOST_ATTEMPTS:
            logger.error("message %d was given up after %d attempts", row.id, _MOST_ATTEMPTS)
            await self._apologise(row, message)
            return
        channel = self._channels.get(message.channel)
        try:
            if isinstance(channel, Streams):
                await self._answer_live(row, message, channel)
            else:
                await self._answer(row, message)
        except Exception:
            logger.exception("message %d failed outside its handler", row.id)
            await self._apologise(row, message)

    async def _apologise(self, row: InboxMessage, message: IncomingMessage) -> None:
        sorry = self._draft(message, Reply(text=BotError.default_reply))
        await self._commit(row, sorry, state=InboxState.FAILED)

    async def _answer(self, row: InboxMessage, message: IncomingMessage) -> None:
        reply = await self._handle(message)
        if reply is not None:
            reply = await _with_text(reply)
        await self._commit(row, None if reply is None else self._draft(message, reply))

    async def _answer_live(
        self, row: InboxMessage, message: IncomingMessage, channel: Streams
    ) -> None:
        """Handle, and show what grows; the whole reply is in the outbox before its end is shown."""
        target = Target(
            conversation=message.conversation,
            accounts=(message.sender.account,),
            reply_to=message.reply_to,
            reply_until=message.reply_until,
        )
        async with asyncio.TaskGroup() as group:
            live = Live(channel, target)
            handling = asyncio.ensure_future(self._handle(message))
            try:
                await asyncio.wait({handling}, timeout=self._slow_after_s)
                if not handling.done() and not self._is_fast(message):
                    live.start(group, says=SEARCHING)
                reply = await handling
            finally:
                handling.cancel()
            if reply is not None and reply.stream is not None and can_stream(reply):
                if not live.is_started:
                    live.start(group)
            elif not live.is_started:
                await self._commit(row, None if reply is None else self._draft(message, reply))
                return
            await self._end_live(row, message, reply, live)

    async def _end_live(
        self, row: InboxMessage, message: IncomingMessage, reply: Reply | None, live: Live
    ) -> None:
        if reply is not None and not reply.text and reply.stream is not None:
            live.finish(reply)
            is_shown = await live.shown()
            whole = await _with_text(reply, seen=live.last_text)
            delivery_id = await self._commit(row, self._draft(message, whole), is_held=True)
        else:
            delivery_id = await self._commit(
                row, None if reply is None else self._draft(message, reply), is_held=True
            )
            live.finish(reply)
            is_shown = await live.shown()
        if delivery_id is not None:
            await self._let_go(delivery_id, is_shown=is_shown)

    async def _let_go(self, delivery_id: int, *, is_shown: bool) -> None:
        """Close what the reader has seen; leave the rest to the outbox."""

        def work(session: Session) -> None:
            now = instant.now(session)
            if is_shown:
                outbox.end(session, delivery_id, attempt=1, now=now, state=DeliveryState.SENT)
            else:
                outbox.postpone(session, delivery_id, attempt=1, retry_at=now, is_failure=False)

        await self._store.write(work)

    async def _commit(
        self,
        row: InboxMessage,
        draft: outbox.Draft | None,
        *,
        state: InboxState = InboxState.HANDLED,
        is_held: bool = False,
    ) -> int | None:
        """Mark as done and insert the delivery, in one transaction; None when there is none."""

        def work(session: Session) -> int | None:
            now = instant.now(session)
            is_ours = inbox.finish(session, row.id, attempt=row.attempts, now=now, state=state)
            platform, account = _account(row.turn)
            preferences.used(session, platform, account, now)
            if not is_ours or draft is None:
                return None
            owner = self._owner if is_held else None
            return outbox.add(session, draft, now=now, owner=owner, lease=self._lease)

        delivery_id = await self._store.write(work)
        self._count_down(row.turn)
        return delivery_id

    def _draft(self, message: IncomingMessage, reply: Reply) -> outbox.Draft:
        """A reply's delivery; what is private leaves the group for the sender's own chat."""
        conversation, reply_to, reply_until = (
            message.conversation,
            message.reply_to,
            message.reply_until,
        )
        keeps_privacy = isinstance(self._channels.get(message.channel), KeepsPrivacy)
        if reply.is_private and conversation.is_group and not keeps_privacy:
            conversation = Conversation(channel=message.channel, id=message.sender.account)
            reply_to = reply_until = None
        return outbox.Draft(
            key=f"reply:{message.channel}:{message.message_id}",
            kind=DeliveryKind.REPLY,
            channel=message.channel,
            conversation=conversation.id,
            is_group=conversation.is_group,
            accounts=(message.sender.account,),
            reply_to=reply_to,
            reply_until=reply_until,
            reply=reply_to_json(reply),
        )

    async def _count_anew(self) -> None:
        self._waiting = Counter(await self._store.read(inbox.waiting))
        self._all_waiting = self._waiting.total()

    def _count_up(self, turn: str) -> None:
        self._waiting[turn] += 1
        self._all_waiting += 1

    def _count_down(self, turn: str) -> None:
        """Nothing to take off when another replica's work was counted anew in between."""
        self._told.discard(turn)
        waiting = self._waiting[turn]
        if waiting:
            self._all_waiting -= 1
        if waiting > 1:
            self._waiting[turn] = waiting - 1
        else:
            del self._waiting[turn]


def _turn(message: IncomingMessage, *, is_fast: bool) -> str:
    lane = "fast" if is_fast else "slow"
    return "\n".join((message.channel, message.conversation.id, message.sender.account, lane))


def _account(turn: str) -> tuple[str, str]:
    """Platform and account of whose turn it is."""
    channel, _, rest = turn.partition("\n")
    account = rest.rpartition("\n")[0].partition("\n")[2]
    return ChannelName(channel).platform, account


async def _with_text(reply: Reply, seen: str = "") -> Reply:
    """With the end of its stream as its text, where the handler did not know it."""
    if reply.text or reply.stream is None:
        return reply
    async for text in reply.stream:
        seen = text
    return replace(reply, text=seen or BotError.default_reply, stream=None)
