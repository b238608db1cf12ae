"""Every row of one database into another of the same schema, whatever engine either is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from store.models import Base

_ROWS_AT_ONCE = 500
_BYTES_AT_ONCE = 8
"""Rows that hold files: few, for each may be as large as an upload."""

_Row = Mapping[str, object]


def copy_rows(source: Connection, target: Connection) -> dict[str, int]:
    """Fill ``target``, whose tables are empty, inside its transaction; rows by table."""
    return {table.name: _copy(table, source, target) for table in _tables()}


def counted(connection: Connection) -> dict[str, int]:
    """Rows by table."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in _tables()
    }


def empty(connection: Connection) -> None:
    """Delete every row, inside the transaction."""
    for table in reversed(_tables()):
        own = _own_references(table)
        if own:
            connection.execute(update(table).values({column.name: None for column in own}))
        connection.execute(delete(table))


def _tables() -> Sequence[Table]:
    return Base.metadata.sorted_tables


def _copy(table: Table, source: Connection, target: Connection) -> int:
    """References within the table are set when all of its rows are there."""
    own = _own_references(table)
    late: list[_Row] = []
    count = 0
    for rows in _batches(table, source):
        count += len(rows)
        if own:
            late += [row for row in rows if any(row[one.name] is not None for one in own)]
            rows = [{**row, **{one.name: None for one in own}} for row in rows]
        target.execute(insert(table), [_storable(row, target) for row in rows])
    if late:
        keys = list(table.primary_key.columns)
        found = and_(*(column == bindparam(f"key_{column.name}") for column in keys))
        values: dict[str, object] = {one.name: bindparam(f"to_{one.name}") for one in own}
        named = [
            {f"key_{one.name}": row[one.name] for one in keys}
            | {f"to_{one.name}": row[one.name] for one in own}
            for row in late
        ]
        target.execute(update(table).where(found).values(values), named)
    if count and target.dialect.name == "postgresql":
        _count_on(table, target)
    return count


def _batches(table: Table, source: Connection) -> Iterator[Sequence[_Row]]:
    has_files = any(isinstance(column.type, LargeBinary) for column in table.columns)
    size = _BYTES_AT_ONCE if has_files else _ROWS_AT_ONCE
    everything = select(table).order_by(*table.primary_key.columns)
    found = source.execute(everything, execution_options={"yield_per": size})
    rows = iter(found.mappings())
    while some := [dict(row) for row in islice(rows, size)]:
        yield some


def _own_references(table: Table) -> list[Column[object]]:
    return [
        column
        for column in table.columns
        if any(key.column.table is table for key in column.foreign_keys)
    ]


def _storable(row: _Row, target: Connection) -> _Row:
    """PostgreSQL keeps no NUL in text."""
    if target.dialect.name != "postgresql":
        return row
    return {
        name: value.replace("\0", "") if isinstance(value, str) else value
        for name, value in row.items()
    }


def _count_on(table: Table, target: Connection) -> None:
    """New numbers follow the highest that was brought along."""
    for column in table.primary_key.columns:
        if not isinstance(column.type, Integer):
            continue
        named = {"table": table.name, "column": column.name}
        sequence = target.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"), named
        ).scalar()
        if sequence is not None:
            highest = target.execute(select(func.max(column))).scalar_one()
            target.execute(
                text("SELECT setval(CAST(:sequence AS regclass), :highest)"),
                {"sequence": sequence, "highest": highest},
            )
