"""Names to addresses, without letting slow name servers hold up anybody else.

`getaddrinfo` cannot be called off, and a loop's own few threads for it would soon be full of
names that never answer.  Here each name has at most one look-up under way, in a thread of its
own, which nobody waits for longer than he likes.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name as text, in the order to try them; OSError where there are none."""

MAX_LOOKUPS = 64


class SystemResolver:
    """Asks the operating system, which knows `/etc/hosts` and search lists too."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        """See `Resolve`."""
        future = self._under_way.get(host)
        if future is None:
            if len(self._under_way) >= MAX_LOOKUPS:
                raise OSError("too many names are being looked up")
            loop = asyncio.get_running_loop()
            future = self._under_way[host] = loop.create_future()
            future.add_done_callback(lambda _: self._under_way.pop(host, None))
            future.add_done_callback(lambda done: done.exception())  # nobody may be waiting
            thread = threading.Thread(
                target=_look_up, args=(host, loop, future), name="watchword-dns", daemon=True
            )
            thread.start()
        return await asyncio.shield(future)


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
