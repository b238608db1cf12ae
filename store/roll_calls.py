"""Roll calls: who is expected, and how each of them stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import CursorResult, func, insert, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from store.inserting import HotStatement, insert_once
from store.models import Member
from store.models_records import CheckIn, RollCall, RollCallMember
from store.waking import wake

TOPIC = "roll_calls"
COUNTS = "roll_call_counts"
_MOVE = HotStatement(
    "UPDATE roll_call_member SET standing = ?, record_id = ?"
    " WHERE roll_call_id = ? AND member_id = ? AND standing = ?"
)


def open_once(
    session: Session, values: Mapping[str, object], members: Sequence[Member]
) -> RollCall | None:
    """Open a roll call and freeze its roster; None when its ``key`` opened one before."""
    if not insert_once(session, RollCall, values):
        return None
    opened = session.scalars(select(RollCall).where(RollCall.key == values["key"])).one()
    if members:
        session.execute(
            insert(RollCallMember),
            [{"roll_call_id": opened.id, "member_id": one.id, "name": one.name} for one in members],
        )
    wake(session, TOPIC)
    return opened


def by_key(session: Session, key: str) -> RollCall | None:
    """The roll call that a message opened."""
    return session.scalars(select(RollCall).where(RollCall.key == key)).one_or_none()


def get(session: Session, roll_call_id: int) -> RollCall | None:
    """One roll call."""
    return session.get(RollCall, roll_call_id)


def open_for(
    session: Session, member_id: int, now: datetime
) -> Sequence[tuple[RollCall, RollCallMember]]:
    """Open ones that expect a member, with their line; the one that closes first at the front."""
    rows = session.execute(
        select(RollCall, RollCallMember)
        .join(RollCallMember, RollCallMember.roll_call_id == RollCall.id)
        .where(
            RollCallMember.member_id == member_id,
            RollCall.closed_at.is_(None),
            RollCall.closes_at > now,
        )
        .order_by(RollCall.closes_at, RollCall.id)
    )
    return [(row[0], row[1]) for row in rows]


def open_with_code(session: Session, now: datetime) -> Sequence[RollCall]:
    """Open ones that ask for the code of the place."""
    return session.scalars(
        select(RollCall).where(
            RollCall.secret.is_not(None), RollCall.closed_at.is_(None), RollCall.closes_at > now
        )
    ).all()


def lately_open(session: Session, since: datetime) -> Sequence[RollCall]:
    """Open ones, and those that closed after ``since``."""
    return session.scalars(
        select(RollCall)
        .where(or_(RollCall.closed_at.is_(None), RollCall.closed_at > since))
        .order_by(RollCall.id)
    ).all()


def latest_for(session: Session, member_id: int, since: datetime) -> RollCall | None:
    """The one that expected a member and closed last, if that was after ``since``."""
    return session.scalars(
        select(RollCall)
        .join(RollCallMember, RollCallMember.roll_call_id == RollCall.id)
        .where(RollCallMember.member_id == member_id, RollCall.closes_at >= since)
        .order_by(RollCall.closes_at.desc(), RollCall.id.desc())
        .limit(1)
    ).first()


def open_in(session: Session, channel: str, conversation: str, now: datetime) -> Sequence[RollCall]:
    """Open ones that were opened in a conversation, the latest first."""
    return session.scalars(
        select(RollCall)
        .where(
            RollCall.channel == channel,
            RollCall.conversation == conversation,
            RollCall.closed_at.is_(None),
            RollCall.closes_at > now,
        )
        .order_by(RollCall.id.desc())
    ).all()


def latest_of(session: Session, units: Collection[int] | None, limit: int) -> Sequence[RollCall]:
    """The newest of these units, or of all."""
    query = select(RollCall).order_by(RollCall.id.desc()).limit(limit)
    if units is not None:
        query = query.where(RollCall.unit_id.in_(units))
    return session.scalars(query).all()


def expected(session: Session, roll_call_id: int, member_id: int) -> RollCallMember | None:
    """A member's line on the roster, or None for somebody who is not on it."""
    return session.get(RollCallMember, (roll_call_id, member_id))


def move(
    session: Session,
    line: RollCallMember,
    standing: CheckIn,
    record_id: int,
) -> bool:
    """Change a standing, once: False when somebody else changed it since ``line`` was read."""
    wake(session, COUNTS)
    now = (standing.value, record_id, line.roll_call_id, line.member_id, line.standing)
    if not _MOVE.run(session, *now).rowcount:
        return False
    set_committed_value(line, "standing", standing.value)
    set_committed_value(line, "record_id", record_id)
    return True


def roster(
    session: Session, roll_call_id: int, standing: CheckIn | None = None
) -> Sequence[RollCallMember]:
    """Everybody who is expected, or those of one standing."""
    query = select(RollCallMember).where(RollCallMember.roll_call_id == roll_call_id)
    if standing is not None:
        query = query.where(RollCallMember.standing == standing)
    return session.scalars(query.order_by(RollCallMember.member_id)).all()


def counts(session: Session, roll_call_id: int) -> Mapping[CheckIn, int]:
    """How many are how; those that nobody is are left out."""
    rows = session.execute(
        select(RollCallMember.standing, func.count())
        .where(RollCallMember.roll_call_id == roll_call_id)
        .group_by(RollCallMember.standing)
    )
    return {CheckIn(standing): number for standing, number in rows}


def nudged(session: Session, roll_call_id: int, member_ids: Collection[int], now: datetime) -> None:
    """Remember who was reminded."""
    session.execute(
        update(RollCallMember)
        .where(
            RollCallMember.roll_call_id == roll_call_id, RollCallMember.member_id.in_(member_ids)
        )
        .values(nudged_at=now)
    )


def close(session: Session, roll_call_id: int, now: datetime) -> bool:
    """Once; False when it was closed before."""
    closed = session.execute(
        update(RollCall)
        .where(RollCall.id == roll_call_id, RollCall.closed_at.is_(None))
        .values(closed_at=now)
    )
    assert isinstance(closed, CursorResult)  # noqa: S101
    wake(session, COUNTS)
    return closed.rowcount > 0


def due_to_close(session: Session, now: datetime) -> Sequence[RollCall]:
    """Whose time is over and that nobody has closed."""
    return session.scalars(
        select(RollCall)
        .where(RollCall.closed_at.is_(None), RollCall.closes_at <= now)
        .order_by(RollCall.closes_at)
    ).all()


def next_closing(session: Session) -> datetime | None:
    """When the next one closes by itself."""
    return session.scalar(select(func.min(RollCall.closes_at)).where(RollCall.closed_at.is_(None)))
