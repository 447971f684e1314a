"""The worker: claims due work, hands it over, sleeps until woken, stops cleanly.

It is woken by the process's own sends at once and looks by itself at least every
`POLL_S`, so that work left by another process, or by one that was killed, is found.
"""

import asyncio
import contextvars
import itertools
from collections.abc import Coroutine, Sequence
from typing import Any

from watchword_server.domain.errors import StoreUnavailable
from watchword_server.ports.records import Job
from watchword_server.runtime import Runtime
from watchword_server.telemetry import get_logger

POLL_S = 0.25
SWEEP_S = 1.0
FORGET_EVERY = 30
_SWEEP_ROWS = 100
_TOGETHER = 64
_RETRY_S = 1.0
_log = get_logger("worker")


class Worker:
    """Runs on the server's event loop; `run` until `stop`.  It is the runtime's dispatch."""

    def __init__(self, runtime: Runtime) -> None:
        self._delivering = runtime.delivering
        self._idempotency = runtime.services.idempotency
        self._reporting = runtime.reporting
        self._clock = runtime.clock
        self._free = runtime.settings.worker_concurrency
        self._woken = asyncio.Event()
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()
        self._prompt: list[Job] = []
        runtime.dispatch.worker = self

    async def run(self) -> None:
        """Work until `stop`; then finish what was handed over and return."""
        sweeper = asyncio.create_task(self._sweep())
        while not self._stopping:
            try:
                if not await self._claim():
                    await self._sleep()
            except Exception:
                _log.exception("work.claim_failed")
                await asyncio.sleep(_RETRY_S)
        sweeper.cancel()
        while self._running:
            await asyncio.wait(self._running)

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping = True
        self._woken.set()

    def reserve(self) -> bool:
        """See `ports.Dispatch.reserve`."""
        if self._free <= 0 or self._stopping:
            return False
        self._free -= 1
        return True

    def release(self) -> None:
        """See `ports.Dispatch.release`."""
        if self._free <= 0:
            self._woken.set()  # whatever found no slot may have one now
        self._free += 1

    def start(self, job: Job) -> None:
        """See `ports.Dispatch.start`.

        Jobs for a prompt provider that one turn of the event loop brings go together: a task and
        a unit of the store for each would cost more than handing it over.
        """
        if not self._delivering.is_prompt(job):
            self._begin(self._hand_over((job,)))
            return
        if not self._prompt:
            self._begin(self._hand_over_prompt())
        self._prompt.append(job)

    def wake(self) -> None:
        """See `ports.Dispatch.wake`."""
        self._woken.set()

    async def _claim(self) -> int:
        """Claim what is due and start its hand-overs; how many there were."""
        self._woken.clear()
        reserved = -(-self._free // 2)  # the rest is for sends that begin meanwhile
        if reserved <= 0:
            return 0
        self._free -= reserved
        jobs: list[Job] = []
        try:
            jobs = await self._delivering.due(reserved)
        finally:
            self._free += reserved - len(jobs)
        for job in jobs:
            self.start(job)
        return len(jobs)

    async def _hand_over_prompt(self) -> None:
        jobs, self._prompt = self._prompt, []
        for first in range(_TOGETHER, len(jobs), _TOGETHER):
            self._begin(self._hand_over(jobs[first : first + _TOGETHER]))
        await self._hand_over(jobs[:_TOGETHER])

    def _begin(self, handing_over: Coroutine[Any, Any, None]) -> None:
        # Without the context of the request that happened to come first: its id is not theirs.
        loop = asyncio.get_running_loop()
        task = loop.create_task(handing_over, context=contextvars.Context())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _hand_over(self, jobs: Sequence[Job]) -> None:
        try:
            if await self._delivering.hand_over(*jobs):
                self._woken.set()
        except StoreUnavailable as error:
            # The claims' leases end by themselves; the deliveries are then taken as uncertain.
            named = [job.delivery.id.hex() for job in jobs]
            _log.warning("work.record_failed", deliveries=named, error=str(error))
        except Exception:
            _log.exception("work.failed", deliveries=[job.delivery.id.hex() for job in jobs])
        finally:
            for _ in jobs:
                self.release()

    async def _sleep(self) -> None:
        """Until woken, until the next due time, or for one poll."""
        if self._free <= 0:
            await self._woken.wait()
            return
        while not self._stopping:
            due = await self._delivering.next_due()
            if due is not None and due <= self._clock.now():
                return
            wait = POLL_S if due is None else min(POLL_S, (due - self._clock.now()) / 1000)
            try:
                async with asyncio.timeout(wait):
                    await self._woken.wait()
                return
            except TimeoutError:
                continue

    async def _sweep(self) -> None:
        """Expire what is overdue every second; now and then forget what is old."""
        for turn in itertools.count():
            await asyncio.sleep(SWEEP_S)
            try:
                while await self._delivering.expire(_SWEEP_ROWS):
                    pass
                if turn % FORGET_EVERY == 0:
                    while await self._delivering.forget(_SWEEP_ROWS):
                        pass
                    while await self._idempotency.forget(_SWEEP_ROWS):
                        pass
                    while await self._reporting.forget(_SWEEP_ROWS):
                        pass
            except Exception:
                _log.exception("sweep.failed")
