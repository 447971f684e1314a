"""A receiver of posts: a real listener that counts who reaches it and answers as it is told."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Receiver:
    """One listener, on loopback.

    Attributes:
        connections: how many reached it, whether or not they said anything.
        requests: head and body of each request.
    """

    def __init__(self, answer: bytes = OK, script: Script | None = None) -> None:
        self.connections = 0
        self.requests: list[tuple[bytes, bytes]] = []
        self.port = 0
        self.hosts: tuple[str, ...] = ()
        self._probes: dict[int, asyncio.Future[None]] = {}
        self._answer = answer
        self._script = script

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        probe = self._probes.pop(writer.get_extra_info("peername")[1], None)
        if probe is not None:
            probe.set_result(None)
            writer.transport.abort()
            return
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # whoever connected went away, or the test is over
        finally:
            writer.transport.abort()

    async def reached(self) -> int:
        """How many connections were made so far: those the kernel still queues are let in first."""
        loop = asyncio.get_running_loop()
        for host in self.hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setblocking(False)
                probe.bind((host, 0))
                seen = self._probes[probe.getsockname()[1]] = loop.create_future()
                await loop.sock_connect(probe, (host, self.port))
                await seen
        return self.connections

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        self.requests.append((head, await reader.readexactly(length)))
        if self._script is not None:
            await self._script(reader, writer)
            return
        writer.write(self._answer)
        await writer.drain()
        writer.write_eof() if writer.can_write_eof() else None
        await reader.read(1)


@contextlib.asynccontextmanager
async def listening(
    receiver: Receiver, hosts: tuple[str, ...] = ("127.0.0.1",), ssl=None
) -> AsyncIterator[Receiver]:
    """The receiver on one free port of all these addresses."""
    sockets = _bound(hosts)
    receiver.hosts = hosts
    receiver.port = sockets[0].getsockname()[1]
    servers = [await asyncio.start_server(receiver.connected, sock=one, ssl=ssl) for one in sockets]
    try:
        yield receiver
    finally:
        for server in servers:
            server.close()
            await server.wait_closed()


def _bound(hosts: tuple[str, ...]) -> list[socket.socket]:
    while True:
        sockets: list[socket.socket] = []
        port = 0
        try:
            for host in hosts:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                sockets.append(socket.socket(family, socket.SOCK_STREAM))
                sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sockets[-1].bind((host, port))
                port = sockets[0].getsockname()[1]
        except OSError:
            for one in sockets:
                one.close()
            if port == 0:
                raise
        else:
            return sockets
