"""Wishes to join the roster."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.models_running import JoinRequest, JoinState


def ask(
    session: Session,
    *,
    channel: str,
    platform: str,
    account: str,
    name: str,
    unit: str,
    now: datetime,
) -> tuple[JoinRequest, bool]:
    """The open wish of this account, with its newest words; and whether it is a new one."""
    row = session.scalars(
        select(JoinRequest)
        .where(
            JoinRequest.platform == platform,
            JoinRequest.account == account,
            JoinRequest.state == JoinState.ASKED,
        )
        .with_for_update()
    ).first()
    is_new = row is None
    if row is None:
        row = JoinRequest(channel=channel, platform=platform, account=account)
        session.add(row)
    is_changed = (row.name, row.unit) != (name, unit)
    row.channel, row.name, row.unit, row.asked_at = channel, name, unit, now
    row.state = JoinState.ASKED
    session.flush()
    return row, is_new or is_changed


def get(session: Session, request_id: int) -> JoinRequest | None:
    """One wish, held until the transaction ends."""
    return session.get(JoinRequest, request_id, with_for_update=True)


def open_requests(session: Session) -> Sequence[JoinRequest]:
    """Those that wait, oldest first."""
    return session.scalars(
        select(JoinRequest).where(JoinRequest.state == JoinState.ASKED).order_by(JoinRequest.id)
    ).all()
