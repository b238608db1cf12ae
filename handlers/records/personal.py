"""A person's own data: everything that is kept about them, as a file that they can read."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, inspect, or_, select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Act, Actor, check
from handlers.people.managing import must_manage
from handlers.records import personal_sheet
from handlers.records.files import safe_name
from store import audit, blobs, erasing, people, records
from store.engine import Store
from store.models import AuditEntry, Base, InboxMessage, Notice
from store.models_questions import Question, StandingAnswer
from store.models_records import Rating, RecordFile, RollCallMember, ScoreEntry
from store.models_running import Broadcast, JoinRequest
from store.models_tasks import Assignment, Occurrence, Postponement, Task, TaskEvent

_Rows = dict[str, list[dict[str, object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def export(self, actor: Actor, member_id: int) -> bytes:
        """Everything that is kept about a member, as a .zip with their files.

        Raises:
            NotAllowed: It is somebody else's and the actor does not manage all their units.
            NotFound: There is no such member.
        """

        def query(session: Session) -> tuple[_Rows, list[tuple[str, bytes]]]:
            if actor.member_id != member_id:
                must_manage(session, actor, member_id)
            return _collect(session, member_id)

        found, files = await self.store.read(query)
        now = self.clock()

        def note(session: Session) -> None:
            subject = f"member:{member_id}"
            audit.record(session, who=actor.account, what="people.export", subject=subject, now=now)

        await self.store.write(note)
        return await asyncio.to_thread(_zipped, found, files)

    async def member_named(self, actor: Actor, name: str) -> int:
        """The one active member of this name.

        Raises:
            NotFound: There is none, or there are several.
        """
        check(actor, Act.MANAGE_PEOPLE)
        found = await self.store.read(lambda session: people.members_named(session, name))
        if len(found) != 1:
            what = "有好几位" if found else "没有"
            raise NotFound("no single member", reply=f"花名册上{what}叫{name}的人。")
        return found[0].id


def _collect(session: Session, member_id: int) -> tuple[_Rows, list[tuple[str, bytes]]]:
    member = people.member(session, member_id)
    if member is None:
        raise NotFound("no such member")
    accounts = people.accounts(session, member_id)
    keys = [f"{one.platform}:{one.account}" for one in accounts]
    own = [
        one
        for one in records.concerning(session, member_id)
        if not one.is_confidential or one.member_id == member_id
    ]
    messages: list[InboxMessage] = []
    for one in accounts:
        messages += erasing.own_messages(session, one.platform, one.account)
    tables: dict[str, Sequence[Base]] = {
        "人员": [member],
        "账号": accounts,
        "单位和角色": people.memberships(session, member_id),
        "加入申请": _of(session, JoinRequest, JoinRequest.member_id == member_id),
        "记录": own,
        "签到名单": _of(session, RollCallMember, RollCallMember.member_id == member_id),
        "积分": _of(session, ScoreEntry, ScoreEntry.member_id == member_id),
        "评分": _of(session, Rating, Rating.rated_by == member_id),
        **_tasks(session, member_id),
        "提问": _of(session, Question, Question.asked_by == member_id),
        "答复": _of(session, StandingAnswer, StandingAnswer.written_by == member_id),
        "发出的通知": _of(session, Broadcast, Broadcast.made_by == member_id),
        "提醒和通知": _of(session, Notice, Notice.member_id == member_id),
        "收到的消息": [
            sent
            for one in accounts
            for sent in erasing.own_deliveries(session, one.platform, one.account)
        ],
        "发来的消息": messages,
        "操作记录": _of(
            session,
            AuditEntry,
            or_(AuditEntry.who.in_(keys), AuditEntry.subject == f"member:{member_id}"),
        ),
    }
    files = []
    for record_file in session.scalars(
        select(RecordFile).where(RecordFile.record_id.in_([one.id for one in own]))
    ):
        blob = blobs.get(session, record_file.blob)
        if blob is not None:
            name = f"附件/{record_file.record_id}-{record_file.n}-{safe_name(record_file.name)}"
            files.append((name, blob.bytes))
    return {name: [_plain(row) for row in rows] for name, rows in tables.items()}, files


def _of(session: Session, row: type[Base], condition: ColumnElement[bool]) -> Sequence[Base]:
    return session.scalars(select(row).where(condition)).all()


def _tasks(session: Session, member_id: int) -> dict[str, Sequence[Base]]:
    own = select(Assignment.id).where(Assignment.member_id == member_id)
    given = select(Assignment.task_id).where(Assignment.member_id == member_id)
    return {
        "任务": _of(session, Task, or_(Task.id.in_(given), Task.created_by == member_id)),
        "任务到期": _of(session, Occurrence, Occurrence.assignment_id.in_(own)),
        "任务经过": _of(session, TaskEvent, TaskEvent.member_id == member_id),
        "延期申请": _of(session, Postponement, Postponement.asked_by == member_id),
    }


def _plain(row: Base) -> dict[str, object]:
    found: dict[str, object] = {}
    for column in inspect(type(row)).column_attrs:
        value = getattr(row, column.key)
        found[column.key] = value.isoformat() if isinstance(value, date) else value
    return found


def _zipped(
    found: Mapping[str, Sequence[Mapping[str, object]]], files: Sequence[tuple[str, bytes]]
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("我的数据.xlsx", personal_sheet.workbook(found))
        for name, rows in found.items():
            text = json.dumps(rows, ensure_ascii=False, indent=2, default=str)
            archive.writestr(f"原始数据/{name}.json", text)
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()
