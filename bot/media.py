"""Takes over what people send, while the platform still has it: some keep it for five minutes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from bot.channels.base import Downloads, Sends
from bot.errors import ChannelError, NotFound
from bot.messages import Attachment, ChannelName, IncomingMessage, Reply
from bot.middleware import CallNext
from store import blobs
from store.engine import Store

logger = logging.getLogger(__name__)

LIMIT_BYTES = 20 * 2**20
_PATIENCE_S = 60.0
_LOST = "《{name}》没有取到，请再发一次。太大的文件（超过 20 MB）请压缩后再发。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Middleware: every attachment that has a ``source`` gets its ``blob`` before it is handled."""

    store: Store
    channels: Mapping[ChannelName, Sends]
    clock: Callable[[], datetime]

    async def __call__(self, message: IncomingMessage, call_next: CallNext) -> Reply | None:
        channel = self.channels.get(message.channel)
        if not isinstance(channel, Downloads) or not message.is_mention:
            return await call_next(message)
        kept = []
        for attachment in message.attachments:
            found = await self._kept(channel, attachment)
            if found is None:
                return Reply(text=_LOST.format(name=attachment.name))
            kept.append(found)
        return await call_next(replace(message, attachments=tuple(kept)))

    async def fetch(self, message: IncomingMessage, attachment: Attachment, limit: int) -> bytes:
        """The bytes of what was taken over.

        Raises:
            NotFound: It was not.
        """
        row = None
        if (blob := attachment.blob) is not None:
            row = await self.store.read(lambda session: blobs.get(session, blob))
        if row is None or len(row.bytes) > limit:
            raise NotFound("an attachment is gone", reply=_LOST.format(name=attachment.name))
        return row.bytes

    async def _kept(self, channel: Downloads, attachment: Attachment) -> Attachment | None:
        """None when the platform does not give it."""
        source = attachment.source
        if attachment.blob is not None or source is None:
            return attachment
        try:
            async with asyncio.timeout(_PATIENCE_S):
                content = await channel.download(source, LIMIT_BYTES)
        except (ChannelError, TimeoutError) as error:
            logger.warning(
                "an attachment could not be fetched: %s", str(error) or "no answer in time"
            )
            return None

        def work(session: Session) -> str:
            media_type, now = attachment.media_type, self.clock()
            return blobs.put(session, content, media_type=media_type, now=now)

        blob = await self.store.write(work)
        return replace(attachment, blob=blob, source=None, size_bytes=len(content))
