"""Reading records out of rows.

Every statement is read to its end: one that is left half-read keeps its snapshot open, and the
connection would go on seeing the past.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import apsw

from watchword_server.storage.queries import Query

R = TypeVar("R")
Row = tuple[Any, ...]


def one(cursor: apsw.Cursor, query: Query, values: Row, make: Callable[[Row], R]) -> R | None:
    """The record of the only row, or None."""
    rows = cursor.execute(query.sql, values).fetchall()
    return make(rows[0]) if rows else None


def first(cursor: apsw.Cursor, query: Query, values: Row) -> Row | None:
    """The only row, as it is, or None."""
    rows: list[Any] = cursor.execute(query.sql, values).fetchall()
    return rows[0] if rows else None


def many(cursor: apsw.Cursor, query: Query, values: Row, make: Callable[[Row], R]) -> Sequence[R]:
    """The records of all rows."""
    return [make(row) for row in cursor.execute(query.sql, values)]


def hit(cursor: apsw.Cursor, query: Query, values: Row) -> bool:
    """Whether the statement touched a row."""
    return count(cursor, query, values) > 0


def count(cursor: apsw.Cursor, query: Query, values: Row) -> int:
    """How many rows the statement touched.

    Asked from the connection, because RETURNING would fill a table of its own first, which costs
    more than the statement.
    """
    cursor.execute(query.sql, values)
    return cursor.connection.changes()
