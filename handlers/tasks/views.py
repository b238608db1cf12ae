"""What the task actions take and give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.messages import Attachment, Conversation
from knowledge.model import TaskKind
from scheduler.policy import Policy
from scheduler.recurrence import Recurrence
from store.models import OnDoubt
from store.models_tasks import OccurrenceState, TaskState


class Every(StrEnum):
    """A unit stands for all of something."""

    MEMBER = "member"
    """Each member of the unit and of those below it, one by one."""
    UNIT = "unit"
    """Each unit right below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignee:
    """A member, a unit, those of a role in a unit, or (all empty) the conversation itself."""

    member_id: int | None = None
    unit_id: int | None = None
    role: str | None = None
    every: Every | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A step on the way, with a due time of its own."""

    label: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to be made. ``policy`` None is the configured one.

    ``conversation`` a group: it is told, and @-mentions those who have not done it. A private one:
    it is told when the assignee is the conversation. ``key`` makes it once.
    """

    title: str
    assignees: tuple[Assignee, ...]
    duty: str = ""
    kind: TaskKind = TaskKind.ONE_OFF
    due_at: datetime | None = None
    rule: Recurrence | None = None
    when_words: str = ""
    """As it was said, where ``due_at`` is provisional; read again when its year is published."""
    policy: Policy | None = None
    milestones: tuple[Milestone, ...] = ()
    document_id: str | None = None
    document_title: str = ""
    locator: str = ""
    quote: str = ""
    evidence_types: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    unit_id: int | None = None
    conversation: Conversation | None = None
    is_checked: bool = False
    on_doubt: OnDoubt = OnDoubt.RESEND
    announces: bool = True
    """Tell the assignees now, too."""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceView:
    """One due time of one assignee."""

    id: int
    task_id: int
    title: str
    label: str
    assignee: str
    member_id: int | None
    unit_id: int | None
    due_at: datetime
    is_provisional: bool
    is_late: bool
    state: OccurrenceState
    is_checked: bool
    next_notice_at: datetime | None
    document: str
    locator: str
    quote: str
    evidence_types: tuple[str, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task with everything of it; ``occurrences`` by due time."""

    id: int
    title: str
    duty: str
    kind: TaskKind
    state: TaskState
    due_at: datetime | None
    rule: Recurrence | None
    policy: Policy
    milestones: tuple[Milestone, ...]
    labels: tuple[str, ...]
    document_id: str | None
    document: str
    locator: str
    quote: str
    evidence_types: tuple[str, ...]
    unit_id: int | None
    conversation: Conversation | None
    assignees: tuple[str, ...]
    created_by: str
    created_at: datetime
    is_checked: bool
    occurrences: tuple[OccurrenceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One line of a task's history; ``what`` is English, a name of ``Step`` or of an action."""

    at: datetime
    what: str
    who: str
    note: str
    occurrence_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostponementView:
    """A wish for more time."""

    id: int
    occurrence_id: int
    title: str
    who: str
    due_at: datetime
    until: datetime
    reason: str
    is_decided: bool
    is_approved: bool


class Step(StrEnum):
    """What somebody does with an occurrence."""

    ACCEPT = "accept"
    """签收."""
    START = "start"
    """开始办理."""
    REPORT = "report"
    """反馈; 办结 where nobody checks."""
    DECLINE = "decline"
    """退回 by the assignee, with a reason."""
    CONFIRM = "confirm"
    """办结, by who gave it."""
    RETURN = "return"
    """退回重办, by who gave it."""
    GIVE_AGAIN = "give_again"
    """交办 once more after it was declined."""
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A photo or file that shows something was done; its bytes are stored."""

    name: str
    media_type: str
    blob: str
    size_bytes: int
    thumbnail: str | None = None

    def as_attachment(self) -> Attachment:
        return Attachment(
            name=self.name,
            media_type=self.media_type,
            blob=self.blob,
            size_bytes=self.size_bytes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The occurrence after a step; ``is_changed`` False when it was there already."""

    occurrence: OccurrenceView
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which occurrences a list shows."""

    unit_id: int | None = None
    document_id: str | None = None
    label: str | None = None
    is_late: bool = False
    includes_closed: bool = False
    due_from: datetime | None = None
    due_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """To whom, and how many assignments."""

    member_id: int
    name: str
    count: int
