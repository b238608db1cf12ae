"""A task and its assignments as rows, within one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import UsageError
from handlers.access import Actor
from handlers.tasks import happening, rights, showing
from handlers.tasks.views import Assignee, Every, NewTask, TaskView
from scheduler.firing import materialise
from scheduler.planning_horizon import Planner
from scheduler.recipients import CHAT, Addresses
from scheduler.recurrence import Recurrence
from store import notices, occurrences, people, tasks
from store.models_tasks import (
    OPEN_STATES,
    Assignment,
    NoticeOutcome,
    Occurrence,
    OccurrenceState,
    Task,
    TaskState,
)
from store.notices import NewNotice

_MOST_ASSIGNEES = 2000


def create(
    session: Session, planner: Planner, actor: Actor, new: NewTask, now: datetime
) -> TaskView:
    """Everything of a new task, or nothing of it."""
    known = tasks.by_key(session, new.key) if new.key else None
    if known is not None and known.state != TaskState.CANCELLED:
        return showing.task(session, planner, known, now)
    _check_complete(new)
    check_time(new.due_at, new.rule, now)
    if new.conversation is not None:
        rights.must(rights.may_use(session, actor, new.conversation), actor, "use this chat")
    if known is not None:
        known.key = None  # it was cancelled, and is wanted anew
        session.flush()
    task = _row(actor, new, now)
    session.add(task)
    session.flush()
    given = give(session, planner, actor, task, new.assignees, now)
    if task.unit_id is None:
        task.unit_id = _unit_of(session, given)
    happening.record(session, actor, task, "create", now)
    if new.announces:
        _announce(session, actor, task, given, now)
    session.flush()
    return showing.task(session, planner, task, now)


def give(
    session: Session,
    planner: Planner,
    actor: Actor,
    task: Task,
    assignees: Sequence[Assignee],
    now: datetime,
) -> Sequence[Assignment]:
    """New assignments with their first occurrences."""
    given = []
    for one in _each(session, assignees):
        if one == Assignee():
            rights.must(task.conversation is not None, actor, "give it to no chat")
        else:
            may = rights.may_give(session, actor, one.member_id, one.unit_id)
            rights.must(may, actor, "give a task to them")
        assignment = tasks.assign(
            session,
            task.id,
            _name(one),
            now=now,
            planned_until=now,
            member_id=one.member_id,
            unit_id=one.unit_id,
            role=one.role,
        )
        if assignment is not None:
            materialise(session, planner, assignment, task, now)
            given.append(assignment)
    if len(given) > _MOST_ASSIGNEES:
        raise UsageError("too many assignees", reply="一次最多交给 2000 人，请按单位交办。")
    session.flush()
    return given


def check_time(due_at: datetime | None, rule: Recurrence | None, now: datetime) -> None:
    """Refuse a time that is over.

    Raises:
        UsageError: It is.
    """
    if rule is None and due_at is not None and due_at <= now:
        raise UsageError("the time is over", reply="这个时间已经过去了，请换一个以后的时间。")


def retime(
    session: Session,
    planner: Planner,
    task: Task,
    due_at: datetime | None,
    rule: Recurrence | None,
    now: datetime,
) -> None:
    """Another time or rule: what is open and ahead gives way to what it says now."""
    for entry in occurrences.of_task(session, task.id, is_open=True):
        is_ahead = entry.occurrence.due_at > now
        if not entry.occurrence.label and (is_ahead or task.rule is None):
            occurrences.withdraw(session, entry.occurrence.id)
    task.due_at, task.when_words = due_at, ""
    task.rule = None if rule is None else dict(rule.to_json())
    for assignment in tasks.assignments(session, task.id):
        assignment.assigned_at = assignment.planned_until = now
        if assignment.is_active:
            materialise(session, planner, assignment, task, now)
    session.flush()


def take_from_others(
    session: Session,
    planner: Planner,
    task: Task,
    assignees: Sequence[Assignee],
    now: datetime,
) -> None:
    """Nothing more falls due for whom it is not given to any more; who had it before gets it."""
    kept = {_name(one) for one in _each(session, assignees)}
    for assignment in tasks.assignments(session, task.id):
        is_kept = assignment.assignee in kept
        if is_kept and not assignment.is_active:
            assignment.is_active, assignment.planned_until = True, now
            materialise(session, planner, assignment, task, now)
        if is_kept:
            continue
        assignment.is_active, assignment.plan_at = False, None
        for entry in occurrences.of_task(session, task.id, is_open=True):
            is_ahead = entry.occurrence.due_at > now
            if entry.assignment.id == assignment.id and is_ahead:
                occurrences.withdraw(session, entry.occurrence.id)
    session.flush()


def give_way(session: Session, task: Task, to: int, now: datetime) -> None:
    """Another task takes its place: nothing new falls due, what is over is still to be done."""
    task.superseded_by = to
    for assignment in tasks.assignments(session, task.id):
        assignment.is_active, assignment.plan_at = False, None
    for entry in occurrences.of_task(session, task.id, is_open=True):
        if entry.occurrence.due_at > now:
            occurrences.withdraw(session, entry.occurrence.id)
    session.flush()


def set_state(
    session: Session, planner: Planner, task: Task, state: TaskState, now: datetime
) -> None:
    """Cancel, pause or resume. While it was paused, nothing was due."""
    if task.state == TaskState.CANCELLED:
        raise UsageError("cancelled for good", reply="这项任务已经取消，请新建一项。")
    was_paused = task.state == TaskState.PAUSED
    task.state = state
    if state is TaskState.CANCELLED:
        for assignment in tasks.assignments(session, task.id):
            assignment.is_active, assignment.plan_at = False, None
    for entry in occurrences.of_task(session, task.id):
        occurrence = entry.occurrence
        is_open = occurrence.state in OPEN_STATES
        if state is TaskState.CANCELLED and occurrence.state != OccurrenceState.DONE:
            occurrence.state = OccurrenceState.CANCELLED
        elif was_paused and is_open:
            occurrence.noticed_until = max(occurrence.noticed_until, now)
        occurrence.next_notice_at = planner.next_notice_at(task, occurrence)
    session.flush()


def _check_complete(new: NewTask) -> None:
    missing = []
    if not new.assignees:
        missing.append("责任人（谁来做）")
    if not new.title.strip():
        missing.append("职责（做什么）")
    if new.due_at is None and new.rule is None and not new.milestones:
        missing.append("期限（什么时候）")
    if missing:
        raise UsageError("incomplete task", reply=f"还缺：{'、'.join(missing)}。补上就能建。")


def _row(actor: Actor, new: NewTask, now: datetime) -> Task:
    chat = new.conversation
    return Task(
        key=new.key,
        title=new.title.strip(),
        duty=new.duty,
        kind=new.kind,
        due_at=new.due_at,
        when_words=new.when_words,
        rule=None if new.rule is None else dict(new.rule.to_json()),
        policy={} if new.policy is None else new.policy.to_json(),
        milestones=[
            {"label": one.label, "due_at": one.due_at.isoformat()} for one in new.milestones
        ],
        document_id=new.document_id,
        document_title=new.document_title,
        locator=new.locator,
        quote=new.quote,
        evidence_types=list(new.evidence_types),
        labels=list(new.labels),
        unit_id=new.unit_id,
        channel=None if chat is None else chat.channel,
        conversation=None if chat is None else chat.id,
        is_group=chat is not None and chat.is_group,
        is_checked=new.is_checked,
        on_doubt=new.on_doubt,
        state=TaskState.ACTIVE,
        created_by=actor.member_id,
        created_account=rights.account_of(actor),
        created_at=now,
    )


def _each(session: Session, assignees: Sequence[Assignee]) -> Iterator[Assignee]:
    for one in assignees:
        if one.every is Every.MEMBER and one.unit_id is not None:
            below = people.with_all_below(session, [one.unit_id])
            for member in people.members(session, below):
                yield Assignee(member_id=member.id)
        elif one.every is Every.UNIT and one.unit_id is not None:
            for unit in people.units(session):
                if unit.parent_id == one.unit_id:
                    yield Assignee(unit_id=unit.id, role=one.role)
        else:
            yield one


def _name(one: Assignee) -> str:
    if one.member_id is not None:
        return f"member:{one.member_id}"
    if one.unit_id is None:
        return CHAT
    return f"unit:{one.unit_id}" + (f":{one.role}" if one.role else "")


def _unit_of(session: Session, given: Sequence[Assignment]) -> int | None:
    """The lowest unit that all who were given it are part of."""
    common: list[int] | None = None
    for unit_id in dict.fromkeys(filter(None, (_whose(session, one) for one in given))):
        line = _with_all_above(session, unit_id)
        common = line if common is None else [one for one in common if one in line]
    return common[0] if common else None


def _whose(session: Session, assignment: Assignment) -> int | None:
    if assignment.unit_id is not None or assignment.member_id is None:
        return assignment.unit_id
    rows = people.memberships(session, assignment.member_id)
    return rows[0].unit_id if rows else None


def _with_all_above(session: Session, unit_id: int) -> list[int]:
    found = [unit_id]
    while (parent := people.parent_of(session, found[-1])) is not None:
        found.append(parent)
    return found


def _announce(
    session: Session, actor: Actor, task: Task, given: Sequence[Assignment], now: datetime
) -> None:
    """Tell those who were given it, but not who gives it to themselves or to the chat at hand."""
    addresses = Addresses(session, ())
    first: dict[int, Occurrence] = {}
    for entry in occurrences.of_task(session, task.id, is_open=True):
        first.setdefault(entry.assignment.id, entry.occurrence)
    new = [
        NewNotice(
            occurrence_id=first[assignment.id].id,
            due_at=first[assignment.id].due_at,
            stage="assigned",
            scheduled_at=now,
            recipient=recipient.key,
            member_id=recipient.member_id,
            outcome=NoticeOutcome.WAITING,
        )
        for assignment in given
        if assignment.assignee != CHAT and assignment.id in first
        for recipient in addresses.of(assignment, task)
        if recipient.member_id is None or recipient.member_id != actor.member_id
    ]
    notices.add_once(session, new, now)
