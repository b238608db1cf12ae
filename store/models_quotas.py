"""The table of what a platform allows in a calendar month."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base


class QuotaUse(Base):
    """How much of a channel's ``kind`` (``inbound``, ``calls``) was used in ``month``, 2026-11."""

    __tablename__ = "quota_use"

    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    used: Mapped[int] = mapped_column(default=0)
