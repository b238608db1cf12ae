"""Tables of signing in on the pages: one-time links, and the sessions they open."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base


class SignInLink(Base):
    """An address that opens one session for one person, once; kept as a digest."""

    __tablename__ = "sign_in_link"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    account: Mapped[str]
    member_id: Mapped[int | None] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), index=True
    )
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PageSession(Base):
    """A browser in which somebody is signed in; what the browser holds is kept as a digest."""

    __tablename__ = "page_session"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    account: Mapped[str]
    member_id: Mapped[int | None] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), index=True
    )
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    until: Mapped[datetime]
