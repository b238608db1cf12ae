"""Builds what looks after the data: nightly backups, warnings in time; a part of the root."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from bot.channels.base import Channel, HasQuota, Health
from bot.config import Settings
from bot.control import Exchange, Operations
from bot.errors import UsageError
from bot.messages import ChannelName
from bot.model_writer import ModelUsage
from bot.web import metrics
from handlers.backups.actions import Backups, Made
from handlers.backups.nightly import DONE, Nightly, Plan, read_moment
from handlers.backups.shortage import Quota, Shortage
from handlers.backups.warnings import Warnings
from handlers.people.actions import operator
from handlers.posting import Post
from scheduler.clock import Chore, Ticker
from store import settings as kept_values
from store.engine import Store

_NIGHTLY_S = 300.0
_SHORTAGE_S = 1800.0


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What the application has of it."""

    backups: Backups
    nightly: Nightly
    shortage: Shortage
    ticker: Ticker
    plan: Plan
    folder: Path

    def operations(self) -> Operations:
        """By the names that the command line uses."""
        return {"backup": self._backup}

    async def _backup(self, arguments: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        try:
            file = Path(_File.model_validate(arguments).path)
        except ValidationError as error:
            reply = "命令和服务器的版本不一致，请重启服务器。"
            raise UsageError("bad arguments", reply=reply) from error
        return made_json(await self.backups.make(operator(), file))

    async def health(self) -> Mapping[str, Health]:
        """Never a reason to be taken out of service; the detail says what to do."""
        free = await asyncio.to_thread(self._free_bytes)
        disk = f"磁盘剩余 {free / 2**30:.1f} GB"
        if free < self.shortage.least_free_bytes:
            disk += "，快满了，请清理"
        last = await self._last()
        backup = "没有开自动备份"
        if self.plan.kept:
            backup = f"自动备份每天 {self.plan.at:%H:%M}，留 {self.plan.kept} 份"
            if last is None:
                backup += "；还没有做过"
            else:
                backup += f"；上次 {last.astimezone(self.nightly.zone):%Y-%m-%d %H:%M}"
        found = {
            "disk": Health(is_ready=True, detail=disk),
            "backup": Health(is_ready=True, detail=backup),
        }
        if quotas := await self.shortage.quotas():
            detail = "；".join(map(_quota_line, quotas))
            found["quotas"] = Health(is_ready=True, detail=detail)
        return found

    async def families(self) -> Sequence[metrics.Family]:
        """For /metrics."""
        last = await self._last()
        free = await asyncio.to_thread(self._free_bytes)
        return [
            metrics.one("yaodian_disk_free_bytes", "Room where the data are.", free),
            metrics.one("yaodian_backup_timestamp_seconds", "When the last nightly one was made.",
                        last.timestamp() if last else 0),
        ]  # fmt: skip

    async def _last(self) -> datetime | None:
        text = await self.backups.store.read(lambda session: kept_values.get(session, DONE))
        return read_moment(text)

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self.folder).free


def build_keeping(
    settings: Settings,
    store: Store,
    folder: Path,
    *,
    post: Post,
    channels: Mapping[ChannelName, Channel],
    usage: ModelUsage,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    zone: ZoneInfo,
    is_demo: bool,
) -> Keeping:
    """A demo has nothing that is worth a backup."""
    section = settings.store
    plan = Plan(
        at=section.backup_at,
        folder=section.backup_folder or folder / "backups",
        kept=0 if is_demo else section.backups_kept,
    )
    backups = Backups(store=store, folder=folder, clock=clock)
    warnings = Warnings(store=store, post=post, clock=clock, zone=zone)
    nightly = Nightly(backups=backups, warnings=warnings, plan=plan, clock=clock, zone=zone)

    async def quotas() -> Sequence[Quota]:
        found = [
            quota
            for channel in channels.values()
            if isinstance(channel, HasQuota)
            for quota in await channel.quotas()
        ]
        return [*found, *await _model_quota(settings, usage)]

    shortage = Shortage(
        folder=folder,
        least_free_bytes=section.least_free_mb * 2**20,
        warnings=warnings,
        quotas=quotas,
    )
    chores = [
        Chore(name="backup", every_s=_NIGHTLY_S, run=nightly.run),
        Chore(name="shortage", every_s=_SHORTAGE_S, run=shortage.run),
    ]
    return Keeping(
        backups=backups,
        nightly=nightly,
        shortage=shortage,
        ticker=Ticker(chores=chores, clock=clock, monotonic=monotonic),
        plan=plan,
        folder=folder,
    )


async def _model_quota(settings: Settings, usage: ModelUsage) -> Sequence[Quota]:
    limit = settings.model.day_tokens
    if usage.writer is None or limit is None:
        return ()
    used = (await usage.spent()).today.total
    return [Quota(key="model", name="语言模型今天的 token", used=used, limit=limit,
                  after="用完后今天的回答改用文件原文，不影响使用。")]  # fmt: skip


def _quota_line(quota: Quota) -> str:
    line = f"{quota.name} {quota.used}/{quota.limit}"
    if not quota.is_low:
        return line
    return f"{line}，{'用完了' if quota.used >= quota.limit else '快用完了'}：{quota.after}"


def made_json(made: Made) -> JsonValue:
    """As the command line prints it."""
    return {
        "path": str(made.file),
        "bytes": made.size_bytes,
        "made_at": made.made_at.isoformat(),
        "members": made.members,
        "documents": made.documents,
        "records": made.records,
    }
