"""The table of what stands in people's to-do lists on a platform."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base


class Todo(Base):
    """One occurrence in one member's list. ``source`` is our name for it on the platform.

    ``remote_id`` is None until the platform is known to have it; ``shown`` is the digest of what
    it shows, empty once it is closed.
    """

    __tablename__ = "todo"

    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    occurrence_id: Mapped[int]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    owner: Mapped[str]
    """The member as the platform's to-do lists know them."""
    remote_id: Mapped[str | None]
    shown: Mapped[str] = mapped_column(String(64), default="")
    is_open: Mapped[bool] = mapped_column(default=True)
    begun_at: Mapped[datetime]
