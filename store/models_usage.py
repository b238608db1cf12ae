"""The table of what a language model was used for."""

from __future__ import annotations

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base


class ModelUsage(Base):
    """Tokens of one calendar day on one payer's account: ``all``, ``unit:17``, ``wecom:zhangsan``.

    ``reserved_tokens`` belong to calls that are under way, or that a crash has cut off.
    """

    __tablename__ = "model_usage"

    day: Mapped[date] = mapped_column(primary_key=True)
    payer: Mapped[str] = mapped_column(String(255), primary_key=True)
    calls: Mapped[int] = mapped_column(default=0)
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)
    reserved_tokens: Mapped[int] = mapped_column(default=0)
