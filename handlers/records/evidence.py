"""Photos and files that somebody sent just before: evidence of what they say next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.messages import IncomingMessage
from handlers.records.attachments import Attachments
from handlers.records.types import FieldKind, RecordField, RecordType
from store import blobs, waiting_files
from store.engine import Store
from store.records import NewFile

JUST_NOW = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Built once, in ``bot.app``."""

    store: Store
    attachments: Attachments
    clock: Callable[[], datetime]

    async def names(self, message: IncomingMessage) -> list[str]:
        """What was sent just before, by name; it goes on waiting."""
        return [name for name, _ in await self._waiting(message)]

    async def taken(
        self, message: IncomingMessage, field: RecordField | None = None
    ) -> list[NewFile]:
        """The same, checked and kept; ``field`` says what it has to be.

        Raises:
            UsageError: One of them cannot be kept.
        """
        found = await self._waiting(message)
        return await self.attachments.take(found, field) if found else []

    async def used(self, message: IncomingMessage) -> None:
        """It waits no more."""
        now, who = self.clock(), _who(message)

        def work(session: Session) -> None:
            waiting_files.take(session, *who, now)

        await self.store.write(work)

    async def _waiting(self, message: IncomingMessage) -> list[tuple[str, bytes]]:
        now, who = self.clock(), _who(message)

        def query(session: Session) -> list[tuple[str, bytes]]:
            recent = [
                one
                for one in waiting_files.look(session, *who, now)
                if one.sent_at > now - JUST_NOW
            ]
            rows = [(one.name, blobs.get(session, one.blob)) for one in recent]
            return [(name, row.bytes) for name, row in rows if row is not None]

        return await self.store.read(query)


def placed(files: Sequence[NewFile], type_: RecordType) -> list[NewFile]:
    """Pictures where the type asks for photos, else everything where it asks for files."""
    by_kind = {
        kind: next((one.id for one in type_.fields if one.kind is kind), "")
        for kind in (FieldKind.PHOTO, FieldKind.FILE)
    }
    photos, others = by_kind[FieldKind.PHOTO], by_kind[FieldKind.FILE]
    return [
        replace(one, field=(photos or others) if one.thumbnail else (others or photos))
        for one in files
    ]


def _who(message: IncomingMessage) -> tuple[str, str]:
    return message.channel.platform, message.sender.account
