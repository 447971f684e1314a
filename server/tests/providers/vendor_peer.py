"""A vendor's server on loopback: it hears whole HTTP requests and answers as a test says.

    async with vendor(fake) as url:
        provider = Acme(Settings(base_url=url, ...), setup())

`fake` gets each `Heard` and returns an `Answered`, or an `Answered` after awaiting something; it is
where a strict fake refuses what the vendor's published contract would refuse.
"""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h11

from watchword_server.domain.destinations import LOOPBACK
from watchword_server.egress.network import GuardedNetwork
from watchword_server.ports.providers import Setup

CALLBACK_URL = "https://otp.example.com/callbacks/prv_019ab2c3d4e57f60a1b2c3d4e5f60718"


@dataclass(frozen=True)
class Heard:
    """One request; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))


@dataclass(frozen=True)
class Answered:
    """What the vendor says; `hang_up` breaks the connection off instead."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Fake = Callable[[Heard], Answered | Awaitable[Answered]]


def setup(
    account: str = "acme", now: Callable[[], int] = lambda: 1_800_000_000_000, networks=LOOPBACK
) -> Setup:
    """What an adapter is given; its network may call loopback, unless told otherwise."""
    network = GuardedNetwork(now, networks, allow_http=True)
    return Setup(
        account=account, callback_url=CALLBACK_URL, network=network, now=now, entropy=bytes
    )


@asynccontextmanager
async def vendor(fake: Fake) -> AsyncIterator[str]:
    """The base URL of a server that is there as long as the block runs."""
    serving: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.ensure_future(_serve(fake, reader, writer)))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for one in serving:
            one.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _serve(
    fake: Fake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:  # fmt: skip
    try:
        while await _one(fake, reader, writer):
            pass
    except (OSError, h11.RemoteProtocolError):
        pass
    finally:
        writer.transport.abort()


async def _one(fake: Fake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    state = h11.Connection(h11.SERVER)
    asked, body = None, bytearray()
    while True:
        event = state.next_event()
        if event is h11.NEED_DATA:
            state.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Request):
            asked = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and asked is not None:
            break
        else:
            return False
    target = urlsplit(asked.target.decode())
    heard = Heard(
        asked.method.decode(), target.path, dict(parse_qsl(target.query, keep_blank_values=True)),
        {name.decode(): value.decode("latin-1") for name, value in asked.headers}, bytes(body),
    )  # fmt: skip
    made = fake(heard)
    answered = await made if inspect.isawaitable(made) else made
    if answered.hang_up:
        return False
    headers = {"content-type": "application/json", "content-length": str(len(answered.content))}
    headers["connection"] = "close"  # or `setup`'s network would have to be closed by every test
    lines = "".join(f"{k}: {v}\r\n" for k, v in (headers | answered.headers).items())
    writer.write(f"HTTP/1.1 {answered.status} \r\n{lines}\r\n".encode() + answered.content)
    await writer.drain()
    return False
