"""Checkpoints: moving the write-ahead log into the database file without holding up a commit.

The bulk is copied by a thread on its own connection (PASSIVE, beside the writer).  Under a
steady load that alone never reaches the end of the log, so the writer copies the short rest
itself between two batches once the log has grown long; after that the log starts over.
"""

import threading

import apsw

from watchword_server.telemetry import get_logger

_log = get_logger("store")
BULK_PAGES = 4_000
"""The thread starts when the log has this many pages (16 MiB)."""
LONG_PAGES = 16_000
"""The writer copies the rest when the log has this many (64 MiB)."""


class Checkpointer:
    """Watches the log of one writer connection.

    Args:
        connection: its own connection to the file.
        writer: the writer's connection, whose commits it watches.
    """

    def __init__(self, connection: apsw.Connection, writer: apsw.Connection) -> None:
        self._connection = connection
        self._writer = writer
        self._pages = 0
        self._wake = threading.Event()
        self._is_copying = False
        self._closing = False
        self._thread: threading.Thread | None = None
        writer.set_wal_hook(self._committed)

    def _committed(self, _connection: apsw.Connection, _database: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def after_batch(self) -> None:
        """Called between two batches, in the thread that commits."""
        if self._pages < BULK_PAGES or self._is_copying:
            return
        if self._pages >= LONG_PAGES:
            _copy(self._writer)
            return
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="watchword-checkpoint", daemon=True
            )
            self._thread.start()
        self._is_copying = True
        self._wake.set()

    def close(self) -> None:
        """Stop the thread and close its connection."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()  # before the copying: `close` may set it meanwhile
            if self._closing:
                return
            _copy(self._connection)
            self._is_copying = False


def _copy(connection: apsw.Connection) -> None:
    """Copy what can be copied; what fails stays in the log and is tried again later."""
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    except apsw.Error as error:
        _log.warning("store.checkpoint_failed", error=type(error).__name__)
