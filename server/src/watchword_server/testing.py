"""The test kit: a server in a temporary directory, with time, chance and carriers in your hand.

    async with open_runtime(tmp_path, clock=clock, outside=(carrier,)) as runtime:
        ...
        await deliver_due(runtime)
        assert carrier.messages[-1].to == "+14155552671"

Only what lies outside is replaced: providers, entropy and the clock.  The database is a real
SQLite file whose commits are not forced to the disk.
"""

import hashlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.delivery import Message, Receipt
from watchword_server.ports.outside import Clock, Entropy, Poster
from watchword_server.ports.providers import Provider
from watchword_server.runtime import Runtime
from watchword_server.services.webhooks import Result
from watchword_server.settings import Settings

START = 1_800_000_000_000
"""Where a manual clock starts: ms since 1970."""

CHANNELS = frozenset(channel.value for channel in Channel if channel not in CODELESS)

Act = Receipt | Exception | Callable[[Message], Awaitable[Receipt]]
"""What a fake provider does with one message: take it, refuse it, or ask a function."""


class ManualClock:
    """`ports.Clock` that stands still until it is moved."""

    def __init__(self, start: int = START) -> None:
        self._now = start

    def now(self) -> int:
        """See `ports.Clock.now`."""
        return self._now

    def advance(self, ms: int) -> None:
        """Move forward by `ms`; it never runs back."""
        if ms < 0:
            raise ValueError("a clock never runs back")
        self._now += ms


class SeededEntropy:
    """`ports.Entropy` that repeats itself: the same seed gives the same bytes.  Never secret."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed.to_bytes(8, "big")
        self._next = itertools.count().__next__  # atomic: threads share it

    def __call__(self, n: int) -> bytes:
        """The next `n` bytes."""
        return hashlib.shake_256(self._seed + self._next().to_bytes(8, "big")).digest(n)


class FakeProvider(Provider):
    """`ports.Provider` that plays a script and remembers what it was handed.

    Args:
        script: what it does with its messages, one after the other; then each is taken.
        name: its name among the provider accounts.
        channels: what it can carry.
        reports: whether it claims to tell later what became of a message.
        local: whether its messages stay on this machine, readable in the inbox.
        prompt: whether it says that it answers without waiting.
    """

    def __init__(
        self, *script: Act, name: str = "fake", channels: Iterable[str] = CHANNELS,
        reports: bool = False, local: bool = False, prompt: bool = False,
    ) -> None:  # fmt: skip
        self.script = list(script)
        self.name = name
        self.channels = frozenset(channels)
        self.reports = reports
        self.local = local
        self.prompt = prompt
        self.messages: list[Message] = []

    async def send(self, message: Message) -> Receipt:
        """See `ports.Provider.send`."""
        self.messages.append(message)
        act = self.script.pop(0) if self.script else Receipt(reference=message.id)
        if isinstance(act, Exception):
            raise act
        return act if isinstance(act, Receipt) else await act(message)

    async def aclose(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def open_runtime(
    folder: Path, *, clock: Clock | None = None, entropy: Entropy | None = None,
    outside: tuple[Provider, ...] = (), inbox: Provider | None = None,
    poster: Poster | None = None, **settings: Any,
) -> AsyncIterator[Runtime]:  # fmt: skip
    """A runtime on `folder`/watchword.db, closed at the end; opened again it finds its data.

    `outside` are the providers of live projects, `inbox` that of the others (by default the real
    one), `poster` what webhooks go through; `settings` are those of `Settings`.
    """
    values: dict[str, Any] = {
        "database_url": f"sqlite:///{folder / 'watchword.db'}",
        "sqlite_synchronous": "off",
    }
    runtime = await Runtime.open(
        Settings(**(values | settings)), clock=clock or ManualClock(),
        entropy=entropy or SeededEntropy(), outside=outside, inbox=inbox, poster=poster,
    )  # fmt: skip
    try:
        yield runtime
    finally:
        await runtime.close()


async def deliver_due(runtime: Runtime, limit: int = 64) -> int:
    """Be the worker until nothing is due at the clock's instant; how many were handed over."""
    handed_over = 0
    while True:
        due = await runtime.delivering.next_due()
        if due is None or due > runtime.clock.now():
            return handed_over
        for job in await runtime.delivering.due(limit):
            await runtime.delivering.hand_over(job)
            handed_over += 1


async def post_due(runtime: Runtime, limit: int = 64) -> int:
    """Be the dispatcher of webhooks until nothing is due at the clock's instant; how many posts."""
    posted = 0
    results: list[Result] = []
    while True:
        agenda, now = await runtime.notifying.agenda(), runtime.clock.now()
        due = [key for key, at in agenda.due if at <= now]
        if not (due or results or agenda.has_events):
            return posted
        turn = await runtime.notifying.turn(
            results, due, lambda keys: dict.fromkeys(keys, limit), fan_out=agenda.has_events
        )
        results = [await runtime.notifying.post(job) for job in turn.jobs]
        posted += len(results)
