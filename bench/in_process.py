"""The store-only floor: the same pairs, the same rows, the same worker, but no HTTP.

Run as a process of its own on the server's core; prints JSON.
"""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from watchword_server.cli.hosting import run
from watchword_server.domain.project import Caller
from watchword_server.runtime import Runtime
from watchword_server.services.sending import Start
from watchword_server.settings import Settings
from watchword_server.worker import Worker

TASKS = 64
DEPTH = 16 * TASKS
BIG = (1_000_000_000, 60)
LIMITS = ("key", "project", "client", "range", "recipient")
CODE = "482913"
_POLL_S = 0.01
_POLLS = 1_000


class Pairs:
    """What the tasks have done so far."""

    def __init__(self, runtime: Runtime, caller: Caller, numbers: Iterator[str]) -> None:
        self.approved = 0
        self._runtime = runtime
        self._caller = caller
        self._numbers = numbers
        self._waiting: deque[bytes] = deque()

    async def run(self, seconds: float) -> None:
        """TASKS tasks for that long; afterwards everything is handed over and checked."""
        until = time.perf_counter() + seconds
        await asyncio.gather(*(self._pairs(until) for _ in range(TASKS)))
        for _ in range(_POLLS):
            if await self._runtime.delivering.next_due() is None:
                break
            await asyncio.sleep(_POLL_S)
        await asyncio.gather(*map(self._check, self._waiting))
        self._waiting.clear()

    async def _pairs(self, until: float) -> None:
        services, waiting = self._runtime.services, self._waiting
        while time.perf_counter() < until:
            asked = Start(to=next(self._numbers), template="otp-sms", code=CODE)
            accepted = await services.sending.start(self._caller, asked)
            waiting.append(accepted.verification.id)
            if len(waiting) > DEPTH:
                await self._check(waiting.popleft())

    async def _check(self, verification: bytes) -> None:
        checking = self._runtime.services.checking
        checked = await checking.check(self._caller, verification, CODE, None)
        self.approved += checked.verified


async def measure(
    database: Path, numbers: list[str], warm_up: float, seconds: float
) -> dict[str, float]:
    """Drive the services for that long, after a warm-up."""
    runtime = await Runtime.open(Settings(database_url=f"sqlite:///{database}"))
    worker = Worker(runtime)
    working = asyncio.create_task(worker.run())
    caller = await runtime.operator()
    limits = dict.fromkeys(LIMITS, BIG)
    await runtime.services.projects.update(caller.project, None, None, limits)
    caller = await runtime.operator()  # a caller carries its project's limits
    pairs = Pairs(runtime, caller, iter(numbers))
    await pairs.run(warm_up)
    before, commits = pairs.approved, runtime.store.commits
    began, cpu = time.perf_counter(), time.process_time()
    await pairs.run(seconds)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    commits = runtime.store.commits - commits
    worker.stop()
    await working
    await runtime.close()
    made = pairs.approved - before
    return {"pairs": made, "warm_up": before, "seconds": took, "cpu": cpu, "commits": commits}


if __name__ == "__main__":
    database, numbers, warm_up, seconds = sys.argv[1:]
    addresses = Path(numbers).read_text().split()
    print(json.dumps(run(measure(Path(database), addresses, float(warm_up), float(seconds)))))
