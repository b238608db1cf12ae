"""What ``wecom menu`` and ``doctor wecom`` ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from bot.control import Exchange, Operations
from bot.wecom import WeCom


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComDesk:
    """The one who types is the operator."""

    wecom: WeCom

    def operations(self) -> Operations:
        """By the names that the command line uses."""
        return {
            "wecom.menu": self._menu,
            "wecom.aibot": self._aibot,
        }

    async def _menu(self, values: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        return list(await self.wecom.create_menu())

    async def _aibot(self, values: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        """How the AI bot's connection is, for who must not open another."""
        if self.wecom.aibot is None:
            return None
        health = self.wecom.aibot.health()
        return {"is_ready": health.is_ready, "detail": health.detail}
