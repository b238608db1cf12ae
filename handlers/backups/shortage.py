"""Looks at what may run out: the disk, and what a platform or a model lets one do in a month."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.backups.warnings import Warnings

_NEARLY = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much of something is used up. ``name`` is Chinese: 钉钉本月接口调用."""

    key: str
    name: str
    used: int
    limit: int
    after: str = "用完后消息会发不出去，请少发群通知，或到平台上升级。"
    """What happens then, and what to do."""

    is_told_daily: bool = True
    """Otherwise once for each ``key``."""
    kind: str = ""
    """Which of a channel's quotas."""

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def is_low(self) -> bool:
        return self.used >= self.limit * _NEARLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What something would take of a quota."""

    quota: Quota
    needed: int

    @property
    def is_too_much(self) -> bool:
        return self.needed > self.quota.left


Quotas = Callable[[], Awaitable[Sequence[Quota]]]


async def no_quotas() -> Sequence[Quota]:
    """For when nothing is bounded."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Built once, in ``bot.app``; a chore."""

    folder: Path
    least_free_bytes: int
    warnings: Warnings
    quotas: Quotas = no_quotas

    async def run(self) -> None:
        """Warn about what is nearly used up."""
        free = (await asyncio.to_thread(shutil.disk_usage, self.folder)).free
        if free < self.least_free_bytes:
            await self.warnings.tell(
                "disk",
                f"装要点的电脑磁盘快满了，只剩 {free / 2**30:.1f} GB。"
                "满了就收不了消息、做不了备份，请尽快清理，或把数据文件夹换到大一点的盘。",
            )
        for quota in await self.quotas():
            if quota.is_low:
                used = f"已用 {quota.used}/{quota.limit}，只剩 {quota.left}"
                await self.warnings.tell(
                    f"quota:{quota.key}",
                    f"{quota.name}{used}。{quota.after}",
                    is_daily=quota.is_told_daily,
                )
