"""``/admin/tasks``: what is to be done, one task with its clause and history, wishes for time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from aiohttp import web

from bot.admin import pages
from bot.admin.pages import Place, Visit
from bot.admin.roster import indented
from bot.admin.session import Door, Posted
from bot.errors import NotFound, UsageError
from bot.web.documents import download
from bot.web.links import Links
from handlers.access import Act, Actor, check
from handlers.people.browsing import RosterList
from handlers.tasks import wording
from handlers.tasks.actions import Tasks
from handlers.tasks.browsing import Detail, Looked, TaskList
from handlers.tasks.drafting import say_due
from handlers.tasks.showing import STATE_WORDS
from handlers.tasks.views import PostponementView, Step
from handlers.times import Times
from scheduler.recurrence import SHANGHAI
from store.models_tasks import OccurrenceState

_PATH = "/admin/tasks"
_WAITING = f"{_PATH}/postponements"
_LATE = "late"
_FILTERS = ("title", "unit", "state", "document", "from", "to")
_STATES: Sequence[tuple[str, str]] = (
    (_LATE, "逾期"),
    *((state.value, word) for state, word in STATE_WORDS.items()),
)
_STEPS: Mapping[Step, str] = {
    Step.ACCEPT: "签收",
    Step.START: "开始办理",
    Step.REPORT: "已完成",
    Step.DECLINE: "退回",
    Step.CONFIRM: "办结",
    Step.RETURN: "退回重办",
    Step.GIVE_AGAIN: "重新交办",
    Step.CANCEL: "取消这一次",
}
_NEEDS_REASON = frozenset({Step.DECLINE, Step.RETURN, Step.CANCEL})
_ASKED_TWICE = frozenset({Step.CONFIRM, Step.CANCEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAdminPages:
    """Routes below ``/admin/tasks``."""

    door: Door
    listing: TaskList
    tasks: Tasks
    people: RosterList
    times: Times
    links: Links

    def add_routes(self, app: web.Application) -> None:
        one = _PATH + "/{number:[0-9]{1,12}}"
        file = one + "/files/{n:[0-9]{1,3}}"
        app.router.add_get(_PATH, self.door.showing(self._list))
        app.router.add_get(_WAITING, self.door.showing(self._wishes))
        app.router.add_post(_WAITING, self.door.acting(self._decide))
        app.router.add_get(one, self.door.showing(self._task))
        app.router.add_post(one, self.door.acting(self._step))
        app.router.add_get(file, self.door.showing(self._file))
        app.router.add_get(f"{file}/small", self.door.showing(self._small))

    async def _list(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        query = pages.chosen(request, *_FILTERS)
        total, found = await self.listing.page(
            actor, _looked(query), offset=pages.offset(request), limit=pages.A_PAGE
        )
        documents = await self.listing.documents(actor)
        values = {
            "found": found,
            "paging": pages.paging(request, total, query),
            "query": query,
            "units": indented(await self.people.units(actor, Act.SEE_TASKS)),
            "documents": [(one, f"《{one}》") for one in documents],
            "state_choices": _STATES,
            "state_words": STATE_WORDS,
            **await self._around(actor, ""),
        }
        return pages.page(Place.TASKS, "tasks.html", visit, values)

    async def _around(self, actor: Actor, tab: str) -> Mapping[str, object]:
        if not actor.may(Act.MANAGE_TASKS):
            return {"tabs": [], "tab": tab}
        waiting = len(await self.tasks.postponements(actor))
        asking = f"延期申请（{waiting}）" if waiting else "延期申请"
        return {"tabs": [(_PATH, "任务", ""), (_WAITING, asking, _WAITING)], "tab": tab}

    async def _task(self, request: web.Request, visit: Visit) -> web.Response:
        actor, number = visit.visitor.actor, pages.in_path(request, "number")
        detail = await self.listing.detail(actor, number)
        occurrence = detail.occurrence
        total, others = await self.listing.siblings(
            actor, occurrence.task_id, offset=pages.offset(request), limit=pages.A_PAGE
        )
        values = {
            "detail": detail,
            "one": occurrence,
            "title": wording.title(occurrence),
            "facts": self._facts(detail),
            "clause": self._clause(detail, actor),
            "steps": [(step.value, _STEPS[step]) for step in detail.steps],
            "history": [wording.happened(one) for one in detail.history][::-1],
            "receipts": [wording.received(one) for one in detail.receipts][::-1],
            "files": list(enumerate(detail.proofs)),
            "others": others,
            "paging": pages.paging(request, total, {}),
            "state_words": STATE_WORDS,
        }
        return pages.page(Place.TASKS, "task.html", visit, values)

    def _facts(self, detail: Detail) -> Sequence[tuple[str, str]]:
        one = detail.occurrence
        facts = (
            ("责任人", one.assignee),
            ("本次截止", wording.day(one.due_at) + ("（暂定）" if one.is_provisional else "")),
            ("多久一次", say_due(None, detail.rule, self.times)),
            ("要求", "" if detail.duty in (one.quote, one.title) else detail.duty),
            ("清单", "、".join(detail.labels)),
            ("交办", f"{detail.created_by} {pages.moment(detail.created_at)}".strip()),
            ("办完后", "由交办的人确认办结" if one.is_checked else ""),
            ("提醒", "已暂停" if detail.is_paused else ""),
            ("下一次提醒", pages.moment(one.next_notice_at)),
        )
        return [(name, words) for name, words in facts if words]

    def _clause(self, detail: Detail, actor: Actor) -> str:
        """The address of the clause in its document, for this reader."""
        if not detail.document_id:
            return ""
        now = self.times.clock()
        return self.links.clause(detail.document_id, detail.occurrence.locator, actor.sender, now)

    async def _step(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        """One step with one occurrence, or the whole task cancelled."""
        actor, number = visit.visitor.actor, pages.in_path(request, "number")
        words = posted.text("words")[:500]
        detail = await self.listing.detail(actor, number)
        if "cancel" in posted.fields:
            return await self._cancel(visit, detail, words, posted)
        step = next((one for one in detail.steps if one == posted.text("step")), None)
        if step is None:
            reply = "这条任务现在不能这样办，可能刚有人办过。请回到任务看一看。"
            raise UsageError("no such step now", reply=reply)
        if step in _NEEDS_REASON and not words:
            raise UsageError("no reason", reply=f"“{_STEPS[step]}”要写原因，请写在“说明”里。")
        if step in _ASKED_TWICE and not posted.is_sure:
            return self._ask(visit, detail, _STEPS[step], 1, posted)
        moved = await self.tasks.move(actor, number, step, words, here=pages.here(actor))
        said = f"“{wording.title(moved.occurrence)}”现在是：{wording.state(moved.occurrence)}。"
        return self.door.done(visit, said, visit.path)

    async def _cancel(
        self, visit: Visit, detail: Detail, words: str, posted: Posted
    ) -> web.Response:
        if not words:
            raise UsageError("no reason", reply="取消任务要写原因，请写在“说明”里。")
        if not posted.is_sure:
            return self._ask(visit, detail, "取消整个任务", detail.open_total, posted)
        one = detail.occurrence
        await self.tasks.cancel(visit.visitor.actor, one.task_id, words)
        return self.door.done(visit, f"“{one.title}”已取消。", visit.path)

    def _ask(
        self, visit: Visit, detail: Detail, what: str, count: int, posted: Posted
    ) -> web.Response:
        one = detail.occurrence
        return pages.sure(
            Place.TASKS,
            visit,
            title=f"{what}：{wording.title(one)}？",
            lines=[
                f"{one.id}号　{one.assignee}　{wording.day(one.due_at)}",
                f"会影响 {count} 条，不再提醒；经过都留着，责任人会收到消息。",
            ],
            fields=posted.fields,
            back=visit.path,
            label=what,
        )

    async def _wishes(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        check(actor, Act.MANAGE_TASKS)
        waiting = await self.tasks.postponements(actor)
        offset = pages.offset(request)
        values = {
            "wishes": waiting[offset : offset + pages.A_PAGE],
            "paging": pages.paging(request, len(waiting), {}),
            **await self._around(actor, _WAITING),
        }
        return pages.page(Place.TASKS, "postponements.html", visit, values)

    async def _decide(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        """Grant more time, or do not."""
        actor = visit.visitor.actor
        wish = await self._wish(actor, posted.number("id") or 0)
        words, approves = posted.text("words")[:500], posted.text("do") == "approve"
        if not approves and not words:
            raise UsageError("no reason", reply="不同意的话请写上原因，申请的人会看到。")
        decided = await self.tasks.decide_postponement(
            actor, wish.id, approves=approves, note=words
        )
        until = wording.day(decided.until)
        what = f"同意延期到 {until}" if approves else "没有同意延期，按原定时间办"
        return self.door.done(visit, f"“{decided.title}”{what}。", _WAITING)

    async def _wish(self, actor: Actor, wish_id: int) -> PostponementView:
        for wish in await self.tasks.postponements(actor):
            if wish.id == wish_id:
                return wish
        raise NotFound("no such wish", reply="没有这条延期申请，可能已经处理过了。")

    async def _file(self, request: web.Request, visit: Visit) -> web.Response:
        """As it was sent; always saved, never shown."""
        found = await self.listing.file(
            visit.visitor.actor,
            pages.in_path(request, "number"),
            pages.in_path(request, "n"),
            is_small=False,
        )
        return download(found.content, found.name, found.media_type)

    async def _small(self, request: web.Request, visit: Visit) -> web.Response:
        found = await self.listing.file(
            visit.visitor.actor,
            pages.in_path(request, "number"),
            pages.in_path(request, "n"),
            is_small=True,
        )
        return pages.thumbnail(found.content)


def _looked(query: Mapping[str, str]) -> Looked:
    state = next((one for one in OccurrenceState if one == query["state"]), None)
    first, last = pages.day_of(query["from"]), pages.day_of(query["to"])
    if first and last and last < first:
        raise UsageError("empty period", reply="结束日期早于开始日期，请改一改。")
    return Looked(
        unit_id=pages.number(query["unit"]),
        states=[state] if state else (),
        document=query["document"],
        words=query["title"],
        is_late=query["state"] == _LATE,
        due_from=_midnight(first) if first else None,
        due_until=_midnight(last + timedelta(days=1)) if last else None,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
