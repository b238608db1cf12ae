"""What both ways in do with what arrives: store it, count it, and say whether it was stored."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.channels.base import Accept
from bot.channels.dingtalk.incoming import Json, is_over_quota, kind_of, tap_of, to_incoming

logger = logging.getLogger(__name__)

CONTACT_EVENTS = frozenset(
    "user_add_org user_modify_org user_leave_org org_dept_create org_dept_modify org_dept_remove"
    .split()
)  # fmt: skip
_ZONE = ZoneInfo("Asia/Shanghai")
Note = Callable[[], Awaitable[None]]
"""Remembers that something happened."""


async def note_nothing() -> None:
    """For whoever has no use for it."""


@dataclass(slots=True, kw_only=True)
class Inbound:
    """``accept`` and ``directory_changed`` return when what they are told is durable."""

    accept: Accept
    clock: Callable[[], datetime]
    directory_changed: Note = note_nothing
    arrived: Note = note_nothing
    """Counts one delivery that the month's quota counts, too."""
    ran_out: Note = note_nothing
    """DingTalk says that the month's quota is used up."""
    counts: Counter[str] = field(default_factory=Counter)
    """By what they were: ``text``, ``tap``, ``event.user_add_org``, ``unknown`` …"""
    over_quota_in: str = ""
    """The month, as 2026-09, in which DingTalk said that no more messages come."""

    async def message(self, body: Json) -> None:
        """A robot message."""
        self.counts[kind_of(body)] += 1
        await self.arrived()
        now = self.clock()
        if is_over_quota(body):
            self.over_quota_in = _month(now)
            logger.error("the month's deliveries of DingTalk are used up")
            await self.ran_out()
        else:
            self.over_quota_in = ""
        incoming = to_incoming(body, now)
        if incoming is not None:
            await self.accept(incoming)

    async def tap(self, body: Json, callback_id: str) -> None:
        """A button of a card."""
        self.counts["tap"] += 1
        await self.arrived()
        incoming = tap_of(body, self.clock(), callback_id)
        if incoming is None:
            self.counts["unknown"] += 1
        else:
            await self.accept(incoming)

    async def event(self, kind: str) -> None:
        """Something that happened in the corp; only the directory's are of use."""
        await self.arrived()
        is_contact = kind in CONTACT_EVENTS
        self.counts[f"event.{kind}" if is_contact else "event.other"] += 1
        if is_contact:
            await self.directory_changed()

    def trouble(self) -> str:
        """Chinese, while no messages come because of the quota."""
        if self.over_quota_in == _month(self.clock()):
            return (
                "钉钉这个月给机器人的消息额度用完了，下个月恢复；"
                "急用可以在开放平台升级专业版或购买资源包。"
            )
        return ""


def _month(now: datetime) -> str:
    """Of the platform, which is China's."""
    return f"{now.astimezone(_ZONE):%Y-%m}"
