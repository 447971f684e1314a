"""A network in which every address reaches somebody: the public ones `outside`, all others
`inside`, as NAT64, 6to4 and private routes would."""

import socket
from ipaddress import ip_address

from egress.receiver import Receiver
from egress.ssrf import PUBLIC, PUBLIC_V6
from watchword_server.domain import destinations
from watchword_server.egress.network import GuardedNetwork

PUBLICS = (ip_address(PUBLIC), ip_address(PUBLIC_V6))
LOCAL = ip_address("127.0.0.1")


class Routed(GuardedNetwork):
    """The real poster, on that network."""

    inside: Receiver
    outside: Receiver | None = None

    async def _dial(self, address, port):
        target = self.inside
        if address in PUBLICS:
            if self.outside is None:
                raise ConnectionRefusedError(111, "nobody is there")
            target = self.outside
        self._dialled = (address, port)
        return await super()._dial(LOCAL, target.port)

    def _reached(self, connected: socket.socket):
        return self._dialled


class ByIsGlobal(Routed):
    """Trusts `ipaddress`."""

    def _judged(self, destination, addresses):
        if not all(address.is_global for address in addresses):
            raise destinations.BadDestination("private")
        return addresses


class FirstOnly(Routed):
    """Judges the first address and tries them all."""

    def _judged(self, destination, addresses):
        super()._judged(destination, addresses[:1])
        return addresses


class ResolvesTwice(Routed):
    """Judges one look-up and connects to another, as most HTTP clients behind a check do."""

    async def _exchange(self, destination, headers, body, owner):
        self._host = destination.host
        return await super()._exchange(destination, headers, body, owner)

    async def _connected(self, addresses, port):
        again = [destinations.address_of(one) for one in await self._resolve(self._host, b"")]
        return await super()._connected(again, port)


class FollowsRedirects(Routed):
    """Goes where an answer sends it, as HTTP clients do unless told otherwise."""

    async def post(self, url, headers, body):
        reply = await super().post(url, headers, body)
        if reply.status // 100 == 3:
            connected = await self._dial(ip_address("169.254.169.254"), 80)
            connected.close()
        return reply
