"""Builds what records and reports need; a part of the composition root."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.channels.base import KnowsCosts, Sends
from bot.config import Settings
from bot.messages import ChannelName, Sender
from bot.record_desk import RecordDesk
from bot.web.addresses import page_address
from bot.web.forms import FormPages
from handlers.backups.shortage import Cost
from handlers.confirmations import Confirmations
from handlers.pending import Pending
from handlers.people.actions import People
from handlers.posting import Post
from handlers.records import wording
from handlers.records.actions import Records
from handlers.records.attachments import Attachments, Fetch
from handlers.records.browsing import RecordList
from handlers.records.case_reminders import CaseReminders
from handlers.records.check_in import RollCalls
from handlers.records.check_in_dialogue import CheckInDialogue, CostsOf
from handlers.records.configured import days_by_type, points_by_key
from handlers.records.dialogue import RecordsDialogue
from handlers.records.erasing import Erasing
from handlers.records.evidence import Evidence
from handlers.records.filling import Filling
from handlers.records.form_bundle import FormBundles
from handlers.records.form_dialogue import FormDialogue
from handlers.records.form_links import FormLinks
from handlers.records.form_windows import FormWindows
from handlers.records.handing_in import HandingIn
from handlers.records.on_site import OnSite
from handlers.records.personal import Personal
from handlers.records.photos import Photos
from handlers.records.record_views import Views
from handlers.records.roll_call_book import Book
from handlers.records.routes import RecordRoutes
from handlers.records.steps import Steps
from handlers.records.type_files import BUILTIN, load_record_types
from handlers.records.types import RecordTypes
from handlers.records.window_book import WindowBook
from handlers.records.window_dialogue import WindowDialogue
from handlers.reports.actions import Reports
from handlers.reports.dialogue import ReportsDialogue
from handlers.tasks.proving import prove
from handlers.tasks.telling import Telling
from knowledge.writer_proposals import Proposals
from scheduler.planning_horizon import Planner
from store import roll_calls
from store.engine import Store

_LOOK_EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Records and reports, with the loop that closes roll calls."""

    store: Store
    roll_calls: RollCalls
    on_site: OnSite
    windows: FormWindows
    filling: Filling
    case_reminders: CaseReminders
    records: Records
    browsing: RecordList
    deciding: Steps
    reports: Reports
    routes: RecordRoutes
    form_pages: FormPages
    desk: RecordDesk
    erasing: Erasing
    retention: Mapping[str, int]

    async def run(self) -> None:
        """Close roll calls when their time is over, and let go of old records, until cancelled."""
        woken = self.store.woken(roll_calls.TOPIC)
        looked_on: date | None = None
        reminded_on: date | None = None
        while True:
            if (today := self.records.today()) != looked_on:
                await self.erasing.expire(self.retention, today)
                await self.filling.forget_expired()
                looked_on = today
            next_at = await self.roll_calls.close_due()
            await self.windows.close_due()
            if reminded_on != today and await self.case_reminders.remind():
                reminded_on = today
            wait_s = _LOOK_EVERY_S
            if next_at is not None:
                left_s = (next_at - self.roll_calls.book.clock()).total_seconds()
                wait_s = min(max(left_s, 0.05), wait_s)
            await woken.next(wait_s)


async def read_types(folder: Path) -> RecordTypes:
    """The built-in types, and those a user has dropped into the data folder.

    Raises:
        ConfigError: A file cannot be used.
    """
    return await asyncio.to_thread(load_record_types, BUILTIN, folder / "record_types")


def build_recording(
    settings: Settings,
    store: Store,
    people: People,
    types: RecordTypes,
    planner: Planner,
    *,
    channels: Sequence[ChannelName],
    clock: Callable[[], datetime],
    zone: ZoneInfo,
    pending: Pending,
    fetch: Fetch,
    telling: Telling,
    confirmations: Confirmations,
    senders: Mapping[ChannelName, Sends],
    screen_path: Callable[[int, Sender, datetime], str],
    proposals: Proposals | None = None,
) -> Recording:
    """``channels`` can send to a person, best first; ``fetch`` gets what a platform keeps.

    Raises:
        ConfigError: Points or retention are set for a type that there is not.
    """
    points = points_by_key(settings.points, types)
    book = Book(
        types=types,
        clock=clock,
        zone=zone,
        channels=channels,
        wording=wording.DELIVERED,
        points=points,
        prove=partial(prove, planner, telling),
    )
    calls = RollCalls(store=store, book=book)
    on_site = OnSite(
        store=store, book=book, address=page_address(settings.bot), screen_path=screen_path
    )
    views = Views(types=types, zone=zone, points=points)
    records = Records(
        store=store,
        views=views,
        clock=clock,
        calendar=planner.calendar,
        terms=planner.terms,
    )
    post = Post(channels=channels)
    steps = Steps(store=store, views=views, post=post, calendar=planner.calendar, clock=clock)
    reports = Reports(
        store=store, types=types, clock=clock, zone=zone, is_ranked=settings.reports.ranking
    )
    personal = Personal(store=store, clock=clock, types=types)
    erasing = Erasing(store=store, clock=clock)
    attachments = Attachments(store=store, clock=clock, fetch=fetch)
    evidence = Evidence(store=store, attachments=attachments, clock=clock)
    window_book = WindowBook(types=types, clock=clock, zone=zone)
    windows = FormWindows(store=store, book=window_book, post=post)
    bundles = FormBundles(store=store, book=window_book)
    filling = Filling(
        records=records,
        attachments=attachments,
        handing_in=HandingIn(records=records, book=window_book, post=post),
    )
    form_links = FormLinks(
        filling=filling,
        people=people,
        post=post,
        address=page_address(settings.bot),
        is_public=bool(settings.bot.public_url),
    )
    routes = RecordRoutes(
        check_in=CheckInDialogue(
            roll_calls=calls,
            on_site=on_site,
            photos=Photos(store=store, book=book),
            people=people,
            attachments=attachments,
            calendar=planner.calendar,
            confirmations=confirmations,
            costs_of=_costs_of(senders),
            terms=planner.terms,
        ),
        records=RecordsDialogue(
            records=records,
            people=people,
            pending=pending,
            steps=steps,
            evidence=evidence,
            rewords=proposals if settings.model.reads_records else None,
        ),
        forms=FormDialogue(
            filling=filling,
            links=form_links,
            windows=WindowDialogue(
                windows=windows,
                bundles=bundles,
                people=people,
                calendar=planner.calendar,
                terms=planner.terms,
            ),
            people=people,
            evidence=evidence,
        ),
        reports=ReportsDialogue(reports=reports, people=people, personal=personal),
    )
    return Recording(
        store=store,
        roll_calls=calls,
        on_site=on_site,
        windows=windows,
        filling=filling,
        case_reminders=CaseReminders(store=store, book=window_book, post=post),
        records=records,
        browsing=RecordList(store, views),
        deciding=steps,
        reports=reports,
        routes=routes,
        form_pages=FormPages(links=form_links),
        desk=RecordDesk(reports=reports, personal=personal, erasing=erasing, bundles=bundles),
        erasing=erasing,
        retention=days_by_type(settings.retention, types),
    )


def _costs_of(senders: Mapping[ChannelName, Sends]) -> CostsOf:
    async def costs_of(people: Mapping[ChannelName, int], *, is_invited: bool) -> Sequence[Cost]:
        found: list[Cost] = []
        for name, number in people.items():
            channel = senders.get(name)
            if isinstance(channel, KnowsCosts):
                found += await channel.cost_of_asking(number, is_invited=is_invited)
        return found

    return costs_of
