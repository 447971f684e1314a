"""The short way from a connection to an operation, for requests that are plain and whole.

Nearly every request comes in one piece: a small header, a small body, nothing unusual.  Such a
one is read here and answered by `Application.answer` before a scope is built, and its answer is
written at once.  Everything else (a request in pieces, an encoded path, an upgrade, a field that
is there twice, anything that this strict grammar does not know) goes the ordinary way, through
uvicorn's parser and ASGI, to the same `Application.answer`.  So this reading may refuse freely,
and must never accept what the ordinary one would understand differently.

It knows the insides of uvicorn 0.54, to which `pyproject.toml` pins it.
"""

import asyncio
import re
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from watchword_server.api.app import Application
from watchword_server.api.protocol import BoundedProtocol
from watchword_server.api.request import Disconnected, Event, Headers, HttpSubmission
from watchword_server.telemetry import get_logger
from watchword_server.telemetry import request_id as current_request

_log = get_logger("api")

_REQUEST = re.compile(
    rb"(GET|POST|PATCH|PUT|DELETE) (/[^\x00-\x20%#?/\x7f-\xff][^\x00-\x20%#?\x7f-\xff]*)"
    rb"(?:\?([^\x00-\x20#\x7f-\xff]*))? HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n)+)\r\n"
)
"""A request line and header fields of RFC 9112, without folded lines and encoded paths."""

_BLANK_AT_END = re.compile(rb"[ \t]\r\n")
_UNUSUAL = frozenset(
    {b"transfer-encoding", b"upgrade", b"expect", b"te", b"trailer", b"proxy-connection"}
)
_MOST_BYTES = 16_384
_MOST_FIELDS = 64
_LENGTH_DIGITS = 5
_REMEMBERED = 4
_REMEMBERED_BYTES = 1_024
"""What a client without a key can make a connection remember: 4 KiB, while it is open."""
_DRAIN_S = 30.0
_END = b"\r\n"
_EMPTY_LINE = b"\r\n\r\n"


class Head:
    """The request line and header of a request, and how many bytes its body has."""

    __slots__ = ("headers", "length", "method", "path", "query")

    def __init__(self, method: str, path: str, query: bytes, headers: Headers, length: int) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.length = length


def read(head: bytes) -> Head | None:
    """The head of a request if it is plain, else None; `head` ends with its empty line."""
    found = _REQUEST.fullmatch(head)
    if found is None:
        return None
    method, path, query, block = found.groups()
    lines = block.split(_END)
    if len(lines) > _MOST_FIELDS:
        return None
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.lstrip(b" \t")
    del headers[b""]  # what follows the last line end
    if _BLANK_AT_END.search(block):  # which the ordinary parser takes for a part of the value
        return None
    if len(headers) != len(lines) - 1 or not _UNUSUAL.isdisjoint(headers):
        return None
    if b"connection" in headers and headers[b"connection"].lower() != b"keep-alive":
        return None
    length = headers.get(b"content-length", b"0")
    if len(length) > _LENGTH_DIGITS or not length.isdigit():
        return None
    return Head(method.decode(), path.decode(), query or b"", headers, int(length))


async def _nothing_more() -> Event:
    return {"type": "http.disconnect"}


class Steps:
    """Runs a coroutine from future to future, without a task around it.

    A task costs as much as checking a code does.  What runs here is never canceled and cannot
    ask for its task, so it must not use `asyncio.timeout` and its like: see `Operation.light`.
    """

    __slots__ = ("_send", "_throw")

    def __init__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._send, self._throw = coroutine.send, coroutine.throw

    def take(self, _done: Any = None) -> None:
        """Run on until it awaits the next future, or ends."""
        try:
            future = self._send(None)
        except StopIteration:
            return
        if getattr(future, "_asyncio_future_blocking", None) is None:
            with suppress(StopIteration):
                self._throw(RuntimeError("a light operation awaited what is no future"))
            return
        future._asyncio_future_blocking = False  # as a task does that takes note of it
        future.add_done_callback(self.take)


class DirectProtocol(BoundedProtocol):
    """uvicorn's protocol with the short way in front of it."""

    _busy = False
    """Whether a request is being answered here; what comes meanwhile is held until then."""
    _task: asyncio.Task[None] | None = None
    _held = b""
    _is_closing = False
    _idle_since: float | None = None
    _idle_watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client is here."""
        super().connection_made(transport)
        self._application = self.app if isinstance(self.app, Application) else None
        self._peer = self.client[0] if self.client else ""
        self._heads: dict[bytes, Head] = {}

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; what it asked for is finished all the same."""
        if self._idle_watch is not None:
            self._idle_watch.cancel()
        self._held = b""
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._busy:
            self._held += data
            self.transport.pause_reading()
            return
        resting, self._idle_since = self._idle_since, None
        application = self._application
        if application is not None and self._is_between_requests():
            end = data.find(_EMPTY_LINE, 0, _MOST_BYTES) + len(_EMPTY_LINE)
            head = self._head(application, data[:end])
            if head is not None and head.length == len(data) - end:
                self._begin(application, head, data[end:])
                return
        before = self.cycle
        super().data_received(data)
        if (
            self.cycle is before and self._has_nothing_in_hand()
        ):  # bytes that ask nothing keep no connection open
            self._rest(self.loop.time() if resting is None else resting)

    def shutdown(self) -> None:
        """The server stops: the request under way is answered, then the connection closed."""
        if not self._busy:
            super().shutdown()
        else:
            self._is_closing = True

    def _is_between_requests(self) -> bool:
        """Whether the ordinary way has nothing in hand: no header, no body, no answer."""
        if self._in_header and self._header_bytes:
            return False
        cycle: RequestResponseCycle | None = self.cycle  # None at first, whatever its type says
        if cycle is None:
            return True
        return cycle.response_complete and not cycle.more_body and not self.pipeline

    def _has_nothing_in_hand(self) -> bool:
        """Whether the ordinary way has answered, also where a body still comes in."""
        if self.transport.is_closing():
            return False
        cycle: RequestResponseCycle | None = self.cycle
        return self._is_between_requests() or (
            cycle is not None and cycle.response_complete and not self.pipeline
        )

    def _head(self, application: Application, data: bytes) -> Head | None:
        """The head, unless its answer goes on and on; a connection mostly sends the same few
        again and again."""
        head = self._heads.get(data)
        if head is None:
            head = read(data)
            if head is not None and head.path in application.streaming:
                return None
            if head is not None and len(data) <= _REMEMBERED_BYTES:
                if len(self._heads) >= _REMEMBERED:
                    self._heads.clear()
                self._heads[data] = head
        return head

    def _begin(self, application: Application, head: Head, body: bytes) -> None:
        self._in_header = False
        self._unset_keepalive_if_required()
        self._busy = True
        answering = self._respond(application, head, body)
        if (head.method, head.path) in application.light:
            Steps(answering).take()
        else:
            self._task = self.loop.create_task(answering)

    async def _respond(self, application: Application, head: Head, body: bytes) -> None:
        headers = head.headers
        try:
            submission = HttpSubmission(headers, head.query, _nothing_more, body)
            answer, block = await application.answer(
                head.method, head.path, headers, self._peer, submission
            )
            if not self.transport.is_closing():
                self._write(answer.status, block, answer.body)
                if self.flow.write_paused:
                    await self._drain()
        except Disconnected:
            self.transport.close()
        except Exception:
            _log.exception("an answer could not be written")
            self.transport.close()
        except BaseException:
            self.transport.close()
            raise
        finally:
            current_request.set(None)  # without a task it is the connection's own variable
            self._busy = False
        self._go_on()

    async def _drain(self) -> None:
        """Wait for a client that reads slowly, but not for ever."""
        too_slow = self.loop.call_later(_DRAIN_S, self.transport.abort)
        try:
            await self.flow.drain()
        finally:
            too_slow.cancel()

    def _write(self, status: int, block: bytes, body: bytes) -> None:
        ours = b"".join([b"%b: %b\r\n" % field for field in self.server_state.default_headers])
        end = b"connection: close\r\n\r\n" if self._is_closing else _END
        self.transport.write(b"".join((STATUS_LINE[status], ours, block, end, body)))

    def _go_on(self) -> None:
        """Take up what was held, or wait for the next request, but not for ever."""
        if self._is_closing:
            self.transport.close()
        if self.transport.is_closing():
            return
        if self._held:
            data, self._held = self._held, b""
            self.transport.resume_reading()
            self.data_received(data)
            return
        self._rest(self.loop.time())

    def _rest(self, since: float) -> None:
        """Nothing is asked since then: the connection is closed if that stays so."""
        self._idle_since = since
        if self._idle_watch is None:
            self._watch_idle(self.timeout_keep_alive)

    def _watch_idle(self, seconds: float) -> None:
        # One timer for the life of a connection: setting one for each request costs more.
        self._idle_watch = self.loop.call_later(seconds, self._look_whether_idle)

    def _look_whether_idle(self) -> None:
        self._idle_watch = None
        if self._idle_since is None or self.transport.is_closing():
            return  # busy, or on the ordinary way, which has its own timers
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch_idle(left)
        else:
            self.transport.close()
