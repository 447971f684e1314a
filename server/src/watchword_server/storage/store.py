"""The embedded store: one SQLite file behind `ports.Store`.

Writes go to the one writer; reads have a connection and a thread of their own and see the last
commit.  Checkpoints run on a third connection: the bulk beside the writer (PASSIVE), so that a
commit never waits for it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from watchword_server.domain.errors import Misconfigured, StoreUnavailable
from watchword_server.ports.store import Transaction
from watchword_server.storage import migrate
from watchword_server.storage.checkpoint import Checkpointer
from watchword_server.storage.connection import connect
from watchword_server.storage.group import GroupCommit
from watchword_server.storage.queries import load
from watchword_server.storage.transaction import Rows
from watchword_server.storage.writer import Settled, Writer

T = TypeVar("T")
_Q = load("projects.sql")
HIGH_WATER = "clock_high_water"


class SqliteStore:
    """`ports.Store` on one SQLite file.

    Args:
        path: the file; made with its schema if it is not there.
        synchronous: `full`; `off` only in tests, where a crash of the machine cannot happen.
        now: the server's clock (ms), whose high-water mark is kept with every batch.
    """

    def __init__(self, path: Path, synchronous: str, now: Callable[[], int]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = connect(path, synchronous)
            self.migrated = tuple(migrate.run(connection))
        except (apsw.Error, OSError) as error:
            raise Misconfigured(
                f"The database {path} cannot be opened ({error}). Check WATCHWORD_DATABASE_URL: "
                "its folder must exist and be writable."
            ) from error
        self.path = path
        self._now = now
        self._connection = connection
        self.committed: Callable[[], None] | None = None
        self._writer = Writer(connection, self._settled, self._mark_time)
        self._checkpointer = Checkpointer(connect(path, synchronous), connection)
        self._group: GroupCommit | None = None
        self._closed = False
        self._reader = connect(path, synchronous)
        self._reader.execute("PRAGMA query_only = ON")
        self._reader_rows = Rows(self._reader.cursor())
        self._read_pool = ThreadPoolExecutor(1, "watchword-reader")

    @property
    def commits(self) -> int:
        """Batches committed so far."""
        return self._writer.commits

    def fact(self, name: str) -> str | None:
        """A fact about the deployment, kept in the file."""
        rows = self._connection.execute(_Q["get_fact"].sql, (name,)).fetchall()
        return str(rows[0][0]) if rows else None

    def put_fact(self, name: str, value: str) -> None:
        """Keep a fact about the deployment; call it before the store is in use."""
        self._connection.execute(_Q["put_fact"].sql, (name, value))

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        """See `ports.Store.write`."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        loop = asyncio.get_running_loop()
        if self._group is None:
            self._group = GroupCommit(self._writer, loop, self._checkpointer.after_batch)
        future: asyncio.Future[T] = loop.create_future()
        self._group.put(unit, future)
        return await future

    async def read(self, query: Callable[[Transaction], T]) -> T:
        """See `ports.Store.read`."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_pool, self._read, query)

    def _read(self, query: Callable[[Transaction], T]) -> T:
        try:
            self._reader.execute("BEGIN")  # one snapshot for all of the query's statements
            try:
                return query(self._reader_rows)
            finally:
                self._reader.execute("ROLLBACK")  # there is nothing to commit, so it cannot fail
        except apsw.Error as error:
            raise StoreUnavailable(f"the read failed: {type(error).__name__}") from error

    async def close(self) -> None:
        """Commit what waits, stop the threads, close the file."""
        self._closed = True
        if self._group is not None:
            await self._group.close()
        self._read_pool.shutdown()
        self._checkpointer.close()
        self._reader.close()
        self._connection.close()

    def _settled(self, batch: list[Settled]) -> None:
        _resolve(batch)
        if self.committed is not None:
            self.committed()

    def _mark_time(self, rows: Rows) -> None:
        self._connection.execute(_Q["put_fact"].sql, (HIGH_WATER, str(self._now())))


def _resolve(batch: list[Settled]) -> None:
    for settled in batch:
        future = settled.key
        if future.done():  # its caller went away; what was committed stays
            continue
        if settled.error is None:
            future.set_result(settled.result)
        else:
            future.set_exception(settled.error)
