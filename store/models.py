"""Every table. Migrations follow this module; a test holds them to it on both databases."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from store.instant import Instant

_Id = BigInteger().with_variant(Integer, "sqlite")
_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What all rows have in common."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it so
        datetime: Instant(),
        int: _Id,
        bytes: LargeBinary(),
        str: Text(),
        dict[str, object]: JSON(),
        dict[str, str]: JSON(),
        list[str]: JSON(),
        list[dict[str, object]]: JSON(),
    }


class InboxState(StrEnum):
    """How far a message got."""

    ACCEPTED = "accepted"
    """Stored and acknowledged; still to be handled."""
    HANDLED = "handled"
    FAILED = "failed"
    """Given up after several crashes; the sender was told."""
    REFUSED = "refused"
    """Over the bounds; the sender was told that the bot is busy."""


class DeliveryKind(StrEnum):
    """Why something is sent."""

    REPLY = "reply"
    REMINDER = "reminder"
    BROADCAST = "broadcast"


class OnDoubt(StrEnum):
    """What to do when nobody knows whether a part arrived and the channel drops no repeats."""

    RESEND = "resend"
    HOLD = "hold"


class DeliveryState(StrEnum):
    """How far a delivery got; all but ``OPEN`` are final."""

    OPEN = "open"
    SENT = "sent"
    FAILED = "failed"
    MISSED = "missed"
    COALESCED = "coalesced"
    UNCERTAIN = "uncertain"
    WITHDRAWN = "withdrawn"
    """Taken back before it left."""


class PartState(StrEnum):
    """How far a part got."""

    PENDING = "pending"
    CLAIMED = "claimed"
    """About to be sent, or being sent; after a crash nobody knows."""
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


class DocumentStatus(StrEnum):
    """Whether a document still holds."""

    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    RETIRED = "retired"


class InboxMessage(Base):
    """A message as it was accepted. ``turn`` names who waits for whom: one at a time within it.

    ``sent_at``, then the platform's running ``number``, tell who goes first of those who wait.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "message_id"),
        Index("ix_inbox_waiting", "turn", "id", sqlite_where=text("state = 'accepted'"),
              postgresql_where=text("state = 'accepted'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    message_id: Mapped[str]
    turn: Mapped[str]
    body: Mapped[str]
    state: Mapped[str] = mapped_column(String(16), default=InboxState.ACCEPTED)
    accepted_at: Mapped[datetime]
    sent_at: Mapped[datetime] = mapped_column(server_default="0")
    number: Mapped[int] = mapped_column(BigInteger, server_default="0")
    handled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]


class Delivery(Base):
    """One message on its way to one conversation. ``key`` makes it once; ``uid`` names it outside.

    The lease covers rendering and sending; ``attempt`` grows with every claim and fences off an
    owner whose lease ran out.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_open", "channel", "conversation", "id",
              sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    on_doubt: Mapped[str] = mapped_column(String(16), default=OnDoubt.RESEND)
    channel: Mapped[str] = mapped_column(String(32))
    conversation: Mapped[str]
    is_group: Mapped[bool] = mapped_column(default=False)
    accounts: Mapped[list[str]]
    reply_to: Mapped[str | None]
    reply_until: Mapped[datetime | None]
    reply: Mapped[str]
    state: Mapped[str] = mapped_column(String(16), default=DeliveryState.OPEN)
    reason: Mapped[str | None]
    is_rendered: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """Not to be sent before; holds back nothing else."""
    retry_at: Mapped[datetime]
    """Next try; later deliveries of the conversation wait for it."""
    ended_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]


class Part(Base):
    """The exact bytes of one request, as rendered before the first try."""

    __tablename__ = "part"

    delivery_id: Mapped[int] = mapped_column(
        _Id, ForeignKey("delivery.id", ondelete="CASCADE"), primary_key=True
    )
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bytes: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(16), default=PartState.PENDING)
    attempt: Mapped[int] = mapped_column(default=0)
    first_try_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    provider_id: Mapped[str | None]
    refused: Mapped[dict[str, str]] = mapped_column(default=dict)
    last_error: Mapped[str | None]


class Notice(Base):
    """One thing one member is to be told, once: ``key`` says which.

    Reminders also say to whom (``recipient``), when they were to go, and what became of them.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_waiting", "recipient", "id", sqlite_where=text("outcome = 'waiting'"),
              postgresql_where=text("outcome = 'waiting'")),
        Index("ix_notice_subject", "subject"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    subject: Mapped[str]
    """What it is about, e.g. ``occurrence:17``."""
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"), index=True)
    created_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    recipient: Mapped[str | None]
    """``member:3``, or ``chat:`` with channel, 0 or 1 for a group, and its id."""
    stage: Mapped[str | None] = mapped_column(String(32))
    scheduled_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))


class Blob(Base):
    """Bytes by their SHA-256: originals, attachments, made files."""

    __tablename__ = "blob"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    bytes: Mapped[bytes]
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[datetime]


class StoredDocument(Base):
    """A document as it was read. ``body`` is its JSON; ``blob`` the original file.

    ``replaced_by`` is a newer upload of the same file, ``superseded_by`` a later policy.
    ``visible_to`` is the unit that may see it, with all below it; None is everyone.
    """

    __tablename__ = "document"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    file: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    details: Mapped[dict[str, object]]
    body: Mapped[str]
    blob: Mapped[str | None] = mapped_column(ForeignKey("blob.hash"))
    status: Mapped[str] = mapped_column(String(16), default=DocumentStatus.IN_FORCE)
    superseded_by: Mapped[str | None] = mapped_column(ForeignKey("document.id"))
    replaced_by: Mapped[str | None] = mapped_column(ForeignKey("document.id"))
    expires_on: Mapped[date | None]
    visible_to: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    added_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    added_at: Mapped[datetime]


class Unit(Base):
    """A place in the tree 省/市/县/校/支部."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("parent_id", "name"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    position: Mapped[int] = mapped_column(default=0)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    """``platform:id`` of the department it was read from."""


class Member(Base):
    """Someone on the roster."""

    __tablename__ = "member"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    pinyin: Mapped[str] = mapped_column(default="")
    mobile: Mapped[str | None]
    joined_party_on: Mapped[date | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    added_at: Mapped[datetime]


class Membership(Base):
    """What a member is in a unit; several roles are several rows."""

    __tablename__ = "membership"

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True
    )
    unit_id: Mapped[int] = mapped_column(
        ForeignKey("unit.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(32), primary_key=True)


class Account(Base):
    """A platform's account; its member once someone is linked to it."""

    __tablename__ = "account"

    platform: Mapped[str] = mapped_column(String(32), primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[int | None] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), index=True
    )
    display_name: Mapped[str] = mapped_column(default="")
    seen_at: Mapped[datetime | None]


class ConversationRow(Base):
    """A chat the bot has been in, and the unit it is bound to."""

    __tablename__ = "conversation"

    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    is_group: Mapped[bool]
    name: Mapped[str] = mapped_column(default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    seen_at: Mapped[datetime]


class Vector(Base):
    """An embedding by the hash of its text, so that no replica computes it twice."""

    __tablename__ = "vector"

    model: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    bytes: Mapped[bytes]


class AuditEntry(Base):
    """Who did what to what. Each entry's hash covers the one before it."""

    __tablename__ = "audit"

    n: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    who: Mapped[str]
    what: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    before: Mapped[str | None]
    after: Mapped[str | None]
    prev_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(String(64))


class Lease(Base):
    """What only one process may do at a time; ``fence`` grows with every new owner."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    until: Mapped[datetime]
    fence: Mapped[int]


class SeenSignature(Base):
    """A callback's signature that was used, and for which body."""

    __tablename__ = "seen_signature"

    signature: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime] = mapped_column(index=True)


class Setting(Base):
    """A small value that outlives the process."""

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
