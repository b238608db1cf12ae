"""Whom a broadcast is for: 全体, units, roles, groups of units, names, those who have not …."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Act, Actor
from handlers.people.roster import ROLE_NAMES
from handlers.people.selecting import member_meant, plain, unit_meant
from scheduler.recipients import Addresses
from store import broadcasts, occurrences, people
from store.models import Membership
from store.models_records import CheckIn, RollCallMember
from store.models_tasks import OPEN_STATES

_SPLIT = re.compile(r"[、，,；;]+")
_EVERYBODY = frozenset({"全体", "所有人", "大家", "全员"})
_UNREAD = re.compile(r"未(?:读|收到|回执)(?:通知)?#?(\d{1,9})")
_ABSENT = re.compile(r"未签到#?(\d{1,9})")
_UNDONE = re.compile(r"未(?:办结|完成|交)(?:任务)?#?(\d{1,9})")
_ROLE = re.compile(rf"(?P<unit>.*?)[的/]?(?P<role>{'|'.join(sorted(ROLE_NAMES, key=len))})们?")


def audience(session: Session, actor: Actor, words: str) -> Sequence[int]:
    """Active members, each once; only those in units where the actor may broadcast.

    Raises:
        NotFound: A part of ``words`` names nobody.
    """
    found: dict[int, None] = {}
    for part in filter(None, _SPLIT.split(plain(words))):
        found |= dict.fromkeys(_part(session, part))
    active = {member.id for member in people.members(session)}
    within = [one for one in found if one in active and _is_within(session, actor, one)]
    if found and not within:
        raise NotFound("nobody within reach", reply="这些人不在您能发通知的单位里。")
    return within


def _part(session: Session, part: str) -> Sequence[int]:
    if part in _EVERYBODY:
        return [member.id for member in people.members(session)]
    if some := _UNREAD.fullmatch(part):
        return list(broadcasts.members_of(session, int(some[1]), is_unread=True))
    if some := _ABSENT.fullmatch(part):
        rows = session.scalars(
            select(RollCallMember.member_id).where(
                RollCallMember.roll_call_id == int(some[1]),
                RollCallMember.standing == CheckIn.MISSING,
            )
        )
        return list(rows)
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
