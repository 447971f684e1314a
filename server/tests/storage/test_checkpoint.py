"""Checkpoints beside the writer end when the store does, whenever that is."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from watchword_server.storage.checkpoint import BULK_PAGES, Checkpointer

PATIENCE_S = 30.0


class Connection:
    """One whose checkpoint takes until it is let go."""

    def __init__(self) -> None:
        self.copying, self.go = threading.Event(), threading.Event()
        self.closed = False
        self.committed: Callable[..., int]

    def set_wal_hook(self, hook: Callable[..., int]) -> None:
        self.committed = hook

    def wal_checkpoint(self, mode: int) -> None:
        self.copying.set()
        assert self.go.wait(PATIENCE_S)

    def close(self) -> None:
        self.closed = True


class Wake(threading.Event):
    """Tells when it was set for the second time: by `close`, after the copying was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.times, self.twice = 0, threading.Event()

    def set(self) -> None:
        super().set()
        self.times += 1
        if self.times == 2:
            self.twice.set()


def closes_while_it_copies(made_by: type[Checkpointer], patience_s: float) -> None:
    connection = Connection()
    checkpointer: Any = made_by(connection, connection)  # type: ignore[arg-type]
    checkpointer._wake = wake = Wake()
    connection.committed(connection, "main", BULK_PAGES)
    checkpointer.after_batch()
    assert connection.copying.wait(PATIENCE_S)
    closing = threading.Thread(target=checkpointer.close, daemon=True)
    closing.start()
    assert wake.twice.wait(PATIENCE_S)
    connection.go.set()
    closing.join(patience_s)
    ended = connection.closed
    checkpointer._wake.set()  # so that a broken one ends, too
    closing.join(PATIENCE_S)
    assert ended


def test_a_store_closes_while_its_log_is_copied() -> None:
    closes_while_it_copies(Checkpointer, PATIENCE_S)


def test_a_store_closes_while_its_log_is_copied_mutant_is_caught() -> None:
    class Forgetful(Checkpointer):
        def _run(self) -> None:
            while True:
                self._wake.wait()
                if self._closing:
                    return
                self._connection.wal_checkpoint(mode=0)
                self._wake.clear()

    with pytest.raises(AssertionError):
        closes_while_it_copies(Forgetful, 0.5)


def test_a_copy_is_begun_again_when_the_log_has_grown_again() -> None:
    connection = Connection()
    connection.go.set()
    checkpointer = Checkpointer(connection, connection)  # type: ignore[arg-type]
    for _ in range(3):
        connection.committed(connection, "main", BULK_PAGES)
        checkpointer.after_batch()
        assert connection.copying.wait(PATIENCE_S)
        connection.copying.clear()
        while checkpointer._is_copying:
            pass
    checkpointer.close()
    assert connection.closed
