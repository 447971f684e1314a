"""Stepping the writer from an event loop: the units on the loop, the commits beside it.

A statement takes microseconds, and running it in another thread would cost a change of threads
and of the interpreter's lock each time.  What takes long is the fsync of a commit, and the wait
for another process that holds the file: these happen in a thread, and the loop goes on.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from watchword_server.storage.writer import BATCH_UNITS, Unit, Writer
from watchword_server.telemetry import get_logger

GATHER_SECONDS = 0.002
"""How long units are gathered while every turn of the event loop brings more."""

_log = get_logger("store")
Step = Callable[[], object]


class GroupCommit:
    """Runs a writer for one event loop until it is closed.

    A batch begins once a turn of the loop brings no further unit: requests that arrived together
    are written together, and a lone one does not wait.

    Args:
        after_commit: called in the thread after each commit.
    """

    def __init__(self, writer: Writer, loop: asyncio.AbstractEventLoop, after_commit: Step) -> None:
        self._writer = writer
        self._loop = loop
        self._after_commit = after_commit
        self._busy = False
        self._gathered = 0
        self._gather_until = 0.0
        self._idle = asyncio.Event()
        self._idle.set()
        self._steps: queue.SimpleQueue[tuple[Step, Step] | None] = queue.SimpleQueue()
        self._committer = threading.Thread(target=self._serve, name="watchword-commit", daemon=True)
        self._committer.start()

    def put(self, unit: Unit, key: Any) -> None:
        """Queue a unit, from the event loop's own thread."""
        self._writer.put(unit, key)
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._gather()

    async def close(self) -> None:
        """Finish what waits and stop."""
        await self._idle.wait()
        self._steps.put(None)
        await self._loop.run_in_executor(None, self._committer.join)

    def _gather(self) -> None:
        self._gathered = len(self._writer)
        self._gather_until = time.perf_counter() + GATHER_SECONDS
        self._loop.call_soon(self._turned)

    def _turned(self) -> None:
        """After a turn of the loop: go on gathering, or run the batch."""
        waiting = len(self._writer)
        more = self._gathered < waiting < BATCH_UNITS
        if more and time.perf_counter() < self._gather_until:
            self._gathered = waiting
            self._loop.call_soon(self._turned)
        elif self._writer.begin(wait=False):
            self._begun()
        else:
            self._beside(lambda: self._writer.begin(wait=True), self._begun)

    def _begun(self) -> None:
        self._writer.run()
        self._beside(self._commit, self._committed)

    def _commit(self) -> None:
        self._writer.commit()
        self._after_commit()

    def _committed(self) -> None:
        self._writer.finish()
        if len(self._writer):
            self._gather()
        else:
            self._busy = False
            self._idle.set()

    def _beside(self, step: Step, then: Step) -> None:
        """Run `step` in the thread, then `then` on the loop."""
        self._steps.put((step, then))

    def _serve(self) -> None:
        while (job := self._steps.get()) is not None:
            step, then = job
            try:
                step()
            except Exception:
                _log.exception("store.step_failed")
            if self._loop.is_closed():
                return
            self._loop.call_soon_threadsafe(then)
