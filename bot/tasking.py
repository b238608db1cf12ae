"""The part of the composition that is about tasks and reminders."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from bot.calendar_desk import CalendarDesk
from bot.config import Settings, UnitCalendarSettings
from bot.demo.clock import ClockDialogue, DemoClock
from bot.messages import ChannelName
from bot.routing import Handler
from bot.task_desk import TaskDesk
from bot.web.ics import CalendarPages
from bot.web.links import Links
from bot.web.tasks import Identify, TaskPages
from handlers.calendars.actions import Calendars, UnitDays
from handlers.calendars.dialogue import CalendarDialogue
from handlers.confirmations import Confirmations
from handlers.documents.actions import Documents
from handlers.pending import Pending
from handlers.people.actions import People
from handlers.posting import Post
from handlers.records.attachments import Attachments, Fetch
from handlers.reminders.actions import Reminders
from handlers.reminders.dialogue import RemindersDialogue
from handlers.reminders.wording import word
from handlers.tasks.actions import Tasks
from handlers.tasks.assignees import Assignees
from handlers.tasks.changing import Changes
from handlers.tasks.dialogue import TasksDialogue
from handlers.tasks.draft_dialogue import DraftDialogue
from handlers.tasks.drafting import Drafting
from handlers.tasks.evidence import Evidence
from handlers.tasks.feeds import Feeds
from handlers.tasks.finding import Finding
from handlers.tasks.matching import Matching
from handlers.tasks.sheet_dialogue import SheetDialogue
from handlers.tasks.sheets import Sheets
from handlers.tasks.telling import Telling
from handlers.times import Times
from knowledge.writer_proposals import Proposals
from scheduler.clock import TICK_S, Chore, Ticker
from scheduler.firing import Firing
from scheduler.planning_horizon import Planner
from scheduler.policy import Escalation, Policy
from scheduler.school_calendar import QuietHours, Term, WorkdayCalendar, WorkHours
from store.engine import Store

_REACHING = (
    ChannelName.WECOM_APP,
    ChannelName.WECOM_AIBOT,
    ChannelName.DINGTALK,
    ChannelName.WEB,
)
"""Channels that reach a person, best first."""
_CALENDAR_S = 60.0
"""Another replica may have been given the year's holidays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasking:
    """What the rest of the application uses of it."""

    tasks: Tasks
    reminders: Reminders
    sheets: Sheets
    dialogue: TasksDialogue
    reminding: RemindersDialogue
    feeds: Feeds
    firing: Firing
    ticker: Ticker
    task_pages: TaskPages
    calendar_pages: CalendarPages
    clock_dialogue: ClockDialogue | None
    pending: Pending
    times: Times
    desk: TaskDesk
    calendars: Calendars
    people: People

    def sheet_files(self, confirmations: Confirmations, as_document: Handler) -> SheetDialogue:
        """Sheets of tasks in the chat."""
        return SheetDialogue(
            sheets=self.sheets,
            people=self.people,
            pending=self.pending,
            confirmations=confirmations,
            as_document=as_document,
        )

    def holidays(self, confirmations: Confirmations, fetch: Fetch) -> CalendarDialogue:
        """The year's holidays in the chat."""
        return CalendarDialogue(
            calendars=self.calendars,
            people=self.people,
            confirmations=confirmations,
            fetch=fetch,
        )


def make_planner(settings: Settings) -> Planner:
    """The calendar and the policy that are configured; reads files, so not for the event loop."""
    configured = settings.calendar
    calendar = WorkdayCalendar.official().with_extra(
        configured.extra_holidays, configured.extra_workdays
    )
    start, end = configured.quiet_hours
    standard = Policy()
    if settings.escalation:
        escalations = tuple(
            Escalation(days_late=one.days_late, to=one.to) for one in settings.escalation
        )
        standard = replace(standard, escalations=escalations)
    return Planner(
        calendar=calendar,
        terms=tuple(
            Term(name=one.name, starts_on=one.starts_on, ends_on=one.ends_on)
            for one in configured.terms
        ),
        quiet=QuietHours(start=start, end=end),
        standard=standard,
    )


def build_tasking(
    settings: Settings,
    store: Store,
    planner: Planner,
    people: People,
    documents: Documents,
    *,
    channels: Collection[ChannelName],
    links: Links,
    identify: Identify,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    pending: Pending,
    fetch: Fetch,
    proposals: Proposals | None = None,
    is_demo: bool,
) -> Tasking:
    """Everything about tasks, over what is there already."""
    start, end = settings.calendar.work_hours
    times = Times(planner, clock, WorkHours(start=start, end=end))
    reaching = [name for name in _REACHING if name in channels]
    tasks = Tasks(store, planner, clock, Telling(Post(channels=reaching)))
    reminders = Reminders(store, planner, tasks, word, clock, reaching)
    assignees = Assignees(store, group_webhooks(settings))
    sheets = Sheets(tasks, assignees, times)
    firing = Firing(
        store=store,
        planner=planner,
        word=word,
        channels=reaching,
    )
    matching = Matching(tasks)
    attachments = Attachments(store=store, clock=clock, fetch=fetch)
    feeds = Feeds(store, tasks, people, _addresses(settings, is_demo=is_demo), links.tasks, clock)
    calendars = Calendars(
        store=store,
        planner=planner,
        units=[_unit_days(one) for one in settings.calendar.units],
        configured=replace(planner.calendar),
        plan_anew=firing.follow_calendar,
        clock=clock,
    )
    return Tasking(
        tasks=tasks,
        reminders=reminders,
        sheets=sheets,
        dialogue=TasksDialogue(
            tasks=tasks,
            reminders=reminders,
            people=people,
            drafts=DraftDialogue(
                Drafting(documents, tasks, assignees, times),
                people,
                pending,
                None if proposals is None else Finding(picks=proposals),
            ),
            matching=matching,
            sheets=sheets,
            times=times,
            pending=pending,
            evidence=Evidence(tasks, attachments, people, matching),
            changes=Changes(tasks, assignees, times),
        ),
        reminding=RemindersDialogue(reminders, people, assignees, times, pending),
        feeds=feeds,
        firing=firing,
        ticker=Ticker(
            chores=[
                Chore(name="reminders", every_s=TICK_S, run=firing.fire_due),
                Chore(name="calendar", every_s=_CALENDAR_S, run=calendars.follow),
            ],
            clock=clock,
            monotonic=monotonic,
        ),
        task_pages=TaskPages(
            tasks=tasks,
            reminders=reminders,
            people=people,
            times=times,
            links=links,
            identify=identify,
        ),
        calendar_pages=CalendarPages(feeds=feeds, clock=clock),
        clock_dialogue=ClockDialogue(clock, times, store, firing.fire_due)
        if isinstance(clock, DemoClock)
        else None,
        pending=pending,
        times=times,
        desk=TaskDesk(
            store=store,
            tasks=tasks,
            sheets=sheets,
            assignees=assignees,
            post=Post(channels=firing.channels),
            webhooks=group_webhooks(settings),
            clock=clock,
            holidays=CalendarDesk(calendars),
        ),
        calendars=calendars,
        people=people,
    )


def _unit_days(one: UnitCalendarSettings) -> UnitDays:
    quiet = one.quiet_hours
    return UnitDays(
        name=one.name,
        extra_holidays=one.extra_holidays,
        extra_workdays=one.extra_workdays,
        quiet=None if quiet is None else QuietHours(start=quiet[0], end=quiet[1]),
    )


def group_webhooks(settings: Settings) -> dict[str, ChannelName]:
    """Groups that are only written to, by name."""
    hooks = {one.name: ChannelName.DINGTALK_WEBHOOK for one in settings.dingtalk.webhook}
    return hooks | {one.name: ChannelName.WECOM_WEBHOOK for one in settings.wecom.webhook}


def _addresses(settings: Settings, *, is_demo: bool) -> Callable[[str], str | None]:
    """Whole addresses of paths, where others can open them; in the demo, on this machine."""

    def address(path: str) -> str | None:
        if settings.bot.public_url:
            return settings.bot.public_url.rstrip("/") + path
        return f"http://{settings.bot.host}:{settings.bot.port}{path}" if is_demo else None

    return address
