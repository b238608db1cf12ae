"""A person's own data: everything as a file for them, and taken out when they ask for it."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, inspect, select, update
from sqlalchemy.orm import Session

from bot.codec import reply_to_json
from bot.errors import NotAllowed, NotFound
from bot.messages import Reply
from handlers.access import Act, Actor, check
from handlers.records.files import safe_name
from store import audit, blobs, people, records, usage
from store.engine import Store
from store.models import (
    Account,
    Base,
    Delivery,
    InboxMessage,
    InboxState,
    Part,
    Question,
)
from store.models_records import PendingForm, Record, RecordFile, RollCallMember, ScoreEntry

ERASED = "已注销人员"
_ERASED_REPLY = Reply(text="（已按本人要求删除）")
_KEPT_FIELDS = ("standing", "expected", "present", "minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def export(self, actor: Actor, member_id: int) -> bytes:
        """Everything that is kept about a member, as a .zip with their files.

        Raises:
            NotAllowed: It is somebody else's and the actor does not manage people.
            NotFound: There is no such member.
        """
        if actor.member_id != member_id:
            check(actor, Act.MANAGE_PEOPLE)
        found, files = await self.store.read(lambda session: _collect(session, member_id))
        await self._note(actor, "people.export", member_id)
        return await asyncio.to_thread(_zipped, found, files)

    async def erase(self, actor: Actor, member_id: int) -> int:
        """Take a person out of everything that names them; numbers stay.

        Returns how many records it touched.

        Raises:
            NotAllowed: The actor does not manage people.
            NotFound: There is no such member.
        """
        check(actor, Act.MANAGE_PEOPLE)
        if actor.member_id == member_id:
            raise NotAllowed(
                "nobody erases themselves", reply="不能注销自己，请让另一位管理员来办。"
            )
        touched = await self.store.write(lambda session: _erase(session, member_id))
        await self._note(actor, "people.erase", member_id)
        return touched

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

    async def expire(self, days: Mapping[str, int], today: date) -> int:
        """Take out records that are older than their type's retention; how many entries."""

        def work(session: Session) -> int:
            return sum(
                records.remove_expired(session, type_id, date.fromordinal(today.toordinal() - kept))
                for type_id, kept in days.items()
            )

        return await self.store.write(work) if days else 0

    async def _note(self, actor: Actor, what: str, member_id: int) -> None:
        now = self.clock()

        def work(session: Session) -> None:
            subject = f"member:{member_id}"
            audit.record(session, who=actor.account, what=what, subject=subject, now=now)

        await self.store.write(work)


def _collect(
    session: Session, member_id: int
) -> tuple[dict[str, list[dict[str, object]]], list[tuple[str, bytes]]]:
    member = people.member(session, member_id)
    if member is None:
        raise NotFound("no such member")
    accounts = people.accounts(session, member_id)
    names = [one.account for one in accounts]
    own = records.concerning(session, member_id)
    tables: dict[str, Sequence[Base]] = {
        "人员": [member],
        "账号": accounts,
        "单位和角色": people.memberships(session, member_id),
        "记录": own,
        "签到名单": session.scalars(
            select(RollCallMember).where(RollCallMember.member_id == member_id)
        ).all(),
        "积分": session.scalars(select(ScoreEntry).where(ScoreEntry.member_id == member_id)).all(),
        "提问": session.scalars(select(Question).where(Question.asked_by == member_id)).all(),
        "收到的消息": session.scalars(
            select(Delivery).where(Delivery.conversation.in_(names))
        ).all(),
        "发来的消息": _messages_of(session, accounts),
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


def _messages_of(session: Session, accounts: Sequence[Account]) -> list[InboxMessage]:
    """What somebody wrote: the sender is a part of the turn."""
    found: list[InboxMessage] = []
    for one in accounts:
        lane = f"%\n{one.account}\n%"
        rows = session.scalars(select(InboxMessage).where(InboxMessage.turn.like(lane)))
        found += [
            row
            for row in rows
            if row.turn.split("\n")[2] == one.account
            and row.channel.partition(".")[0] in (one.platform, "console")
        ]
    return found


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
        for name, rows in found.items():
            text = json.dumps(rows, ensure_ascii=False, indent=2, default=str)
            archive.writestr(f"{name}.json", text)
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def _erase(session: Session, member_id: int) -> int:
    member = people.member(session, member_id)
    if member is None:
        raise NotFound("no such member")
    name, accounts = member.name, people.accounts(session, member_id)
    has_namesake = len(people.members_named(session, name)) > 1
    keys = [f"{one.platform}:{one.account}" for one in accounts]
    touched = 0
    for record in session.scalars(select(Record)):
        fields = record.fields
        if record.member_id == member_id or record.entered_by == member_id:
            if record.member_id == member_id:
                fields = {key: fields[key] for key in _KEPT_FIELDS if key in fields}
            record.entered_account, record.conversation, record.reason = "", "", ""
            touched += 1
        if not has_namesake:
            fields = _without(fields, name)
        if fields != record.fields:
            record.fields = fields
    own = select(Record.id).where(Record.member_id == member_id)
    session.execute(delete(RecordFile).where(RecordFile.record_id.in_(own)))
    session.execute(
        update(RollCallMember).where(RollCallMember.member_id == member_id).values(name=ERASED)
    )
    session.execute(delete(PendingForm).where(PendingForm.account.in_(keys)))
    session.execute(
        update(Question)
        .where(Question.asked_by == member_id)
        .values(question="", understood="", answer="", account="", conversation="", asked_by=None)
    )
    for key in keys:
        usage.forget_payer(session, key)
    _erase_messages(session, accounts, "" if has_namesake else name)
    session.execute(delete(Account).where(Account.member_id == member_id))
    member.name, member.pinyin = ERASED, ""
    member.mobile = member.joined_party_on = None
    member.is_active = False
    return touched


def _erase_messages(session: Session, accounts: Sequence[Account], name: str) -> None:
    """Own messages are emptied; in those of others the name is taken out."""
    for row in _messages_of(session, accounts):
        if row.state == InboxState.ACCEPTED:
            row.state = InboxState.HANDLED
        row.body, row.turn = "{}", f"erased\n{row.id}"
    names = {one.account for one in accounts}
    emptied = reply_to_json(_ERASED_REPLY)
    for delivery in session.scalars(select(Delivery)):
        is_own = delivery.conversation in names and not delivery.is_group
        if is_own:
            delivery.reply, delivery.accounts, delivery.conversation = emptied, [], "erased"
        elif name and name in delivery.reply:
            delivery.reply = delivery.reply.replace(name, ERASED)
        else:
            continue
        session.execute(delete(Part).where(Part.delivery_id == delivery.id))
    if name:
        for row in session.scalars(select(InboxMessage).where(InboxMessage.body.contains(name))):
            row.body = row.body.replace(name, ERASED)


def _without(fields: Mapping[str, object], name: str) -> dict[str, object]:
    """The same with a person's name taken out; lists keep their length, so that counts stay."""
    found: dict[str, object] = {}
    for key, value in fields.items():
        if isinstance(value, str):
            found[key] = value.replace(name, ERASED)
        elif isinstance(value, list):
            found[key] = [ERASED if one == name else one for one in value]
        else:
            found[key] = value
    return found
