"""A person's own data: everything that is kept about them, as a file that they can read."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import NotFound
from handlers.access import Act, Actor, check
from handlers.people.managing import must_manage
from handlers.records import personal_sheet
from handlers.records.files import safe_name
from handlers.records.personal_rows import Rows, collected
from handlers.records.types import RecordTypes
from store import audit, blobs, people, proofs
from store.engine import Store
from store.models_tasks import OccurrenceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]
    types: RecordTypes = field(default_factory=lambda: RecordTypes([]))

    async def export(self, actor: Actor, member_id: int) -> bytes:
        """Everything that is kept about a member, as a .zip with their files.

        Raises:
            NotAllowed: It is somebody else's and the actor does not manage all their units.
            NotFound: There is no such member.
        """

        def query(session: Session) -> tuple[Rows, list[tuple[str, bytes]]]:
            if actor.member_id != member_id:
                must_manage(session, actor, member_id)
            return _collect(session, member_id)

        found, files = await self.store.read(query)
        now = self.clock()

        def note(session: Session) -> None:
            subject = f"member:{member_id}"
            audit.record(session, who=actor.account, what="people.export", subject=subject, now=now)

        await self.store.write(note)
        return await asyncio.to_thread(_zipped, found, files, self.types)

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


def _collect(session: Session, member_id: int) -> tuple[Rows, list[tuple[str, bytes]]]:
    member = people.member(session, member_id)
    if member is None:
        raise NotFound("no such member")
    found, own = collected(session, member)
    files = []
    for file in proofs.files_of_records(session, [one.id for one in own]):
        blob = blobs.get(session, file.blob)
        if blob is not None:
            files.append((f"附件/{file.record_id}-{file.n}-{safe_name(file.name)}", blob.bytes))
    for sent in session.scalars(
        select(OccurrenceFile).where(OccurrenceFile.member_id == member_id)
    ):
        blob = blobs.get(session, sent.blob)
        if blob is not None:
            name = f"附件/任务{sent.occurrence_id}-{sent.blob[:6]}-{safe_name(sent.name)}"
            files.append((name, blob.bytes))
    return found, files


def _words(types: RecordTypes) -> Mapping[str, str]:
    """What the codes of types, their states and their fields are called."""
    found: dict[str, str] = {}
    for one in types:
        found |= {field.id: field.name for field in one.fields}
        found |= {state.id: state.name for state in one.states}
    return found | {one.id: one.name for one in types}


def _zipped(
    found: Mapping[str, Sequence[Mapping[str, object]]],
    files: Sequence[tuple[str, bytes]],
    types: RecordTypes,
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("我的数据.xlsx", personal_sheet.workbook(found, _words(types)))
        for name, rows in found.items():
            text = json.dumps(rows, ensure_ascii=False, indent=2, default=str)
            archive.writestr(f"原始数据/{name}.json", text)
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()
