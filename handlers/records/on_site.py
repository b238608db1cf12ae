"""What is shown where people meet: the code of the minute, its picture, and who is there so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotFound, UsageError
from bot.messages import Attachment, Conversation, Sender
from handlers.access import Actor
from handlers.records.on_site_code import code_at, ends_at
from handlers.records.qr import poster
from handlers.records.roll_call_book import Book
from handlers.records.roll_call_views import RollCallView
from store import blobs
from store.engine import Store

_NO_CODE = "这次签到没有要现场码。再开一次、写上“现场码”就有：/签到 开始 主题党日 现场码"
_PNG = "image/png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """``code`` and ``scanned`` are empty when the roll call is over."""

    view: RollCallView
    code: str
    until: datetime
    scanned: str
    """What the QR code says: an address that signs in, or the words to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSite:
    """Built once, in ``bot.app``; ``address`` makes whole addresses of paths, where it can."""

    store: Store
    book: Book
    address: Callable[[str], str | None]
    screen_path: Callable[[int, Sender, datetime], str]

    async def now(
        self, actor: Actor, roll_call_id: int | None, here: Conversation | None = None
    ) -> Shown:
        """The code of this minute; only for those who lead the roll call.

        Raises:
            NotFound: There is no such roll call, or it asks for no code.
            NotAllowed: It is not the actor's.
        """
        now = self.book.clock()

        def query(session: Session) -> Shown:
            roll_call = self.book.led(session, actor, roll_call_id, here)
            if roll_call.secret is None:
                raise NotFound("no code", reply=_NO_CODE)
            view = self.book.view(session, roll_call)
            code = code_at(roll_call.secret, now) if view.is_open else ""
            return Shown(
                view=view,
                code=code,
                until=ends_at(now).astimezone(self.book.zone),
                scanned=self._scanned(view, code) if code else "",
            )

        return await self.store.read(query)

    async def picture(self, shown: Shown) -> Attachment:
        """A poster of the minute, for the chat.

        Raises:
            UsageError: The roll call is over.
        """
        if not shown.code:
            raise UsageError("closed", reply=f"“{shown.view.title}”的签到已经结束了。")
        content = await asyncio.to_thread(
            poster,
            shown.scanned,
            title=shown.view.title,
            code=shown.code,
            note=f"{shown.until:%H:%M} 前有效",
        )
        now = self.book.clock()
        blob = await self.store.write(
            lambda session: blobs.put(session, content, media_type=_PNG, now=now)
        )
        return Attachment(
            name=f"签到二维码{shown.until:%H%M}.png",
            media_type=_PNG,
            blob=blob,
            size_bytes=len(content),
        )

    def screen(self, shown: Shown, reader: Sender) -> str | None:
        """The address of the page for a projector, where pages can be opened."""
        return self.address(self.screen_path(shown.view.id, reader, self.book.clock()))

    def _scanned(self, view: RollCallView, code: str) -> str:
        return self.address(f"/c/{view.id}/{code}") or f"签到 {code}"
