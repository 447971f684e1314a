"""`ports.Poster` and `ports.Network`: to where callers say, and never to the inside.

A host is resolved once; every address it has is judged; the socket is connected to one of these
very addresses and asked whom it reached before a byte is written.  So a name that resolves to
something else a moment later changes nothing.  A connection is used again only for an address
that was judged anew.  The certificate is checked against the name in
the URL.  A redirect is an answer like any other.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import IPv6Address
from typing import Any, TypeVar

import msgspec

from watchword_server.domain import destinations
from watchword_server.domain.destinations import Address, BadDestination, Destination, Network
from watchword_server.egress.exchange import Answer, Stale, request
from watchword_server.egress.idle import Idle, Open, Place
from watchword_server.egress.resolver import Resolve, SystemResolver, TooManyLookups
from watchword_server.ports.outside import Busy, Denied, Reply, Unreachable

DEADLINE_S = 30.0
_CONNECT_S = 10.0
_ADDRESSES_TRIED = 4
_STREAM_LIMIT = 65_536
_STOPPING = "the server is stopping"
T = TypeVar("T")


class GuardedNetwork:
    """Posts and asks over connections of its own, which are kept for some seconds.

    Args:
        now: the server's clock, ms since 1970.
        allowed: networks the operator allows although the table denies them.
        allow_http: whether `http` may leave the allowed networks.
        trust: the certificates to trust; the system's by default.
        resolve: who is asked for addresses.
        deadline_s: how long one post may take in all.
    """

    def __init__(
        self, now: Callable[[], int], allowed: tuple[Network, ...] = (), *,
        allow_http: bool = False, trust: ssl.SSLContext | None = None,
        resolve: Resolve | None = None, deadline_s: float = DEADLINE_S,
    ) -> None:  # fmt: skip
        self._now = now
        self._allowed = allowed
        self._allow_http = allow_http
        self._trust = trust
        self._resolve = resolve or SystemResolver()
        self._deadline_s = deadline_s
        self._under_way: set[asyncio.Timeout] = set()
        self._idle = Idle()
        self._closed = False

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, owner: bytes = b""
    ) -> Reply:
        """See `ports.Poster.post`."""
        destination = _parsed(url)
        sent = request("POST", destination, headers, body)
        return await self._timely(
            self._exchange(destination, sent, _Progress(), owner), self._deadline_s
        )

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"",
        *, timeout_s: float = 9.0,
    ) -> Reply:  # fmt: skip
        """See `ports.Network.request`."""
        destination, progress = _parsed(url), _Progress(once=True)
        sent = request(method, destination, headers, body)
        try:
            return await self._timely(self._exchange(destination, sent, progress), timeout_s)
        except Busy:
            raise
        except Unreachable as error:
            raise Unreachable(error.what, left=progress.left) from None

    async def connect(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, timeout_s: float = 9.0
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """See `ports.Network.connect`."""
        if not {"/", "?"}.isdisjoint(host):  # the rest of a URL, which would go unseen
            raise Denied("url")
        bracketed = f"[{host}]" if ":" in host else host
        destination = _parsed(f"https://{bracketed}", any_port=port)
        return await self._timely(self._dialled(destination, tls), timeout_s)

    async def _dialled(
        self, destination: Destination, tls: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        addresses = self._judged(destination, await self._addresses(destination, b""))
        connected, _ = await self._connected(addresses, destination.port)
        try:
            return await self._opened(connected, destination, tls)
        except BaseException:
            connected.close()
            raise

    async def _timely(self, what: Coroutine[Any, Any, T], timeout_s: float) -> T:
        if self._closed:
            what.close()
            raise Unreachable(_STOPPING)
        try:
            async with asyncio.timeout(timeout_s) as limit:
                with self._counted(limit):
                    return await what
        except TimeoutError:
            raise self._cut_off(timeout_s) from None

    async def aclose(self) -> None:
        """See `ports.Poster.aclose`."""
        self._closed = True
        self._idle.close()
        now = asyncio.get_running_loop().time()
        for limit in self._under_way:
            if not limit.expired():
                limit.reschedule(now)

    def _cut_off(self, timeout_s: float) -> Unreachable:
        if self._closed:
            return Unreachable(_STOPPING)
        return Unreachable(f"no answer within {timeout_s:g} s")

    @contextmanager
    def _counted(self, limit: asyncio.Timeout) -> Iterator[None]:
        self._under_way.add(limit)
        try:
            yield
        finally:
            self._under_way.discard(limit)

    async def _exchange(
        self, destination: Destination, sent: bytes, progress: "_Progress", owner: bytes = b""
    ) -> Reply:
        addresses = self._judged(destination, await self._addresses(destination, owner))
        place = destination.scheme, destination.host, destination.port
        kept = self._idle.take(place, addresses)
        if kept is not None:
            try:
                return await self._asked(place, kept, sent, progress)
            except Stale:  # the peer had closed it meanwhile, most likely before it read anything
                if progress.once:
                    raise
        connected, address = await self._connected(addresses, destination.port)
        trust = self._trusted() if destination.scheme == "https" else None
        try:
            reader, writer = await self._opened(connected, destination, trust)
        except BaseException:
            connected.close()
            raise
        return await self._asked(place, Open(address, reader, writer), sent, progress)

    async def _asked(
        self, place: Place, connection: Open, sent: bytes, progress: "_Progress"
    ) -> Reply:
        """The answer; the connection is kept if it can be used again."""
        keeps, progress.left = False, True
        try:
            try:
                connection.writer.write(sent)
                await connection.writer.drain()
            except OSError as error:
                raise Stale(f"the connection broke off: {_said(error)}") from None
            answer = Answer(connection.reader, self._now)
            reply = await answer.read()
            keeps = answer.is_whole and not self._closed
        finally:
            if not keeps:
                connection.abort()
        if keeps:
            self._idle.put(place, connection)
        return reply

    def _trusted(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = ssl.create_default_context()
        return self._trust

    async def _addresses(self, destination: Destination, owner: bytes) -> Sequence[Address]:
        if destination.address is not None:
            return (destination.address,)
        try:
            found = await self._resolve(destination.host, owner)
        except TooManyLookups as error:
            raise Busy(str(error)) from None
        except OSError:
            found = ()
        if not found:
            raise Unreachable("the name has no address")
        try:
            return [destinations.address_of(one) for one in found]
        except ValueError:
            raise Unreachable("the name has no usable address") from None

    def _judged(self, destination: Destination, addresses: Sequence[Address]) -> Sequence[Address]:
        """The addresses, if each single one may be called.

        Raises:
            Denied: one may not; or plain http would leave the allowed networks.
        """
        for address in addresses:
            rule = destinations.refusal(address, self._allowed)
            if rule is not None:
                raise Denied(rule)
        if destination.scheme == "https" or self._allow_http:
            return addresses
        if not all(destinations.is_allowed(one, self._allowed) for one in addresses):
            raise Denied("http")
        return addresses

    async def _connected(
        self, addresses: Sequence[Address], port: int
    ) -> tuple[socket.socket, Address]:
        """A socket that has reached one of the addresses and nobody else."""
        last = "nobody was there"
        for address in addresses[:_ADDRESSES_TRIED]:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    connected = await self._dial(address, port)
            except TimeoutError:
                last = "it took too long"
                continue
            except OSError as error:
                last = _said(error)
                continue
            if self._reached(connected) != (address, port):
                connected.close()
                raise Unreachable("another address than the one that was checked answered")
            return connected, address
        raise Unreachable(f"it could not be connected to: {last}")

    async def _dial(self, address: Address, port: int) -> socket.socket:
        """A socket connected to exactly this address."""
        is_v6 = isinstance(address, IPv6Address)
        made = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(made, (str(address), port))
        except BaseException:
            made.close()
            raise
        return made

    def _reached(self, connected: socket.socket) -> tuple[Address, int]:
        host, port = connected.getpeername()[:2]
        return destinations.address_of(host), port

    async def _opened(
        self, connected: socket.socket, destination: Destination, trust: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The stream on the socket; with `trust`, once the certificate was found to be the
        name's."""
        if trust is None:
            return await asyncio.open_connection(sock=connected, limit=_STREAM_LIMIT)
        try:
            return await asyncio.open_connection(
                sock=connected, limit=_STREAM_LIMIT, ssl=trust,
                server_hostname=destination.host, ssl_handshake_timeout=_CONNECT_S,
            )  # fmt: skip
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"its certificate was refused: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise Unreachable(f"TLS failed: {error.reason or 'it broke off'}") from None
        except OSError as error:
            raise Unreachable(f"TLS failed: {_said(error)}") from None


def _parsed(url: str, any_port: int | None = None) -> Destination:
    """A URL taken apart; `any_port` replaces its port, whatever protocol is spoken there.

    Raises:
        Denied: it is malformed.
    """
    try:
        destination = destinations.parse(url)
    except BadDestination as error:
        raise Denied(error.rule) from None
    if any_port is None:
        return destination
    return msgspec.structs.replace(destination, port=any_port)


class _Progress:
    """How far a request came; `once`: it may not be sent again, even where nobody read it."""

    def __init__(self, *, once: bool = False) -> None:
        self.once = once
        self.left = False


def _said(error: OSError) -> str:
    """An error of the network in the system's words; those of asyncio would hold the address."""
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
