"""Windows in which forms are handed in, and what is known of a form beside its answers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base, _Id


class FormWindow(Base):
    """Opened by somebody, closed by hand or by its time; never opened again.

    ``closed_at`` is set once, by whoever is first; what is handed in later finds it closed.
    """

    __tablename__ = "form_window"
    __table_args__ = (
        Index("ix_form_window_open", "closes_at", sqlite_where=text("closed_at IS NULL"),
              postgresql_where=text("closed_at IS NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """The message that opened it, so that a repeat opens nothing."""
    type: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    """Those of this unit and below it are asked; None: everybody."""
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    opened_account: Mapped[str] = mapped_column(default="")
    channel: Mapped[str] = mapped_column(String(32))
    conversation: Mapped[str]


class FormCase(Base):
    """Of one entry of a form: who has to deal with it, until when, and its window."""

    __tablename__ = "form_case"

    record_id: Mapped[int] = mapped_column(
        _Id, ForeignKey("record.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    due_on: Mapped[date | None]
    window_id: Mapped[int | None] = mapped_column(ForeignKey("form_window.id"), index=True)
