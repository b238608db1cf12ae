"""Who gets a question that the documents do not answer: by topic, by unit, or whoever is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from bot.errors import BotError
from bot.messages import Role
from handlers.people.selecting import member_meant, unit_meant, unit_name
from handlers.posting import Post
from store import people

_ANSWERS = (Role.OFFICER, Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Questions with one of ``words`` go to ``to``: ``member:姓名`` or ``unit:名称``."""

    words: tuple[str, ...]
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``[routing]`` of the configuration."""

    topics: tuple[Topic, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    """For whoever is in the unit, or in one below it."""
    default: str | None = None


def owners(
    session: Session, post: Post, rules: Rules, question: str, asked_by: int | None
) -> Sequence[int]:
    """Members, the asker never among them; a rule that leads nowhere gives way to the next."""
    units = _units(session, asked_by)
    for to in _targets(session, rules, question, units):
        found = [one for one in _members(session, post, to, asked_by) if one != asked_by]
        if found:
            return found
    return post.in_charge(session, units, *_ANSWERS, but=asked_by)


def _targets(session: Session, rules: Rules, question: str, units: Sequence[int]) -> Sequence[str]:
    """The longest topic word first, then the asker's unit and those above, then the default."""
    said = [
        (len(word), topic.to) for topic in rules.topics for word in topic.words if word in question
    ]
    targets = [to for _, to in sorted(said, reverse=True)]
    level = list(units)
    while level:
        names = [unit_name(session, one) for one in level]
        targets += [rules.units[name] for name in names if name in rules.units]
        above = [people.parent_of(session, one) for one in level]
        level = [one for one in above if one is not None]
    return [*targets, *([rules.default] if rules.default else [])]


def _members(session: Session, post: Post, to: str, asked_by: int | None) -> Sequence[int]:
    kind, _, name = to.partition(":")
    try:
        if kind == "member":
            return [member_meant(session, name).id]
        return post.in_charge(session, [unit_meant(session, name).id], *_ANSWERS, but=asked_by)
    except BotError:
        return []


def _units(session: Session, member_id: int | None) -> list[int]:
    if member_id is None:
        return []
    return list(dict.fromkeys(one.unit_id for one in people.memberships(session, member_id)))
