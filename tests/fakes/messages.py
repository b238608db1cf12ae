"""Messages that nobody wrote."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.messages import ChannelName, Conversation, IncomingMessage, MessageKind, Sender

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


def message(
    message_id: str,
    text: str = "党课多久上一次？",
    *,
    conversation: str = "room",
    sender: str = "zhou",
    kind: MessageKind = MessageKind.TEXT,
    is_group: bool = False,
    is_mention: bool = True,
    reply_to: str | None = None,
    sent_at: datetime = NOW,
    number: int = 0,
) -> IncomingMessage:
    return IncomingMessage(
        channel=ChannelName.WEB,
        message_id=message_id,
        conversation=Conversation(channel=ChannelName.WEB, id=conversation, is_group=is_group),
        sender=Sender(channel=ChannelName.WEB, account=sender),
        kind=kind,
        text=text,
        sent_at=sent_at,
        number=number,
        is_mention=is_mention,
        reply_to=reply_to,
    )
