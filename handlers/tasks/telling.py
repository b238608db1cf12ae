"""Telling the other side: who gave a task hears what became of it, who has it what was decided."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot.messages import Attachment, Button, Card, Reply, Role
from handlers.access import Actor
from handlers.posting import Post
from handlers.reminders.wording import say_when
from handlers.tasks.views import Step
from scheduler.recipients import CHAT, Addresses
from scheduler.recurrence import SHANGHAI
from store import occurrences, people
from store.models_tasks import OPEN_STATES, Postponement, Task
from store.occurrences import Entry

_IN_CHARGE = (Role.OFFICER, Role.SECRETARY, Role.BRANCH_SECRETARY, Role.ADMIN)
_TO_GIVERS = {Step.REPORT: "请您办结", Step.DECLINE: "被退回"}
_TO_ASSIGNEES = {
    Step.CONFIRM: "已确认办结",
    Step.RETURN: "退回重办",
    Step.GIVE_AGAIN: "重新交办",
    Step.CANCEL: "已取消，不用办了",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """Works inside the caller's transaction; nobody is told what they did themselves."""

    post: Post = field(default_factory=lambda: Post(channels=()))

    def moved(
        self,
        session: Session,
        actor: Actor,
        entry: Entry,
        step: Step,
        note: str,
        files: Sequence[Attachment],
        now: datetime,
    ) -> None:
        """A report that wants a 办结 and a refusal go up; what was decided goes down."""
        task, number = entry.task, entry.occurrence.id
        key = f"task:{number}:{step}:{entry.occurrence.version}"
        if step is Step.DECLINE or (step is Step.REPORT and task.is_checked):
            facts = _facts(session, entry, actor, "原因" if step is Step.DECLINE else "说明", note)
            card = Card(
                title=f"{_TO_GIVERS[step]}：{task.title}",
                facts=(*facts, *_basis(task)),
                buttons=_buttons(step, number),
                key=key,
            )
            reply = Reply(card=card, attachments=tuple(files), is_private=True)
            self._tell(session, self._givers(session, actor, entry), key, reply, now)
        elif step in _TO_ASSIGNEES:
            because = f"，原因：{note}" if note else ""
            how = "。办好了回复“已完成”" if step in (Step.RETURN, Step.GIVE_AGAIN) else ""
            text = f"{number}号“{task.title}”{_TO_ASSIGNEES[step]}{because}{how}。"
            whom = self._assignees(session, actor, entry)
            self._tell(session, whom, key, Reply(text=text, is_private=True), now)

    def asked(
        self, session: Session, actor: Actor, entry: Entry, wish: Postponement, now: datetime
    ) -> None:
        """延期 wants a decision."""
        number = entry.occurrence.id
        key = f"task:{number}:wish:{wish.id}"
        until = ("想延到", _day(wish.until))
        card = Card(
            title=f"申请延期：{entry.task.title}",
            facts=(
                *_facts(session, entry, actor, "原因", wish.reason),
                ("原定", _day(entry.occurrence.due_at)),
                until,
            ),
            buttons=(
                Button(label="批准", command=f"/批准 {number}", style="primary"),
                Button(label="不批准", command=f"/不批准 {number}"),
            ),
            key=key,
        )
        whom = self._givers(session, actor, entry)
        self._tell(session, whom, key, Reply(card=card, is_private=True), now)

    def decided(
        self,
        session: Session,
        actor: Actor,
        entry: Entry,
        wish: Postponement,
        approves: bool,
        note: str,
        now: datetime,
    ) -> None:
        """Who asked for more time hears the answer."""
        said = f"同意延期到{_day(wish.until)}" if approves else "没有同意延期，仍按原定时间办"
        text = f"{entry.occurrence.id}号“{entry.task.title}”{said}{f'：{note}' if note else ''}。"
        whom = {wish.asked_by} if wish.asked_by else self._assignees(session, actor, entry)
        whom = {one for one in whom if one is not None and one != actor.member_id}
        reply = Reply(text=text, is_private=True)
        self._tell(session, whom, f"task:wish:{wish.id}:decided", reply, now)

    def cancelled(
        self, session: Session, actor: Actor, task: Task, reason: str, now: datetime
    ) -> None:
        """Once to each who had something open of it; called before it is closed."""
        whom: set[int] = set()
        for entry in occurrences.of_task(session, task.id):
            if entry.occurrence.state in OPEN_STATES:
                whom |= self._assignees(session, actor, entry)
        because = f"，原因：{reason}" if reason else ""
        reply = Reply(
            text=f"“{task.title}”{_TO_ASSIGNEES[Step.CANCEL]}{because}。", is_private=True
        )
        self._tell(session, whom, f"task:{task.id}:cancelled", reply, now)

    def handed_over(
        self,
        session: Session,
        actor: Actor,
        task: Task,
        occurrence_id: int,
        member_id: int,
        now: datetime,
    ) -> None:
        """Who has it from now on hears what it is."""
        if member_id == actor.member_id:
            return
        entry = occurrences.entry(session, occurrence_id)
        due = f"，{_day(entry.occurrence.due_at)}前办好" if entry else ""
        text = f"{occurrence_id}号“{task.title}”转交给您{due}。办好了回复“已完成”。"
        key = f"task:{occurrence_id}:handed:{now.isoformat()}"
        self._tell(session, {member_id}, key, Reply(text=text, is_private=True), now)

    def _tell(
        self, session: Session, whom: Collection[int], key: str, reply: Reply, now: datetime
    ) -> None:
        for member_id in sorted(whom):
            self.post.to_member(session, member_id, f"{key}:{member_id}", reply, now)

    def _givers(self, session: Session, actor: Actor, entry: Entry) -> set[int]:
        """Who made it, as long as they are there; else those in charge of its unit."""
        task = entry.task
        maker = None if task.created_by is None else people.member(session, task.created_by)
        if maker is not None and maker.is_active:
            return {maker.id} - {actor.member_id or 0}
        if task.unit_id is None:
            return set()
        own = set(Addresses(session, ()).people_of(entry.assignment))
        found = self.post.in_charge(session, [task.unit_id], *_IN_CHARGE)
        return set(found) - own - {actor.member_id or 0}

    def _assignees(self, session: Session, actor: Actor, entry: Entry) -> set[int]:
        if entry.assignment.assignee == CHAT:
            return set()
        return set(Addresses(session, ()).people_of(entry.assignment)) - {actor.member_id or 0}


def _facts(
    session: Session, entry: Entry, actor: Actor, word: str, note: str
) -> tuple[tuple[str, str], ...]:
    whose = Addresses(session, ()).whose(entry.assignment).name
    who = actor.name if actor.name == whose or not whose else f"{whose}（{actor.name}）"
    number = f"{entry.occurrence.id}号"
    return tuple(fact for fact in (("编号", number), ("谁", who), (word, note)) if fact[1])


def _basis(task: Task) -> tuple[tuple[str, str], ...]:
    return (("依据", f"《{task.document_title}》{task.locator}"),) if task.document_title else ()


def _buttons(step: Step, number: int) -> tuple[Button, ...]:
    if step is Step.DECLINE:
        return (
            Button(label="再交办", command=f"/交办 {number}", style="primary"),
            Button(label="取消任务", command=f"/取消 {number}", style="danger"),
        )
    return (
        Button(label="办结", command=f"/办结 {number}", style="primary"),
        Button(label="退回重办", command=f"/重办 {number}"),
    )


def _day(at: datetime) -> str:
    return say_when(at.astimezone(SHANGHAI))
