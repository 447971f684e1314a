"""Opening a SQLite file the way this product needs it."""

from pathlib import Path

import apsw

BUSY_TIMEOUT_MS = 10_000
_PAGE_CACHE_KIB = 65_536
_STATEMENTS_CACHED = 256

_FLAGS = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
"""NOMUTEX: a connection belongs to one thread at a time, so SQLite need not lock it."""

SYNCHRONOUS = {"full": "FULL", "off": "OFF"}


def connect(path: Path, synchronous: str) -> apsw.Connection:
    """A connection in WAL mode; `synchronous` is `full`, or `off` in tests.

    FULL makes the WAL durable at every commit.  Foreign keys are not used: a row's parent is in
    its key.  secure_delete overwrites what a delete frees, so a wiped secret is gone.
    """
    connection = apsw.Connection(str(path), _FLAGS, statementcachesize=_STATEMENTS_CACHED)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    for pragma in (
        "journal_mode = WAL",
        f"synchronous = {SYNCHRONOUS[synchronous]}",
        "wal_autocheckpoint = 0",
        f"cache_size = -{_PAGE_CACHE_KIB}",
        "secure_delete = FAST",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection
