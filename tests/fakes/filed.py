"""Records as they stand in the ledger, with a photo, without the talk that leads there."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from datetime import date, datetime

from PIL import Image
from sqlalchemy.orm import Session

from bot.assembled import App
from handlers.people.actions import Person
from handlers.records.files import check_file
from store import blobs, people, records
from store.models_records import RecordKind
from store.records import Entered, NewFile, NewRecord

ON = date(2026, 3, 2)


async def photo(app: App, name: str = "合影.png", color: str = "seagreen") -> NewFile:
    """A picture whose bytes are kept."""
    checked = await asyncio.to_thread(lambda: check_file(name, _png(color)))
    now = app.clock()

    def keep(session: Session) -> NewFile:
        blob = blobs.put(session, checked.content, media_type=checked.media_type, now=now)
        small = blobs.put(session, checked.thumbnail or b"", media_type="image/jpeg", now=now)
        return NewFile(name=checked.name, blob=blob, field="photos", thumbnail=small)

    return await app.store.write(keep)


async def file_record(
    app: App,
    type_id: str,
    unit: str,
    who: Person | None = None,
    *,
    fields: Mapping[str, object] | None = None,
    kind: RecordKind = RecordKind.FORM,
    on: date = ON,
    files: tuple[NewFile, ...] = (),
) -> int:
    """A first entry, in the first state of its type."""
    type_ = app.recording.records.types.get(type_id)
    assert type_ is not None
    state, now = type_.states[0], app.clock()

    def add(session: Session) -> int:
        new = NewRecord(
            kind=kind,
            type=type_id,
            on=on,
            unit_id=people.units_named(session, unit)[0].id if unit else None,
            member_id=who.member_id if who else None,
            fields=fields or {},
            state=state.id,
            is_counted=state.is_final,
            is_confidential=type_.confidential,
        )
        record_id = records.add(session, new, _entered(who, now), files)
        assert record_id is not None
        return record_id

    return await app.store.write(add)


def _entered(who: Person | None, now: datetime) -> Entered:
    account = (who.web_account if who else None) or ""
    return Entered(
        by=who.member_id if who else None,
        account=f"web:{account}",
        channel="web",
        conversation=account,
        at=now,
    )


def _png(color: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), color).save(out, "PNG")
    return out.getvalue()
