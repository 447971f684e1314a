"""A database that already holds many ended verifications, made from one real pair.

Every row that the pair wrote is repeated with other ids, addresses and times, so that the copy
has the real one's sizes and order whatever the schema is.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import apsw

from bench.processes import Failed

_TIMES = {"created_at", "updated_at", "expires_at", "ended_at", "at"}
_SETTINGS = ("journal_mode = WAL", "synchronous = OFF", "cache_size = -262144")
_OWNERS = ("verification", "subject")
_AGE_MS = 600_000
_ROWS = 100  # more than one verification has; without a LIMIT the ORDER BY would be dropped
_ID = "unhex(printf('%012x7%03x8%015x', :first + n.i, n.i % 4096, n.i * 7919))"


def preload(database: Path, count: int) -> None:
    """Put `count` ended verifications, older than those that are there, into a stopped database.

    Each comes with its deliveries, events and inbox message.  They lie a millisecond apart.
    """
    connection = apsw.Connection(str(database))
    for pragma in _SETTINGS:
        connection.execute(f"PRAGMA {pragma}")
    pattern = connection.execute(
        "SELECT id, created_at FROM verifications WHERE status = 'approved' ORDER BY id LIMIT 1"
    ).fetchall()
    if not pattern:
        raise Failed("there is no pair to make the stored rows from")
    id, created_at = pattern[0]
    first = int(time.time() * 1000) - count - _AGE_MS
    values = {"count": count, "pattern": id, "first": first, "shift": first - created_at}
    with connection:
        for table, key in list(_tables(connection)):
            connection.execute(_insert(connection, table, key), values)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def count(database: Path) -> int:
    """How many ended verifications a database holds."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    rows = connection.execute("SELECT count(*) FROM verifications").fetchall()
    connection.close()
    return int(rows[0][0])


def _tables(connection: apsw.Connection) -> Iterator[tuple[str, str]]:
    """Every table that keeps rows of an ended verification, with the column of its id."""
    yield "verifications", "id"
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    for (name,) in names.fetchall():
        for column, _type, _key in _columns(connection, name):
            if column in _OWNERS:
                yield name, column
                break


def _columns(connection: apsw.Connection, table: str) -> list[tuple[str, str, int]]:
    """Name, type and place in the primary key (0: not in it) of every column."""
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return [(name, type, key) for _number, name, type, _not_null, _default, key in rows]


def _insert(connection: apsw.Connection, table: str, key: str) -> str:
    """Copies of the pattern's rows; those of one verification stay together, in order."""
    columns = _columns(connection, table)
    keys = [(name, type) for name, type, place in columns if place]
    given_by_sqlite = keys[0][0] if len(keys) == 1 and keys[0][1] == "INTEGER" else None
    values = {name: _value(name, key) for name, _, _ in columns if name != given_by_sqlite}
    of_one = f"SELECT * FROM {table} WHERE {key} = :pattern ORDER BY {keys[-1][0]} LIMIT {_ROWS}"
    return (
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count) "
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} "
        f"FROM n CROSS JOIN ({of_one}) pattern"
    )


def _value(column: str, key: str) -> str:
    if column in (key, "id", "verification"):
        return _ID
    if column == "address":
        return "randomblob(length(pattern.address))"
    if column in _TIMES:
        return f"pattern.{column} + :shift + n.i"
    return f"pattern.{column}"
