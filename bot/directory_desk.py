"""What ``roster sync`` asks for: the directory of whichever platform is configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from bot.channels.base import Channel, Directory, ReadsDirectory
from bot.control import Exchange, Operations
from bot.errors import ConfigError
from bot.messages import ChannelName
from handlers.people.actions import operator
from handlers.people.syncing import Entry, Syncing

PLATFORMS: Mapping[str, str] = {
    ChannelName.WECOM_APP.platform: "[wecom.app]，先按 docs/wecom.md 填好。",
    ChannelName.DINGTALK.platform: "[dingtalk.app]，先按 docs/dingtalk.md 填好。",
}
"""Those with a directory, and what is missing while it cannot be read."""
_DEEPEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryDesk:
    """The one who types is the operator."""

    channels: Mapping[ChannelName, Channel]
    syncing: Syncing

    def operations(self) -> Operations:
        """By the names that the command line uses."""
        return {f"roster.sync.{one}": partial(self._sync, one) for one in PLATFORMS}

    async def _sync(
        self, platform: str, values: Mapping[str, JsonValue], exchange: Exchange
    ) -> JsonValue:
        directory = await self._reader(platform).read_directory()
        done = await self.syncing.take_over(
            operator(),
            platform,
            list(entries_of(directory)),
            is_dry_run=values.get("is_dry_run") is True,
        )
        return {
            "added": list(done.added),
            "linked": list(done.linked),
            "left": list(done.left),
            "elsewhere": list(done.elsewhere),
            "kept": list(done.kept),
            "known": done.known,
        }

    def _reader(self, platform: str) -> ReadsDirectory:
        for name, channel in self.channels.items():
            if name.platform == platform and isinstance(channel, ReadsDirectory):
                return channel
        reply = f"yaodian.toml 里还没有 {PLATFORMS[platform]}"
        raise ConfigError(f"no directory of {platform}", reply=reply)


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
