"""The one writer of a SQLite file: it groups the commits of concurrent requests.

Units of work queue up; a batch is one transaction; one COMMIT (one fsync) makes all of it
durable, and only then is anybody answered.  A commit that fails fails the whole batch.

A unit that fails undoes itself and nobody else.  Nearly every unit that fails does so before it
has changed anything (an unknown id, a cool-down), and then there is nothing to undo.  If one did
change something, or a postponed row of one cannot be written, the batch is rolled back and run
once more, carefully: with a savepoint around every unit.  So a unit may run twice and must have
no effect outside its transaction.

The writer does not run by itself: something steps it.  `WriterThread` does in production; a
test or a simulation calls `step` inline.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import apsw

from watchword_server.domain.errors import StoreUnavailable
from watchword_server.storage.transaction import Rows

BATCH_UNITS = 128
BATCH_SECONDS = 0.008
"""A batch is cut here, so that neither the lock nor the first unit's answer waits long."""
GATHER_SECONDS = 0.002
"""How long units are gathered while every turn of the event loop brings more."""

Unit = Callable[[Rows], Any]
Deliver = Callable[[list["Settled"]], None]


def _is_the_files(error: Exception) -> bool:
    """Whether the file is in trouble, and not the unit."""
    return isinstance(error, apsw.FullError | apsw.IOError | apsw.CorruptError | apsw.NotADBError)


class Settled:
    """A unit with its outcome: a result, or the exception to raise to its caller."""

    __slots__ = ("error", "key", "result", "unit")

    def __init__(self, unit: Unit, key: Any) -> None:
        self.unit = unit
        self.key = key
        self.result: Any = None
        self.error: BaseException | None = None


class Writer:
    """Runs units in batches on one connection.

    Args:
        connection: its own connection to the file.
        deliver: called once per batch, after its commit, with every unit and its outcome.
        after_batch: called inside each batch with the rows, for facts that go with it.
    """

    def __init__(
        self, connection: apsw.Connection, deliver: Deliver, after_batch: Unit | None = None
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._rows = Rows(self._cursor)
        self._deliver = deliver
        self._after_batch = after_batch
        self._waiting: deque[Settled] = deque()
        self.commits = 0
        self.units = 0

    def put(self, unit: Unit, key: Any) -> None:
        """Queue a unit; `key` comes back with its outcome."""
        self._waiting.append(Settled(unit, key))

    def __len__(self) -> int:
        return len(self._waiting)

    def step(self) -> int:
        """Run one batch and deliver its outcomes; how many units it had (0: nothing waits)."""
        if not self._waiting:
            return 0
        batch: list[Settled] = []
        try:
            self._begin()
            try:
                self._take(batch)
                self._rows.deferred.flush()
            except Exception as error:
                if _is_the_files(error):
                    raise
                self._cursor.execute("ROLLBACK")
                self._begin()
                for settled in batch:
                    self._run_carefully(settled)
            if self._after_batch is not None:
                self._after_batch(self._rows)
            self._cursor.execute("COMMIT")
            self.commits += 1
        except apsw.Error as error:
            self._fail(batch, error)
        self.units += len(batch)
        self._deliver(batch)
        return len(batch)

    def _begin(self) -> None:
        self._rows.deferred.cut(0)
        self._cursor.execute("BEGIN IMMEDIATE")

    def _take(self, batch: list[Settled]) -> None:
        """Run waiting units into the batch until it is full or its time is over."""
        until = time.perf_counter() + BATCH_SECONDS
        rows, waiting, changes = self._rows, self._waiting, self._connection.total_changes
        deferred = rows.deferred
        while waiting and len(batch) < BATCH_UNITS:
            settled = waiting.popleft()
            batch.append(settled)
            mark, before = deferred.mark(), changes()
            try:
                settled.result = settled.unit(rows)
            except Exception as error:  # its caller's, whatever it is
                if _is_the_files(error) or changes() != before:
                    raise
                deferred.cut(mark)
                settled.error = error
            if time.perf_counter() > until:
                break

    def _run_carefully(self, settled: Settled) -> None:
        """Run one unit inside a savepoint."""
        deferred = self._rows.deferred
        settled.result = settled.error = None
        deferred.flush()
        self._cursor.execute("SAVEPOINT unit")
        try:
            settled.result = settled.unit(self._rows)
            deferred.flush()
        except Exception as error:  # its caller's, whatever it is
            if _is_the_files(error):
                raise
            settled.error = error
            deferred.cut(0)
            self._cursor.execute("ROLLBACK TO unit")
        self._cursor.execute("RELEASE unit")

    def _fail(self, batch: list[Settled], error: apsw.Error) -> None:
        """Nothing of the batch happened: say so to everyone in it."""
        while not batch and self._waiting:  # BEGIN itself failed
            batch.extend(self._waiting.popleft() for _ in range(min(len(self), BATCH_UNITS)))
        self._rows.deferred.cut(0)
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK")
        for settled in batch:
            settled.result = None
            settled.error = StoreUnavailable(f"the commit failed: {type(error).__name__}")


class WriterThread:
    """Steps a writer in a thread of its own until it is closed and nothing waits.

    It wakes the thread once a turn of the event loop brings no further unit: requests that
    arrived together are written together, and a lone one does not wait.
    """

    def __init__(self, writer: Writer, loop: asyncio.AbstractEventLoop) -> None:
        self._writer = writer
        self._loop = loop
        self._wake = threading.Event()
        self._gathering = False
        self._gathered = 0
        self._gather_until = 0.0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="watchword-writer", daemon=True)
        self._thread.start()

    def put(self, unit: Unit, key: Any) -> None:
        """Queue a unit, from the event loop's own thread."""
        self._writer.put(unit, key)
        if not self._gathering:
            self._gathering = True
            self._gathered = len(self._writer)
            self._gather_until = time.perf_counter() + GATHER_SECONDS
            self._loop.call_soon(self._turned)

    def _turned(self) -> None:
        """After a turn of the loop: go on gathering, or wake the thread."""
        waiting = len(self._writer)
        more = self._gathered < waiting < BATCH_UNITS
        if more and time.perf_counter() < self._gather_until:
            self._gathered = waiting
            self._loop.call_soon(self._turned)
        else:
            self._gathering = False
            self._wake.set()

    def close(self) -> None:
        """Finish what waits and stop; blocks until done."""
        self._closing = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._writer.step():
                pass
            if self._closing and not len(self._writer):
                return
