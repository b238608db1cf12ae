"""``/calendar/{token}.ics``: a member's due times, for phones to subscribe to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from handlers.tasks.feeds import Feeds
from handlers.tasks.showing import STATE_WORDS
from handlers.tasks.views import OccurrenceView
from scheduler.recurrence import END_OF_DAY, SHANGHAI
from store.models_tasks import OccurrenceState

_LASTS = timedelta(minutes=30)
_REFRESH = timedelta(hours=1)
_TOKEN_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPages:
    """Whoever knows the address may read it; nobody is told whether another one exists."""

    feeds: Feeds
    clock: Callable[[], datetime]

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/calendar/{token}.ics", self._feed)

    async def _feed(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        found = await self.feeds.occurrences(token) if len(token) <= _TOKEN_CHARS else None
        if found is None:
            raise web.HTTPNotFound(text="这个日历地址不对或已作废。")
        name, occurrences = found
        body = await asyncio.to_thread(calendar_of, name, occurrences, self.clock())
        return web.Response(
            body=body,
            headers={
                "Content-Type": "text/calendar; charset=utf-8",
                "Cache-Control": "private, no-store",
            },
        )


def calendar_of(name: str, occurrences: Sequence[OccurrenceView], now: datetime) -> bytes:
    """An iCalendar file; whole days where only the day is due."""
    from icalendar import Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//yaodian//tasks//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{name}的任务")
    calendar.add("x-wr-timezone", "Asia/Shanghai")
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    for one in occurrences:
        if one.state is OccurrenceState.CANCELLED:
            continue
        event = Event()
        due = one.due_at.astimezone(SHANGHAI)
        event.add("uid", f"occurrence-{one.id}@yaodian")
        event.add("dtstamp", now)
        if due.time().replace(microsecond=0) == END_OF_DAY:
            event.add("dtstart", due.date())
            event.add("dtend", due.date() + timedelta(days=1))
        else:
            event.add("dtstart", one.due_at)
            event.add("dtend", one.due_at + _LASTS)
        mark = "✓ " if one.state is OccurrenceState.DONE else ""
        label = f"（{one.label}）" if one.label else ""
        event.add("summary", f"{mark}{one.title}{label}")
        event.add("description", _description(one))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _description(one: OccurrenceView) -> str:
    lines = [f"状态：{STATE_WORDS[one.state]}", f"责任人：{one.assignee}"]
    if one.is_provisional:
        lines.append("日期暂定，节假日安排公布后可能调整。")
    if one.document:
        lines.append(f"依据：《{one.document}》{one.locator}")
    if one.quote:
        lines.append(f"原文：{one.quote}")
    return "\n".join(lines)
