"""The demo's clock: it can be set forward, so that a newcomer sees a reminder arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, Reply, Role
from bot.routing import Router
from handlers.tasks.wording import moment
from handlers.times import Times
from scheduler.recurrence import SHANGHAI
from scheduler.when import Day, Deadline, Instant
from store import outbox, settings
from store.engine import Store
from store.models import Delivery
from store.models_tasks import Occurrence

_KEY = "demo.clock"
_MOST = timedelta(days=366)
_STRIDE = timedelta(days=1)
_MOST_STOPS = 2000
_AFTER_REPLY_S = 0.5
_LOOK_S = 0.05
_MOST_LOOKS = 100
HOW = "要往前拨，发 /时钟 加时间，例如：/时钟 明天9点、/时钟 3天后、/时钟 6月30日 9:00。"


class DemoClock:
    """Runs ahead of the real one; never goes back, for what was promised stays promised."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self._ahead = ahead

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    @property
    def ahead(self) -> timedelta:
        return self._ahead

    def go_to(self, at: datetime) -> None:
        """Set it forward; an earlier time changes nothing."""
        self._ahead = max(self._ahead, at - datetime.now(UTC))

    async def remember(self, store: Store) -> None:
        """Outlive a restart."""
        ahead = str(self._ahead.total_seconds())
        await store.write(lambda session: settings.put(session, _KEY, ahead))

    async def recall(self, store: Store) -> None:
        """Go on from where it was set to."""
        stored = await store.read(lambda session: settings.get(session, _KEY))
        if stored is not None:
            self._ahead = timedelta(seconds=float(stored))


@dataclass(frozen=True, slots=True)
class ClockDialogue:
    """Built once, in ``bot.app``, for the demo only.

    The clock is set by :meth:`run`, after the message that asked for it is handled: leases end by
    the same clock.
    """

    clock: DemoClock
    times: Times
    store: Store
    fire: Callable[[], Awaitable[object]]
    _targets: asyncio.Queue[datetime] = field(default_factory=lambda: asyncio.Queue(1))

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/时钟: what time it is in the demo; with a time, go there."""
        now = self.times.now()
        if not arguments.text:
            return Reply(text=f"演示时钟：{moment(now)}。{HOW}")
        target = self._target(arguments.text)
        if target <= now:
            raise UsageError("not ahead", reply=f"演示时钟只能往前拨，现在是 {moment(now)}。")
        if target > now + _MOST:
            raise UsageError("too far", reply="一次最多拨一年。")
        if self._targets.full():
            raise UsageError("busy", reply="时钟还在拨，请稍等。")
        self._targets.put_nowait(target)
        return Reply(text=f"好，演示时钟拨到 {moment(target)}。路上到点的提醒这就发出去。")

    async def run(self) -> None:
        """Set the clock forward whenever somebody has asked for it."""
        while True:
            target = await self._targets.get()
            await asyncio.sleep(_AFTER_REPLY_S)
            await self.go(target)

    def _target(self, words: str) -> datetime:
        when = self.times.read(words)
        match when:
            case Instant(at=at) | Deadline(at=at):
                return at
            case Day(on=on):
                return datetime(on.year, on.month, on.day, 9, tzinfo=SHANGHAI)
            case _:
                raise UsageError("unreadable", reply=f"没看懂时间。{HOW}")

    async def go(self, target: datetime) -> None:
        """From reminder to reminder, so that each comes at its own time and none too late."""
        for _ in range(_MOST_STOPS):
            following = await self.store.read(_next_notice)
            stop = min(target, self.clock() + _STRIDE)
            if following is not None and self.clock() < following < stop:
                stop = following + timedelta(seconds=1)
            await self._settle()
            self.clock.go_to(stop)
            await self.fire()
            if stop >= target:
                break
        await self._settle()
        self.clock.go_to(target)
        await self.clock.remember(self.store)
        await self.fire()

    async def _settle(self) -> None:
        """Let what is being delivered arrive: leases end by this clock, too."""
        woken = self.store.woken(outbox.TOPIC)
        for _ in range(_MOST_LOOKS):
            if not await self.store.read(_in_hand):
                return
            await woken.next(_LOOK_S)


def _in_hand(session: Session) -> bool:
    leased = select(Delivery.id).where(Delivery.lease_until.is_not(None)).limit(1)
    return session.scalars(leased).first() is not None


def _next_notice(session: Session) -> datetime | None:
    return session.scalars(select(func.min(Occurrence.next_notice_at))).one()


def add_clock(router: Router, dialogue: ClockDialogue) -> None:
    """/时钟, which only the demo has."""
    router.command(
        "时钟", "clock", to=dialogue.command, needs=Role.ADMIN,
        help="演示用：把时钟往前拨，看提醒怎么来", example="/时钟 明天9点",
    )  # fmt: skip
