"""The delivery loop: claim, render, send within the channel's budget, try again, give up.

One delivery of a conversation is worked on at a time, the oldest that is due first; its parts go
in order. Every step is committed before the next begins. What a crash leaves behind each:

===========================  ======================================================================
after                        the next owner (at once on SQLite, after the lease on PostgreSQL) finds
===========================  ======================================================================
claim                        an open delivery without parts: renders it
parts stored                 pending parts: sends them, the same bytes
part claimed                 a claimed part that may have been sent or not: *in doubt*
sent, not yet marked         the same: nobody can tell these two apart
part marked sent             the next part, or a delivery that is done
===========================  ======================================================================

In doubt, a platform that drops repeats gets the identical bytes while it remembers them. Otherwise
a reply is sent again as it is; anything else follows its ``on_doubt``: sent again with a visible
mark, or held as *uncertain* for a person to see. An unclear answer (``OutcomeUnknown``) is the
same doubt without a crash. Nothing ends silently: what is not sent is told to ``on_trouble``.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import uuid4

from sqlalchemy.orm import Session

from bot.channels.base import ReadBlob, Sends, Target, remembers
from bot.codec import reply_from_json
from bot.errors import ChannelError, ChannelRefused, ChannelUnavailable, OutcomeUnknown
from bot.merging import whole_reply
from bot.messages import ChannelName, Conversation, Reply
from store import instant, outbox
from store.engine import Store
from store.models import Delivery, DeliveryKind, DeliveryState, OnDoubt, Part, PartState

logger = logging.getLogger(__name__)

DOUBT_MARK = "（可能重复）"
GAVE_UP = "多次尝试仍未发出，已停止重试。"
IN_DOUBT = "不确定对方是否收到，按设置没有重发。"

_AT_ONCE = 16
_LEASE = timedelta(seconds=60)
_PATIENCE_S = 45.0
"""For one rendering or one send; less than the lease, so that nobody takes over in between."""
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 300.0
_MOST_FAILURES = 20
_OLDEST = timedelta(hours=24)
_POLL_S = 5.0
_JITTER = 0.2
"""Replicas look at different moments."""
_START_OVER_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A delivery that did not arrive, or not at everybody. ``reason`` is Chinese."""

    delivery_id: int
    key: str
    kind: DeliveryKind
    channel: ChannelName
    conversation: str
    state: DeliveryState
    reason: str
    refused: Mapping[str, str] = field(default_factory=dict)


OnTrouble = Callable[[Trouble], Awaitable[None]]


class _Resend(Enum):
    SAME = auto()
    MARKED = auto()
    NEVER = auto()


@dataclass(frozen=True, slots=True)
class _Job:
    """A delivery under our lease, with what is needed to send it."""

    delivery: Delivery
    channel: Sends
    target: Target

    @property
    def id(self) -> int:
        return self.delivery.id

    @property
    def attempt(self) -> int:
        return self.delivery.attempt


class Outbox:
    """Runs in every process; ``channels`` are those that this process can send through."""

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[ChannelName, Sends],
        read_blob: ReadBlob,
        on_trouble: OnTrouble,
        clock: Callable[[], datetime],
        at_once: int = _AT_ONCE,
        lease: timedelta = _LEASE,
        patience_s: float = _PATIENCE_S,
        first_retry_s: float = _FIRST_RETRY_S,
    ) -> None:
        self._store = store
        self._channels = channels
        self._read_blob = read_blob
        self._on_trouble = on_trouble
        self._clock = clock
        self._at_once = at_once
        self._lease = lease
        self._patience_s = patience_s
        self._first_retry_s = first_retry_s
        self._owner = f"outbox-{uuid4().hex}"
        self._woken = store.woken(outbox.TOPIC)
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until cancelled; what was claimed is given back."""
        if not self._store.is_shared:
            await self._store.write(outbox.release)
        while True:
            try:
                await self._serve()
            except Exception:
                logger.exception("the outbox starts over")
                await asyncio.sleep(_START_OVER_S)

    async def deliver_due(self) -> int:
        """Work once on everything that may be sent now, one by one; how many that were."""
        claimed = await self._claim(self._at_once)
        for delivery in claimed:
            await self._deliver(delivery)
        return len(claimed)

    async def _serve(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await self._start_some(group)
        finally:
            await self._store.write(lambda session: outbox.release(session, self._owner))

    async def _start_some(self, group: asyncio.TaskGroup) -> None:
        free = self._at_once - len(self._running)
        claimed = await self._claim(free) if free else ()
        for delivery in claimed:
            task = group.create_task(self._deliver(delivery))
            self._running.add(task)
            task.add_done_callback(self._finished)
        if len(claimed) < free or not free:
            await self._woken.next(await self._idle_s())

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._woken.set()

    async def _claim(self, limit: int) -> Sequence[Delivery]:
        return await self._store.write(
            lambda session: outbox.claim(
                session,
                owner=self._owner,
                channels=list(self._channels),
                limit=limit,
                now=instant.now(session),
                lease=self._lease,
            )
        )

    async def _idle_s(self) -> float:
        def wait_s(session: Session) -> float:
            now = instant.now(session)
            at = outbox.next_try_at(session, channels=list(self._channels), now=now)
            return _POLL_S if at is None else (at - now).total_seconds()

        patience_s = _POLL_S * (1 - _JITTER * random.random())  # noqa: S311 no secret
        return max(0.0, min(patience_s, await self._store.read(wait_s)))

    async def _deliver(self, delivery: Delivery) -> None:
        job = self._job(delivery)
        try:
            await self._advance(job)
        except ChannelUnavailable as error:
            await self._try_later(job, error)
        except Exception as error:
            logger.exception("delivery %d failed unexpectedly", job.id)
            await self._try_later(job, error)

    def _job(self, delivery: Delivery) -> _Job:
        name = ChannelName(delivery.channel)
        target = Target(
            conversation=Conversation(
                channel=name, id=delivery.conversation, is_group=delivery.is_group
            ),
            accounts=tuple(delivery.accounts),
            reply_to=delivery.reply_to,
            reply_until=delivery.reply_until,
        )
        return _Job(delivery, self._channels[name], target)

    async def _advance(self, job: _Job) -> None:
        """Take the delivery as far as it gets."""
        is_started = not job.delivery.is_rendered
        if job.delivery.is_rendered:
            parts = await self._store.read(lambda session: outbox.parts(session, job.id))
        elif (rendered := await self._render(job)) is not None:
            parts = rendered
        else:
            return
        for part in parts:
            if part.state == PartState.SENT:
                continue
            is_started = is_started and part.state == PartState.CLAIMED
            if not await self._send_part(job, part, is_started=is_started):
                return
            is_started = False
        if not parts:
            await self._end(job, DeliveryState.SENT, None)

    async def _render(self, job: _Job) -> Sequence[Part] | None:
        try:
            whole = await whole_reply(self._store, job.delivery, job.channel)
            rendered = await self._rendered(job, whole)
        except ChannelRefused as error:
            await self._end(job, DeliveryState.FAILED, error.reply)
            return None
        except (ChannelError, TimeoutError) as error:
            await self._try_later(job, error)
            return None
        starts = job.channel.wait_s(job.target, self._clock()) <= 0
        return await self._store.write(
            lambda session: outbox.store_parts(
                session,
                job.id,
                attempt=job.attempt,
                rendered=rendered,
                now=instant.now(session),
                lease=self._lease,
                starts=starts,
            )
        )

    async def _rendered(self, job: _Job, reply: Reply) -> Sequence[bytes]:
        async with asyncio.timeout(self._patience_s):
            return await job.channel.render(reply, job.target, self._read_blob)

    async def _send_part(self, job: _Job, part: Part, *, is_started: bool) -> bool:
        """Send one part; False when the delivery cannot go on now."""
        if is_started:
            return await self._send(job, part, part.bytes, in_doubt=False)
        in_doubt = part.state != PartState.PENDING
        content = part.bytes
        if in_doubt:
            resend = self._resend(job, part)
            if resend is _Resend.NEVER:
                await self._mark(job, part, PartState.UNCERTAIN, IN_DOUBT)
                await self._end(job, DeliveryState.UNCERTAIN, IN_DOUBT)
                return False
            if resend is _Resend.MARKED:
                content = await self._with_mark(job, part)
        wait_s = job.channel.wait_s(job.target, self._clock())
        if wait_s > 0:
            await self._postpone(job, wait_s, is_failure=False)
            return False
        if not await self._start(job, part):
            return False
        return await self._send(job, part, content, in_doubt=in_doubt)

    def _resend(self, job: _Job, part: Part) -> _Resend:
        first_try_at = part.first_try_at or job.delivery.created_at
        if remembers(job.channel, part.bytes, first_try_at, self._clock()):
            return _Resend.SAME
        if job.delivery.kind == DeliveryKind.REPLY:
            return _Resend.SAME
        return _Resend.MARKED if job.delivery.on_doubt == OnDoubt.RESEND else _Resend.NEVER

    async def _with_mark(self, job: _Job, part: Part) -> bytes:
        """The part as it reads in a delivery that ends with the mark."""
        rendered = await self._rendered(job, _marked(reply_from_json(job.delivery.reply)))
        return rendered[part.n] if part.n < len(rendered) else part.bytes

    async def _start(self, job: _Job, part: Part) -> bool:
        return await self._store.write(
            lambda session: outbox.start_part(
                session,
                job.id,
                part.n,
                attempt=job.attempt,
                now=instant.now(session),
                lease=self._lease,
            )
        )

    async def _send(self, job: _Job, part: Part, content: bytes, *, in_doubt: bool) -> bool:
        name = job.delivery.uid if part.n == 0 else f"{job.delivery.uid}-{part.n}"
        try:
            async with asyncio.timeout(self._patience_s):
                sent = await job.channel.send(content, job.target, name)
        except ChannelUnavailable as error:
            await self._mark(
                job, part, PartState.UNCERTAIN if in_doubt else PartState.PENDING, str(error)
            )
            await self._try_later(job, error, in_doubt=in_doubt)
            return False
        except ChannelRefused as error:
            await self._mark(job, part, PartState.FAILED, str(error))
            await self._end(job, DeliveryState.FAILED, error.reply)
            return False
        except (OutcomeUnknown, TimeoutError) as error:
            await self._mark(job, part, PartState.UNCERTAIN, str(error) or "no answer in time")
            await self._try_later(job, error, in_doubt=True)
            return False
        is_marked = await self._store.write(
            lambda session: outbox.part_sent(
                session,
                job.id,
                part.n,
                attempt=job.attempt,
                now=instant.now(session),
                provider_id=sent.provider_id,
                refused=sent.refused,
            )
        )
        if is_marked and sent.refused:
            await self._tell(job, DeliveryState.SENT, "有人没有收到。", sent.refused)
        return is_marked

    async def _mark(self, job: _Job, part: Part, state: PartState, error: str) -> None:
        await self._store.write(
            lambda session: outbox.part_undecided(
                session, job.id, part.n, attempt=job.attempt, state=state, error=error
            )
        )

    async def _try_later(self, job: _Job, error: Exception, *, in_doubt: bool = False) -> None:
        failures = job.delivery.failures + 1
        is_old = self._clock() - job.delivery.due_at > _OLDEST
        is_outage = isinstance(error, ChannelUnavailable)
        if failures >= _MOST_FAILURES and (is_old or not is_outage):
            state = DeliveryState.UNCERTAIN if in_doubt else DeliveryState.FAILED
            await self._end(job, state, GAVE_UP)
            return
        longest_s = min(_LONGEST_RETRY_S, self._first_retry_s * 2**failures)
        wait_s = longest_s * random.uniform(0.5, 1.0)  # noqa: S311
        if isinstance(error, ChannelUnavailable):
            wait_s = max(wait_s, error.retry_after_s or 0.0)
            if error.needs_setup:
                await self._tell(job, DeliveryState.OPEN, error.reply, {})
        logger.info("delivery %d again in %.1f s: %s", job.id, wait_s, error)
        await self._postpone(job, wait_s, is_failure=True)

    async def _postpone(self, job: _Job, wait_s: float, *, is_failure: bool) -> None:
        await self._store.write(
            lambda session: outbox.postpone(
                session,
                job.id,
                attempt=job.attempt,
                retry_at=instant.now(session) + timedelta(seconds=wait_s),
                is_failure=is_failure,
            )
        )

    async def _end(self, job: _Job, state: DeliveryState, reason: str | None) -> None:
        is_ended = await self._store.write(
            lambda session: outbox.end(
                session,
                job.id,
                attempt=job.attempt,
                now=instant.now(session),
                state=state,
                reason=reason,
            )
        )
        if is_ended and reason is not None:
            await self._tell(job, state, reason, {})

    async def _tell(
        self, job: _Job, state: DeliveryState, reason: str, refused: Mapping[str, str]
    ) -> None:
        logger.warning("delivery %d is %s", job.id, state)
        await self._on_trouble(
            Trouble(
                delivery_id=job.id,
                key=job.delivery.key,
                kind=DeliveryKind(job.delivery.kind),
                channel=ChannelName(job.delivery.channel),
                conversation=job.delivery.conversation,
                state=state,
                reason=reason,
                refused=refused,
            )
        )


def _marked(reply: Reply) -> Reply:
    if reply.card is not None:
        reply = replace(reply, card=replace(reply.card, title=reply.card.title + DOUBT_MARK))
    return replace(reply, text=reply.text + DOUBT_MARK) if reply.text else reply
