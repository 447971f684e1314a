"""The one writer of a SQLite file: it groups the commits of concurrent requests.

Units of work queue up; a batch is one transaction with a savepoint per unit, so that a unit
that fails undoes itself and nobody else; one COMMIT (one fsync) makes the whole batch durable,
and only then is anybody answered.  A commit that fails fails the whole batch.

The writer does not run by itself: something steps it.  `WriterThread` does in production; a
test or a simulation calls `step` inline.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import apsw

from watchword_server.domain.errors import StoreUnavailable
from watchword_server.storage.transaction import Rows

BATCH_UNITS = 64
BATCH_SECONDS = 0.002

Unit = Callable[[Rows], Any]
Deliver = Callable[[list["Settled"]], None]


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
            self._cursor.execute("BEGIN IMMEDIATE")
            self._run(batch)
            if self._after_batch is not None:
                self._after_batch(self._rows)
            self._cursor.execute("COMMIT")
        except apsw.Error as error:
            self._fail(batch, error)
        self.commits += 1
        self.units += len(batch)
        self._deliver(batch)
        return len(batch)

    def _run(self, batch: list[Settled]) -> None:
        until = time.perf_counter() + BATCH_SECONDS
        execute = self._cursor.execute
        while self._waiting and len(batch) < BATCH_UNITS:
            settled = self._waiting.popleft()
            batch.append(settled)
            execute("SAVEPOINT unit")
            try:
                settled.result = settled.unit(self._rows)
            except Exception as error:  # its caller's, whatever it is
                if isinstance(error, (apsw.FullError, apsw.IOError, apsw.CorruptError)):
                    raise  # the file is in trouble, not the unit
                settled.error = error
                execute("ROLLBACK TO unit")
            execute("RELEASE unit")
            if time.perf_counter() > until:
                break

    def _fail(self, batch: list[Settled], error: apsw.Error) -> None:
        """Nothing of the batch happened: say so to everyone in it."""
        while not batch and self._waiting:  # BEGIN itself failed
            batch.extend(self._waiting.popleft() for _ in range(min(len(self), BATCH_UNITS)))
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK")
        for settled in batch:
            settled.result = None
            settled.error = StoreUnavailable(f"the commit failed: {type(error).__name__}")


class WriterThread:
    """Steps a writer in a thread of its own until it is closed and nothing waits."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="watchword-writer", daemon=True)
        self._thread.start()

    def put(self, unit: Unit, key: Any) -> None:
        """Queue a unit and wake the thread."""
        self._writer.put(unit, key)
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
