"""What ``wecom menu`` and ``roster sync wecom`` ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from bot.channels.base import Directory
from bot.control import Exchange, Operations
from bot.messages import ChannelName
from bot.wecom import WeCom
from handlers.people.actions import operator
from handlers.people.syncing import Entry, Syncing

_DEEPEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComDesk:
    """The one who types is the operator."""

    wecom: WeCom
    syncing: Syncing

    def operations(self) -> Operations:
        """By the names that the command line uses."""
        return {
            "wecom.menu": self._menu,
            "wecom.aibot": self._aibot,
            "roster.sync.wecom": self._sync,
        }

    async def _menu(self, values: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        return list(await self.wecom.create_menu())

    async def _aibot(self, values: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        """How the AI bot's connection is, for who must not open another."""
        if self.wecom.aibot is None:
            return None
        health = self.wecom.aibot.health()
        return {"is_ready": health.is_ready, "detail": health.detail}

    async def _sync(self, values: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        directory = await self.wecom.directory()
        done = await self.syncing.take_over(
            operator(),
            ChannelName.WECOM_APP.platform,
            list(entries_of(directory)),
            is_dry_run=values.get("is_dry_run") is True,
        )
        return {
            "added": list(done.added),
            "linked": list(done.linked),
            "left": list(done.left),
            "kept": list(done.kept),
            "known": done.known,
        }


def entries_of(directory: Directory) -> Iterator[Entry]:
    """Members with the paths of their units; who is not active has left."""
    units = {unit.id: unit for unit in directory.units}

    def path(unit_id: str) -> tuple[str, ...]:
        names: list[str] = []
        at: str | None = unit_id
        while at in units and len(names) < _DEEPEST:
            names.insert(0, units[at].name)
            at = units[at].parent_id
        return tuple(names)

    for member in directory.members:
        if member.is_active:
            found = tuple(filter(None, map(path, member.unit_ids)))
            yield Entry(account=member.account, name=member.name, units=found)
