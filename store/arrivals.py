"""Many messages into the inbox with one statement, for when they come faster than commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from store.inbox import TOPIC
from store.instant import to_microseconds
from store.models import InboxState
from store.waking import wake

_INTO = (
    "INSERT INTO inbox (channel, message_id, turn, body, state, accepted_at, attempts,"
    " sent_at, number) VALUES {}"
    " ON CONFLICT DO NOTHING RETURNING channel, message_id"
)
_COLUMNS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message on its way into the inbox."""

    channel: str
    message_id: str
    turn: str
    body: str
    sent_at: datetime
    number: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.channel, self.message_id


def accept_all(
    session: Session, arrivals: Sequence[Arrival], now: datetime
) -> Collection[tuple[str, str]]:
    """Store each once; the keys of those that were not there."""
    connection = session.connection()
    is_postgresql = connection.dialect.name == "postgresql"
    rows = (_marks(n, is_postgresql=is_postgresql) for n in range(len(arrivals)))
    at, state = to_microseconds(now), InboxState.ACCEPTED.value
    values = tuple(
        value
        for one in arrivals
        for value in (
            *(one.channel, one.message_id, one.turn, one.body, state, at, 0),
            *(to_microseconds(one.sent_at), one.number),
        )
    )
    inserted = connection.exec_driver_sql(_INTO.format(", ".join(rows)), values)
    keys = {(channel, message_id) for channel, message_id in inserted}
    if keys:
        wake(session, TOPIC)
    return keys


def _marks(row: int, *, is_postgresql: bool) -> str:
    if not is_postgresql:
        return f"({', '.join('?' * _COLUMNS)})"
    first = row * _COLUMNS + 1
    return f"({', '.join(f'${n}' for n in range(first, first + _COLUMNS))})"
