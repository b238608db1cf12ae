"""Tasks on a page: a month, a list, and one task with its clause, history and reminders."""

from __future__ import annotations

import calendar
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from aiohttp import web

from bot.errors import BotError
from bot.messages import Sender
from bot.web import pages
from bot.web.links import Links
from handlers.access import Actor
from handlers.people.actions import People
from handlers.reminders.actions import Reminders
from handlers.tasks import wording
from handlers.tasks.actions import Tasks
from handlers.tasks.drafting import say_due
from handlers.tasks.showing import STATE_WORDS
from handlers.tasks.views import Filter, OccurrenceView, Proof
from handlers.times import Times
from scheduler.recurrence import SHANGHAI
from store import people as people_rows
from store.models_tasks import OccurrenceState

Identify = Callable[[web.Request], Awaitable[Sender | None]]

_GONE = "这个链接不对或已过期。请回到聊天里，再发一次 /日历。"
_KEPT = ("as", "r", "unit", "state", "document", "label", "month")
_LATE = "late"
_MOST_IN_A_DAY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One occurrence as the page has it."""

    number: int
    title: str
    due: str
    assignee: str
    state: str
    is_late: bool
    is_done: bool
    document: str
    url: str
    anchor: str = ""
    """Of the first of a day, where the calendar leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPages:
    """Routes ``/tasks``; in the demo for whoever one says one is, else by a signed link."""

    tasks: Tasks
    reminders: Reminders
    people: People
    times: Times
    links: Links
    identify: Identify

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/tasks", self._month)
        app.router.add_get("/tasks/{number:[0-9]{1,12}}", self._task)

    async def _reader(self, request: web.Request) -> Actor | None:
        sender = await self.identify(request)
        if sender is None:
            token = request.query.get("r", "")
            sender = self.links.reader("tasks", token, self.times.clock())
        return None if sender is None else await self.people.actor(sender)

    async def _month(self, request: web.Request) -> web.Response:
        actor = await self._reader(request)
        if actor is None:
            return pages.notice("打不开", _GONE, status=403)
        first = _month_of(request.query.get("month", ""), self.times.now().date())
        following = (first + timedelta(days=32)).replace(day=1)
        unit = request.query.get("unit", "")
        found = await self._found(actor, first, following, unit)
        documents = sorted({one.document for one in found if one.document})
        chosen = [one for one in found if _fits(one, request.query)]
        query = {key: request.query[key] for key in _KEPT if key in request.query}
        shown = [self._shown(one, query) for one in chosen]
        shown = _anchored(chosen, shown)
        by_day: defaultdict[date, list[Shown]] = defaultdict(list)
        for one, view in zip(chosen, shown, strict=True):
            by_day[one.due_at.astimezone(SHANGHAI).date()].append(view)
        values = {
            "name": actor.name or "访客",
            "month": f"{first.year}年{first.month}月",
            "previous": _url(query | {"month": f"{first - timedelta(days=1):%Y-%m}"}),
            "next": _url(query | {"month": f"{following:%Y-%m}"}),
            "weeks": _weeks(first, by_day, self.times.now().date()),
            "tasks": shown,
            "units": await self._units(actor),
            "states": [
                *((state.value, word) for state, word in STATE_WORDS.items()),
                (_LATE, "逾期"),
            ],
            "documents": documents,
            "labels": sorted({label for one in found for label in one.labels}),
            "query": defaultdict(str, query | {"month": f"{first:%Y-%m}"}),
            "most": _MOST_IN_A_DAY,
            "marks": self._marks(first),
        }
        return pages.page("tasks.html", values)

    async def _found(
        self, actor: Actor, first: date, following: date, unit: str
    ) -> Sequence[OccurrenceView]:
        """What the actor's units have to do in a month, and what the actor has."""
        since = datetime.combine(first, time(), SHANGHAI)
        until = datetime.combine(following, time(), SHANGHAI)
        unit_id = int(unit) if unit.isdecimal() and len(unit) < 12 else None
        wanted = Filter(unit_id=unit_id, includes_closed=True, due_from=since, due_until=until)
        found = {one.id: one for one in await self.tasks.listed(actor, wanted)}
        if unit_id is None:
            own = await self.tasks.mine(
                actor, includes_closed=True, due_from=since, due_until=until
            )
            found |= {one.id: one for one in own}
        return sorted(found.values(), key=lambda one: (one.due_at, one.id))

    def _marks(self, first: date) -> Mapping[date, str]:
        """休 and 班: where a day is not as its weekday says."""
        judge = self.times.planner.calendar.judge
        days = calendar.Calendar().itermonthdates(first.year, first.month)
        return {
            day: "班" if judge(day).is_workday else "休"
            for day in days
            if judge(day).is_workday is not (day.weekday() < 5)
        }

    async def _units(self, actor: Actor) -> Sequence[tuple[int, str]]:
        units = await self.tasks.store.read(
            lambda session: [(one.id, one.name) for one in people_rows.units(session)]
        )
        return [one for one in units if actor.is_operator or one[0] in actor.roles]

    def _shown(self, one: OccurrenceView, query: Mapping[str, str]) -> Shown:
        kept = {key: query[key] for key in ("as", "r") if key in query}
        return Shown(
            number=one.id,
            title=wording.title(one),
            due=wording.day(one.due_at) + ("（暂定）" if one.is_provisional else ""),
            assignee=one.assignee,
            state="逾期" if one.is_late else STATE_WORDS[one.state],
            is_late=one.is_late,
            is_done=one.state is OccurrenceState.DONE,
            document=one.document,
            url=f"/tasks/{one.id}?{urlencode(kept)}",
        )

    def _proof(self, one: Proof, actor: Actor) -> Mapping[str, str]:
        now = self.times.clock()
        small = one.thumbnail and self.links.blob(one.thumbnail, "图.jpg", actor.sender, now)
        return {
            "name": one.name,
            "url": self.links.blob(one.blob, one.name, actor.sender, now),
            "thumbnail": small or "",
        }

    async def _task(self, request: web.Request) -> web.Response:
        actor = await self._reader(request)
        if actor is None:
            return pages.notice("打不开", _GONE, status=403)
        number = int(request.match_info["number"])
        try:
            occurrence = await self.tasks.occurrence(actor, number)
            task = await self.tasks.task(actor, occurrence.task_id)
            history = await self.tasks.history(actor, task.id)
            receipts = await self.reminders.receipts(actor, number)
            proofs = await self.tasks.proofs(actor, number)
        except BotError as error:
            return pages.notice("打不开", error.reply, status=404)
        kept = {key: request.query[key] for key in ("as", "r") if key in request.query}
        clause = ""
        if task.document_id:
            clause = self.links.clause(
                task.document_id, task.locator, actor.sender, self.times.clock()
            )
        values = {
            "title": wording.title(occurrence),
            "facts": [
                ("编号", f"{occurrence.id}号"),
                ("状态", "逾期" if occurrence.is_late else STATE_WORDS[occurrence.state]),
                ("责任人", occurrence.assignee),
                ("本次截止", wording.day(occurrence.due_at)),
                ("期限", say_due(None, task.rule, self.times)),
                *((f"节点：{one.label}", wording.day(one.due_at)) for one in task.milestones),
                ("清单", "、".join(task.labels)),
                ("要求", task.duty if task.duty != task.quote else ""),
            ],
            "document": task.document,
            "locator": task.locator,
            "quote": task.quote,
            "clause": clause,
            "proofs": [self._proof(one, actor) for one in proofs],
            "history": [
                wording.happened(one)
                for one in history
                if one.occurrence_id in (None, occurrence.id)
            ],
            "receipts": [wording.received(one) for one in receipts],
            "next": wording.moment(occurrence.next_notice_at) if occurrence.next_notice_at else "",
            "others": [self._shown(one, kept) for one in task.occurrences if one.id != number][:60],
            "back": _url(kept),
        }
        return pages.page("task.html", values)


def _anchored(chosen: Sequence[OccurrenceView], shown: Sequence[Shown]) -> list[Shown]:
    seen: set[date] = set()
    found = []
    for one, view in zip(chosen, shown, strict=True):
        day = one.due_at.astimezone(SHANGHAI).date()
        found.append(view if day in seen else replace(view, anchor=f"d{day}"))
        seen.add(day)
    return found


def _fits(one: OccurrenceView, query: Mapping[str, str]) -> bool:
    state, document = query.get("state", ""), query.get("document", "")
    is_of_state = not state or (one.is_late if state == _LATE else one.state == state)
    label = query.get("label", "")
    is_of_list = not label or label in one.labels
    return is_of_state and is_of_list and (not document or one.document == document)


def _month_of(text: str, today: date) -> date:
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text)
    return date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)


def _weeks(
    first: date, by_day: Mapping[date, Sequence[Shown]], today: date
) -> list[list[tuple[date, bool, bool, Sequence[Shown]]]]:
    """Days by week from Monday on: the day, whether of this month, whether today, what is due."""
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return [
        [(day, day.month == first.month, day == today, by_day.get(day, ())) for day in week]
        for week in weeks
    ]


def _url(query: Mapping[str, str]) -> str:
    return f"/tasks?{urlencode(query)}"
