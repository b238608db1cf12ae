"""INSERT … ON CONFLICT DO NOTHING, in the same words on both databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import CursorResult, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.instant import to_microseconds
from store.models import Base

T = TypeVar("T", bound=Base)


def insert_once(session: Session, row: type[Base], values: Mapping[str, object]) -> bool:
    """Insert unless a unique key is taken; False when it is."""
    result = session.execute(_insert(session, row).values(values).on_conflict_do_nothing())
    assert isinstance(result, CursorResult)  # noqa: S101
    return result.rowcount > 0


def insert_many_once(
    session: Session, row: type[Base], values: Sequence[Mapping[str, object]]
) -> None:
    """Insert those whose unique keys are free, with as few statements as there can be."""
    table = row.__table__
    assert isinstance(table, Table)  # noqa: S101
    if values:
        statement = _insert(session, table).on_conflict_do_nothing()
        session.execute(statement, [dict(one) for one in values])


def put(session: Session, row: type[Base], values: Mapping[str, object]) -> None:
    """Insert, or overwrite the row that has the same primary key."""
    table = row.__table__
    assert isinstance(table, Table)  # noqa: S101
    keys = [column.name for column in table.primary_key]
    statement = _insert(session, row).values(values)
    changes = {name: statement.excluded[name] for name in values if name not in keys}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes))


def _insert(session: Session, row: type[Base] | Table) -> sqlite.Insert | postgresql.Insert:
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(row)
    return sqlite.insert(row)


class HotInsert:
    """The same through the driver, for paths where every microsecond counts.

    Values come in the order of ``columns``; times become microseconds here, nothing else is
    converted.
    """

    def __init__(self, table: str, *columns: str) -> None:
        into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - our own names
        numbered = ", ".join(f"${n}" for n, _ in enumerate(columns, 1))
        marked = ", ".join("?" for _ in columns)
        self._postgresql = f"{into}({numbered}) ON CONFLICT DO NOTHING"
        self._sqlite = f"{into}({marked}) ON CONFLICT DO NOTHING"

    def run(self, session: Session, *values: str | int | datetime | None) -> bool:
        """False when a unique key was taken."""
        connection = session.connection()
        plain = tuple(
            to_microseconds(value) if isinstance(value, datetime) else value for value in values
        )
        is_postgresql = connection.dialect.name == "postgresql"
        statement = self._postgresql if is_postgresql else self._sqlite
        return connection.exec_driver_sql(statement, plain).rowcount > 0
