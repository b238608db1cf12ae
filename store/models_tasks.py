"""Tables of tasks: a task, who has it, when it falls due, and what happened to it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base, OnDoubt, _Id


class TaskState(StrEnum):
    """Whether a task is lived with."""

    ACTIVE = "active"
    PAUSED = "paused"
    """Occurrences go on, nobody is reminded."""
    CANCELLED = "cancelled"


class OccurrenceState(StrEnum):
    """交办 → 签收 → 办理 → 反馈 → 办结."""

    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    WORKING = "working"
    REPORTED = "reported"
    """It is the checker's turn; the assignee is not reminded."""
    DONE = "done"
    DECLINED = "declined"
    """退回 by the assignee: the one who gave it has to say what now."""
    CANCELLED = "cancelled"


OPEN_STATES = (OccurrenceState.ASSIGNED, OccurrenceState.ACCEPTED, OccurrenceState.WORKING)


class NoticeOutcome(StrEnum):
    """What became of a reminder; what became of its delivery stands there."""

    WAITING = "waiting"
    """Due; joins the next message to its recipient."""
    PUT = "put"
    """Covered by its delivery."""
    COALESCED = "coalesced"
    """A later one of the same occurrence or assignment says it too."""
    MISSED = "missed"
    """Its time was over when the bot came back."""
    NEEDLESS = "needless"
    """Done before it could go."""
    UNREACHABLE = "unreachable"
    """Nobody to tell, or no account to tell them through."""


class PostponementState(StrEnum):
    """What was decided about a wish for more time."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


class Task(Base):
    """What is to be done. ``rule`` is the JSON of a ``Recurrence``, ``policy`` of a ``Policy``.

    ``channel`` and ``conversation`` name a group that is told instead of its members one by one.
    """

    __tablename__ = "task"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    key: Mapped[str | None] = mapped_column(unique=True)
    """Makes a confirmation or an import happen once."""
    title: Mapped[str]
    duty: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime | None]
    rule: Mapped[dict[str, object] | None]
    policy: Mapped[dict[str, object]]
    milestones: Mapped[list[dict[str, object]]]
    """``label`` and ``due_at`` (ISO 8601) each."""
    document_id: Mapped[str | None] = mapped_column(ForeignKey("document.id"), index=True)
    document_title: Mapped[str] = mapped_column(default="")
    locator: Mapped[str] = mapped_column(default="")
    quote: Mapped[str] = mapped_column(default="")
    evidence_types: Mapped[list[str]]
    labels: Mapped[list[str]]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    channel: Mapped[str | None] = mapped_column(String(32))
    conversation: Mapped[str | None]
    is_group: Mapped[bool] = mapped_column(default=False)
    is_checked: Mapped[bool] = mapped_column(default=False)
    """Whether somebody has to confirm that it is done."""
    on_doubt: Mapped[str] = mapped_column(String(16), default=OnDoubt.RESEND)
    state: Mapped[str] = mapped_column(String(16), default=TaskState.ACTIVE)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    created_account: Mapped[str] = mapped_column(default="")
    """``platform:account``, so that someone off the roster finds their own again."""
    created_at: Mapped[datetime]
    when_words: Mapped[str] = mapped_column(default="", server_default="")
    """As the time was said, where it hangs on working days that are not published yet."""
    superseded_by: Mapped[int | None] = mapped_column(_Id)
    """The task a newer plan asks for in its place; what was due by then is still to be done."""


class Assignment(Base):
    """A task given to one assignee: a member, a unit (or those of a role in it), or a chat."""

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("task_id", "assignee"),
        Index("ix_assignment_plan", "plan_at",
              sqlite_where=text("plan_at IS NOT NULL"),
              postgresql_where=text("plan_at IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    assignee: Mapped[str]
    """``member:3``, ``unit:5``, ``unit:5:teacher`` or ``chat``, which is the task's own."""
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    role: Mapped[str | None] = mapped_column(String(32))
    is_active: Mapped[bool] = mapped_column(default=True)
    assigned_at: Mapped[datetime]
    """Since when this time or rule is theirs: reminders before it are not made up for."""
    planned_until: Mapped[datetime]
    """Due times up to here have their occurrence."""
    plan_at: Mapped[datetime | None]
    """When to make the next ones; None when there are no more."""


class Occurrence(Base):
    """One due time of an assignment; ``planned_at`` and ``label`` make it once."""

    __tablename__ = "occurrence"
    __table_args__ = (
        UniqueConstraint("assignment_id", "planned_at", "label"),
        Index("ix_occurrence_next_notice", "next_notice_at",
              sqlite_where=text("next_notice_at IS NOT NULL"),
              postgresql_where=text("next_notice_at IS NOT NULL")),
        Index("ix_occurrence_task", "task_id", "due_at"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    planned_at: Mapped[datetime]
    """As the rule gives it; ``due_at`` may have been put off."""
    label: Mapped[str] = mapped_column(default="")
    """Of a milestone; empty for the task itself."""
    due_at: Mapped[datetime] = mapped_column(index=True)
    missing_year: Mapped[int | None] = mapped_column(index=True)
    """Provisional until this year's working days are published."""
    state: Mapped[str] = mapped_column(String(16), default=OccurrenceState.ASSIGNED)
    noticed_until: Mapped[datetime]
    """Reminders up to here are settled."""
    next_notice_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    version: Mapped[int] = mapped_column(default=1)


class TaskEvent(Base):
    """History of a task and its occurrences, append-only."""

    __tablename__ = "task_event"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), index=True)
    occurrence_id: Mapped[int | None] = mapped_column(
        ForeignKey("occurrence.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    what: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(default="")


class Postponement(Base):
    """A wish to have more time, with its reason and what was decided."""

    __tablename__ = "postponement"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    occurrence_id: Mapped[int] = mapped_column(
        ForeignKey("occurrence.id", ondelete="CASCADE"), index=True
    )
    until: Mapped[datetime]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(String(16), default=PostponementState.ASKED, index=True)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    decided_at: Mapped[datetime | None]


class OccurrenceFile(Base):
    """A photo or file that proves an occurrence; ``thumbnail`` where it is a picture."""

    __tablename__ = "occurrence_file"

    occurrence_id: Mapped[int] = mapped_column(
        _Id, ForeignKey("occurrence.id", ondelete="CASCADE"), primary_key=True
    )
    blob: Mapped[str] = mapped_column(ForeignKey("blob.hash"), primary_key=True, index=True)
    name: Mapped[str]
    thumbnail: Mapped[str | None] = mapped_column(ForeignKey("blob.hash"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    at: Mapped[datetime]
