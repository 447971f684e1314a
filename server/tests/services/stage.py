"""A sandbox at hand: callers with the public keys, and time to move."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from watchword_server.domain.project import Caller
from watchword_server.runtime import Runtime
from watchword_server.services.checking import Checked
from watchword_server.services.reading import InboxItem, Timeline
from watchword_server.services.sending import Accepted, Start
from watchword_server.testing import ManualClock, deliver_due, open_runtime

HERE, THERE = "192.0.2.1", "192.0.2.2"
DEMO = ("engagelab_sandbox_demo", "engagelab_sandbox_secret")
SECOND = 1_000


def header(dev_key: str, dev_secret: str) -> bytes:
    """An Authorization header."""
    return b"Basic " + base64.b64encode(f"{dev_key}:{dev_secret}".encode())


class Stage:
    """What a test does in the sandbox of one caller."""

    def __init__(self, runtime: Runtime, clock: ManualClock, caller: Caller) -> None:
        self.runtime = runtime
        self.services = runtime.services_of(caller)
        self.clock = clock
        self.caller = caller

    async def other(self, client_ip: str, pair: tuple[str, str] = DEMO) -> "Stage":
        """The stage of whoever calls from another address."""
        caller = await called(self.runtime, client_ip, pair)
        return Stage(self.runtime, self.clock, caller)

    async def send(self, to: str, **asked: Any) -> Accepted:
        """Send a code."""
        start = Start(**({"to": to, "template": "sandbox-otp-tpl"} | asked))
        return await self.services.sending.start(self.caller, start)

    async def custom(self, to: list[str], **asked: Any) -> Any:
        """Send a custom message to several."""
        start = Start(**({"to": "", "template": "sandbox-custom-tpl", "code": "482913"} | asked))
        return await self.services.sending.start_custom(self.caller, start, to)

    async def check(self, sent: Accepted, code: str) -> Checked:
        """Submit a code."""
        return await self.services.checking.check(self.caller, sent.verification.id, code, None)

    async def deliver(self, seconds: int = 0) -> None:
        """Be the worker, now and each second for so long."""
        await deliver_due(self.runtime)
        for _ in range(seconds):
            self.clock.advance(SECOND)
            await deliver_due(self.runtime)

    async def timeline(self, sent: Accepted) -> Timeline:
        """Everything about a verification."""
        return await self.services.reading.message(self.caller, sent.verification.id)

    async def inbox(self, to: str | None = None, limit: int = 100) -> list[InboxItem]:
        """What the sandbox sent."""
        return list(await self.services.reading.inbox(self.caller, to, None, limit))


async def called(runtime: Runtime, client_ip: str, pair: tuple[str, str] = DEMO) -> Caller:
    """Whoever calls with a pair of credentials."""
    return await runtime.services.directory.authenticate(header(*pair), client_ip)


@asynccontextmanager
async def staged(folder: Path, clock: ManualClock, **settings: Any) -> AsyncIterator[Stage]:
    """A stage on a file of its own."""
    async with open_runtime(folder, clock=clock, **settings) as runtime:
        yield Stage(runtime, clock, await called(runtime, HERE))
