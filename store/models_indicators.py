"""Tables of indicator trees: what is scored, for whom, in which time, and what raters gave."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base


class IndicatorTree(Base):
    """A tree that was imported from a sheet, by the name that its nodes carry."""

    __tablename__ = "indicator_tree"

    name: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    """Units right below it are scored."""
    first_day: Mapped[date]
    last_day: Mapped[date]
    """The time whose records are counted; both days included."""
    file: Mapped[str] = mapped_column(ForeignKey("blob.hash"))
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    imported_at: Mapped[datetime]
