"""Whom a broadcast is for: 全体, units, roles, groups of units, names, chats, who have not …."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound
from handlers.access import Act, Actor
from handlers.people.roster import ROLE_NAMES
from handlers.people.selecting import member_meant, plain, unit_meant
from handlers.reach import runs_whole
from scheduler.recipients import Addresses
from store import broadcasts, occurrences, people, roll_calls
from store.models import Membership
from store.models_records import CheckIn, RollCall, RollCallMember
from store.models_running import Broadcast
from store.models_tasks import OPEN_STATES

_SPLIT = re.compile(r"[、，,；;]+")
_EVERYBODY = frozenset({"全体", "所有人", "大家", "全员"})
_UNREAD = re.compile(r"未(?:读|收到|回执)(?:通知)?#?(\d{1,9})?")
_ABSENT = re.compile(r"未签到#?(\d{1,9})?")
_UNDONE = re.compile(r"未(?:办结|完成|交)(?:任务)?#?(\d{1,9})")
_LOOSE = re.compile(
    r"(\S*未(?:读|收到|回执|签到|办结|完成|交)(?:通知|任务)?)\s+(#?\d{1,9})(?=\s|[、，,；;])"
)
_ROLE = re.compile(rf"(?P<unit>.*?)[的/]?(?P<role>{'|'.join(sorted(ROLE_NAMES, key=len))})们?")
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Active members, each once, and chats that are only written to, by name."""

    members: Sequence[int] = ()
    chats: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    members: dict[int, None] = field(default_factory=dict)
    chats: dict[str, None] = field(default_factory=dict)


def parted(text: str) -> tuple[str, str]:
    """The audience and the rest; ``未签到 5`` is one word of it."""
    words, _, rest = _LOOSE.sub(r"\1\2", text.strip()).partition(" ")
    return words, rest.strip()


def parted_by_names(session: Session, text: str) -> tuple[str, str]:
    """The same where names stand with white space between: 张三 李四 明天开会."""
    words, rest = parted(text)
    while True:
        head, _, tail = rest.partition(" ")
        if not tail.strip() or not _is_name(session, head):
            return words, rest
        words, rest = f"{words}、{head}", tail.strip()


def _is_name(session: Session, word: str) -> bool:
    name = plain(word).lstrip("@").partition("(")[0]
    if name in ROLE_NAMES or name in _EVERYBODY:
        return True
    return bool(people.members_named(session, name) or people.units_named(session, name))


def audience(session: Session, actor: Actor, words: str, chats: Collection[str] = ()) -> Audience:
    """Only those in units where the actor may broadcast; chats for whoever leads the whole.

    Raises:
        NotFound: A part of ``words`` names nobody.
        NotAllowed: A part names a chat, and the actor does not lead the whole.
    """
    found = _Found()
    for part in filter(None, (one.lstrip("@＠") for one in _SPLIT.split(plain(words)))):
        if part in chats:
            _check_chat(session, actor, part)
            found.chats[part] = None
        else:
            found.members.update(dict.fromkeys(_part(session, actor, part)))
    active = {member.id for member in people.members(session)}
    within = [one for one in found.members if one in active and _is_within(session, actor, one)]
    if found.members and not within:
        raise NotFound("nobody within reach", reply="这些人不在您能发通知的单位里。")
    return Audience(members=within, chats=tuple(found.chats))


def may_see(session: Session, actor: Actor, row: Broadcast) -> bool:
    """Whose own it is, and those who run the whole."""
    if actor.is_operator or row.made_account == actor.account:
        return True
    if row.made_by is not None and row.made_by == actor.member_id:
        return True
    return runs_whole(session, actor, Act.MANAGE_PEOPLE)


def _check_chat(session: Session, actor: Actor, name: str) -> None:
    if not runs_whole(session, actor, Act.BROADCAST):
        raise NotAllowed("a chat", reply=f"往“{name}”群里发，要由管全局的人来发。")


def _part(session: Session, actor: Actor, part: str) -> Sequence[int]:
    if part in _EVERYBODY:
        return [member.id for member in people.members(session)]
    if some := _UNREAD.fullmatch(part):
        return _unread(session, actor, some[1])
    if some := _ABSENT.fullmatch(part):
        return _absent(session, actor, some[1])
    if some := _UNDONE.fullmatch(part):
        return _undone(session, int(some[1]))
    if units := people.group_units(session, part):
        return _in_units(session, units)
    if role := _ROLE.fullmatch(part):
        held = ROLE_NAMES[role["role"]]
        below = None
        if role["unit"]:
            below = people.with_all_below(session, [unit_meant(session, role["unit"]).id])
        return [one.id for one in people.holders(session, held, below)]
    try:
        return _in_units(session, [unit_meant(session, part).id])
    except NotFound:
        return [_named(session, part)]


def _named(session: Session, part: str) -> int:
    try:
        return member_meant(session, part).id
    except NotFound as error:
        raise NotFound("names nobody", reply=f"没有叫“{part}”的单位、片区、角色或人。") from error


def _in_units(session: Session, units: Sequence[int] | frozenset[int]) -> Sequence[int]:
    below = people.with_all_below(session, units)
    return [member.id for member in people.members(session, below)]


def _unread(session: Session, actor: Actor, number: str | None) -> Sequence[int]:
    """Of a broadcast of the actor's; of the latest where none is named."""
    if number is None:
        rows: Sequence[Broadcast] = [
            row for row in broadcasts.recent(session) if row.made_account == actor.account
        ][:1]
    else:
        named = broadcasts.get(session, int(number))
        rows = [named] if named is not None and may_see(session, actor, named) else []
    if not rows:
        raise NotFound("no broadcast", reply=f"没有通知{f' {number}' if number else ''}。")
    return list(broadcasts.members_of(session, rows[0].id, is_unread=True))


def _absent(session: Session, actor: Actor, number: str | None) -> Sequence[int]:
    """Of a roll call that the actor opened or may look at; of the latest where none is named."""
    if number is None:
        latest = roll_calls.latest_of(session, None, _LOOKED_AT)
        rows = [row for row in latest if _opened(actor, row)][:1]
    else:
        named = roll_calls.get(session, int(number))
        is_open = named is not None and (
            _opened(actor, named) or actor.may(Act.SEE_PEOPLE, named.unit_id)
        )
        rows = [named] if named is not None and is_open else []
    if not rows:
        raise NotFound("no roll call", reply=f"没有签到{f' {number}' if number else ''}。")
    missing = select(RollCallMember.member_id).where(
        RollCallMember.roll_call_id == rows[0].id, RollCallMember.standing == CheckIn.MISSING
    )
    return list(session.scalars(missing))


def _opened(actor: Actor, row: RollCall) -> bool:
    return row.opened_account == actor.account or row.opened_by == actor.member_id is not None


def _undone(session: Session, task_id: int) -> Sequence[int]:
    """Who has a task that is still open."""
    addresses = Addresses(session, ())
    found: dict[int, None] = {}
    for entry in occurrences.of_task(session, task_id, is_open=True):
        if entry.occurrence.state in OPEN_STATES:
            found |= dict.fromkeys(addresses.people_of(entry.assignment))
    return list(found)


def _is_within(session: Session, actor: Actor, member_id: int) -> bool:
    if actor.is_operator:
        return True
    held: Sequence[Membership] = people.memberships(session, member_id)
    return any(actor.may(Act.BROADCAST, one.unit_id) for one in held)
