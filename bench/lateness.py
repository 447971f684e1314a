"""How late a fallback is: many verifications wait for a report that never comes.

They are sent evenly by SMS, each waits a minute, then it falls back to a call: so many a second
that, once the first minute is over, as many wait at any time as are to wait.  They go on being
sent for half a minute while the first fall back.  The lateness of a fallback is the time from its
deadline to the moment in which the voice carrier is handed the message.  Services and worker are
those of a server, on a file with durable commits and on the real clock; there is no HTTP, and the
carriers answer at once.  A witness, a process that does nothing but wake up every few
milliseconds, tells how long the machine itself stood still meanwhile.

Run as a process of its own; prints JSON.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import apsw

from watchword_server.cli.hosting import run
from watchword_server.domain.delivery import Message, Receipt
from watchword_server.domain.project import Caller, Mode
from watchword_server.domain.routing import DEFAULT_WAIT_S
from watchword_server.ports.providers import Provider
from watchword_server.runtime import Runtime
from watchword_server.services.sending import Start
from watchword_server.settings import Settings
from watchword_server.worker import Worker

WAITING = 10_000
WAIT_S = DEFAULT_WAIT_S
_MORE = 1.5
"""Sends, for each that is to wait: as many again as fall back in half a wait."""
_BIG = (1_000_000_000, 60)
_LIMITS = ("key", "project", "client", "range", "recipient")
_TICK_S = 0.02
_PATIENCE_S = 60


_WITNESS = """
import select, sys, time
worst, last = 0.0, time.monotonic()
while not select.select([sys.stdin], [], [], 0.005)[0]:
    now = time.monotonic()
    worst, last = max(worst, now - last), now
print(1000 * worst)
"""


class Silent(Provider):
    """Takes every SMS and never reports."""

    name, channels, reports = "sms", frozenset({"sms"}), True

    async def send(self, message: Message) -> Receipt:
        """See `ports.Provider.send`."""
        return Receipt(reference=message.id)


class Calls(Provider):
    """Takes every call and notes when."""

    name, channels = "voice", frozenset({"voice"})

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self._news = asyncio.Condition()

    async def send(self, message: Message) -> Receipt:
        """See `ports.Provider.send`."""
        self.at[message.to] = time.time() * 1000
        async with self._news:
            self._news.notify_all()
        return Receipt(reference=message.id)

    async def until(self, count: int) -> None:
        """Wait until so many were called."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.at) >= count)


class Load:
    """Sends evenly; counts how many wait at once."""

    def __init__(self, runtime: Runtime, caller: Caller, calls: Calls) -> None:
        self.waiting = 0
        self.made: dict[bytes, str] = {}
        self._sending, self._caller = runtime.services.sending, caller
        self._calls = calls

    async def run(self, numbers: list[str], per_second: float) -> None:
        """Send to all of them."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for sent, to in enumerate(numbers):
                while sent > (time.perf_counter() - began) * per_second:
                    self.waiting = max(self.waiting, len(self.made) - len(self._calls.at))
                    await asyncio.sleep(_TICK_S)
                group.create_task(self._send(to))

    async def _send(self, to: str) -> None:
        asked = Start(to=to, template="otp-any", route="sms|voice")
        accepted = await self._sending.start(self._caller, asked)
        self.made[accepted.verification.id] = to


async def measure(database: Path, numbers: list[str], waiting: int) -> dict[str, float]:
    """Have so many wait at any time, and see when each falls back."""
    calls = Calls()
    settings = Settings(database_url=f"sqlite:///{database}")
    runtime = await Runtime.open(settings, outside=(Silent(), calls))
    project = await runtime.services.projects.create("bench", Mode.LIVE)
    await runtime.services.projects.update(project.id, None, None, dict.fromkeys(_LIMITS, _BIG))
    load = Load(runtime, await runtime.operator("bench"), calls)
    worker = Worker(runtime)
    working = asyncio.create_task(worker.run())
    witness = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WITNESS, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    cpu = time.process_time()
    await load.run(numbers, waiting / WAIT_S)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WAIT_S + _PATIENCE_S):
            await calls.until(len(numbers))
    cpu = time.process_time() - cpu
    stalled, _ = await witness.communicate(b"stop")
    worker.stop()
    await working
    await runtime.close()
    deadlines = _deadlines(database, load.made)
    late = sorted(calls.at[to] - deadline for to, deadline in deadlines.items() if to in calls.at)
    return {
        "sent": len(numbers), "waiting": load.waiting, "fell_back": len(late),
        "earliest_ms": late[0], "p50_ms": late[len(late) // 2],
        "p99_ms": late[len(late) * 99 // 100], "p100_ms": late[-1],
        "stalled_ms": float(stalled), "cpu_us": 1e6 * cpu / len(numbers),
    }  # fmt: skip


def _deadlines(database: Path, made: dict[bytes, str]) -> dict[str, int]:
    """When the wait of each was over: a minute after its SMS was recorded as sent."""
    sent = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY).execute(
        "SELECT subject, min(at) FROM events WHERE type = 'delivery.sent' GROUP BY subject"
    )
    return {made[subject]: at + WAIT_S * 1000 for subject, at in sent if subject in made}


if __name__ == "__main__":
    database, addresses, waiting = sys.argv[1:]
    numbers = Path(addresses).read_text().split()[: int(int(waiting) * _MORE)]
    print(json.dumps(run(measure(Path(database), numbers, int(waiting)))))
