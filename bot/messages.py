"""What travels between channels and handlers. A leaf: imports nothing of ours.

Everything that is stored (inbox, outbox) is one of these, turned into JSON by
``to_json``/``from_json`` of :mod:`bot.codec`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ChannelName(StrEnum):
    """Every channel 要点 can talk through."""

    WEB = "web"
    CONSOLE = "console"
    WECOM_APP = "wecom.app"
    WECOM_AIBOT = "wecom.aibot"
    WECOM_WEBHOOK = "wecom.webhook"
    DINGTALK = "dingtalk"
    DINGTALK_WEBHOOK = "dingtalk.webhook"

    @property
    def platform(self) -> str:
        """The account namespace: ``wecom`` for the app and the AI bot of one WeCom alike."""
        return self.value.partition(".")[0]

    @property
    def is_one_way(self) -> bool:
        """Whether nobody can answer there."""
        return self in (ChannelName.WECOM_WEBHOOK, ChannelName.DINGTALK_WEBHOOK)


class Role(StrEnum):
    """What a member may be in a unit; ``GUEST`` is someone not on the roster."""

    GUEST = "guest"
    TEACHER = "teacher"
    PARTY_MEMBER = "party_member"
    BRANCH_SECRETARY = "branch_secretary"
    OFFICER = "officer"
    SECRETARY = "secretary"
    GUIDANCE = "guidance"
    DISCIPLINE = "discipline"
    ADMIN = "admin"


class MessageKind(StrEnum):
    """What a person did."""

    TEXT = "text"
    TAP = "tap"
    """A button of a card; ``text`` holds the button's command, e.g. ``/签收 17``."""
    MEDIA = "media"
    """A photo, voice or file; see ``attachments``."""
    ENTER = "enter"
    """Opened the chat; may be welcomed."""
    FEEDBACK = "feedback"
    """👍 or 👎 on an earlier answer; ``text`` is ``up``, ``down`` or ``cancel``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who wrote, as the channel names them."""

    channel: ChannelName
    account: str
    """The platform's user id, unique within ``channel.platform``."""
    display_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One chat on one channel."""

    channel: ChannelName
    id: str
    """Account for a private chat, the platform's chat id for a group, the name for a webhook."""
    is_group: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A photo, voice or file; ``blob`` once stored, ``source`` as long as only the platform has it.

    ``source`` is opaque to all but the channel that made it, and may carry a key: never log it.
    """

    name: str
    media_type: str
    blob: str | None = None
    source: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """One thing one person did in one conversation.

    ``message_id`` is unique within its channel: the platform's id, or for events without one a
    digest of the decrypted event. ``reply_to`` is opaque (req_id, response_url, sessionWebhook …);
    only the channel that made it reads it back from a delivery.
    """

    channel: ChannelName
    message_id: str
    conversation: Conversation
    sender: Sender
    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    quoted_text: str = ""
    attachments: tuple[Attachment, ...] = ()
    sent_at: datetime
    number: int = 0
    """The platform's running number, where it has one: who came first within one ``sent_at``."""
    reply_to: str | None = None
    reply_until: datetime | None = None
    is_mention: bool = True
    """False for a group message that was not addressed to the bot."""
    feedback_id: str | None = None
    """Of a ``FEEDBACK``: the ``Reply.feedback_id`` of the answer it is about, where still known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A tap sends ``command`` back as a ``TAP`` message; where there are no cards it is typed."""

    label: str
    command: str
    style: str = "plain"
    """``plain``, ``primary`` or ``danger``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A place to open, offered only where a public address exists."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A titled block with buttons; channels without cards print it with what to type."""

    title: str
    body: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    buttons: tuple[Button, ...] = ()
    links: tuple[Link, ...] = ()
    key: str = ""
    """Stable id of what the card shows, so that a later reply with the same key updates it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One citation as shown: ``《title》locator``; ``document`` and ``locator`` open it."""

    document: str
    title: str
    locator: str
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a handler answers with.

    ``text`` is Markdown-light: paragraphs, ``- `` lists, ``**bold**``.

    ``stream`` yields the full text so far each time (never a delta); ``text`` is the final one and
    is what the outbox stores, so a crash in mid-stream loses nothing.
    """

    text: str = ""
    card: Card | None = None
    sources: tuple[Source, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[str, ...] = ()
    """Members (ids as strings) to @ in a group."""
    is_private: bool = False
    """Must not be shown in a group; goes to the asker's private chat instead."""
    feedback_id: str | None = None
    """Set on answers: 👍/👎 comes back with this id."""
    stream: AsyncIterator[str] | None = field(default=None, compare=False, repr=False)
