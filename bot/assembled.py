"""The application as it stands: its long-lived objects, and the loops that run while it lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.admin.site import AdminSite
from bot.channels.base import Channel, Health
from bot.channels.web import WebChannel
from bot.config import Settings
from bot.dingtalk import DingTalk
from bot.dispatcher import Dispatcher
from bot.keeping import Keeping
from bot.live_cards import LiveCards
from bot.messages import ChannelName
from bot.operations import Desk
from bot.outbox import Outbox
from bot.recording import Recording
from bot.reporting import Reporting
from bot.routing import Router
from bot.running import Running
from bot.tasking import Tasking
from bot.trouble import Troubles
from bot.web.check_in import CheckInPages
from bot.web.documents import DocumentPages
from bot.web.health import HealthPages
from bot.wecom import WeCom
from handlers.documents.actions import Documents
from handlers.people.actions import People
from knowledge.library import Library
from scheduler.clock import Ticker
from store import documents
from store import outbox as outbox_rows
from store.engine import Store

_LOOK_EVERY_S = 5.0

Clock = Callable[[], datetime]


class Loops:
    """Whether what has to run is running."""

    def __init__(self) -> None:
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def health(self) -> Health:
        ended = [name for name, task in self.tasks.items() if task.done()]
        if ended or not self.tasks:
            return Health(is_ready=False, detail=f"没有在运行：{'、'.join(ended) or '全部'}")
        return Health(is_ready=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything there is; built by :func:`opened`."""

    settings: Settings
    store: Store
    library: Library
    documents: Documents
    people: People
    desk: Desk
    router: Router
    dispatcher: Dispatcher
    outbox: Outbox
    channels: Mapping[ChannelName, Channel]
    page: WebChannel
    document_pages: DocumentPages
    check_in_pages: CheckInPages
    health_pages: HealthPages
    admin: AdminSite
    tasking: Tasking
    recording: Recording
    live_cards: LiveCards
    reporting: Reporting
    keeping: Running
    safekeeping: Keeping
    wecom: WeCom
    dingtalk: DingTalk
    housekeeping: Ticker
    troubles: Troubles
    clock: Clock
    loops: Loops
    zone: ZoneInfo

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Handle and deliver until the block ends; what is in hand may finish."""
        await self.wecom.recall()
        await self.dingtalk.recall()
        async with asyncio.TaskGroup() as group:
            for channel in self.channels.values():
                await channel.start()
            self.loops.tasks = {
                "dispatcher": group.create_task(self.dispatcher.run()),
                "outbox": group.create_task(self.outbox.run()),
                "documents": group.create_task(self._follow_documents()),
                "reminders": group.create_task(self.tasking.ticker.run()),
                "digest": group.create_task(self.keeping.ticker.run()),
                "housekeeping": group.create_task(self.housekeeping.run()),
                "backups": group.create_task(self.safekeeping.ticker.run()),
                "roll calls": group.create_task(self.recording.run()),
                "cards": group.create_task(self.live_cards.run()),
            }
            if self.tasking.clock_dialogue is not None:
                self.loops.tasks["clock"] = group.create_task(self.tasking.clock_dialogue.run())
            if self.store.is_shared:
                self.loops.tasks["pages"] = group.create_task(self._follow_deliveries())
            try:
                yield
            finally:
                for channel in self.channels.values():
                    await channel.stop()
                await self.dispatcher.stop()
                for task in self.loops.tasks.values():
                    task.cancel()

    async def _follow_documents(self) -> None:
        """Take over what other replicas add, and what a new day lets expire."""
        woken = self.store.woken(documents.TOPIC)
        while True:
            today = self.clock().astimezone(self.zone)
            midnight = (today + timedelta(days=1)).replace(hour=0, minute=0, second=1)
            await woken.next((midnight - today).total_seconds())
            if self.store.is_shared or self.clock().astimezone(self.zone).date() != today.date():
                await self.documents.load()

    async def _follow_deliveries(self) -> None:
        """A page may be open here while another replica delivers to it."""
        woken = self.store.woken(outbox_rows.TOPIC)
        while True:
            await woken.next(_LOOK_EVERY_S)
            self.page.look()
