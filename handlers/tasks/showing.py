"""Rows as views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from bot.messages import ChannelName, Conversation
from handlers.tasks.views import (
    Happened,
    Milestone,
    OccurrenceView,
    PostponementView,
    Proof,
    TaskView,
)
from knowledge.model import TaskKind
from scheduler.planning_horizon import Planner
from scheduler.recipients import CHAT, Addresses
from scheduler.recurrence import Recurrence
from store import occurrences, people, tasks
from store import proofs as proof_rows
from store.models_tasks import (
    OPEN_STATES,
    Assignment,
    OccurrenceState,
    Postponement,
    PostponementState,
    Task,
    TaskState,
)
from store.occurrences import Entry

STATE_WORDS: Mapping[OccurrenceState, str] = {
    OccurrenceState.ASSIGNED: "交办",
    OccurrenceState.ACCEPTED: "已签收",
    OccurrenceState.WORKING: "办理中",
    OccurrenceState.REPORTED: "已反馈",
    OccurrenceState.DONE: "已办结",
    OccurrenceState.DECLINED: "已退回",
    OccurrenceState.CANCELLED: "已取消",
}
_ROLE_WORDS = {
    "teacher": "教师",
    "party_member": "党员",
    "branch_secretary": "支部书记",
    "officer": "专干",
    "secretary": "书记",
    "guidance": "指导组",
    "discipline": "纪检",
    "admin": "管理员",
}


def assignee(session: Session, assignment: Assignment, task: Task) -> str:
    """Who has it, as people say it."""
    if assignment.assignee == CHAT:
        return "本群" if task.is_group else "本人"
    name = Addresses(session, ()).whose(assignment).name
    return name + _ROLE_WORDS.get(assignment.role or "", "")


def occurrence(session: Session, entry: Entry, now: datetime) -> OccurrenceView:
    """One due time."""
    row, assignment, task = entry
    return OccurrenceView(
        id=row.id,
        task_id=task.id,
        title=task.title,
        label=row.label,
        assignee=assignee(session, assignment, task),
        member_id=assignment.member_id,
        unit_id=assignment.unit_id,
        due_at=row.due_at,
        is_provisional=row.missing_year is not None,
        is_late=row.state in OPEN_STATES and row.due_at < now,
        state=OccurrenceState(row.state),
        is_checked=task.is_checked,
        next_notice_at=row.next_notice_at,
        document=task.document_title,
        locator=task.locator,
        quote=task.quote,
        evidence_types=tuple(task.evidence_types),
        labels=tuple(task.labels),
    )


def task(session: Session, planner: Planner, row: Task, now: datetime) -> TaskView:
    """A whole task."""
    rule = cast("Mapping[str, str | bool | None] | None", row.rule)
    given = tasks.assignments(session, row.id)
    return TaskView(
        id=row.id,
        title=row.title,
        duty=row.duty,
        kind=TaskKind(row.kind),
        state=TaskState(row.state),
        due_at=row.due_at,
        rule=None if rule is None else Recurrence.from_json(rule),
        policy=planner.policy(row),
        milestones=tuple(
            Milestone(label=str(one["label"]), due_at=datetime.fromisoformat(str(one["due_at"])))
            for one in row.milestones
        ),
        labels=tuple(row.labels),
        document_id=row.document_id,
        document=row.document_title,
        locator=row.locator,
        quote=row.quote,
        evidence_types=tuple(row.evidence_types),
        unit_id=row.unit_id,
        conversation=conversation(row),
        assignees=tuple(assignee(session, one, row) for one in given if one.is_active),
        created_by=name(session, row.created_by),
        created_at=row.created_at,
        is_checked=row.is_checked,
        occurrences=tuple(
            occurrence(session, one, now) for one in occurrences.of_task(session, row.id)
        ),
    )


def conversation(row: Task) -> Conversation | None:
    """The chat a task belongs to."""
    if row.channel is None or row.conversation is None:
        return None
    return Conversation(
        channel=ChannelName(row.channel), id=row.conversation, is_group=row.is_group
    )


def name(session: Session, member_id: int | None) -> str:
    """What a member is called; empty for someone off the roster."""
    member = None if member_id is None else people.member(session, member_id)
    return "" if member is None else member.name


def history(session: Session, task_id: int, occurrence_id: int | None = None) -> Sequence[Happened]:
    """Every step, oldest first; of one occurrence and of the task as a whole when it is named."""
    return [
        Happened(
            at=event.at,
            what=event.what,
            who=name(session, event.member_id),
            note=event.note,
            occurrence_id=event.occurrence_id,
        )
        for event in tasks.history(session, task_id, occurrence_id)
    ]


def proofs(session: Session, occurrence_id: int) -> Sequence[Proof]:
    """Photos and files that were sent for an occurrence, oldest first."""
    rows = proof_rows.files_of_occurrences(session, [occurrence_id])
    kinds = proof_rows.kinds(session, [one.blob for one in rows])
    return [
        Proof(
            name=one.name,
            media_type=kinds[one.blob][0],
            blob=one.blob,
            size_bytes=kinds[one.blob][1],
            thumbnail=one.thumbnail,
        )
        for one in rows
        if one.blob in kinds
    ]


def postponement(session: Session, asked: Postponement, entry: Entry) -> PostponementView:
    """A wish for more time."""
    return PostponementView(
        id=asked.id,
        occurrence_id=asked.occurrence_id,
        title=entry.task.title,
        who=name(session, asked.asked_by),
        due_at=entry.occurrence.due_at,
        until=asked.until,
        reason=asked.reason,
        is_decided=asked.state != PostponementState.ASKED,
        is_approved=asked.state == PostponementState.APPROVED,
    )
