"""What a document asks for, page by page: judged against the roster, the calendar and last year."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time

from bot.errors import UsageError
from handlers.access import Act, Actor, check
from handlers.documents.actions import Documents, Shelved
from handlers.tasks.actions import Tasks
from handlers.tasks.assignees import Assignees, Named
from handlers.tasks.comparing import Beside, Comparing, Gone, Standing
from handlers.tasks.draft_keys import key_of
from handlers.tasks.selection import Edit
from handlers.tasks.views import Milestone, NewTask, TaskView
from handlers.times import Times
from knowledge.model import DraftTask, TaskKind
from knowledge.picked import Span, picked_draft
from knowledge.planning import draft_tasks
from scheduler.echo import say
from scheduler.recurrence import END_OF_DAY, SHANGHAI, Recurrence
from scheduler.when import Deadline, Recurring

_HALF_DAYS = re.compile(r"(?<=[一二三四五六日天0-9])[上下]午")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A draft with what a person changed of it, and whether it can become a task."""

    number: int
    draft: DraftTask
    title: str
    who: tuple[str, ...]
    named: Named
    when: str
    due_at: datetime | None
    rule: Recurrence | None
    when_words: str = ""
    milestones: tuple[Milestone, ...] = ()
    labels: tuple[str, ...] = ()
    is_checked: bool = False
    standing: Standing = Standing.NEW
    what_changed: str = ""
    earlier_task: int | None = None
    """The confirmed task that it differs from."""
    earlier_words: str = ""
    """When and by whom that was to be done, as its plan printed it."""
    problems: tuple[str, ...] = ()
    """人, 责, 期: what is missing, in Chinese."""
    is_picked: bool = False
    """A model pointed at it; a person has to look harder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Every draft of a document; ``gone`` are confirmed tasks it asks for no more."""

    document: Shelved
    proposals: tuple[Proposal, ...]
    earlier: str = ""
    """The document before it, whose tasks were confirmed."""
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What became of what was to be confirmed."""

    made: tuple[TaskView, ...] = ()
    refused: tuple[Proposal, ...] = ()


@dataclass(slots=True)
class Drafting:
    """Built once, in ``bot.app``; drafts of the latest documents are kept, for they cost CPU."""

    documents: Documents
    tasks: Tasks
    assignees: Assignees
    times: Times
    _drafts: dict[str, tuple[DraftTask, ...]] = field(default_factory=dict)

    async def board(
        self,
        actor: Actor,
        document: str,
        edits: Mapping[int, Edit] | None = None,
        picked: Sequence[Span] = (),
    ) -> Board:
        """The drafts of a document, with what was changed of them; those ``picked`` come last.

        Raises:
            NotAllowed: The actor gives no tasks to anybody.
            NotFound: There is no such document, or it is not for them.
        """
        check(actor, Act.MANAGE_TASKS)
        shelved = await self.documents.find(actor, document)
        own = await self._of(shelved)
        drafts = (*own, *await asyncio.to_thread(_picked, shelved, picked))
        comparing = Comparing(self.documents, self.tasks, self._of)
        compared = await comparing.compare(actor, shelved, drafts)
        proposals: list[Proposal] = []
        for number, draft in enumerate(drafts, 1):
            beside = compared.beside.get(number, Beside())
            edit = (edits or {}).get(number, Edit())
            proposal = await self._proposal(actor, number, draft, edit)
            proposals.append(
                replace(
                    proposal,
                    standing=beside.standing,
                    what_changed=beside.what_changed,
                    earlier_task=beside.earlier_task,
                    earlier_words=self._earlier(beside.earlier),
                    is_picked=number > len(own),
                )
            )
        return Board(
            document=shelved,
            proposals=tuple(proposals),
            earlier=compared.earlier,
            gone=compared.gone,
        )

    def _earlier(self, draft: DraftTask | None) -> str:
        if draft is None:
            return ""
        if draft.due_on:
            when = f"{draft.due_on.year}年{draft.due_on.month}月{draft.due_on.day}日前"
        else:
            rule = (
                Recurrence.from_rrule(draft.rrule, starts_at=self.times.now())
                if draft.rrule
                else None
            )
            when = self._say(None, rule)
        return "，".join(filter(None, (draft.responsible, when, f"“{draft.quote}”")))

    async def check_edit(self, actor: Actor, edit: Edit) -> Sequence[str]:
        """What is wrong with a change, in Chinese."""
        problems: list[str] = []
        if edit.who is not None:
            problems += (await self.assignees.named(actor, edit.who)).problems
        if edit.when is not None:
            due_at, rule, problem = self.times.due(edit.when)
            if due_at is None and rule is None:
                problems.append(problem)
        for label, when in edit.milestones or ():
            if self.times.due(when)[0] is None:
                problems.append(f"节点“{label}”的时间没看懂，可以写：节点 中期检查 6月30日")
        return problems

    async def confirm(
        self, actor: Actor, board: Board, numbers: Sequence[int], *, supersedes: bool = False
    ) -> Confirmed:
        """Make tasks of drafts; one that lacks 人, 责 or 期 is refused, the others are made.

        With ``supersedes`` each takes the place of the task that it differs from, if any.

        Raises:
            NotAllowed: The actor may not give one of them to whom it names.
        """
        chosen = [one for one in board.proposals if one.number in set(numbers)]
        refused = tuple(one for one in chosen if one.problems)
        made = [
            await self.tasks.create(
                actor,
                _new_task(board.document, one),
                instead_of=one.earlier_task if supersedes else None,
            )
            for one in chosen
            if not one.problems
        ]
        return Confirmed(made=tuple(made), refused=refused)

    async def _of(self, shelved: Shelved) -> tuple[DraftTask, ...]:
        document = shelved.document
        if document.id not in self._drafts:
            if len(self._drafts) >= 8:
                self._drafts.pop(next(iter(self._drafts)))
            self._drafts[document.id] = await asyncio.to_thread(draft_tasks, document)
        return self._drafts[document.id]

    async def _proposal(self, actor: Actor, number: int, draft: DraftTask, edit: Edit) -> Proposal:
        who = edit.who or _printed_who(draft)
        named = await self.assignees.named(actor, who) if who else Named()
        title = edit.title or draft.title
        due_at, rule, problem = (
            self.times.due(edit.when) if edit.when else self._printed_when(draft)
        )
        problems = []
        if not named.assignees or named.problems:
            said = f"（{'；'.join(named.problems)}）" if who else ""
            problems.append(f"缺责任人{said}")
        if not title.strip():
            problems.append("缺职责")
        if due_at is None and rule is None and not edit.milestones:
            problems.append(problem)
        return Proposal(
            number=number,
            draft=draft,
            title=title,
            who=who,
            named=named,
            when=self._say(due_at, rule),
            due_at=due_at,
            rule=rule,
            when_words=self.times.provisional(edit.when) if edit.when else "",
            milestones=tuple(self._milestones(edit)),
            labels=edit.labels or (),
            is_checked=bool(edit.is_checked),
            problems=tuple(problems),
        )

    def _printed_when(self, draft: DraftTask) -> tuple[datetime | None, Recurrence | None, str]:
        now = self.times.now()
        if draft.rrule:
            rule = Recurrence.from_rrule(draft.rrule, starts_at=now)
            rule = self._of_words(draft.quote, rule) or rule.by_period_end()
            if not rule.names_day:
                return None, None, "期限不清（文件没写从哪天算起）"
            return None, rule, ""
        if draft.due_on:
            due_at = datetime.combine(draft.due_on, END_OF_DAY, SHANGHAI)
            if due_at > now:
                return due_at, None, ""
            day = f"{draft.due_on.year}年{draft.due_on.month}月{draft.due_on.day}日"
            return None, None, f"期限已过（文件写的是{day}）"
        return None, None, "缺期限"

    def _of_words(self, quote: str, rhythm: Recurrence) -> Recurrence | None:
        """每月第二个星期三下午: a day that the clause prints beside its rhythm."""
        for _, _, when in self.times.find(_HALF_DAYS.sub("", quote)):
            if isinstance(when, Recurring) and when.rule.names_day:
                rule = when.rule
                if (rule.freq, rule.interval) == (rhythm.freq, rhythm.interval):
                    return rule
        return None

    def _milestones(self, edit: Edit) -> list[Milestone]:
        found = []
        for label, words in edit.milestones or ():
            due_at, _, _ = self.times.due(words)
            if due_at is not None:
                found.append(Milestone(label=label, due_at=due_at))
        return found

    def _say(self, due_at: datetime | None, rule: Recurrence | None) -> str:
        return say_due(due_at, rule, self.times)


def say_due(due_at: datetime | None, rule: Recurrence | None, times: Times) -> str:
    """When it falls due, in words that read back as the same."""
    if rule is not None:
        planner = times.planner
        when = Recurring(rule=rule, now=times.now(), calendar=planner.calendar, terms=planner.terms)
        return say(when)
    if due_at is not None:
        local = due_at.astimezone(SHANGHAI)
        return say(Deadline(at=local.replace(microsecond=0)))
    return ""


def _new_task(shelved: Shelved, one: Proposal) -> NewTask:
    draft = one.draft
    return NewTask(
        title=one.title,
        assignees=one.named.assignees,
        duty=draft.quote if draft.quote != one.title else "",
        kind=TaskKind.RECURRING if one.rule else TaskKind.ONE_OFF,
        due_at=one.due_at,
        rule=one.rule,
        when_words=one.when_words,
        milestones=one.milestones,
        document_id=shelved.document.id,
        document_title=shelved.document.title,
        locator=draft.locator,
        quote=draft.quote,
        evidence_types=draft.evidence_types,
        labels=one.labels,
        is_checked=one.is_checked,
        key=key_of(shelved.document.id, draft),
    )


def _picked(shelved: Shelved, spans: Sequence[Span]) -> list[DraftTask]:
    drafts = (picked_draft(shelved.document, span.start, span.end) for span in spans)
    return [draft for draft in drafts if draft is not None]


def _printed_who(draft: DraftTask) -> tuple[str, ...]:
    if not draft.responsible:
        return ()
    return tuple(word for word in re.split(r"[、，,；;/\s]+", draft.responsible) if word)


def at_end_of(day: datetime) -> datetime:
    """The last second of a local day."""
    return datetime.combine(day.astimezone(SHANGHAI).date(), time(23, 59, 59), SHANGHAI)


def numbers_of(board: Board, wanted: Sequence[int]) -> Sequence[int]:
    """Check what was typed.

    Raises:
        UsageError: A number is not on the board.
    """
    beyond = [n for n in wanted if not 1 <= n <= len(board.proposals)]
    if beyond:
        listed = "、".join(map(str, beyond))
        reply = f"没有第 {listed} 条，一共 {len(board.proposals)} 条。"
        raise UsageError("no such draft", reply=reply)
    return wanted
