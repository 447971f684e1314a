"""One POST and its answer on a connection that is open: HTTP/1.1, bounded, never decompressed."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import h11

from watchword_server import __version__
from watchword_server.domain.destinations import Destination
from watchword_server.ports.outside import Reply, Unreachable

MAX_BODY = 65_536
MAX_RETRY_AFTER_S = 86_400
_MAX_HEADER = 32_768
_MAX_READ = 262_144
"""Everything that is read of one answer: interim answers and chunk headers count too."""
_CHUNK = 16_384
_BODY_S = 5.0
"""How long the rest of an answer is waited for: its first line has said what matters."""
_MS = 1000
_OURS = frozenset(
    {
        "accept-encoding", "connection", "content-length", "expect", "host", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip


def request(
    destination: Destination, headers: Mapping[str, str], body: bytes
) -> tuple[h11.Connection, bytes]:
    """The bytes of the request, and the connection's state after them.

    Raises:
        Unreachable: a header field cannot be sent.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEADER)
    fields = {"user-agent": f"Watchword/{__version__}", "content-type": "application/json"}
    fields |= {name.lower(): value for name, value in headers.items() if name.lower() not in _OURS}
    fields |= {
        "host": destination.authority, "accept-encoding": "identity", "connection": "close",
        "content-length": str(len(body)),
    }  # fmt: skip
    try:
        head = connection.send(
            h11.Request(method="POST", target=destination.target, headers=list(fields.items()))
        )
        rest = connection.send(h11.Data(data=body))
        end = connection.send(h11.EndOfMessage())
    except (h11.LocalProtocolError, UnicodeEncodeError):
        raise Unreachable("a header field cannot be sent") from None
    return connection, b"".join(part for part in (head, rest, end) if part)


class Answer:
    """Reads the answer off a stream."""

    def __init__(
        self, connection: h11.Connection, reader: asyncio.StreamReader, now: Callable[[], int]
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._now = now
        self._left = _MAX_READ

    async def read(self) -> Reply:
        """The answer; its body is cut where it is too long, too slow or broken off.

        Raises:
            Unreachable: there is none.
        """
        response = await self._head()
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_S):
                await self._body(body)
        except (TimeoutError, OSError, Unreachable):
            pass  # the status was told
        wait = None
        for name, value in response.headers:
            if name == b"retry-after":
                wait = retry_after(value, self._now())
        return Reply(response.status_code, wait, bytes(body[:MAX_BODY]))

    async def _head(self) -> h11.Response:
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise Unreachable("the connection was closed without an answer")
            if event.status_code == _SWITCHING:
                raise Unreachable("the answer is not HTTP/1.1")

    async def _body(self, body: bytearray) -> None:
        while len(body) < MAX_BODY:
            event = await self._next()
            if not isinstance(event, h11.Data):
                return
            body += event.data

    async def _next(self) -> object:
        try:
            while (event := self._connection.next_event()) is h11.NEED_DATA:
                if self._left <= 0:
                    raise Unreachable("the answer is too long")
                data = await self._reader.read(min(_CHUNK, self._left))
                self._left -= len(data)
                self._connection.receive_data(data)
        except h11.RemoteProtocolError:
            raise Unreachable("the answer is not HTTP/1.1") from None
        return event


_SWITCHING = 101


def retry_after(value: bytes, now: int) -> int | None:
    """The seconds a Retry-After field asks for, at most a day; None where it cannot be read."""
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), MAX_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(text)
        at = until.replace(tzinfo=until.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0, -int((now / _MS - at) // 1)), MAX_RETRY_AFTER_S)
