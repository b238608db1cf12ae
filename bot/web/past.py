"""What was said in a conversation on the page, read back from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.codec import message_from_json, reply_from_json
from bot.messages import Attachment, ChannelName, MessageKind, Reply
from store import transcript
from store.engine import Store
from store.models import Delivery, InboxMessage

_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One entry of a conversation: ``reply`` is the bot's, ``text`` the person's.

    ``files`` are what either sent with it.
    """

    id: str
    text: str = ""
    files: tuple[Attachment, ...] = ()
    reply: Reply | None = None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """Reads one person's conversation, oldest first."""

    store: Store

    async def recent(self, account: str, limit: int) -> Sequence[Said]:
        """Both sides of the latest exchanges."""
        web = ChannelName.WEB
        asked = await self.store.read(
            lambda session: transcript.said(session, web, account, limit=limit)
        )
        sent = await self.store.read(
            lambda session: transcript.replies_after(session, web, account, "", limit=limit)
        )
        entries: list[tuple[datetime, Said]] = [
            (row.accepted_at, said) for row in asked if (said := _message(row))
        ]
        entries += [(row.created_at, _reply(row)) for row in sent]
        entries.sort(key=lambda entry: entry[0])
        return [said for _, said in entries[-limit:]]

    async def replies_after(self, account: str, delivery_id: str) -> Sequence[Said]:
        """Replies that a page which last saw ``delivery_id`` has missed."""
        web = ChannelName.WEB
        rows = await self.store.read(
            lambda session: transcript.replies_after(
                session, web, account, delivery_id, limit=_MOST
            )
        )
        return [_reply(row) for row in rows]


def _message(row: InboxMessage) -> Said | None:
    message = message_from_json(row.body)
    if message.kind not in (MessageKind.TEXT, MessageKind.MEDIA):
        return None
    return Said(
        id=message.reply_to or message.message_id, text=message.text, files=message.attachments
    )


def _reply(row: Delivery) -> Said:
    reply = reply_from_json(row.reply)
    return Said(id=row.uid, reply=reply, reply_to=row.reply_to, files=reply.attachments)
