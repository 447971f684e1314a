"""uvicorn's protocol, with a bound on the header of a request.

uvicorn with httptools limits neither how long a header is nor how long it takes, and nobody has
been authenticated by then: one connection could fill the memory, and many could wait for ever.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEADER_BYTES = 65_536
HEADER_SECONDS = 20.0


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose header is too long or too slow."""

    _header_bytes = 0
    _in_header = True
    _header_since = 0.0
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client is here; its first header has to come."""
        super().connection_made(transport)
        self._wait_for_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_header = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its header is here."""
        self._in_header, self._header_bytes = False, 0
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes came: they are parsed; a header that is not whole by then is bounded."""
        super().data_received(data)
        if self._in_header:
            if not self._header_bytes:
                self._wait_for_header()
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADER_BYTES:
                self.transport.close()

    def _wait_for_header(self) -> None:
        self._header_since = self.loop.time()
        if self._watch is None:
            self._watch = self.loop.call_later(HEADER_SECONDS, self._look)

    def _look(self) -> None:
        self._watch = None
        if not self._in_header or self.transport.is_closing():
            return
        left = self._header_since + HEADER_SECONDS - self.loop.time()
        if left > 0:
            self._watch = self.loop.call_later(left, self._look)
        else:
            self.transport.close()
