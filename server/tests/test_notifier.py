"""The dispatcher on the event loop: real posts to real listeners, healthy and dead ones."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator

import pytest

from watchword_server.clock import SteadyClock
from watchword_server.domain import traffic
from watchword_server.domain.events import Data, EventType, encode
from watchword_server.notifier import Notifier
from watchword_server.services.webhooks import Asked
from watchword_server.testing import open_runtime

PATIENCE_S = 60
SUBJECT = bytes(16)


class Listener:
    """A receiver on loopback.  A black hole takes connections and never answers."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.arrived: dict[str, float] = {}
        self.hanging = 0
        self.posted = asyncio.Event()
        self.url = ""

    async def connected(self, reader, writer) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            is_ping = body["type"] == "webhook.ping"
            if not self.answers and not is_ping:
                self.hanging += 1
                await reader.read()
                self.hanging -= 1
            else:
                if not is_ping:
                    self.arrived[body["id"]] = time.monotonic()
                    self.posted.set()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        writer.transport.abort()


@contextlib.asynccontextmanager
async def listeners(healthy: int, dead: int) -> AsyncIterator[list[Listener]]:
    made = [Listener(answers=number < healthy) for number in range(healthy + dead)]
    servers = []
    for one in made:
        server = await asyncio.start_server(one.connected, "127.0.0.1", 0, backlog=512)
        one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        servers.append(server)
    try:
        yield made
    finally:
        for server in servers:
            server.close()


@contextlib.asynccontextmanager
async def notifying(folder, **settings):
    """A runtime with a dispatcher at work."""
    async with open_runtime(folder, clock=SteadyClock(), **settings) as runtime:
        notifier = Notifier(runtime)
        task = asyncio.create_task(notifier.run())
        try:
            yield runtime
        finally:
            notifier.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def endpoints(runtime, made) -> None:
    caller = await runtime.operator()
    for one in made:
        asked = Asked(url=one.url)
        await runtime.services.webhook_endpoints.create(caller, asked)


async def happen(runtime, count: int) -> float:
    """So many events of the project; when they were written."""
    caller = await runtime.operator()
    data = encode(Data(channel="sms"))
    now = runtime.clock.now()

    def unit(tx) -> None:
        for _ in range(count):
            tx.events.append(caller.project, SUBJECT, EventType.VERIFICATION_CREATED, now, data)

    await runtime.store.write(unit)
    return time.monotonic()


async def all_have(made, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        for one in made:
            while len(one.arrived) < count:
                one.posted.clear()
                await one.posted.wait()


async def dead_ones_cost_nothing(folder, healthy, dead, batches, each) -> list[float]:
    """Every healthy delivery completes while every dead endpoint still hangs in its first posts;
    how long the healthy ones took."""
    async with listeners(healthy, dead) as made, notifying(folder) as runtime:
        await endpoints(runtime, made)
        took = []
        for number in range(1, batches + 1):
            at = await happen(runtime, each)
            await all_have(made[:healthy], number * each)
            for one in made[:healthy]:
                took += [when - at for when in list(one.arrived.values())[-each:]]
        for one in made[healthy:]:
            assert not one.arrived
            assert 1 <= one.hanging <= traffic.FIRST_WINDOW
        return took


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


async def test_healthy_endpoints_get_everything_while_dead_ones_hang(tmp_path):
    took = await dead_ones_cost_nothing(tmp_path, 5, 5, batches=4, each=10)
    print(f"200 healthy deliveries, p95 {percentile(took, 0.95):.3f} s")


async def test_healthy_endpoints_mutant_is_caught(tmp_path, monkeypatch):
    """Without parking, the dead ones take every place."""
    monkeypatch.setattr(traffic.Traffic, "park", lambda self, key: None)
    monkeypatch.setattr(traffic, "FIRST_WINDOW", 64)
    with pytest.raises((AssertionError, TimeoutError)):
        async with asyncio.timeout(2):
            async with (
                listeners(2, 6) as made,
                notifying(tmp_path, webhook_posts=6, webhook_endpoint_posts=64) as runtime,
            ):
                await endpoints(runtime, made)
                for number in range(1, 6):
                    await happen(runtime, 20)
                    await all_have(made[:2], number * 20)


@pytest.mark.long
async def test_p95_of_healthy_endpoints_while_half_are_black_holes(tmp_path):
    took = await dead_ones_cost_nothing(tmp_path, 20, 20, batches=20, each=10)
    p95 = percentile(took, 0.95)
    print(f"{len(took)} deliveries to 20 healthy endpoints beside 20 black holes: p95 {p95:.3f} s")


async def test_a_refused_connection_is_tried_again_until_somebody_listens(tmp_path):
    """The port is known and nobody listens; then somebody does."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        schedule = (0.0, *(0.05 for _ in range(29)))
        async with notifying(tmp_path, webhook_schedule=schedule) as runtime:
            caller = await runtime.operator()
            _, ping = await runtime.services.webhook_endpoints.create(
                caller, Asked(url=f"http://127.0.0.1:{port}/hook")
            )
            assert not ping.succeeded
            await happen(runtime, 1)
            held.close()
            one = Listener(answers=True)
            server = await asyncio.start_server(one.connected, "127.0.0.1", port)
            async with server:
                await all_have([one], 1)


async def test_a_stop_records_what_was_answered(tmp_path):
    """Nothing that was answered before a stop is posted again after the next start."""
    clock = SteadyClock()
    async with listeners(1, 0) as (one,), open_runtime(tmp_path, clock=clock) as runtime:
        await endpoints(runtime, [one])
        notifier = Notifier(runtime)
        task = asyncio.create_task(notifier.run())
        await happen(runtime, 50)
        await all_have([one], 1)
        notifier.stop()
        await task
        caller = await runtime.operator()
        (endpoint,) = await runtime.services.webhook_endpoints.of(caller)
        _, counts = await runtime.services.webhook_endpoints.get(caller, endpoint.id)
        assert counts["delivered"] == len(one.arrived)
