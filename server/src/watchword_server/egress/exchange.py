"""One request and its answer on an open connection: HTTP/1.1, bounded, never decompressed."""

import asyncio
import re
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
_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[!-~](?:[ !-~]*[!-~])?)?\r\n")
"""A field of RFC 9110, section 5, of ASCII alone."""
_METHOD = re.compile(r"[A-Z]{1,16}")
_BODY_S = 5.0
"""How long the rest of an answer is waited for: its first line has said what matters."""
_MS = 1000
_OURS = frozenset(
    {
        "accept-encoding", "connection", "content-length", "expect", "host", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip


class Stale(Unreachable):
    """The connection was closed before a byte of the answer came."""


def request(
    method: str, destination: Destination, headers: Mapping[str, str], body: bytes
) -> bytes:
    """The bytes of the request.

    Raises:
        Unreachable: the method or a header field cannot be sent.
    """
    if not _METHOD.fullmatch(method):
        raise Unreachable("the method cannot be sent")
    fields = {"user-agent": f"Watchword/{__version__}"}
    if body:
        fields["content-type"] = "application/json"
    fields |= {name.lower(): value for name, value in headers.items() if name.lower() not in _OURS}
    fields |= {
        "host": destination.authority, "accept-encoding": "identity",
        "content-length": str(len(body)),
    }  # fmt: skip
    lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
    if not all(map(_FIELD.fullmatch, lines)):
        raise Unreachable("a header field cannot be sent")
    head = f"{method} {destination.target} HTTP/1.1\r\n{''.join(lines)}\r\n"
    return head.encode("ascii") + body


def _sent() -> h11.Connection:
    """A connection on which a request without a body was sent: only the answer matters."""
    state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEADER)
    state.send(_ANY)
    state.send(h11.EndOfMessage())
    return state


_ANY = h11.Request(method="POST", target="/", headers=[("host", "any")])


class Answer:
    """Reads the answer off a stream."""

    def __init__(self, reader: asyncio.StreamReader, now: Callable[[], int]) -> None:
        self._connection = _sent()
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
        except (TimeoutError, Unreachable):
            pass  # the status was told
        wait = None
        for name, value in response.headers:
            if name == b"retry-after":
                wait = retry_after(value, self._now())
        fields = tuple(response.headers)
        return Reply(response.status_code, wait, bytes(body[:MAX_BODY]), fields)

    @property
    def is_whole(self) -> bool:
        """Whether it was read to its end and the connection may carry another request."""
        is_done = self._connection.their_state is h11.DONE
        return is_done and not self._connection.trailing_data[0]

    async def _head(self) -> h11.Response:
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise Stale("the connection was closed without an answer")
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
                data = await self._read()
                self._left -= len(data)
                self._connection.receive_data(data)
        except h11.RemoteProtocolError:
            if self._left == _MAX_READ:
                raise Stale("the connection was closed without an answer") from None
            raise Unreachable("the answer is not HTTP/1.1") from None
        return event

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(min(_CHUNK, self._left))
        except OSError:
            if self._left == _MAX_READ:
                raise Stale("the connection broke off") from None
            raise Unreachable("the connection broke off") from None


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
