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
from watchword_server.api import app
from watchword_server.api.direct import DirectProtocol

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
async def served(application: Any, protocol: type[DirectProtocol] = Watched) -> AsyncIterator[Wire]:
    """A connection to a server on loopback."""
    config = uvicorn.Config(
        application, lifespan="off", ws="none", log_config=None, proxy_headers=False
    )
    config.load()
    state = ServerState()
    ways.clear()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(config, state, {}), "127.0.0.1", 0)
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


async def test_a_connection_that_rests_too_long_is_closed(world: World) -> None:
    class Impatient(Watched):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.timeout_keep_alive = 0

    async with served(app.create(world.runtime), Impatient) as wire:
        await wire.ask(b"".join(request(world, "/v1/codes", message(world))))
        assert await wire.reader.read() == b""
