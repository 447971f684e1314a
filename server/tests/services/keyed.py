"""Requests with an idempotency key, what is executed for them, and servers that share a file."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

from watchword_server.services import idempotency
from watchword_server.services.idempotency import Keyed, Outcome
from watchword_server.testing import open_runtime

PROJECT = b"p" * 16
SHORT_S = 0.01
SECRET = b"wws_an_answer_with_a_secret"


class Execution:
    """What is executed: counted, and held up until it is let go."""

    def __init__(self, answer=SECRET, *, definite=True, held=False):
        self.count = 0
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self._outcome = Outcome(answer, definite)
        if not held:
            self.go.set()

    async def __call__(self):
        self.count += 1
        self.begun.set()
        await self.go.wait()
        return self._outcome


def ask(body=b"body", use=b"key", project=PROJECT):
    return Keyed(project, use, body)


@asynccontextmanager
async def servers(folder, clock, *kinds, patience_s=idempotency.PATIENCE_S):
    """The services of several servers on one file."""
    async with AsyncExitStack() as stack:
        runtimes = [
            await stack.enter_async_context(open_runtime(folder, clock=clock)) for _ in kinds
        ]
        yield tuple(made(*each, patience_s) for each in zip(kinds, runtimes, strict=True))


def made(kind, runtime, patience_s):
    own = runtime.services.idempotency
    return kind(runtime.store, own._clock, own._entropy, own._keyring, patience_s)
