"""A plan beside what was confirmed of the plans before it: new, the same, changed, gone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from handlers.access import Actor
from handlers.documents.actions import Documents, Shelved
from handlers.tasks.actions import Tasks
from handlers.tasks.draft_keys import key_of
from knowledge.model import Basis, DraftTask
from knowledge.plan_diff import Change, diff_plans
from store import occurrences
from store import tasks as task_rows
from store.models_tasks import OPEN_STATES, TaskState

CHANGE_WORDS: Mapping[Change, str] = {
    Change.DUE_ON: "期限",
    Change.RRULE: "频次",
    Change.RESPONSIBLE: "责任人",
    Change.QUANTITY: "数量",
    Change.WORDS: "内容",
}
_YEARS = re.compile(r"(?:20\d\d(?:[-—–－至]20\d\d)?\s*(?:学年)?年?度?|[（(].*?[)）]|《|》|\s)")


class Standing(StrEnum):
    """A draft beside what was confirmed before."""

    NEW = "new"
    CONFIRMED = "confirmed"
    """Of this very document."""
    DROPPED = "dropped"
    """Of this very document, and cancelled since."""
    SAME = "same"
    CHANGED = "changed"
    PRACTICE = "practice"
    """What others did; nobody is asked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """How one draft stands; ``earlier`` and its task are what it differs from."""

    standing: Standing = Standing.NEW
    what_changed: str = ""
    earlier: DraftTask | None = None
    earlier_task: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A confirmed task that the plan asks for no more; ``number`` is that of its next due time."""

    title: str
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``beside`` by the draft's place from 1; ``earlier`` is the newest plan before this one."""

    beside: Mapping[int, Beside]
    earlier: str = ""
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparing:
    """Built with the drafting; ``drafts_of`` reads a document, and remembers."""

    documents: Documents
    tasks: Tasks
    drafts_of: Callable[[Shelved], Awaitable[Sequence[DraftTask]]]

    async def compare(
        self, actor: Actor, shelved: Shelved, drafts: Sequence[DraftTask]
    ) -> Comparison:
        """Each draft beside what is lived with of the plans before this one, and of this one."""
        found: dict[int, Beside] = {}
        own = await self._keys(shelved.document.id)
        for n, draft in enumerate(drafts, 1):
            if draft.basis is Basis.REPORTED_PRACTICE:
                found[n] = Beside(standing=Standing.PRACTICE)
        before = await self._before(actor, shelved)
        old: list[DraftTask] = []
        whose: dict[int, int] = {}
        for one in before:
            keys = await self._keys(one.document.id)
            for draft in await self.drafts_of(one):
                task_id = keys.get(key_of(one.document.id, draft))
                if task_id:
                    old.append(draft)
                    whose[id(draft)] = task_id
        diff = await asyncio.to_thread(diff_plans, old, drafts)
        if old:
            added = {id(one) for one in diff.added}
            changed = {id(one.after): one for one in diff.changed}
            for n, draft in enumerate(drafts, 1):
                if change := changed.get(id(draft)):
                    found[n] = Beside(
                        standing=Standing.CHANGED,
                        what_changed="、".join(CHANGE_WORDS[what] for what in change.what),
                        earlier=change.before,
                        earlier_task=whose[id(change.before)],
                    )
                elif id(draft) not in added:
                    found[n] = Beside(standing=Standing.SAME)
        for n, draft in enumerate(drafts, 1):
            task_id = own.get(key_of(shelved.document.id, draft))
            if task_id is not None:
                found[n] = Beside(standing=Standing.CONFIRMED if task_id else Standing.DROPPED)
        gone = await self._gone([(one.title, whose[id(one)]) for one in diff.removed])
        return Comparison(beside=found, earlier=before[0].document.title if old else "", gone=gone)

    async def _keys(self, document_id: str) -> Mapping[str, int]:
        """Task by key; 0 for one that was cancelled or gave way to another."""

        def query(session: Session) -> Mapping[str, int]:
            rows = task_rows.tasks(session, document_id=document_id, is_open=False)
            return {
                row.key: 0 if row.state == TaskState.CANCELLED or row.superseded_by else row.id
                for row in rows
                if row.key
            }

        return await self.tasks.store.read(query)

    async def _before(self, actor: Actor, shelved: Shelved) -> Sequence[Shelved]:
        """Other documents of the same name, years aside, newest first."""
        name = _YEARS.sub("", shelved.document.title)
        shelf = await self.documents.shelf(actor, with_past=True)
        return [
            one
            for one in reversed(shelf)
            if one.document.id != shelved.document.id
            and _YEARS.sub("", one.document.title) == name
            and one.added_at <= shelved.added_at
        ]

    async def _gone(self, removed: Sequence[tuple[str, int]]) -> tuple[Gone, ...]:
        def query(session: Session) -> tuple[Gone, ...]:
            found = []
            for title, task_id in removed:
                entries = occurrences.of_task(session, task_id)
                numbers = [e.occurrence.id for e in entries if e.occurrence.state in OPEN_STATES]
                found.append(Gone(title=title, number=numbers[0] if numbers else None))
            return tuple(found)

        return await self.tasks.store.read(query)
