"""``yaodian calendar``: the one who types is the operator."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from bot.control import Exchange, Operations
from bot.errors import UsageError
from handlers.calendars.actions import Calendars
from handlers.calendars.dialogue import spans
from handlers.people.actions import operator


@dataclass(frozen=True, slots=True)
class CalendarDesk:
    """By the names that the command line uses."""

    calendars: Calendars

    def operations(self) -> Operations:
        return {"calendar.add": self._add, "calendar.list": self._list}

    async def _add(self, values: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        path = Path(str(values["path"]))
        try:
            text = await asyncio.to_thread(path.read_text, "utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reply = f"{path.name} 读不了，要用 UTF-8 的 .json 或 .txt。"
            raise UsageError("cannot read the calendar", reply=reply) from error
        notice = await self.calendars.offer(operator(), text)
        if not values.get("is_dry_run"):
            await self.calendars.put(operator(), notice)
        return {
            "year": notice.year,
            "off": list(spans(notice.off)),
            "on": list(spans(notice.on)),
        }

    async def _list(self, values: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        return {"years": list(self.calendars.years())}
