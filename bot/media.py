"""Takes over what people send, while the platform still has it: some keep it for five minutes."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath

from sqlalchemy.orm import Session

from bot.channels.base import Downloaded, Downloads, NamesDownloads, Sends
from bot.errors import ChannelError, NotFound
from bot.messages import Attachment, ChannelName, IncomingMessage, Reply
from bot.middleware import CallNext
from store import blobs
from store.engine import Store

logger = logging.getLogger(__name__)

LIMIT_BYTES = 20 * 2**20
_PATIENCE_S = 60.0
_ANYTHING = "application/octet-stream"
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
                found = await _downloaded(channel, source)
        except (ChannelError, TimeoutError) as error:
            logger.warning(
                "an attachment could not be fetched: %s", str(error) or "no answer in time"
            )
            return None

        def work(session: Session) -> str:
            now = self.clock()
            return blobs.put(session, found.content, media_type=known.media_type, now=now)

        known = _named(attachment, found.name)
        blob = await self.store.write(work)
        return replace(known, blob=blob, source=None, size_bytes=len(found.content))


async def _downloaded(channel: Downloads, source: str) -> Downloaded:
    if isinstance(channel, NamesDownloads):
        return await channel.download_named(source, LIMIT_BYTES)
    return Downloaded(content=await channel.download(source, LIMIT_BYTES), name="")


def _named(attachment: Attachment, name: str) -> Attachment:
    """Called as the platform calls it, with an ending that says what it is."""
    if name:
        guessed, _ = mimetypes.guess_type(name)
        return replace(attachment, name=name, media_type=guessed or attachment.media_type)
    is_told = PurePath(attachment.name).suffix or attachment.media_type == _ANYTHING
    ending = None if is_told else mimetypes.guess_extension(attachment.media_type)
    return replace(attachment, name=attachment.name + (ending or ""))
