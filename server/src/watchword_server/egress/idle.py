"""Connections that are kept for the next post to the same place, for a short while."""

import asyncio
import select
from collections.abc import Container
from typing import NamedTuple

from watchword_server.domain.destinations import Address

IDLE_S = 10.0
_PER_PLACE = 16
_MOST = 256
Place = tuple[str, str, int]
"""Scheme, host and port: a certificate that was good for one name is not for another."""


class Open(NamedTuple):
    """A connection, and the address it has reached."""

    address: Address
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def is_quiet(self) -> bool:
        """Whether it is open and nothing came on it: that would be taken for the next answer.

        What came is with the reader, which does not tell how much it has, or still the kernel's.
        """
        transport = self.writer.transport
        if transport.is_closing() or self.reader.at_eof():
            return False
        if self.reader._buffer:  # type: ignore[attr-defined]
            return False
        waiting = select.poll()
        waiting.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not waiting.poll(0)

    def abort(self) -> None:
        """Close it at once: a polite farewell of TLS would let the peer dawdle over it."""
        self.writer.transport.abort()


class Idle:
    """The kept connections, oldest first."""

    def __init__(self) -> None:
        self._kept: dict[Place, list[tuple[float, Open]]] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def take(self, place: Place, addresses: Container[Address]) -> Open | None:
        """A connection to that place, at an address that was found good just now."""
        kept = self._kept.get(place)
        while kept:
            _, found = kept.pop()
            self._count -= 1
            if not kept:
                del self._kept[place]
            if found.is_quiet and found.address in addresses:
                return found
            found.abort()
        return None

    def put(self, place: Place, connection: Open) -> None:
        """Keep it, unless there are enough."""
        kept = self._kept.setdefault(place, [])
        if len(kept) >= _PER_PLACE or self._count >= _MOST:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        kept.append((loop.time(), connection))
        self._count += 1
        if self._timer is None:
            self._timer = loop.call_later(IDLE_S, self._sweep)

    def close(self) -> None:
        """Close them all."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for kept in self._kept.values():
            for _, connection in kept:
                connection.abort()
        self._kept.clear()
        self._count = 0

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for place in list(self._kept):
            kept = self._kept[place]
            while kept and kept[0][0] <= loop.time() - IDLE_S:
                kept.pop(0)[1].abort()
                self._count -= 1
            if not kept:
                del self._kept[place]
        if self._kept:
            self._timer = loop.call_later(IDLE_S, self._sweep)
