"""INSERT … ON CONFLICT DO NOTHING, in the same words on both databases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
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


Plain = str | int | bytes | date | datetime | Mapping[str, object] | Sequence[str] | None


class HotStatement:
    """One statement through the driver, for paths where every microsecond counts.

    Written with ``?``. Times become microseconds, days and what is kept as JSON their text; nothing
    else is converted, and no object of the session learns of it.
    """

    def __init__(self, sql: str) -> None:
        pieces = sql.split("?")
        self._sqlite = sql
        self._postgresql = "".join(
            f"{piece}${n}" for n, piece in enumerate(pieces[:-1], 1)
        ) + pieces[-1]  # fmt: skip

    def run(self, session: Session, *values: Plain) -> CursorResult[tuple[object, ...]]:
        session.flush()
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            plain = tuple(_plain(value) for value in values)
            return connection.exec_driver_sql(self._postgresql, plain)
        plain = tuple(
            value.isoformat() if type(value) is date else _plain(value) for value in values
        )
        return connection.exec_driver_sql(self._sqlite, plain)


class HotInsert:
    """INSERT … ON CONFLICT DO NOTHING in the same way; values in the order of ``columns``."""

    def __init__(self, table: str, *columns: str) -> None:
        marks = ", ".join("?" for _ in columns)
        names = ", ".join(columns)
        insert = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - our own names
        self._plain = HotStatement(insert)
        self._returning = HotStatement(f"{insert} RETURNING id")

    def run(self, session: Session, *values: Plain) -> bool:
        """False when a unique key was taken."""
        return self._plain.run(session, *values).rowcount > 0

    def new_id(self, session: Session, *values: Plain) -> int | None:
        """The id of the new row; None when a unique key was taken."""
        found = self._returning.run(session, *values).scalar()
        assert found is None or isinstance(found, int)  # noqa: S101
        return found


def _plain(value: Plain) -> str | int | bytes | date | None:
    if isinstance(value, datetime):
        return to_microseconds(value)
    if value is None or isinstance(value, str | int | bytes | date):
        return value
    return json.dumps(value if isinstance(value, Mapping) else list(value))
