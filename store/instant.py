"""Points in time: aware and UTC in Python, microseconds since 1970 in both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, TypeDecorator, text
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

Clock = Callable[[], datetime]

CLOCK = "clock"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DATABASE_NOW = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)")


def to_microseconds(moment: datetime) -> int:
    """Exact, unlike ``timestamp()``."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The inverse of ``to_microseconds``."""
    return _EPOCH + timedelta(microseconds=microseconds)


def now(session: Session) -> datetime:
    """What time it is for what this session decides.

    On PostgreSQL the database's clock, so that replicas agree; on SQLite this machine's; and the
    clock given to ``Store.open`` where there is one.
    """
    clock: Clock | None = session.info.get(CLOCK)
    if clock is not None:
        return clock()
    if session.get_bind().dialect.name == "postgresql":
        return from_microseconds(session.execute(_DATABASE_NOW).scalar_one())
    return datetime.now(UTC)


class Instant(TypeDecorator[datetime]):
    """An aware time, kept as an integer that both databases compare alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_microseconds(value)
