"""A photo that somebody sends: of which roll call it may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.messages import Attachment, IncomingMessage
from handlers.access import Actor
from handlers.records.roll_call_book import Book
from handlers.records.roll_call_taking import EARLY
from handlers.records.roll_call_views import RollCallView
from handlers.records.types import FieldKind
from store import roll_calls, waiting_files
from store.engine import Store
from store.models_records import CheckIn, RollCall
from store.waiting_files import WaitingFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """Built once, in ``bot.app``."""

    store: Store
    book: Book

    async def meant(self, actor: Actor) -> Sequence[RollCallView]:
        """Those a photo may be of: none, the one it is of, or several to ask about.

        Whoever has not answered yet signs in with it; whoever has gives proof, where the type has
        room for a photo.
        """
        now = self.book.clock()

        def query(session: Session) -> list[RollCallView]:
            if actor.member_id is None:
                return []
            found = [
                (one, line)
                for one, line in roll_calls.open_for(session, actor.member_id, now)
                if now >= one.starts_at - EARLY
            ]
            waiting = [one for one, line in found if line.standing == CheckIn.MISSING]
            among = waiting or [one for one, _ in found]
            meant = [one for one in among if self._wants(one)] or waiting
            return [self.book.view(session, one) for one in meant]

        return await self.store.read(query)

    async def keep(self, message: IncomingMessage) -> None:
        """Hold a photo until it is clear what it is of."""
        now = self.book.clock()
        files = [
            WaitingFile(one.name, one.media_type, one.blob, message.sent_at)
            for one in message.attachments
            if one.blob is not None
        ]
        platform, account = message.channel.platform, message.sender.account
        await self.store.write(
            lambda session: waiting_files.add(session, platform, account, files, now)
        )

    async def kept(self, message: IncomingMessage, roll_call_id: int) -> tuple[Attachment, ...]:
        """The photos that wait since a roll call was opened; they wait no more."""
        now = self.book.clock()
        platform, account = message.channel.platform, message.sender.account

        def work(session: Session) -> list[WaitingFile]:
            roll_call = roll_calls.get(session, roll_call_id)
            since = now if roll_call is None else roll_call.opened_at
            found = waiting_files.take(session, platform, account, now)
            meant = [
                one for one in found if one.media_type.startswith("image/") and one.sent_at >= since
            ]
            if others := [one for one in found if one not in meant]:
                waiting_files.add(session, platform, account, others, now)
            return meant

        return tuple(
            Attachment(name=one.name, media_type=one.media_type, blob=one.blob)
            for one in await self.store.write(work)
        )

    def _wants(self, roll_call: RollCall) -> bool:
        type_ = self.book.types.get(roll_call.type)
        return type_ is not None and any(one.kind is FieldKind.PHOTO for one in type_.fields)
