"""Counts what a platform's monthly quotas count, and says how much is left.

A count is kept for a moment and written with others, so that it costs no message its time; a crash
loses at most ``_UNWRITTEN`` of each kind. DingTalk does not say which calls its quota counts: all
are counted, which errs on the safe side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.messages import ChannelName
from handlers.backups.shortage import Quota
from store import quotas
from store.engine import Store

_UNWRITTEN = 20
_ZONE = ZoneInfo("Asia/Shanghai")
"""Of the platform's month."""
_WORDS: Mapping[str, tuple[str, str]] = {
    quotas.CALLS: (
        "接口调用",
        "用到八成起通讯录不再自动同步；用完后主动发的提醒、通知可能发不出去（回答提问不受影响）；"
        "请少发群通知，或在钉钉开放平台升级专业版、购买资源包。下个月一号恢复。",
    ),
    quotas.INBOUND: (
        "收到的消息",
        "用完后老师发的消息收不到，包括签到；"
        "请在钉钉开放平台升级专业版、购买资源包。下个月一号恢复。",
    ),
}


@dataclass(slots=True, kw_only=True)
class Meter:
    """Of one channel; ``limits`` by kind, 0 where there is none."""

    store: Store
    channel: ChannelName
    name: str
    limits: Mapping[str, int]
    clock: Callable[[], datetime]
    _counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By month and kind, not written yet."""

    async def count(self, kind: str) -> None:
        """One more, in the month of now."""
        self._counted[self._month(), kind] += 1
        if self._counted.total() >= _UNWRITTEN:
            await self.write()

    async def write(self) -> None:
        """Let others see what was counted."""
        counted, self._counted = self._counted, Counter()
        if not counted:
            return

        def work(session: Session) -> None:
            for (month, kind), number in sorted(counted.items()):
                quotas.count(session, self.channel, kind, month, number)
            quotas.forget(session, _year_before(self._month()))

        try:
            await self.store.write(work)
        except BaseException:
            self._counted.update(counted)
            raise

    async def quotas(self) -> Sequence[Quota]:
        """How much of each is used this month."""
        await self.write()
        month = self._month()
        used = await self.store.read(lambda session: quotas.used(session, self.channel, month))
        return [
            Quota(
                key=f"{self.channel}:{kind}:{month}{':out' if used.get(kind, 0) >= limit else ''}",
                name=f"{self.name}本月{_WORDS[kind][0]}",
                used=used.get(kind, 0),
                limit=limit,
                after=_WORDS[kind][1],
                is_told_daily=False,
                kind=kind,
            )
            for kind, limit in self.limits.items()
            if limit
        ]

    async def ran_out(self, kind: str) -> None:
        """The platform says that nothing is left, whatever was counted."""
        left = sum(one.left for one in await self.quotas() if one.kind == kind)
        self._counted[self._month(), kind] += left
        await self.write()

    async def is_low(self, kind: str) -> bool:
        """Whether what is left of a kind is for what somebody asks for."""
        return any(one.is_low and one.kind == kind for one in await self.quotas())

    def _month(self) -> str:
        return quotas.month_of(self.clock().astimezone(_ZONE).date())


def _year_before(month: str) -> str:
    year, _, rest = month.partition("-")
    return f"{int(year) - 1}-{rest}"
