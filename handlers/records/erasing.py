"""Taking a person out of everything, when they ask for it or have to be; numbers stay.

| state | what moves it on | what a crash leaves |
|---|---|---|
| there | ``erase``: one transaction, which also says that the file is to be scrubbed | there |
| gone from every row, bytes may be in the file | the scrubbing that follows | scrubbed at start |
| gone | | |
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from io import BytesIO

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.codec import reply_from_json, reply_to_json
from bot.errors import NotAllowed, NotFound
from bot.messages import Reply
from handlers.access import Actor
from handlers.people.managing import must_manage
from store import audit, blobs, erasing, people, records, settings, usage, waiting_files
from store.engine import Store
from store.erasing import SCRUB, Name
from store.models import Account, Delivery, Member
from store.models_questions import Question
from store.models_records import Record, RecordFile, RollCallMember

ERASED = "已注销人员"
_DELETED = "（已按本人要求删除）"
_EMPTIED = reply_to_json(Reply(text=_DELETED))
_KEPT_FIELDS = ("standing", "expected", "present", "minutes")
_MOST_UNPACKED = 100 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def erase(self, actor: Actor, member_id: int) -> int:
        """Take a person out of everything that names them; how many records it touched.

        Raises:
            NotAllowed: The actor does not manage all the units that the person is in.
            NotFound: There is no such member.
        """
        if actor.member_id == member_id:
            raise NotAllowed(
                "nobody erases themselves", reply="不能注销自己，请让另一位管理员来办。"
            )
        now = self.clock()

        def work(session: Session) -> tuple[int, Name | None]:
            member = people.member(session, member_id)
            if member is None:
                raise NotFound("no such member", reply="没有这个人。")
            must_manage(session, actor, member_id)
            name = erasing.name_of(session, member, ERASED)
            touched, first = _erase(session, member, name, now)
            audit.record(
                session,
                who=actor.account,
                what="people.erase",
                subject=f"member:{member_id}",
                now=now,
                after=f"{touched} records; sealed again from {first or 'here'}",
            )
            settings.put(session, SCRUB, "1")
            return touched, name

        touched, name = await self.store.write(work)
        if name is not None:
            await self._forget_made_files(name)
        await self.scrub_if_due()
        return touched

    async def expire(self, days: Mapping[str, int], today: date) -> int:
        """Take out records that are older than their type's retention; how many entries."""

        def work(session: Session) -> int:
            gone = sum(
                records.remove_expired(session, type_id, date.fromordinal(today.toordinal() - kept))
                for type_id, kept in days.items()
            )
            if gone:
                settings.put(session, SCRUB, "1")
            return gone

        gone = await self.store.write(work) if days else 0
        await self.scrub_if_due()
        return gone

    async def scrub_if_due(self) -> None:
        """Rebuild the file, where something was taken out and a crash came before the rest."""
        if await self.store.read(lambda session: settings.get(session, SCRUB)) is None:
            return
        await self.store.scrub()
        await self.store.write(lambda session: settings.forget(session, SCRUB))

    async def _forget_made_files(self, name: Name) -> None:
        """Sheets and documents that were made for somebody else and name the person."""
        made, now = await self.store.read(_attached), self.clock()
        naming = [one for one in made if await asyncio.to_thread(_names, made[one], name.name)]

        def work(session: Session) -> None:
            for delivery in session.scalars(select(Delivery)):
                if not any(one in delivery.reply for one in naming):
                    continue
                reply = reply_from_json(delivery.reply)
                kept = tuple(one for one in reply.attachments if one.blob not in naming)
                delivery.reply = reply_to_json(replace(reply, attachments=kept))
                erasing.drop_parts(session, delivery, now)
            blobs.forget_unused(session, naming)

        if naming:
            await self.store.write(work)


def _erase(
    session: Session, member: Member, name: Name | None, now: datetime
) -> tuple[int, int | None]:
    accounts = people.accounts(session, member.id)
    keys = [f"{one.platform}:{one.account}" for one in accounts]
    words = erasing.own_words(session, member.id)
    files = [*_own_files(session, member.id), *_said_files(session, accounts)]
    touched = 0
    for record in records.concerning(session, member.id):
        if record.member_id == member.id:
            fields = record.fields
            record.fields = {key: fields[key] for key in _KEPT_FIELDS if key in fields}
        record.entered_account, record.conversation, record.reason = "", "", ""
        touched += 1
    own = select(Record.id).where(Record.member_id == member.id)
    session.execute(delete(RecordFile).where(RecordFile.record_id.in_(own)))
    session.execute(
        update(RollCallMember).where(RollCallMember.member_id == member.id).values(name=ERASED)
    )
    session.execute(
        update(Question)
        .where(Question.asked_by == member.id)
        .values(question="", understood="", answer="", account="", conversation="", asked_by=None)
    )
    for one in accounts:
        erasing.empty_messages(session, one.platform, one.account, reply=_EMPTIED, now=now)
        erasing.take_out_account(session, one.platform, one.account, now)
        usage.forget_payer(session, f"{one.platform}:{one.account}")
    erasing.take_out_words(session, words, _DELETED, now)
    erasing.take_out_own(session, member.id, name)
    mobile = [Name(name=member.mobile, longer=(), instead="***")] if member.mobile else []
    for trace in (*mobile, *filter(None, (name,))):
        erasing.take_out_name(session, trace, now)
    session.execute(delete(Account).where(Account.member_id == member.id))
    member.name, member.pinyin = ERASED, ""
    member.mobile = member.joined_party_on = None
    member.is_active = False
    words += [one.name for one in mobile]
    first = erasing.redact_audit(session, keys, name, words)
    blobs.forget_unused(session, files)
    return touched, first


def _own_files(session: Session, member_id: int) -> Iterator[str]:
    own = select(Record.id).where(Record.member_id == member_id)
    for file in session.scalars(select(RecordFile).where(RecordFile.record_id.in_(own))):
        yield from filter(None, (file.blob, file.thumbnail))


def _said_files(session: Session, accounts: Iterable[Account]) -> Iterator[str]:
    """What came with messages or went out with them, in the person's own chats."""
    for one in accounts:
        yield from waiting_files.kept(session, one.platform, one.account)
        for message in erasing.own_messages(session, one.platform, one.account):
            yield from blobs.named_in(message.body)
        for delivery in erasing.own_deliveries(session, one.platform, one.account):
            yield from blobs.named_in(delivery.reply)


def _attached(session: Session) -> dict[str, bytes]:
    """What went out with messages, and is in no record and no document."""
    found: dict[str, bytes] = {}
    for reply in session.scalars(select(Delivery.reply).where(Delivery.reply.contains('"blob"'))):
        for one in blobs.named_in(reply):
            if not blobs.is_filed(session, one) and (blob := blobs.get(session, one)) is not None:
                found[one] = blob.bytes
    return found


def _names(content: bytes, name: str) -> bool:
    """Whether a file, or one inside it, holds the name; as text or as references of XML."""
    forms = (name.encode(), "".join(f"&#{ord(one)};" for one in name).encode())
    if not content.startswith(b"PK"):
        return forms[0] in content
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            if sum(one.file_size for one in entries) > _MOST_UNPACKED:
                return False
            return any(
                form in one.filename.encode() or form in archive.read(one)
                for one in entries
                for form in forms
            )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        return False
