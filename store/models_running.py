"""Tables of running it: who asked to join, which units go together, what was broadcast."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base, _Id


class JoinState(StrEnum):
    """What became of a wish to join."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


class JoinRequest(Base):
    """Somebody unknown who wants to be on the roster."""

    __tablename__ = "join_request"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    platform: Mapped[str] = mapped_column(String(32), index=True)
    account: Mapped[str]
    name: Mapped[str]
    unit: Mapped[str]
    """As they wrote it."""
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default=JoinState.ASKED)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))


class UnitGroup(Base):
    """Units that go together across the tree: 片区, 结对."""

    __tablename__ = "unit_group"

    name: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(
        ForeignKey("unit.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class BroadcastState(StrEnum):
    """Whether a broadcast stands."""

    SENT = "sent"
    """Handed to the outbox, which sends it when it is due."""
    RECALLED = "recalled"


class Broadcast(Base):
    """One text to many. Each reader is a notice with the subject ``broadcast:<id>``."""

    __tablename__ = "broadcast"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    text: Mapped[str]
    audience: Mapped[str]
    """As it was written: 全体, 二中、实验小学."""
    made_by: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    made_account: Mapped[str]
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default=BroadcastState.SENT)
    chased: Mapped[int] = mapped_column(default=0)
