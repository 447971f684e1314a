"""The short way for plain requests answers as the ordinary one does."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from api.world import CODE, World
from watchword_server.api import app, protocol
from watchword_server.api.direct import DirectProtocol, Steps

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Wire:
    """A connection to a server that serves one application through the protocol."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> tuple[int, dict[str, str], Any]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:-2])
        body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, json.loads(body)

    async def ask(self, request: bytes) -> tuple[int, dict[str, str], Any]:
        self.writer.write(request)
        return await self.answer()


ways: list[str] = []


class Watched(DirectProtocol):
    """Tells which way each request went."""

    def _begin(self, *request: Any) -> None:
        ways.append("direct")
        super()._begin(*request)

    def on_message_begin(self) -> None:
        ways.append("ordinary")
        super().on_message_begin()


@asynccontextmanager
async def served(application: Any, made_by: type[DirectProtocol] = Watched) -> AsyncIterator[Wire]:
    """A connection to a server on loopback."""
    config = uvicorn.Config(
        application, lifespan="off", ws="none", log_config=None, proxy_headers=False
    )
    config.load()
    state = ServerState()
    ways.clear()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: made_by(config, state, {}), "127.0.0.1", 0)
    wire = Wire(*await asyncio.open_connection(*server.sockets[0].getsockname()))
    try:
        yield wire
    finally:
        wire.writer.close()
        await wire.writer.wait_closed()
        server.close()
        await server.wait_closed()


def request(world: World, path: str, body: object, *fields: bytes) -> tuple[bytes, bytes]:
    """Header and body of a POST."""
    raw = json.dumps(body).encode()
    lines = [
        b"POST %b HTTP/1.1" % path.encode(), b"Host: 127.0.0.1",
        b"Authorization: " + world.client.authorization.encode(),
        b"Content-Type: application/json", b"Content-Length: %d" % len(raw), *fields,
    ]  # fmt: skip
    return b"\r\n".join([*lines, b"", b""]), raw


def message(world: World) -> dict[str, Any]:
    return {"to": world.number(), "template": {"id": "otp-sms"}, "code": CODE}


async def both_ways_answer_alike(world: World, application: Any) -> None:
    wrong = {"message_id": "ver_1"}
    plain_one, other = (
        b"".join(request(world, "/v1/verifications", wrong, *fields))
        for fields in ((), (b"te: trailers",))
    )
    async with served(application) as wire:
        direct_status, direct_headers, direct_body = await wire.ask(plain_one)
        status, headers, plain = await wire.ask(other)
        assert ways == ["direct", "ordinary"]
    assert status == direct_status == 400
    assert list(direct_headers) == list(headers)
    differing = {"request_id", "date", "x-request-id", "ratelimit"}
    assert {k: v for k, v in plain.items() if k not in differing} == {
        k: v for k, v in direct_body.items() if k not in differing
    }
    assert {k: v for k, v in headers.items() if k not in differing} == {
        k: v for k, v in direct_headers.items() if k not in differing
    }


async def test_both_ways_answer_alike(world: World) -> None:
    await both_ways_answer_alike(world, app.create(world.runtime))


async def test_both_ways_answer_alike_mutant_is_caught(world: World) -> None:
    class Forgetful(app.Application):
        async def answer(self, *asked: Any) -> Any:
            answer, block = await super().answer(*asked)
            short = asked[-1]._whole is not None
            return answer, re.sub(rb"cache-control.*\r\n", b"", block) if short else block

    with pytest.raises(AssertionError):
        await both_ways_answer_alike(world, Forgetful(world.runtime))


async def test_a_code_is_sent_and_checked_the_short_way(world: World) -> None:
    async with served(app.create(world.runtime)) as wire:
        status, _, sent = await wire.ask(b"".join(request(world, "/v1/codes", message(world))))
        assert status == 200
        check = {"message_id": sent["message_id"], "verify_code": CODE}
        _, _, checked = await wire.ask(b"".join(request(world, "/v1/verifications", check)))
        assert checked["verified"]
    assert ways == ["direct", "direct"]


async def test_requests_that_come_together_are_answered_in_order(world: World) -> None:
    first = b"".join(request(world, "/v1/codes", message(world)))
    ids = [b"x-request-id: request-number-%04d" % number for number in range(4)]
    others = [b"".join(request(world, "/v1/codes", message(world), one)) for one in ids]
    async with served(app.create(world.runtime)) as wire:
        answers = [await wire.ask(first)]
        wire.writer.write(others[0])  # taken the short way; the rest waits until it is answered
        await asyncio.sleep(0)
        wire.writer.write(b"".join(others[1:]))
        answers += [await wire.answer() for _ in others]
    assert [status for status, _, _ in answers] == [200] * 5
    assert [headers["x-request-id"] for _, headers, _ in answers[1:]] == [
        one.partition(b": ")[2].decode() for one in ids
    ]


async def test_a_request_that_needs_a_task_gets_one(world: World) -> None:
    get = b"GET /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %b\r\n\r\n"
    async with served(app.create(world.runtime)) as wire:
        status, _, found = await wire.ask(get % world.client.authorization.encode())
    assert status == 200
    assert ways == ["direct"]
    assert isinstance(found["data"], list)


async def test_an_answer_under_way_is_given_before_a_server_stops(world: World) -> None:
    class Stopping(Watched):
        def _begin(self, *asked: Any) -> None:
            super()._begin(*asked)
            self.shutdown()

    async with served(app.create(world.runtime), Stopping) as wire:
        status, headers, _ = await wire.ask(b"".join(request(world, "/v1/codes", message(world))))
        assert status == 200
        assert headers["connection"] == "close"
        assert await wire.reader.read() == b""


class Impatient(Watched):
    """Keeps no connection that asks nothing."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.timeout_keep_alive = 0


async def test_a_connection_that_rests_too_long_is_closed(world: World) -> None:
    async with served(app.create(world.runtime), Impatient) as wire:
        await wire.ask(b"".join(request(world, "/v1/codes", message(world))))
        assert await wire.reader.read() == b""


EARLY = b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\n"
"""Answered at its head: there is no key."""


@pytest.mark.parametrize(
    ("asked", "more"),
    [((), b"\r\n"), ((b"te: trailers",), b"\r\n"), (None, b"{")],
    ids=["after the short way", "after the ordinary one", "before a body has ended"],
)
async def test_bytes_that_ask_nothing_keep_no_connection_open(
    world: World, asked: tuple[bytes, ...] | None, more: bytes
) -> None:
    made: list[Watched] = []
    came = asyncio.Event()

    class Telling(Watched):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            made.append(self)
            came.set()

    async with served(app.create(world.runtime), Telling) as wire:
        whole = EARLY if asked is None else b"".join(request(world, "/v1/codes", {}, *asked))
        await wire.ask(whole)
        rested = made[0]._idle_since
        came.clear()
        wire.writer.write(more)
        await came.wait()
        assert made[0]._idle_watch is not None
        assert made[0]._idle_since is not None
        assert rested in (None, made[0]._idle_since)


async def test_long_heads_are_not_remembered(world: World) -> None:
    made: list[Watched] = []

    class Kept(Watched):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            made.append(self)

    async with served(app.create(world.runtime), Kept) as wire:
        for number in range(20):
            field = b"x-%d: " % number + b"y" * (2_000 if number % 2 else 20)
            await wire.ask(b"".join(request(world, "/v1/verifications", {}, field)))
    assert ways == ["direct"] * 20
    assert sum(map(len, made[0]._heads)) <= 4 * 1_024


async def test_what_is_no_future_cannot_be_awaited_without_a_task() -> None:
    seen: list[str] = []

    async def yields() -> None:
        try:
            await asyncio.sleep(0)
        except RuntimeError as error:
            seen.append(str(error))

    Steps(yields()).take()
    assert seen == ["a light operation awaited what is no future"]


@pytest.mark.parametrize("way", [(), (b"te: trailers",)])
async def test_a_header_that_does_not_end_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch, way: tuple[bytes, ...]
) -> None:
    made: list[Watched] = []

    class Kept(Watched):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            made.append(self)

    async with served(app.create(world.runtime), Kept) as wire:
        await wire.ask(b"".join(request(world, "/v1/codes", {}, *way)))
        watch, made[0]._watch = made[0]._watch, None
        assert watch is not None
        watch.cancel()
        monkeypatch.setattr(protocol, "HEADER_SECONDS", 0)
        wire.writer.write(b"GET /hea")
        assert await wire.reader.read() == b""
