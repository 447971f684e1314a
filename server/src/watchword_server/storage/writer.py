"""The one writer of a SQLite file: it groups the commits of concurrent requests.

Units of work queue up; a batch is one transaction; one COMMIT (one fsync) makes all of it
durable, and only then is anybody answered.  A commit that fails fails the whole batch.

A unit that fails undoes itself and nobody else.  Nearly every unit that fails does so before it
has changed anything (an unknown id, a cool-down), and then there is nothing to undo.  If one did
change something, or a postponed row of one cannot be written, the batch is rolled back and run
once more, carefully: with a savepoint around every unit.  So a unit may run twice and must have
no effect outside its transaction.

The writer does not run by itself: something steps it.  `group.GroupCommit` does in a server; a
test or a simulation calls `step`.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import apsw

from watchword_server.domain.errors import StoreUnavailable
from watchword_server.storage.connection import BUSY_TIMEOUT_MS
from watchword_server.storage.transaction import Rows
from watchword_server.telemetry import get_logger

_log = get_logger("store")
BATCH_UNITS = 128
BATCH_SECONDS = 0.008
"""A batch is cut here, so that neither the lock nor the first unit's answer waits long."""

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
        self._batch: list[Settled] = []
        self._failed = False
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
        self.begin(wait=True)
        self.run()
        self.commit()
        return self.finish()

    def begin(self, *, wait: bool) -> bool:
        """Open a batch.

        Another process may hold the file: then this waits for it, or without `wait` returns
        False at once and nothing is open.
        """
        self._connection.set_busy_timeout(BUSY_TIMEOUT_MS if wait else 0)
        try:
            self._begin()
        except apsw.Error as error:
            if isinstance(error, apsw.BusyError) and not wait:
                return False
            self._fail(error)
        return True

    def run(self) -> None:
        """Run waiting units in the open batch."""
        if self._failed:
            return
        try:
            try:
                self._take(self._batch)
                self._flush()
            except Exception as error:
                if _is_the_files(error):
                    raise
                self._cursor.execute("ROLLBACK")
                self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
                self._begin()
                for settled in self._batch:
                    self._run_carefully(settled)
            if self._after_batch is not None:
                self._after_batch(self._rows)
        except Exception as error:
            self._fail(error)

    def commit(self) -> None:
        """Make the batch durable; may be called from another thread than the rest."""
        if self._failed:
            return
        try:
            self._cursor.execute("COMMIT")
            self.commits += 1
        except Exception as error:
            self._fail(error)

    def finish(self) -> int:
        """Deliver the outcomes of the batch; how many units it had."""
        batch, self._batch, self._failed = self._batch, [], False
        self.units += len(batch)
        self._deliver(batch)
        return len(batch)

    def _begin(self) -> None:
        self._roll_back()  # nothing is open, unless an earlier roll-back failed
        self._rows.deferred.clear()
        self._cursor.execute("BEGIN IMMEDIATE")

    def _take(self, batch: list[Settled]) -> None:
        """Run waiting units into the batch until it is full or its time is over."""
        until = time.perf_counter() + BATCH_SECONDS
        rows, waiting = self._rows, self._waiting
        deferred = rows.deferred
        while waiting and len(batch) < BATCH_UNITS:
            settled = waiting.popleft()
            batch.append(settled)
            before = deferred.mark()
            try:
                settled.result = settled.unit(rows)
            except Exception as error:  # its caller's, whatever it is
                if _is_the_files(error) or deferred.changes() != before:
                    raise
                deferred.cut()
                settled.error = error
            self._still_open()
            if time.perf_counter() > until:
                break

    def _flush(self) -> None:
        self._rows.deferred.flush()
        self._still_open()

    def _still_open(self) -> None:
        """A full disk ends a transaction by itself; what came after would commit at once."""
        if not self._connection.in_transaction:
            raise apsw.FullError("the transaction was rolled back by SQLite")

    def _run_carefully(self, settled: Settled) -> None:
        """Run one unit inside a savepoint."""
        deferred = self._rows.deferred
        settled.result = settled.error = None
        deferred.flush()
        self._cursor.execute("SAVEPOINT unit")
        try:
            settled.result = settled.unit(self._rows)
            self._flush()
        except Exception as error:  # its caller's, whatever it is
            if _is_the_files(error):
                raise
            settled.error = error
            deferred.clear()
            self._cursor.execute("ROLLBACK TO unit")
        self._cursor.execute("RELEASE unit")

    def _fail(self, error: Exception) -> None:
        """Nothing of the batch happened: say so to everyone in it."""
        self._failed = True
        if not self._batch:  # it could not even begin
            count = min(len(self), BATCH_UNITS)
            self._batch = [self._waiting.popleft() for _ in range(count)]
        for settled in self._batch:
            settled.result = None
            settled.error = StoreUnavailable(f"the commit failed: {type(error).__name__}")
            settled.error.__cause__ = error
        self._rows.deferred.clear()
        self._roll_back()

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")
        except Exception:
            _log.exception("store.rollback_failed")
