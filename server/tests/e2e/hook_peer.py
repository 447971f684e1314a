"""A receiver of webhooks that fails at random, on a loop and thread of its own."""

import asyncio
import random
import re
import threading
from collections import Counter

_ANSWER = b"HTTP/1.1 %d X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_ID = re.compile(rb"\r\nwebhook-id: *(\S+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class _Post(asyncio.Protocol):
    """One connection: one request, one answer."""

    def __init__(self, peer: "HookPeer") -> None:
        self._peer = peer
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._peer.open.add(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= int(_LENGTH.search(head)[1]):  # type: ignore[index]
            self._transport.write(self._peer.answered(head))
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._peer.open.discard(self._transport)


class HookPeer:
    """Counts what it took, by `webhook-id`.

    Args:
        failing: the share of calls it fails.
        most: how often it fails one event running; None: without bound.
    """

    def __init__(self, failing: float, most: int | None, seed: int = 1) -> None:
        self.failing = failing
        self.taken: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.posts = 0
        self.url = ""
        self.open: set[asyncio.Transport] = set()
        self._stopping: asyncio.Event
        self._most = most
        self._running: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "HookPeer":
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    @property
    def duplicates(self) -> int:
        """How many posts it took that it had taken before."""
        return sum(self.taken.values()) - len(self.taken)

    def _serve(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._loop.close()

    async def _listen(self) -> None:
        self._stopping = asyncio.Event()
        server = await self._loop.create_server(lambda: _Post(self), "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
        self._ready.set()
        await self._stopping.wait()
        server.close()
        while len(asyncio.all_tasks()) > 1 or self.open:  # also those that are being let in
            for transport in self.open:
                transport.abort()
            await asyncio.sleep(0)

    def answered(self, head: bytes) -> bytes:
        """The answer to a request."""
        return _ANSWER % self._status(_ID.search(head)[1].decode())  # type: ignore[index]

    def _status(self, id: str) -> int:
        if id.startswith("ping_"):
            return 200
        self.posts += 1
        bounded = self._most is not None and self._running[id] >= self._most
        if not bounded and self._random.random() < self.failing:
            self._running[id] += 1
            self.refused[id] += 1
            return 503
        self._running[id] = 0
        self.taken[id] += 1
        return 200
