"""Tasks to a sheet and back: a sheet is taken over whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import UsageError
from bot.messages import Attachment, Reply
from handlers.access import Act, Actor, check
from handlers.tasks import making, rights, showing
from handlers.tasks.actions import Tasks
from handlers.tasks.assignees import Assignees, Named
from handlers.tasks.drafting import say_due
from handlers.tasks.spreadsheet import SheetRow, read_sheet, write_sheet
from handlers.tasks.views import Milestone, NewTask, TaskView
from handlers.times import Times
from knowledge.model import TaskKind
from scheduler.recurrence import SHANGHAI, Recurrence
from store import blobs, occurrences
from store import tasks as task_rows
from store.models_tasks import TaskState

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHAT_WORDS = ("本群", "本人")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a sheet did, or would do; with ``errors`` (Chinese, one a row) it did nothing."""

    added: int = 0
    changed: int = 0
    same: int = 0
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    row: SheetRow
    named: Named
    due_at: datetime | None
    rule: Recurrence | None
    milestones: tuple[Milestone, ...] = ()
    when_words: str = ""


@dataclass(frozen=True, slots=True)
class Sheets:
    """Built once, in ``bot.app``."""

    tasks: Tasks
    assignees: Assignees
    times: Times

    async def exported(self, actor: Actor) -> bytes:
        """What the actor may see, one row a task."""
        rows = [_row(one, self.times) for one in await self.visible(actor)]
        title = f"责任清单（{self.times.now():%Y年%m月%d日}导出）"
        return await asyncio.to_thread(write_sheet, rows, title)

    async def reply(self, actor: Actor) -> Reply:
        """The sheet as a file, for whoever asked."""
        views = await self.visible(actor)
        if not views:
            return Reply(text="还没有任务可以导出。")
        content = await self.exported(actor)
        now = self.times.clock()
        blob = await self.tasks.store.write(
            lambda session: blobs.put(session, content, media_type=XLSX, now=now)
        )
        name = f"责任清单{self.times.now():%Y%m%d}.xlsx"
        file = Attachment(name=name, media_type=XLSX, blob=blob, size_bytes=len(content))
        return Reply(
            text=f"共 {len(views)} 项任务，在表格里。", attachments=(file,), is_private=True
        )

    async def visible(self, actor: Actor) -> Sequence[TaskView]:
        """Tasks of the actor's units, and those the actor has or made."""
        now = self.times.clock()

        def query(session: Session) -> Sequence[TaskView]:
            units = {unit for unit in actor.roles if actor.may(Act.SEE_TASKS, unit)}
            member_ids = [] if actor.member_id is None else [actor.member_id]
            entries = occurrences.of_people(session, member_ids=member_ids, is_open=False)
            own = {one.task.id for one in entries}
            return [
                showing.task(session, self.tasks.planner, row, now)
                for row in task_rows.tasks(session)
                if actor.is_operator
                or row.unit_id in units
                or row.id in own
                or rights.is_maker(actor, row)
            ]

        return await self.tasks.store.read(query)

    async def import_sheet(
        self, actor: Actor, content: bytes, *, is_dry_run: bool = False
    ) -> Imported:
        """Take a sheet over, all or nothing; what it says as it is already changes nothing.

        Raises:
            NotAllowed: The actor gives no tasks to anybody.
            UsageError: It is no such sheet.
        """
        check(actor, Act.MANAGE_TASKS)
        rows, errors = await asyncio.to_thread(read_sheet, content)
        known = {one.id: _row(one, self.times) for one in await self.visible(actor)}
        planned: list[_Planned] = []
        same = 0
        for row in rows:
            if row.task_id is not None and _is_same(row, known.get(row.task_id)):
                same += 1
                continue
            settled = await self._settle(actor, row, known)
            if isinstance(settled, str):
                errors.append(f"第 {row.number} 行：{settled}")
            else:
                planned.append(settled)
        if errors:
            errors.sort(key=lambda one: int(re.findall(r"\d+", one)[0]))
            return Imported(errors=tuple(errors))
        if not rows:
            raise UsageError("no rows", reply="表里没有任务行。")
        if is_dry_run:
            new = sum(one.row.task_id is None for one in planned)
            return Imported(added=new, changed=len(planned) - new, same=same)
        done = await self.tasks.store.write(lambda session: self._take(session, actor, planned))
        return replace(done, same=done.same + same)

    async def _settle(
        self, actor: Actor, row: SheetRow, known: dict[int, SheetRow]
    ) -> _Planned | str:
        if row.task_id is not None:
            if row.task_id not in known:
                return f"没有系统编号 {row.task_id} 的任务；新任务请把这一格空着"
            if known[row.task_id].title != row.title:
                return f"系统编号 {row.task_id} 的任务名称对不上，名称不能在表里改"
        due_at, rule, problem = self.times.due(row.when) if row.when else (None, None, "")
        if row.when and due_at is None and rule is None:
            return problem
        milestones: list[Milestone] = []
        for step in filter(None, re.split(r"[；;\n]\s*", row.milestones)):
            label, _, when = step.strip().rpartition(" ")
            at = self.times.due(when)[0] if label else None
            if at is None:
                return f"节点“{step}”没看懂，可以写：中期检查 6月30日；总结 11月底"
            milestones.append(Milestone(label=label, due_at=at))
        if row.task_id is not None and row.milestones != known[row.task_id].milestones:
            return "节点不能在表里改，请新建一项任务"
        if row.task_id is None and due_at is not None and due_at <= self.times.now():
            return f"完成时限“{row.when}”已经过去了"
        who = [
            one for one in re.split(r"[、，,；;/\s]+", row.who) if one and one not in _CHAT_WORDS
        ]
        named = await self.assignees.named(actor, who)
        if named.problems:
            return f"责任人“{row.who}”：{'；'.join(named.problems)}"
        return _Planned(
            row=row,
            named=named,
            due_at=due_at,
            rule=rule,
            milestones=tuple(milestones),
            when_words=self.times.provisional(row.when) if row.when else "",
        )

    def _take(self, session: Session, actor: Actor, planned: Sequence[_Planned]) -> Imported:
        now = self.times.clock()
        added = changed = same = 0
        for one in planned:
            if one.row.task_id is None:
                new = _new_task(one)
                is_known = task_rows.by_key(session, new.key or "") is not None
                making.create(session, self.tasks.planner, actor, new, now)
                added, same = added + (not is_known), same + is_known
                continue
            task = task_rows.task(session, one.row.task_id)
            if task is None:
                raise UsageError("gone", reply="有任务刚被删掉，请重新导出再改。")
            rights.must(rights.commands(session, actor, task), actor, "manage this task")
            making.give(session, self.tasks.planner, actor, task, one.named.assignees, now)
            if (one.due_at, one.rule) != (task.due_at, None):
                making.check_time(one.due_at, one.rule, now)
                making.retime(session, self.tasks.planner, task, one.due_at, one.rule, now)
            what = "reschedule"
            task_rows.record(
                session, task.id, what, now=now, member_id=actor.member_id, note="表格导入"
            )
            changed += 1
        return Imported(added=added, changed=changed, same=same)


def _row(view: TaskView, times: Times) -> SheetRow:
    states = [showing.STATE_WORDS[one.state] for one in view.occurrences]
    counted = "、".join(f"{word}{states.count(word)}" for word in dict.fromkeys(states))
    paused = "暂停" if view.state is TaskState.PAUSED else ""
    return SheetRow(
        title=view.title,
        duty=view.duty,
        who="、".join(dict.fromkeys(view.assignees)),
        when=say_due(view.due_at, view.rule, times),
        state=paused or (states[0] if len(states) == 1 else counted),
        labels="、".join(view.labels),
        milestones="；".join(_step(one) for one in view.milestones),
        document=view.document,
        locator=view.locator,
        quote=view.quote,
        task_id=view.id,
    )


def _step(one: Milestone) -> str:
    day = one.due_at.astimezone(SHANGHAI)
    return f"{one.label} {day.year}年{day.month}月{day.day}日"


def _is_same(row: SheetRow, known: SheetRow | None) -> bool:
    if known is None:
        return False
    fields = ("title", "who", "when", "milestones")
    return all(_bare(getattr(row, name)) == _bare(getattr(known, name)) for name in fields)


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def _new_task(one: _Planned) -> NewTask:
    row = one.row
    digest = hashlib.sha256(
        "\n".join((row.title, row.duty, row.who, row.when)).encode()
    ).hexdigest()
    return NewTask(
        title=row.title,
        assignees=one.named.assignees,
        duty=row.duty,
        kind=TaskKind.RECURRING if one.rule else TaskKind.ONE_OFF,
        due_at=one.due_at,
        rule=one.rule,
        when_words=one.when_words,
        milestones=one.milestones,
        document_title=row.document,
        locator=row.locator,
        quote=row.quote,
        labels=tuple(word for word in re.split(r"[、，,；;\s]+", row.labels) if word),
        key=f"sheet:{digest[:32]}",
    )
