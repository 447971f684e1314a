"""No URL, no name and no answer of a name server leads a post to the inside."""

import asyncio
import contextlib

import dns.asyncresolver
import dns.message
import dns.rrset
import pytest

from egress import network, ssrf
from egress.network import ByIsGlobal, FirstOnly, FollowsRedirects, ResolvesTwice, Routed
from egress.receiver import Receiver, listening
from watchword_server.domain.errors import WatchwordError
from watchword_server.egress.network import GuardedNetwork
from watchword_server.egress.resolver import SystemResolver
from watchword_server.ports.outside import Denied, Unreachable

TRIES = 1_000
REDIRECT = b"HTTP/1.1 %d Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"


def now():
    return 0


@contextlib.asynccontextmanager
async def inside():
    async with listening(Receiver(), ("127.0.0.1", "::1")) as receiver:
        yield receiver


async def nothing_gets_in(make):
    """Every input is refused before anything is connected."""
    async with inside() as receiver:
        for given in ssrf.URLS:
            poster = make()
            poster.inside = receiver
            poster._allow_http = not given.startswith("plain ")
            url = given.removeprefix("plain ").format(port=receiver.port)
            with contextlib.suppress(WatchwordError):
                await poster.post(url, {}, b"{}")
                raise AssertionError(f"answered: {given}")
            assert await receiver.reached() == 0, given


def test_there_are_enough_inputs():
    assert len(set(ssrf.URLS)) == len(ssrf.URLS) >= 60


async def test_nothing_gets_in():
    await nothing_gets_in(lambda: Routed(now, resolve=ssrf.resolve))


@pytest.mark.parametrize("broken", [ByIsGlobal, FirstOnly])
async def test_nothing_gets_in_mutant_is_caught(broken):
    with pytest.raises(AssertionError):
        await nothing_gets_in(lambda: broken(now, resolve=ssrf.resolve))


async def test_nothing_gets_in_over_the_real_sockets_and_resolver():
    """What this machine itself takes for loopback: the same inputs, nothing replaced."""
    async with inside() as receiver:
        poster = GuardedNetwork(now, allow_http=True)
        hosts = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost",
                 "[::1]", "[::ffff:127.0.0.1]", "[::]", "localhost.", "LocalHost"]  # fmt: skip
        for host in hosts:
            with pytest.raises(Denied):
                await poster.post(f"http://{host}:{receiver.port}/", {}, b"{}")
        assert await receiver.reached() == 0


async def test_the_listener_can_be_reached_by_who_may():
    """Else nothing above would mean anything."""
    async with inside() as receiver:
        loopback = network.destinations.LOOPBACK
        for host in ("127.0.0.1", "[::1]", "localhost"):
            poster = GuardedNetwork(now, loopback, resolve=SystemResolver())
            reply = await poster.post(f"http://{host}:{receiver.port}/", {}, b"{}")
            assert reply.status == 200
        assert await receiver.reached() == 3


class Flipping(asyncio.DatagramProtocol):
    """A name server whose every answer is another: public, loopback, public, ..."""

    def __init__(self):
        self.answers = 0

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, addr):
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        address = "127.0.0.1" if self.answers % 2 else ssrf.PUBLIC
        self.answers += 1
        reply.answer.append(dns.rrset.from_text(query.question[0].name, 0, "IN", "A", address))
        self._transport.sendto(reply.to_wire(), addr)


@contextlib.asynccontextmanager
async def name_server():
    """A resolver that asks the flipping server, over UDP."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        Flipping, local_addr=("127.0.0.1", 0)
    )  # fmt: skip
    asking = dns.asyncresolver.Resolver(configure=False)
    asking.nameservers = ["127.0.0.1"]
    asking.port = transport.get_extra_info("sockname")[1]

    async def resolve(host, owner=b""):
        found = await asking.resolve(f"{host}.", "A")
        return [row.address for row in found]

    try:
        yield resolve, server
    finally:
        transport.close()


async def a_flipping_name_never_leads_inside(make):
    async with inside() as receiver, listening(Receiver()) as outside:
        async with name_server() as (resolve, server):
            poster = make(now, allow_http=True, resolve=resolve)
            poster.inside, poster.outside = receiver, outside
            denied = 0
            for number in range(TRIES):
                if number % 2:  # begin with the other answer, so that each order is tried
                    await resolve("flip.example")
                try:
                    await poster.post("http://flip.example/", {}, b"{}")
                except Denied as error:
                    assert error.rule == "loopback"
                    denied += 1
            assert await receiver.reached() == 0
            assert server.answers >= TRIES
        assert denied + outside.connections == TRIES
        assert denied and outside.connections


async def test_a_flipping_name_never_leads_inside():
    await a_flipping_name_never_leads_inside(Routed)


async def test_a_flipping_name_never_leads_inside_mutant_is_caught():
    with pytest.raises(AssertionError):
        await a_flipping_name_never_leads_inside(ResolvesTwice)


async def a_redirect_is_an_answer(make):
    for status in (301, 302, 303, 307, 308):
        async with inside() as receiver, listening(Receiver(REDIRECT % status)) as outside:
            poster = make(now, allow_http=True, resolve=ssrf.resolve)
            poster.inside, poster.outside = receiver, outside
            reply = await poster.post("http://public.example/", {}, b"{}")
            assert reply.status == status
            assert await receiver.reached() == 0


async def test_a_redirect_is_an_answer():
    await a_redirect_is_an_answer(Routed)


async def test_a_redirect_is_an_answer_mutant_is_caught():
    with pytest.raises(AssertionError):
        await a_redirect_is_an_answer(FollowsRedirects)


class Diverted(Routed):
    """Something between us and the checked address answers in its place."""

    def _reached(self, connected):
        return GuardedNetwork._reached(self, connected)


async def nothing_is_written_to_another(make):
    async with inside() as receiver:
        poster = make(now, allow_http=True, resolve=ssrf.resolve)
        poster.inside = poster.outside = receiver
        with contextlib.suppress(Unreachable):
            await poster.post("http://public.example/", {}, b"{}")
        assert receiver.requests == []


async def test_nothing_is_written_to_another():
    await nothing_is_written_to_another(Diverted)


async def test_nothing_is_written_to_another_mutant_is_caught():
    with pytest.raises(AssertionError):
        await nothing_is_written_to_another(Routed)  # believes that it reached what it dialled
