"""Numbered migrations: `migrations/NNNN_pre|post_what.sql`, each run once, in order.

`pre` runs before the new code is deployed, `post` after; an embedded server runs both when it
starts.  The file's own `user_version` says how far it has come.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import apsw
import msgspec

from watchword_server.domain.errors import Misconfigured

_FILE = re.compile(r"(\d{4})_(pre|post)_(\w+)\.sql")


class Migration(msgspec.Struct, frozen=True):
    """One step of the schema."""

    number: int
    part: str
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """All migrations that this version knows, in order."""
    found = []
    for file in files(__package__).joinpath("migrations").iterdir():
        if match := _FILE.fullmatch(file.name):
            sql = file.read_text("utf-8")
            found.append(Migration(int(match[1]), match[2], match[3], sql))
    return tuple(sorted(found, key=lambda migration: migration.number))


def version(connection: apsw.Connection) -> int:
    """The number of the last migration that was run on this file."""
    row: tuple[Any, ...] = connection.execute("PRAGMA user_version").fetchall()[0]
    return int(row[0])


def run(connection: apsw.Connection) -> Iterator[Migration]:
    """Run what is missing, each in a transaction of its own, yielding each that was run.

    Raises:
        Misconfigured: the file was written by a newer version of Watchword.
    """
    known = migrations()
    newest = known[-1].number
    if version(connection) > newest:
        raise Misconfigured(
            f"The database is at schema {version(connection)}, this version of Watchword knows "
            f"{newest}. Start the newer version again, or restore a backup made by this one."
        )
    for migration in known:
        if _run_one(connection, migration):
            yield migration


def _run_one(connection: apsw.Connection, migration: Migration) -> bool:
    """Run it unless another process did; an error leaves the file as it was."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        missing = version(connection) < migration.number
        if missing:
            connection.execute(migration.sql)
            connection.execute(f"PRAGMA user_version = {migration.number}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return missing
