"""The SQLite store as its own tests reach it: the file, its tables, a writer stepped by hand."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import apsw

from watchword_server.storage import migrate
from watchword_server.storage.connection import connect
from watchword_server.storage.store import SqliteStore
from watchword_server.storage.writer import Settled, Writer

FILE = "watchword.db"


@asynccontextmanager
async def opened(folder: Path, now: Callable[[], int]) -> AsyncIterator[SqliteStore]:
    """The store on `folder`'s file, closed at the end."""
    store = SqliteStore(folder / FILE, "off", now)
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def connected(folder: Path) -> Iterator[apsw.Connection]:
    """A connection of the test's own."""
    connection = connect(folder / FILE, "off")
    try:
        yield connection
    finally:
        connection.close()


def tables(connection: apsw.Connection) -> list[str]:
    """The names of the file's tables."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [row[0] for row in connection.execute(query)]


def owned_tables(connection: apsw.Connection) -> list[str]:
    """The tables whose rows belong to a project."""
    found = []
    for table in tables(connection):
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        if "project" in columns:
            found.append(table)
    return found


def rows(connection: apsw.Connection, table: str) -> list[tuple[Any, ...]]:
    """Every row of a table."""
    return list(connection.execute(f"SELECT * FROM {table}"))


class SteppedWriter:
    """A writer on an empty migrated file; `settled` is what it has answered, batch by batch."""

    def __init__(
        self, folder: Path, kind: type[Writer] = Writer, on_settled: Callable[[], None] = bool
    ) -> None:
        self.connection = connect(folder / FILE, "off")
        list(migrate.run(self.connection))
        self.settled: list[list[Settled]] = []
        self._on_settled = on_settled
        self.writer = kind(self.connection, self._deliver)

    def _deliver(self, batch: list[Settled]) -> None:
        self.settled.append(batch)
        self._on_settled()

    def run(self, *units: Any) -> list[Settled]:
        """Queue the units, step until nothing waits; their outcomes in order."""
        before = len(self.settled)
        for number, unit in enumerate(units):
            self.writer.put(unit, number)
        while self.writer.step():
            pass
        return [settled for batch in self.settled[before:] for settled in batch]

    def __enter__(self) -> "SteppedWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
