"""Photos and files of records: fetched, checked by their content, kept by their hash."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import UsageError
from bot.messages import Attachment, IncomingMessage
from handlers.records.files import MOST_BYTES, Checked, check_file
from handlers.records.types import FieldKind, RecordField
from store import blobs
from store.engine import Store
from store.records import NewFile

Fetch = Callable[[IncomingMessage, Attachment, int], Awaitable[bytes]]
"""The bytes of an attachment that only the platform has, up to a limit."""

_AT_ONCE = 2
"""Pictures that are unpacked at a time: each may take 160 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachments:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]
    fetch: Fetch
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def keep(
        self, message: IncomingMessage, field: str = "", *, fits: RecordField | None = None
    ) -> list[NewFile]:
        """Everything that came with a message, for a field; ``fits``: of the kind it asks for.

        Raises:
            UsageError: One of them cannot be kept; then none is.
        """
        checked = []
        for one in message.attachments:
            if (one.size_bytes or 0) > MOST_BYTES:
                raise UsageError("too large", reply=f"{one.name} 太大，请压缩后再发。")
            content = await self._content(message, one)
            async with self.turn:
                found = await asyncio.to_thread(check_file, one.name, content)
            checked.append(found if fits is None else _fitting(found, fits))
        return await self.put(checked, field if fits is None else fits.id)

    async def take(
        self, uploads: Sequence[tuple[str, bytes]], field: RecordField | None = None
    ) -> list[NewFile]:
        """Files that a page sent, by name and content.

        Raises:
            UsageError: One of them cannot be kept; then none is.
        """
        checked = []
        for name, content in uploads:
            async with self.turn:
                found = await asyncio.to_thread(check_file, name, content)
            checked.append(found if field is None else _fitting(found, field))
        return await self.put(checked, "" if field is None else field.id)

    async def put(self, checked: list[Checked], field: str = "") -> list[NewFile]:
        """Keep what was checked; the same bytes are kept once."""
        now = self.clock()

        def work(session: Session) -> list[NewFile]:
            kept = []
            for one in checked:
                blob = blobs.put(session, one.content, media_type=one.media_type, now=now)
                small = one.thumbnail
                thumbnail = small and blobs.put(session, small, media_type="image/jpeg", now=now)
                kept.append(
                    NewFile(name=one.name, blob=blob, field=field, thumbnail=thumbnail or None)
                )
            return kept

        return await self.store.write(work) if checked else []

    async def _content(self, message: IncomingMessage, attachment: Attachment) -> bytes:
        blob_id = attachment.blob
        if blob_id is None:
            return await self.fetch(message, attachment, MOST_BYTES)
        row = await self.store.read(lambda session: blobs.get(session, blob_id))
        if row is None:
            raise UsageError("a blob is gone", reply="文件没有传上来，请重新发一次。")
        return row.bytes


def _fitting(found: Checked, field: RecordField) -> Checked:
    if field.kind is FieldKind.PHOTO and not found.is_picture:
        reply = f"“{field.name}”要照片，《{found.name}》不是照片。"
        raise UsageError("not a picture", reply=reply)
    return found
