"""The composition root: builds every long-lived object, opens and closes them in order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bot.administering import AdminNeeds, build_admin
from bot.assembled import App, Clock, Loops
from bot.channels.base import Channel, Sends, SignsIn, SignsInInside
from bot.channels.console import ConsoleChannel
from bot.channels.public_hosts import GlobalResolver
from bot.channels.web import WebChannel
from bot.config import Settings
from bot.control import owning
from bot.demo.clock import DemoClock, add_clock
from bot.dingtalk import DingTalkNeeds, build_dingtalk
from bot.directory_desk import DirectoryDesk
from bot.dispatcher import Dispatcher
from bot.housekeeping import housekeeping
from bot.identity import ChatFront, demo_identity, no_identity
from bot.keeping import build_keeping
from bot.live_cards import LiveCards
from bot.media import Intake
from bot.messages import ChannelName, Role, Sender
from bot.middleware import around
from bot.model_writer import ModelUsage, make_proposals, make_writer
from bot.operations import Desk
from bot.outbox import Outbox
from bot.parts import blob_keeper, blob_reader, hurrying, link_secret, revealed, thresholds
from bot.recording import build_recording, read_types
from bot.reporting import build_reporting
from bot.running import build_running, make_questions, reaching
from bot.tasking import build_tasking, make_planner
from bot.ticking import Ticking
from bot.trouble import Troubles
from bot.vector_cache import StoredVectors
from bot.web.check_in import CheckInPages
from bot.web.documents import DocumentPages
from bot.web.health import HealthPages
from bot.web.links import Links
from bot.web.past import Past
from bot.wecom import WeComNeeds, build_wecom
from bot.wecom_desk import WeComDesk
from handlers.ask.actions import Ask
from handlers.ask.dialogue import AskDialogue
from handlers.confirmations import Confirmations
from handlers.documents.actions import Documents
from handlers.documents.dialogue import DocumentsDialogue
from handlers.help import Help
from handlers.pending import Pending
from handlers.people.actions import People
from handlers.people.syncing import Syncing
from handlers.received import Received
from handlers.records.types import RecordTypes
from handlers.routes import build_router
from knowledge.embedding import make_embedder
from knowledge.library import Library
from knowledge.reading import read_file
from scheduler.planning_horizon import Planner
from store.engine import Store

logger = logging.getLogger(__name__)

_PATIENCE = ClientTimeout(total=20.0, connect=5.0)
"""For one call of a platform."""


def utc_now() -> datetime:
    """The one clock of the running program."""
    return datetime.now(UTC)


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
                api_key=revealed(settings.knowledge.api_key),
            ),
            vectors=StoredVectors(store),
            folder=folder / "index",
            thresholds=thresholds(settings),
            writer=writer,
        )
        await library.open()
        stack.push_async_callback(library.close)
        secret = await link_secret(store)
        usage = ModelUsage(settings=settings.model, store=store, zone=zone, writer=writer)
        planner = await asyncio.to_thread(make_planner, settings)
        clock: Clock = demo_clock or utc_now
        types = await read_types(folder)
        session = await stack.enter_async_context(ClientSession(timeout=_PATIENCE))
        files = await stack.enter_async_context(
            ClientSession(connector=TCPConnector(resolver=GlobalResolver()))
        )
        app = _built(
            settings,
            store,
            library,
            zone,
            secret,
            planner,
            types,
            clock,
            usage,
            session,
            files,
            folder,
            is_demo=is_demo,
        )
        await app.documents.load()
        await app.tasking.calendars.follow()
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
    session: ClientSession,
    files: ClientSession,
    folder: Path,
    *,
    is_demo: bool,
) -> App:
    people = People(store, clock, frozenset(settings.bot.admins))
    shelf = Documents(store, library, clock, zone, read_file)
    reachable = _reachable(settings, is_demo=is_demo)
    post = reaching(reachable)
    questions = make_questions(settings, store, post=post, clock=clock, zone=zone)
    ask = Ask(store, library, shelf, clock, questions)
    links = Links(secret=link_secret)
    identify = demo_identity(store) if is_demo else no_identity
    pending = Pending(store, clock)
    confirmations = Confirmations(pending, people)
    proposals = make_proposals(usage.writer)
    senders: dict[ChannelName, Sends] = {}
    intake = Intake(store=store, channels=senders, clock=clock)
    tasking = build_tasking(
        settings,
        store,
        planner,
        people,
        shelf,
        channels=reachable,
        links=links,
        identify=identify,
        clock=clock,
        monotonic=time.monotonic,
        pending=pending,
        fetch=intake.fetch,
        proposals=proposals,
        is_demo=is_demo,
    )
    recording = build_recording(
        settings,
        store,
        people,
        types,
        planner,
        channels=post.channels,
        clock=clock,
        zone=zone,
        pending=pending,
        fetch=intake.fetch,
        telling=tasking.tasks.telling,
        confirmations=confirmations,
        senders=senders,
        screen_path=links.screen,
        proposals=proposals,
    )
    running = build_running(
        settings,
        store,
        people,
        shelf,
        questions,
        senders=senders,
        fetch=intake.fetch,
        times=tasking.times,
        confirmations=confirmations,
        clock=clock,
        monotonic=time.monotonic,
        real_clock=utc_now,
        zone=zone,
    )
    reporting = build_reporting(
        settings,
        store,
        people,
        types,
        erasing=recording.erasing,
        confirmations=confirmations,
        fetch=intake.fetch,
        clock=clock,
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
        reporting.routes,
        tasking.holidays(confirmations, intake.fetch),
        tasking.sheet_files(confirmations, running.routes.uploading.file),
        media=Received(store, clock, tasking.dialogue.evidence.came).media,
    )
    if tasking.clock_dialogue is not None:
        add_clock(router, tasking.clock_dialogue)

    async def roles_of(sender: Sender) -> frozenset[Role]:
        return (await people.actor(sender)).every_role

    refusals: Counter[str] = Counter()
    troubles = Troubles(store=store, post=post, clock=clock)
    dispatcher = Dispatcher(
        store=store,
        handle=around(
            router,
            roles_of=roles_of,
            monotonic=time.monotonic,
            inner=[intake],
            refusals=refusals,
        ),
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
        keep=blob_keeper(store, clock),
        clock=clock,
    )
    read_blob = blob_reader(store)
    wecom = build_wecom(
        settings.wecom,
        WeComNeeds(
            store=store,
            session=session,
            accept=dispatcher.accept,
            read_blob=read_blob,
            clock=utc_now,
        ),
    )
    dingtalk = build_dingtalk(
        settings.dingtalk,
        DingTalkNeeds(
            store=store,
            session=session,
            files=files,
            accept=dispatcher.accept,
            read_blob=read_blob,
            clock=utc_now,
            task_clock=clock,
            public_url=settings.bot.public_url or "",
        ),
    )
    platforms = {**wecom.channels(), **dingtalk.channels()}
    senders |= {ChannelName.CONSOLE: console, ChannelName.WEB: page, **platforms}
    channels: dict[ChannelName, Channel] = {
        ChannelName.CONSOLE: console,
        ChannelName.WEB: page,
        **platforms,
    }
    loops = Loops()
    safekeeping = build_keeping(
        settings,
        store,
        folder,
        post=post,
        channels=channels,
        usage=usage,
        clock=clock,
        monotonic=time.monotonic,
        zone=zone,
        is_demo=is_demo,
    )
    health_pages = HealthPages(
        store=store,
        library=library,
        channels=channels,
        loops=loops.health,
        usage=usage,
        arrived=lambda: chain(wecom.counts(), dingtalk.counts()),
        refusals=refusals,
        machine=safekeeping.health,
        more=safekeeping.families,
        calendar=lambda: planner.calendar.warning(clock().astimezone(zone).date()),
        ticking=Ticking((tasking.ticker, running.ticker, safekeeping.ticker)),
    )
    admin = build_admin(
        settings,
        running.sign_in,
        AdminNeeds(
            store=store,
            tasking=tasking,
            recording=recording,
            running=running,
            health=health_pages.state,
            usage=usage,
            ways={name: one for name, one in channels.items() if isinstance(one, SignsIn)},
            folder=folder,
            clock=clock,
            monotonic=time.monotonic,
            zone=zone,
        ),
    )
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
            hurry=hurrying(store, clock),
            file_limit_bytes=settings.knowledge.file_limit_mb * 2**20,
            more={
                **tasking.desk.operations(),
                **recording.desk.operations(),
                **reporting.desk.operations(),
                **safekeeping.operations(),
                **WeComDesk(wecom=wecom).operations(),
                **DirectoryDesk(
                    channels=channels, syncing=Syncing(store=store, clock=clock)
                ).operations(),
            },
        ),
        router=router,
        dispatcher=dispatcher,
        outbox=Outbox(
            store=store,
            channels=senders,
            read_blob=read_blob,
            on_trouble=troubles.tell,
            clock=clock,
        ),
        channels=channels,
        page=page,
        document_pages=DocumentPages(
            documents=shelf, people=people, store=store, links=links, clock=clock
        ),
        check_in_pages=CheckInPages(
            roll_calls=recording.roll_calls,
            on_site=recording.on_site,
            people=people,
            links=links,
            identify=identify,
            ways={n: one for n, one in channels.items() if isinstance(one, SignsInInside)},
            public_url=settings.bot.public_url or "",
            clock=clock,
        ),
        health_pages=health_pages,
        admin=admin,
        tasking=tasking,
        recording=recording,
        live_cards=LiveCards(
            store=store, calls=recording.roll_calls, channels=senders, monotonic=time.monotonic
        ),
        reporting=reporting,
        keeping=running,
        safekeeping=safekeeping,
        wecom=wecom,
        dingtalk=dingtalk,
        troubles=troubles,
        housekeeping=housekeeping(
            store, usage, clock=utc_now, monotonic=time.monotonic, more=dingtalk.chores()
        ),
        clock=clock,
        loops=loops,
        zone=zone,
    )


def _reachable(settings: Settings, *, is_demo: bool) -> list[ChannelName]:
    """Channels through which a person can be written to first.

    Not the page where nobody can open it: what is put there would count as sent.
    """
    wecom = settings.wecom
    found = [ChannelName.WEB] if is_demo or settings.bot.web_channel else []
    if wecom.app is not None:
        found.append(ChannelName.WECOM_APP)
    if wecom.aibot is not None and wecom.aibot.mode == "websocket":
        found.append(ChannelName.WECOM_AIBOT)
    if settings.dingtalk.app is not None:
        found.append(ChannelName.DINGTALK)
    return found
