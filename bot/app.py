"""The composition root: builds every long-lived object, opens and closes them in order."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlalchemy.orm import Session

from bot.channels.base import Channel, Downloads, Health, Sends
from bot.channels.console import ConsoleChannel
from bot.channels.web import WebChannel
from bot.config import Settings
from bot.control import owning
from bot.demo.clock import DemoClock, add_clock
from bot.dispatcher import Dispatcher
from bot.errors import NotFound, UsageError
from bot.identity import ChatFront, demo_identity, no_identity
from bot.messages import Attachment, ChannelName, IncomingMessage, Role, Sender
from bot.middleware import around
from bot.model_writer import ModelUsage, make_writer
from bot.operations import Desk
from bot.outbox import Outbox, Trouble
from bot.recording import Recording, build_recording, read_types
from bot.running import Running, build_running, make_questions, reaching
from bot.tasking import Tasking, build_tasking, make_planner
from bot.vector_cache import StoredVectors
from bot.web.documents import DocumentPages
from bot.web.health import HealthPages
from bot.web.links import Links
from bot.web.past import Past
from handlers.ask.actions import Ask
from handlers.ask.dialogue import AskDialogue
from handlers.documents.actions import Documents
from handlers.documents.dialogue import DocumentsDialogue
from handlers.help import Help
from handlers.pending import Pending
from handlers.people.actions import People
from handlers.records.attachments import Fetch
from handlers.records.types import RecordTypes
from handlers.routes import build_router
from knowledge.answers import Thresholds
from knowledge.embedding import make_embedder
from knowledge.library import Library
from knowledge.reading import read_file
from scheduler.planning_horizon import Planner
from store import blobs, documents, transcript
from store import outbox as outbox_rows
from store import settings as stored_settings
from store.engine import Store

logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 5.0
_LINK_SECRET_KEY = "links.secret"  # noqa: S105 the name it is stored under


def utc_now() -> datetime:
    """The one clock of the running program."""
    return datetime.now(UTC)


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
    dispatcher: Dispatcher
    outbox: Outbox
    channels: Mapping[ChannelName, Channel]
    page: WebChannel
    document_pages: DocumentPages
    health_pages: HealthPages
    tasking: Tasking
    recording: Recording
    keeping: Running
    clock: Clock
    loops: Loops
    zone: ZoneInfo

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Handle and deliver until the block ends; what is in hand may finish."""
        async with asyncio.TaskGroup() as group:
            for channel in self.channels.values():
                await channel.start()
            self.loops.tasks = {
                "dispatcher": group.create_task(self.dispatcher.run()),
                "outbox": group.create_task(self.outbox.run()),
                "documents": group.create_task(self._follow_documents()),
                "reminders": group.create_task(self.tasking.ticker.run()),
                "digest": group.create_task(self.keeping.ticker.run()),
                "roll calls": group.create_task(self.recording.run()),
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


@asynccontextmanager
async def opened(settings: Settings, folder: Path, *, is_demo: bool = False) -> AsyncIterator[App]:
    """Own the data folder and build the application; nothing runs yet.

    Raises:
        DataFolderInUse: Another process owns the folder.
        ConfigError: Something that is configured cannot be had.
    """
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, owning(folder))
        demo_clock = DemoClock() if is_demo else None
        store = await Store.open(settings.store.url or folder, clock=demo_clock)
        stack.push_async_callback(store.close)
        if demo_clock is not None:
            await demo_clock.recall(store)
        zone = await asyncio.to_thread(ZoneInfo, settings.bot.timezone)
        writer = make_writer(settings.model, store, zone)
        if writer is not None:
            stack.push_async_callback(writer.calls.model.close)
        library = Library(
            make_embedder=lambda: make_embedder(
                settings.knowledge.embedding,
                base_url=settings.knowledge.base_url,
                api_key=_revealed(settings.knowledge.api_key),
            ),
            vectors=StoredVectors(store),
            folder=folder / "index",
            thresholds=_thresholds(settings),
            writer=writer,
        )
        await library.open()
        stack.push_async_callback(library.close)
        secret = await _link_secret(store)
        usage = ModelUsage(settings=settings.model, store=store, zone=zone, writer=writer)
        planner = await asyncio.to_thread(make_planner, settings)
        clock: Clock = demo_clock or utc_now
        types = await read_types(folder)
        app = _built(
            settings, store, library, zone, secret, planner, types, clock, usage, is_demo=is_demo
        )
        await app.documents.load()
        yield app


def _built(
    settings: Settings,
    store: Store,
    library: Library,
    zone: ZoneInfo,
    link_secret: bytes,
    planner: Planner,
    types: RecordTypes,
    clock: Clock,
    usage: ModelUsage,
    *,
    is_demo: bool,
) -> App:
    people = People(store, clock, frozenset(settings.bot.admins))
    shelf = Documents(store, library, clock, zone, read_file)
    post = reaching([ChannelName.WEB])
    questions = make_questions(settings, store, post=post, clock=clock, zone=zone)
    ask = Ask(store, library, shelf, clock, questions)
    links = Links(secret=link_secret)
    identify = demo_identity(store) if is_demo else no_identity
    pending = Pending(store, clock)
    tasking = build_tasking(
        settings,
        store,
        planner,
        people,
        shelf,
        channels=[ChannelName.WEB],
        links=links,
        identify=identify,
        clock=clock,
        monotonic=time.monotonic,
        pending=pending,
        is_demo=is_demo,
    )
    senders: dict[ChannelName, Sends] = {}
    recording = build_recording(
        settings,
        store,
        people,
        types,
        planner,
        channels=[ChannelName.WEB],
        clock=clock,
        zone=zone,
        pending=pending,
        fetch=_fetching(senders),
    )
    running = build_running(
        settings,
        store,
        people,
        shelf,
        questions,
        senders=senders,
        fetch=_fetching(senders),
        times=tasking.times,
        pending=pending,
        clock=clock,
        monotonic=time.monotonic,
        zone=zone,
    )
    router = build_router(
        AskDialogue(ask, people),
        DocumentsDialogue(shelf, people),
        Help(people),
        tasking.dialogue,
        tasking.reminding,
        tasking.feeds,
        recording.routes,
        running.routes,
    )
    if tasking.clock_dialogue is not None:
        add_clock(router, tasking.clock_dialogue)

    async def roles_of(sender: Sender) -> frozenset[Role]:
        return (await people.actor(sender)).every_role

    dispatcher = Dispatcher(
        store=store,
        handle=around(router, roles_of=roles_of, monotonic=time.monotonic),
        is_fast=router.is_fast,
        channels=senders,
        clock=clock,
    )
    console = ConsoleChannel(accept=dispatcher.accept, clock=clock)
    page = WebChannel(
        accept=dispatcher.accept,
        identify=identify,
        past=Past(store),
        front=ChatFront(people=people, documents=shelf, is_demo=is_demo),
        links=links,
        clock=clock,
    )
    senders |= {ChannelName.CONSOLE: console, ChannelName.WEB: page}
    channels: dict[ChannelName, Channel] = {ChannelName.CONSOLE: console, ChannelName.WEB: page}
    loops = Loops()
    return App(
        settings=settings,
        store=store,
        library=library,
        documents=shelf,
        people=people,
        desk=Desk(
            ask=ask,
            documents=shelf,
            people=people,
            library=library,
            usage=usage,
            console=console,
            hurry=_hurrying(store, clock),
            file_limit_bytes=settings.knowledge.file_limit_mb * 2**20,
            more={**tasking.desk.operations(), **recording.desk.operations()},
        ),
        dispatcher=dispatcher,
        outbox=Outbox(
            store=store,
            channels=senders,
            read_blob=_blob_reader(store),
            on_trouble=_log_trouble,
            clock=clock,
        ),
        channels=channels,
        page=page,
        document_pages=DocumentPages(
            documents=shelf, people=people, store=store, links=links, clock=clock
        ),
        health_pages=HealthPages(
            store=store, library=library, channels=channels, loops=loops.health, usage=usage
        ),
        tasking=tasking,
        recording=recording,
        keeping=running,
        clock=clock,
        loops=loops,
        zone=zone,
    )


def _blob_reader(store: Store) -> Callable[[str], Awaitable[bytes]]:
    async def read_blob(blob: str) -> bytes:
        row = await store.read(lambda session: blobs.get(session, blob))
        if row is None:
            raise NotFound("a blob is gone")
        return row.bytes

    return read_blob


def _fetching(senders: Mapping[ChannelName, Sends]) -> Fetch:
    """Gets what only a platform has, through the channel that was told of it."""

    async def fetch(message: IncomingMessage, attachment: Attachment, limit_bytes: int) -> bytes:
        channel = senders.get(message.channel)
        if not isinstance(channel, Downloads) or attachment.source is None:
            raise UsageError("cannot be fetched", reply="这里收不到文件，请换一个聊天窗口发。")
        return await channel.download(attachment.source, limit_bytes)

    return fetch


def _hurrying(store: Store, clock: Clock) -> Callable[[str], Awaitable[None]]:
    """Delivers to a terminal what waited for somebody to sit down at it."""

    async def hurry(account: str) -> None:
        now, name = clock(), ChannelName.CONSOLE
        await store.write(lambda session: transcript.hurry(session, name, account, now))

    return hurry


async def _log_trouble(trouble: Trouble) -> None:
    logger.warning(
        "delivery %d through %s ended as %s", trouble.delivery_id, trouble.channel, trouble.state
    )


async def _link_secret(store: Store) -> bytes:
    """Made once and kept, so that links outlive a restart and hold on every replica."""

    def work(session: Session) -> str:
        known = stored_settings.get(session, _LINK_SECRET_KEY)
        if known is None:
            known = secrets.token_hex(32)
            stored_settings.put(session, _LINK_SECRET_KEY, known)
        return known

    return bytes.fromhex(await store.write(work))


def _thresholds(settings: Settings) -> Thresholds:
    least = settings.knowledge.minimum_confidence
    return Thresholds() if least is None else Thresholds(answer=least)


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
