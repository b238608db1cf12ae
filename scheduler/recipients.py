"""Whom a reminder goes to, and through which conversation they are reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.messages import ChannelName, Conversation, Role
from scheduler.letters import Person
from scheduler.policy import SUPERIOR
from store import people, preferences
from store.models import Account, Member, Membership, Unit
from store.models_tasks import Assignment, Task

_IN_CHARGE = (Role.BRANCH_SECRETARY, Role.OFFICER, Role.SECRETARY, Role.ADMIN)
_OFFICERS = (Role.OFFICER, Role.BRANCH_SECRETARY, Role.SECRETARY)
_MAY_ONLY_ANSWER = frozenset({ChannelName.WECOM_AIBOT})
"""Channels that in one of their modes cannot begin; then they are not among those that reach."""
_MEMBER = "member:"
_CHAT = "chat:"
CHAT = "chat"
"""The assignee of a task that belongs to the conversation it was made in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """``key`` is what reminders are gathered by."""

    key: str
    member_id: int | None = None


def conversation_key(conversation: Conversation) -> str:
    """A conversation as a recipient."""
    return f"{_CHAT}{conversation.channel}:{int(conversation.is_group)}:{conversation.id}"


@dataclass(slots=True)
class Addresses:
    """Looks up whom to tell, each thing once; lives for one transaction."""

    session: Session
    channels: Sequence[ChannelName]
    """Those that can send to a person, best first."""
    _of_assignment: dict[int, tuple[Recipient, ...]] = field(default_factory=dict)
    _with_role: dict[tuple[int, tuple[str, ...]], tuple[int, ...]] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _active: dict[int, bool] = field(default_factory=dict)

    def prepare(self, assignments: Iterable[Assignment]) -> None:
        """Look up in one query what many would be looked up for one by one."""
        ids = {one.member_id for one in assignments if one.member_id is not None}
        self._active |= dict.fromkeys(ids, False)
        rows = self.session.scalars(select(Member.id).where(Member.id.in_(ids), Member.is_active))
        self._active |= dict.fromkeys(rows, True)

    def of(self, assignment: Assignment, task: Task) -> tuple[Recipient, ...]:
        """Who is reminded: the chat, the member, or those in charge of the unit."""
        found = self._of_assignment.get(assignment.id)
        if found is None:
            found = self._of_assignment[assignment.id] = self._look_up(assignment, task)
        return found

    def _look_up(self, assignment: Assignment, task: Task) -> tuple[Recipient, ...]:
        if task.conversation is not None and (task.is_group or assignment.assignee == CHAT):
            chat = Conversation(
                channel=ChannelName(task.channel or ""),
                id=task.conversation,
                is_group=task.is_group,
            )
            return (Recipient(key=conversation_key(chat), member_id=assignment.member_id),)
        return self._as_recipients(self.people_of(assignment))

    def people_of(self, assignment: Assignment) -> tuple[int, ...]:
        """Members who have an assignment, active ones only."""
        member_id = assignment.member_id
        if member_id is not None:
            if member_id not in self._active:
                self.prepare([assignment])
            return (member_id,) if self._active[member_id] else ()
        if assignment.unit_id is None:
            return ()
        if assignment.role is not None:
            return self._holding(assignment.unit_id, (assignment.role,))
        in_charge = self._holding(assignment.unit_id, _IN_CHARGE)
        return in_charge or self._holding(assignment.unit_id, tuple(Role))

    def above(self, assignment: Assignment, to: str) -> tuple[Recipient, ...]:
        """Whom an escalation goes to, but never those who have it themselves."""
        own = set(self.people_of(assignment))
        if to.startswith(_MEMBER):
            named = people.members_named(self.session, to.removeprefix(_MEMBER))
            return self._as_recipients(one.id for one in named if one.id not in own)
        units = self._units_of(assignment)
        roles: tuple[Role, ...] = _OFFICERS
        if to == SUPERIOR:
            units = self._parents(units)
        elif to != Role.OFFICER:
            roles = (Role(to),)
        while units:
            found = {id for unit in units for id in self._holding(unit, roles)} - own
            if found:
                return self._as_recipients(sorted(found))
            units = self._parents(units)
        return ()

    def name(self, member_id: int) -> str:
        """What a member is called."""
        if member_id not in self._names:
            row = people.member(self.session, member_id)
            self._names[member_id] = "" if row is None else row.name
        return self._names[member_id]

    def whose(self, assignment: Assignment) -> Person:
        """The assignee as others name it."""
        if assignment.member_id is not None:
            return Person(member_id=assignment.member_id, name=self.name(assignment.member_id))
        if assignment.unit_id is None:
            return Person(member_id=None, name="")
        unit = people.unit(self.session, assignment.unit_id)
        return Person(member_id=None, name="" if unit is None else unit.name)

    def routes(self, recipients: Collection[str]) -> dict[str, Conversation]:
        """The conversation of each recipient who has one.

        A private chat that only answers gives way to another of the same person's.
        """
        chats = {key: _chat(key) for key in recipients if key.startswith(_CHAT)}
        found = {key: chat for key, chat in chats.items() if self._can_begin(chat)}
        detours = {key: self._whose(chats[key]) for key in chats.keys() - found.keys()}
        members = [key for key in recipients if key.startswith(_MEMBER)]
        by_member = self._members_routes({*members, *filter(None, detours.values())})
        found |= {key: by_member[key] for key in members if key in by_member}
        found |= {key: by_member[to] for key, to in detours.items() if to in by_member}
        return found

    def _can_begin(self, chat: Conversation) -> bool:
        """Whether it can be written to without having been asked."""
        return chat.channel not in _MAY_ONLY_ANSWER or chat.channel in self.channels

    def _whose(self, chat: Conversation) -> str | None:
        """The member, as a recipient, whose private chat it is."""
        if chat.is_group:
            return None
        member = people.member_of(self.session, chat.channel.platform, chat.id)
        return None if member is None else f"{_MEMBER}{member.id}"

    def _members_routes(self, recipients: Collection[str]) -> dict[str, Conversation]:
        found: dict[str, Conversation] = {}
        ids = [int(key.removeprefix(_MEMBER)) for key in recipients]
        accounts: dict[int, dict[str, Account]] = {}
        for row in self.session.scalars(
            select(Account)
            .join(Member, Member.id == Account.member_id)
            .where(Account.member_id.in_(ids), Member.is_active)
            .order_by(Account.account.desc())
        ):
            mine = accounts.setdefault(row.member_id or 0, {})
            known = mine.get(row.platform)
            if known is None or _used_at(row) >= _used_at(known):
                mine[row.platform] = row
        several = [member_id for member_id, mine in accounts.items() if len(mine) > 1]
        wishes = preferences.preferred(self.session, several) if several else {}
        for member_id, mine in accounts.items():
            channel = self._best(mine, wishes.get(member_id))
            if channel is not None:
                account = mine[channel.platform].account
                found[f"{_MEMBER}{member_id}"] = Conversation(channel=channel, id=account)
        return found

    def _best(self, accounts: Mapping[str, Account], wish: str | None) -> ChannelName | None:
        """As they wish, else where they wrote last, else the first; the page only if need be."""
        able = [one for one in self.channels if one.platform in accounts]
        pushing = [one for one in able if one is not ChannelName.WEB]
        if not pushing:
            return able[0] if able else None
        wished = [one for one in pushing if one.platform == wish]
        if wished:
            return wished[0]
        return max(pushing, key=lambda one: _used_at(accounts[one.platform]))

    def _as_recipients(self, member_ids: Iterable[int]) -> tuple[Recipient, ...]:
        return tuple(Recipient(key=f"{_MEMBER}{id}", member_id=id) for id in member_ids)

    def _holding(self, unit_id: int, roles: tuple[str, ...]) -> tuple[int, ...]:
        key = (unit_id, roles)
        if key not in self._with_role:
            self._with_role[key] = tuple(
                self.session.scalars(
                    select(Membership.member_id)
                    .join(Member, Member.id == Membership.member_id)
                    .where(
                        Membership.unit_id == unit_id,
                        Membership.role.in_(roles),
                        Member.is_active,
                    )
                    .distinct()
                    .order_by(Membership.member_id)
                )
            )
        return self._with_role[key]

    def _units_of(self, assignment: Assignment) -> frozenset[int]:
        if assignment.unit_id is not None:
            return frozenset({assignment.unit_id})
        if assignment.member_id is None:
            return frozenset()
        rows = people.memberships(self.session, assignment.member_id)
        return frozenset(one.unit_id for one in rows)

    def _parents(self, units: Collection[int]) -> frozenset[int]:
        rows = self.session.scalars(select(Unit.parent_id).where(Unit.id.in_(units)))
        return frozenset(parent for parent in rows if parent is not None)


def _used_at(account: Account) -> float:
    """0 where nobody ever wrote from."""
    return account.seen_at.timestamp() if account.seen_at else 0.0


def _chat(key: str) -> Conversation:
    channel, is_group, conversation = key.removeprefix(_CHAT).split(":", 2)
    return Conversation(channel=ChannelName(channel), id=conversation, is_group=bool(int(is_group)))
