"""Every row that leads to a member: what people are given when they ask for their own data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast

from sqlalchemy import inspect, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from store import erasing, people, records
from store.models import Account, AuditEntry, Base, InboxMessage, Member, Notice, StoredDocument
from store.models_indicators import IndicatorTree
from store.models_questions import Question, StandingAnswer
from store.models_records import (
    PendingForm,
    Rating,
    Record,
    RollCall,
    RollCallMember,
    ScoreEntry,
)
from store.models_running import Broadcast, JoinRequest
from store.models_signing_in import PageSession
from store.models_tasks import Assignment, Occurrence, OccurrenceFile, Postponement, Task, TaskEvent
from store.models_todos import Todo
from store.models_windows import FormCase, FormWindow

Rows = dict[str, list[dict[str, object]]]

BY_MEMBER: Mapping[str, tuple[InstrumentedAttribute[int] | InstrumentedAttribute[int | None], ...]]
BY_MEMBER = {
    "加入申请": (JoinRequest.member_id, JoinRequest.decided_by),
    "签到名单": (RollCallMember.member_id,),
    "开过的签到": (RollCall.opened_by,),
    "开过的填报": (FormWindow.opened_by,),
    "办理的登记": (FormCase.owner_id,),
    "积分": (ScoreEntry.member_id,),
    "评分": (Rating.rated_by,),
    "导入的指标": (IndicatorTree.imported_by,),
    "交给我的任务": (Assignment.member_id,),
    "办结的任务": (Occurrence.done_by,),
    "任务经过": (TaskEvent.member_id,),
    "任务的附件": (OccurrenceFile.member_id,),
    "延期申请": (Postponement.asked_by, Postponement.decided_by),
    "平台上的待办": (Todo.member_id,),
    "提问": (Question.asked_by,),
    "答复": (StandingAnswer.written_by,),
    "发出的通知": (Broadcast.made_by,),
    "提醒和通知": (Notice.member_id,),
    "网页登录": (PageSession.member_id,),
}
"""What a column of a table alone leads to."""
_SECRET = frozenset({"secret", "hash", "token", "bytes"})
"""Columns that let somebody in, or that only machines read."""


def collected(session: Session, member: Member) -> tuple[Rows, Sequence[Record]]:
    """Rows by what they are called in Chinese; and the records, whose files belong to them.

    Confidential records are only in it where they are the member's own.
    """
    accounts = people.accounts(session, member.id)
    own = [
        one
        for one in records.concerning(session, member.id)
        if not one.is_confidential or one.member_id == member.id
    ]
    found: dict[str, Sequence[Base]] = {
        "人员": [member],
        "账号": accounts,
        "单位和角色": people.memberships(session, member.id),
        "记录": own,
        **_tasks(session, member.id),
        **{name: _led_to(session, columns, member.id) for name, columns in BY_MEMBER.items()},
        **_by_account(session, member.id, accounts),
    }
    rows = {name: [_plain(row) for row in of] for name, of in found.items()}
    rows["添加的文件"] = _documents(session, member.id)
    units = {one.id: one.name for one in people.units(session)}
    for row in (row for of in rows.values() for row in of):
        if row.get("unit_id") in units:
            row["unit"] = units[int(str(row["unit_id"]))]
    return rows, own


def _led_to(
    session: Session,
    columns: Sequence[InstrumentedAttribute[int] | InstrumentedAttribute[int | None]],
    member_id: int,
) -> Sequence[Base]:
    row = cast("type[Base]", columns[0].class_)
    return session.scalars(select(row).where(or_(*(one == member_id for one in columns)))).all()


def _tasks(session: Session, member_id: int) -> dict[str, Sequence[Base]]:
    own = select(Assignment.id).where(Assignment.member_id == member_id)
    given = select(Assignment.task_id).where(Assignment.member_id == member_id)
    tasks = select(Task).where(or_(Task.id.in_(given), Task.created_by == member_id))
    due = select(Occurrence).where(Occurrence.assignment_id.in_(own))
    return {"任务": session.scalars(tasks).all(), "任务到期": session.scalars(due).all()}


def _by_account(
    session: Session, member_id: int, accounts: Sequence[Account]
) -> dict[str, Sequence[Base]]:
    """What only an account leads to: the words that went to and fro, what was begun, deeds."""
    keys = [f"{one.platform}:{one.account}" for one in accounts]
    written: list[InboxMessage] = []
    sent: list[Base] = []
    for one in accounts:
        written += erasing.own_messages(session, one.platform, one.account)
        sent += erasing.own_deliveries(session, one.platform, one.account)
    deeds = or_(AuditEntry.who.in_(keys), AuditEntry.subject == f"member:{member_id}")
    begun = select(PendingForm).where(PendingForm.account.in_(keys))
    return {
        "收到的消息": sent,
        "发来的消息": written,
        "没填完的表": session.scalars(begun).all(),
        "操作记录": session.scalars(select(AuditEntry).where(deeds)).all(),
    }


def _documents(session: Session, member_id: int) -> list[dict[str, object]]:
    """That they were added, not what they say: that is published."""
    found = session.execute(
        select(StoredDocument.file, StoredDocument.title, StoredDocument.added_at).where(
            StoredDocument.added_by == member_id
        )
    )
    return [
        {"file": row.file, "title": row.title, "created_at": row.added_at.isoformat()}
        for row in found
    ]


def _plain(row: Base) -> dict[str, object]:
    found: dict[str, object] = {}
    for column in inspect(type(row)).column_attrs:
        if column.key not in _SECRET:
            value = getattr(row, column.key)
            found[column.key] = value.isoformat() if isinstance(value, date) else value
    return found
