"""A runtime at hand: one live project, a carrier for SMS and one for voice, and time to move."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from watchword_server.domain.errors import ErrorKind, Problem
from watchword_server.domain.project import Caller, Mode
from watchword_server.domain.verification import Status
from watchword_server.ledger import decode_route, encode_route
from watchword_server.runtime import Runtime
from watchword_server.services.checking import Checked
from watchword_server.services.reading import Timeline
from watchword_server.services.sending import Accepted, Start
from watchword_server.testing import FakeProvider, ManualClock, deliver_due, open_runtime

PHONE = "+14155552671"
SECOND = 1_000
DAY = 86_400 * SECOND
GENEROUS = dict.fromkeys(("key", "project", "client", "range", "recipient"), (1_000_000, 60))
LOCKOUT_FAILURES = 15


class Desk:
    """What a test does, in the words of the product."""

    def __init__(
        self, runtime: Runtime, clock: ManualClock, caller: Caller,
        sms: FakeProvider, voice: FakeProvider, mail: FakeProvider,
    ) -> None:  # fmt: skip
        self.runtime = runtime
        self.services = runtime.services
        self.clock = clock
        self.caller = caller
        self.sms = sms
        self.voice = voice
        self.mail = mail

    async def start(self, to: str = PHONE, **asked: Any) -> bytes:
        """Start a verification; its id."""
        return (await self.accept(to, **asked)).verification.id

    async def accept(self, to: str = PHONE, **asked: Any) -> Accepted:
        """Start a verification."""
        start = Start(**({"to": to, "template": "otp-sms"} | asked))
        return await self.services.sending.start(self.caller, start)

    async def fall_back(self, **asked: Any) -> bytes:
        """Start one that is sent by SMS, then by voice."""
        return await self.start(template="otp-any", route="sms|voice", **asked)

    async def resend(self, verification: bytes, channel: str | None = None) -> Accepted:
        """Send the same code once more."""
        return await self.services.sending.resend(self.caller, verification, channel)

    async def cancel(self, verification: bytes) -> None:
        """End it."""
        await self.services.sending.cancel(self.caller, verification)

    async def check(self, verification: bytes, code: str, **more: Any) -> Checked:
        """Submit a code."""
        binding = more.get("binding")
        return await self.services.checking.check(self.caller, verification, code, binding)

    async def fail(self, verification: bytes, times: int = 1) -> Checked:
        """Submit wrong codes; what the last one was answered with."""
        for _ in range(times):
            checked = await self.check(verification, "000000x")
        return checked

    async def deliver(self) -> int:
        """Be the worker until nothing is due."""
        return await deliver_due(self.runtime)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(int(seconds * SECOND))

    @property
    def code(self) -> str:
        """The code of the last SMS."""
        return self.sms.messages[-1].code

    async def timeline(self, verification: bytes) -> Timeline:
        """Everything about a verification."""
        return await self.services.reading.message(self.caller, verification)

    async def status(self, verification: bytes) -> Status:
        """Where it stands."""
        return (await self.timeline(verification)).verification.status

    async def deliveries(self, verification: bytes) -> list[str]:
        """Its deliveries in order, as `channel status`, marked where they may be duplicates."""
        return [
            f"{one.channel} {one.status}{' maybe_duplicate' if one.maybe_duplicate else ''}"
            for one in (await self.timeline(verification)).deliveries
        ]

    async def events(self, verification: bytes) -> list[str]:
        """The types of its events in order."""
        return [one.type for one in (await self.timeline(verification)).events]

    async def exhaust(self, to: str = PHONE) -> bytes:
        """A verification whose five checks all failed."""
        verification = await self.start(to)
        assert (await self.fail(verification, 5)).status is Status.EXHAUSTED
        return verification

    async def lock(self, to: str = PHONE) -> None:
        """Fifteen failures of one address within a few minutes."""
        for _ in range(3):
            await self.exhaust(to)
            self.later(120)

    async def with_steps(self, verification: bytes, **changes: Any) -> None:
        """Give the steps of a pending route another wait or until, as a template may say."""

        def unit(tx: Any) -> None:
            live = tx.live.get(self.caller.project, verification)
            route = tuple(
                msgspec.structs.replace(step, **changes) for step in decode_route(live.route)
            )
            tx.live.remove(live.project, live.id)
            tx.live.insert(msgspec.structs.replace(live, route=encode_route(route)))

        await self.runtime.store.write(unit)


@asynccontextmanager
async def opened(
    folder: Path, clock: ManualClock, *further: FakeProvider, **more: Any
) -> AsyncIterator[Desk]:
    """A desk on a file of its own; `further` are more carriers."""
    sms = FakeProvider(name="sms carrier", channels=["sms"])
    voice = FakeProvider(name="voice carrier", channels=["voice"])
    mail = FakeProvider(name="mail carrier", channels=["email"])
    outside = (sms, voice, mail, *further)
    async with open_runtime(folder, clock=clock, outside=outside, **more) as runtime:
        project = next(
            (one for one in await runtime.services.projects.all() if one.name == "shop"), None
        ) or await runtime.services.projects.create("shop", Mode.LIVE)
        await runtime.services.projects.update(project.id, None, None, GENEROUS)
        caller = await runtime.operator("shop")
        yield Desk(runtime, clock, caller, sms, voice, mail)


async def refusal(awaitable: Any) -> Problem:
    """The problem that a call is refused with."""
    try:
        answer = await awaitable
    except Problem as problem:
        return problem
    raise AssertionError(f"it was not refused but answered with {answer}")


def is_refused(problem: Problem, kind: ErrorKind, **extra: object) -> None:
    """It is this kind of refusal, with these further members."""
    assert problem.kind is kind, problem
    assert extra.items() <= problem.extra.items(), problem.extra
