"""The dispatcher of webhooks: claims what is due, posts it, records what came of it.

Records of attempts, new deliveries and claims share a transaction, so that a busy dispatcher
costs few commits.  It looks for itself every `POLL_S`; nobody has to wake it.
"""

import asyncio
import itertools
import math
from collections.abc import Iterable

from watchword_server.domain.traffic import SLOW_S, Key, Traffic
from watchword_server.runtime import Runtime
from watchword_server.services.webhooks import Job, Result
from watchword_server.telemetry import get_logger

POLL_S = 0.25
DRAIN_S = 5.0
GATHER_S = 0.002
FORGET_S = 30.0
_SWEEP_ROWS = 100
_RETRY_S = 1.0
_log = get_logger("notifier")


class Notifier:
    """Runs on the server's event loop; `run` until `stop`."""

    def __init__(self, runtime: Runtime) -> None:
        self._notifying = runtime.notifying
        self._clock = runtime.clock
        settings = runtime.settings
        self.traffic = Traffic(settings.webhook_posts, settings.webhook_endpoint_posts)
        self._results: list[Result] = []
        self._wanting: set[Key] = set()
        self._has_events = False
        self._woken = asyncio.Event()
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until `stop`; then wait a little for posts under way, and record them."""
        sweeper = asyncio.create_task(self._sweep())
        while not self._stopping:
            try:
                await self._look()
                while await self._turn():
                    pass
                await self._sleep()
            except Exception:
                _log.exception("webhooks.turn_failed")
                await asyncio.sleep(_RETRY_S)
        sweeper.cancel()
        await self._drain()

    def stop(self) -> None:
        """Post nothing more."""
        self._stopping = True
        self._woken.set()

    async def _look(self) -> None:
        """Find out what there is to do."""
        agenda = await self._notifying.agenda()
        now = self._clock.now()
        self._has_events = agenda.has_events
        self._wanting.update(key for key, due in agenda.due if due <= now)
        later = min((due for _, due in agenda.due if due > now), default=math.inf)
        self._rest_s = min(POLL_S, (later - now) / 1000)

    async def _turn(self) -> bool:
        """Record, give out and claim in one transaction; whether there may be more to do."""
        self._woken.clear()
        results, self._results = self._results, []
        wanting = {} if self._stopping else self.traffic.shares(self._wanting)
        if not results and not wanting and not self._has_events:
            return False
        offered: dict[Key, int] = {}

        def shares(keys: Iterable[Key]) -> dict[Key, int]:
            offered.clear()
            offered.update({} if self._stopping else self.traffic.shares(keys))
            return offered

        try:
            turn = await self._notifying.turn(
                results, wanting, shares, fan_out=self._has_events and not self._stopping
            )
        except Exception:
            self._results = results + self._results
            raise
        self._has_events = turn.has_events
        claimed: dict[Key, int] = dict.fromkeys(offered, 0)
        for job in turn.jobs:
            claimed[job.key] += 1
            self._start(job)
        # Who took all that was offered may have more due; who did not has nothing more now.
        self._wanting.difference_update(k for k, count in claimed.items() if count < offered[k])
        self._wanting.update(k for k, count in claimed.items() if count >= offered[k])
        if self._running:
            await asyncio.sleep(GATHER_S)  # answers that come together are recorded together
        return bool(turn.jobs or self._results or turn.has_events)

    def _start(self, job: Job) -> None:
        self.traffic.begun(job.key)
        task = asyncio.create_task(self._post(job))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _post(self, job: Job) -> None:
        parked = False

        def park() -> None:
            nonlocal parked
            parked = True
            self.traffic.park(job.key)
            self._woken.set()

        timer = asyncio.get_running_loop().call_later(SLOW_S, park)
        succeeded = False
        try:
            result = await self._notifying.post(job)
            succeeded = result.succeeded
            self._results.append(result)
        finally:
            timer.cancel()
            self.traffic.ended(job.key, was_parked=parked, succeeded=succeeded)
            self._woken.set()

    async def _sleep(self) -> None:
        """Until something ends or is due, or for one poll."""
        try:
            async with asyncio.timeout(self._rest_s):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _drain(self) -> None:
        """Wait a little for what is under way, and record it; the rest is sent again later."""
        if self._running:
            await asyncio.wait(self._running, timeout=DRAIN_S)
        left = list(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        try:
            await self._turn()
        except Exception:
            _log.exception("webhooks.record_failed", attempts=len(self._results))

    async def _sweep(self) -> None:
        """Now and then forget what is old."""
        for _ in itertools.count():
            await asyncio.sleep(FORGET_S)
            self.traffic.forget_idle()
            try:
                while await self._notifying.forget(_SWEEP_ROWS):
                    pass
            except Exception:
                _log.exception("sweep.failed")
