"""Names to addresses, without letting slow name servers hold up anybody else.

`getaddrinfo` cannot be called off, and a loop's own few threads for it would soon be full of
names that never answer.  Here each name has at most one look-up under way, in a thread of its
own, which nobody waits for longer than he likes.  Each owner has a share of the threads, so that
names of one that never answer leave the others theirs.
"""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

Resolve = Callable[[str, bytes], Awaitable[Sequence[str]]]
"""The addresses of a name as text, for an owner, in the order to try them; OSError where there
are none."""

MAX_LOOKUPS = 64
EACH = 8
"""Look-ups of one owner at a time."""
PLACE_S = 4.0
"""How long a look-up waits for its place: less than a ping takes (5 s)."""


class TooManyLookups(OSError):
    """Too many names are being looked up; nothing is known about this one."""


class SystemResolver:
    """Asks the operating system, which knows `/etc/hosts` and search lists too."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[Sequence[str]]] = {}
        self._owned: Counter[bytes] = Counter()
        self._freed = asyncio.Event()

    async def __call__(self, host: str, owner: bytes = b"") -> Sequence[str]:
        """See `Resolve`.

        Raises:
            TooManyLookups: no place was free in time.
        """
        try:
            async with asyncio.timeout(PLACE_S):
                while host not in self._under_way and self._is_full(owner):
                    await self._freed.wait()
        except TimeoutError:
            raise TooManyLookups("too many names are being looked up") from None
        future = self._under_way.get(host) or self._started(host, owner)
        return await asyncio.shield(future)

    def _is_full(self, owner: bytes) -> bool:
        return len(self._under_way) >= MAX_LOOKUPS or self._owned[owner] >= EACH

    def _started(self, host: str, owner: bytes) -> asyncio.Future[Sequence[str]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[str]] = loop.create_future()
        self._under_way[host] = future
        self._owned[owner] += 1

        def ended(done: asyncio.Future[Sequence[str]]) -> None:
            done.exception()  # nobody may be waiting
            del self._under_way[host]
            self._owned[owner] -= 1
            self._owned += Counter()  # without those that have none left
            self._freed.set()
            self._freed = asyncio.Event()

        future.add_done_callback(ended)
        threading.Thread(
            target=_look_up, args=(host, loop, future), name="watchword-dns", daemon=True
        ).start()
        return future


def _look_up(
    host: str, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Sequence[str]]
) -> None:
    found: Sequence[str] | OSError
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        found = list(dict.fromkeys(str(row[4][0]) for row in rows))
    except (OSError, UnicodeError) as error:
        found = OSError(str(error))
    with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
        loop.call_soon_threadsafe(_settle, future, found)


def _settle(future: asyncio.Future[Sequence[str]], found: Sequence[str] | OSError) -> None:
    if future.done():
        return
    if isinstance(found, OSError):
        future.set_exception(found)
    else:
        future.set_result(found)
