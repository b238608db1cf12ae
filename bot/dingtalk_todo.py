"""Keeps 待办 as our tasks are: made, changed, done, taken off. A chore.

A round makes a bounded number of calls, since the month's are few. What a crash leaves:

==========================  ====================================================================
before the row              nothing: it is made in the next round
the row, before the call    the next round asks for our name for it, finds nothing, makes it
the call, no answer         the next round finds it by our name, and makes no second
the answer, not written     the same; a change, an end are done again, which changes nothing
==========================  ====================================================================
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from bot.channels.dingtalk.directory import union_id
from bot.channels.dingtalk.todo import Item, Todos
from bot.errors import ChannelError, ChannelUnavailable, OutcomeUnknown
from bot.messages import ChannelName
from scheduler.recipients import Addresses
from store import instant, leases, todos
from store.engine import Store
from store.models_todos import Todo

logger = logging.getLogger(__name__)

_AHEAD, _BEHIND = timedelta(days=14), timedelta(days=30)
_KEPT = timedelta(days=90)
_LOOK_AGAIN = timedelta(hours=6)
"""For who could not be seen; looking costs a call."""
_MOST_OPEN, _MOST_A_ROUND = 1_000, 30
_LEASE, _LEASE_NAME = timedelta(minutes=10), "dingtalk.todo"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    item: Item
    occurrence_id: int
    member_id: int
    account: str

    @property
    def digest(self) -> str:
        words = "\n".join(map(str, astuple(self.item)))
        return hashlib.sha256(words.encode()).hexdigest()


@dataclass(slots=True, kw_only=True)
class TodoKeeping:
    """Built once, when it is switched on."""

    store: Store
    todos: Todos
    clock: Callable[[], datetime]
    every_s: float = 60.0
    _owner: str = field(default_factory=lambda: uuid4().hex)
    _unions: dict[str, str] = field(default_factory=dict)
    """Of accounts."""
    _unseen: dict[str, datetime] = field(default_factory=dict)
    """Accounts that could not be seen, and when."""

    async def run(self) -> None:
        """One round; whatever is left is done in the next."""
        if not await self.store.write(self._is_ours):
            return
        now = self.clock()
        wanted = await self.store.read(lambda session: _wanted(session, now))
        known = await self.store.read(lambda session: todos.known(session, list(wanted)))
        work = [one for one in wanted.values() if _differs(known.get(one.item.source), one)]
        ended = [row for source, row in known.items() if row.is_open and source not in wanted]
        done = await self.store.read(
            lambda session: todos.are_done(session, [row.occurrence_id for row in ended])
        )
        try:
            for one in work[:_MOST_A_ROUND]:
                await self._show(one, known.get(one.item.source))
            for row in ended[:_MOST_A_ROUND]:
                await self._end(row, is_done=row.occurrence_id in done)
        except (ChannelUnavailable, OutcomeUnknown) as error:
            logger.warning("to-do lists have to wait: %s", error)
        await self.store.write(lambda session: todos.forget(session, now - _KEPT))

    def _is_ours(self, session: Session) -> bool:
        """With several replicas one at a time keeps the lists."""
        now = instant.now(session)
        fence = leases.acquire(session, _LEASE_NAME, owner=self._owner, now=now, lease=_LEASE)
        return fence is not None

    async def _show(self, wanted: _Wanted, known: Todo | None) -> None:
        union = await self._union(wanted.account)
        if not union:
            return
        try:
            remote = await self._made_or_changed(union, wanted, known)
        except (ChannelUnavailable, OutcomeUnknown):
            raise
        except ChannelError:
            logger.exception("%s is not taken into a to-do list", wanted.item.source)
            remote = known.remote_id or "" if known else ""
        await self.store.write(
            lambda session: todos.made(session, wanted.item.source, union, remote, wanted.digest)
        )

    async def _made_or_changed(self, union: str, wanted: _Wanted, known: Todo | None) -> str:
        item = wanted.item
        if known is None:
            row = {
                "source": item.source,
                "occurrence_id": wanted.occurrence_id,
                "member_id": wanted.member_id,
                "owner": union,
                "shown": "",
                "is_open": True,
                "begun_at": self.clock(),
            }
            await self.store.write(lambda session: todos.begin(session, row))
            return await self.todos.make(union, item)
        remote = known.remote_id or await self.todos.find(union, item.source)
        if remote is None:
            return await self.todos.make(union, item)
        if not known.is_open:
            await self.todos.set_done(union, remote, is_done=False)
        await self.todos.change(union, remote, item)
        return remote

    async def _end(self, row: Todo, *, is_done: bool) -> None:
        remote = row.remote_id
        if remote is None:
            remote = await self.todos.find(row.owner, row.source)
        try:
            if remote and is_done:
                await self.todos.set_done(row.owner, remote, is_done=True)
            elif remote:
                await self.todos.remove(row.owner, remote)
        except (ChannelUnavailable, OutcomeUnknown):
            raise
        except ChannelError:
            logger.exception("%s is not taken off a to-do list", row.source)
        await self.store.write(lambda session: todos.closed(session, row.source))

    async def _union(self, account: str) -> str:
        """Empty for somebody who cannot be seen."""
        now, unseen_at = self.clock(), self._unseen.get(account)
        if account in self._unions or (unseen_at and now - unseen_at < _LOOK_AGAIN):
            return self._unions.get(account, "")
        if found := await union_id(self.todos.api, account):
            self._unions[account] = found
            self._unseen.pop(account, None)
        else:
            self._unseen[account] = now
        return found or ""


def _wanted(session: Session, now: datetime) -> Mapping[str, _Wanted]:
    """By our name for it."""
    entries = todos.open_entries(session, now - _BEHIND, now + _AHEAD, _MOST_OPEN)
    addresses = Addresses(session, ())
    addresses.prepare(entry.assignment for entry in entries)
    people = {entry.occurrence.id: addresses.people_of(entry.assignment) for entry in entries}
    everybody = {member for members in people.values() for member in members}
    accounts = todos.accounts(session, ChannelName.DINGTALK.platform, everybody)
    found: dict[str, _Wanted] = {}
    for occurrence, _, task in entries:
        label = f"（{occurrence.label}）" if occurrence.label else ""
        for member_id in people[occurrence.id]:
            if member_id not in accounts:
                continue
            source = f"yaodian-{occurrence.id}-{member_id}"
            item = Item(
                source=source,
                subject=f"{task.title}{label}",
                description=f"编号 {occurrence.id}。办好后请对要点发：/完成 {occurrence.id}",
                due_at=occurrence.due_at,
                is_late=occurrence.due_at < now,
            )
            found[source] = _Wanted(
                item=item,
                occurrence_id=occurrence.id,
                member_id=member_id,
                account=accounts[member_id],
            )
    return found


def _differs(known: Todo | None, wanted: _Wanted) -> bool:
    return known is None or known.shown != wanted.digest
