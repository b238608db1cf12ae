"""What a reminder says, before anyone has worded it; the words are ``handlers.reminders``'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.messages import Reply
from scheduler.policy import StageKind
from store.models_tasks import OccurrenceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose it is, in a letter to others."""

    member_id: int | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One occurrence in a letter; in a letter to a group, or to a superior, with whose it is."""

    occurrence_id: int
    task_id: int
    title: str
    duty: str
    label: str
    document: str
    locator: str
    quote: str
    due_at: datetime
    is_provisional: bool
    state: OccurrenceState
    kind: StageKind
    scheduled_at: datetime
    is_tardy: bool
    """Comes later than it was planned, for the bot was away."""
    earlier: tuple[datetime, ...] = ()
    """Due times that were missed meanwhile and are said here together."""
    people: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message to one recipient."""

    items: tuple[Told, ...]
    is_group: bool
    now: datetime
    is_one_way: bool = False
    """Nobody can answer where it goes."""


Word = Callable[[Letter], Reply]
