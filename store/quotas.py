"""What was used this calendar month of what a platform allows in one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from store.inserting import insert_once
from store.models_quotas import QuotaUse

INBOUND = "inbound"
"""Messages and events that the platform delivered to us."""
CALLS = "calls"
"""Calls of ours to its API."""


def month_of(day: date) -> str:
    """As it is counted: 2026-11. ``day`` is the platform's local day."""
    return f"{day:%Y-%m}"


def count(session: Session, channel: str, kind: str, month: str, n: int = 1) -> None:
    """Add ``n`` to what the month comes to."""
    insert_once(session, QuotaUse, {"channel": channel, "kind": kind, "month": month, "used": 0})
    session.execute(
        update(QuotaUse)
        .where(QuotaUse.channel == channel, QuotaUse.kind == kind, QuotaUse.month == month)
        .values(used=QuotaUse.used + n)
    )


def used(session: Session, channel: str, month: str) -> Mapping[str, int]:
    """What the month comes to so far, by kind."""
    query = select(QuotaUse.kind, QuotaUse.used).where(
        QuotaUse.channel == channel, QuotaUse.month == month
    )
    return {kind: number for kind, number in session.execute(query)}  # noqa: C416 rows, to mypy


def forget(session: Session, before: str) -> None:
    """Drop the months before ``before``."""
    session.execute(delete(QuotaUse).where(QuotaUse.month < before))
