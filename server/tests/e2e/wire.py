"""HTTP/1.1 over raw sockets: what is asked goes out at once, and answers cost next to nothing."""

import asyncio
import base64
import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """An answer; `body` as it came."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def basic(key: Mapping[str, str]) -> str:
    """The Authorization header of a key as `keys create --json` prints it."""
    pair = f"{key['dev_key']}:{key['dev_secret']}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def request(
    method: str, path: str, authorization: str | None = None, body: object = None, **fields: str
) -> bytes:
    """A request as bytes.  A body of bytes goes out as it is, anything else as JSON; a field is
    a header, its underscores standing for hyphens."""
    content = body if isinstance(body, bytes) else b"" if body is None else _json(body)
    header = {"host": "127.0.0.1"}
    if authorization is not None:
        header["authorization"] = authorization
    if body is not None:
        header |= {"content-type": "application/json", "content-length": str(len(content))}
    header |= {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in header.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection; what was asked is answered in order."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._waiting: deque[asyncio.Future[Answer]] = deque()
        self._received = b""
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            length = _LENGTH.search(head)
            until = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < until:
                return
            answer = Answer(int(head[9:12]), self._received[end + 4 : until])
            self._received = self._received[until:]
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(ConnectionError("the server went away"))

    def ask(self, raw: bytes) -> asyncio.Future[Answer]:
        """Send it now; its answer.

        Raises (when awaited):
            ConnectionError: there will be none.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self.lost:
            future.set_exception(ConnectionError("the server went away"))
        else:
            self._waiting.append(future)
            self._transport.write(raw)
        return future

    def write(self, raw: bytes) -> None:
        """Send a part of a request whose rest `ask` sends."""
        self._transport.write(raw)

    def close(self) -> None:
        self._transport.close()


async def connect(url: str) -> Connection:
    """A connection to the server at a URL."""
    place = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, place.hostname, place.port)
    return connection


@asynccontextmanager
async def connections(urls: Sequence[str], each: int):
    """`each` connections to every server, in turns."""
    made = [await connect(url) for _ in range(each) for url in urls]
    try:
        yield made
    finally:
        for connection in made:
            connection.close()


async def together(made: Sequence[Connection], asked: Sequence[bytes]) -> list[Answer]:
    """Ask everything in the same turn of the loop, over the connections in their order."""
    return await asyncio.gather(*(made[n % len(made)].ask(raw) for n, raw in enumerate(asked)))
