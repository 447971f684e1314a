"""`ports.Network`: one request that is never sent twice, and a stream to a server."""

import asyncio
import ssl

import pytest

from e2e.deployment import eventually
from egress.receiver import OK, Receiver, listening
from egress.test_network import Certified
from watchword_server.domain.destinations import LOOPBACK
from watchword_server.egress.network import GuardedNetwork
from watchword_server.egress.resolver import TooManyLookups
from watchword_server.ports.outside import Busy, Denied, Unreachable

NAME = "hook.example"


def network(make=GuardedNetwork, **options):
    return make(lambda: 0, LOOPBACK, **options)


def at(receiver, scheme="http", host="127.0.0.1", path="/v1/send?a=1"):
    return f"{scheme}://{host}:{receiver.port}{path}"


async def local(host, owner):
    return ["127.0.0.1"]


async def hang_up(reader, writer):
    """Reads the request and says nothing."""


async def hang(reader, writer):
    await reader.read(1)


async def unreachable(asked):
    with pytest.raises(Unreachable) as caught:
        await asked
    assert "127.0.0" not in caught.value.what
    return caught.value.left


# ---- a request ------------------------------------------------------------------------------


async def test_any_method_is_asked_and_the_answer_is_told_with_its_header():
    answer = b"HTTP/1.1 404 No\r\nX-A: 1\r\ncontent-length: 4\r\n\r\nnone"
    async with listening(Receiver(answer)) as receiver:
        reply = await network().request("GET", at(receiver), {"Accept": "text/plain"})
    assert (reply.status, reply.body, reply.field("x-a")) == (404, b"none", "1")
    head, body = receiver.requests[0]
    assert head.startswith(b"GET /v1/send?a=1 HTTP/1.1\r\n") and body == b""
    assert b"accept: text/plain\r\n" in head and b"content-type" not in head


async def test_a_redirect_is_an_answer():
    answer = b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    async with listening(Receiver(answer)) as receiver:
        assert (await network().request("POST", at(receiver), {}, b"{}")).status == 307
        assert await receiver.reached() == 1


@pytest.mark.parametrize("method", ["GET\r\nX: 1", "get", "", "G ET"])
async def test_a_method_that_is_none_is_not_sent(method):
    async with listening(Receiver()) as receiver:
        assert await unreachable(network().request(method, at(receiver), {})) is False
        assert await receiver.reached() == 0


async def says_whether_it_left(make=GuardedNetwork):
    """False while nothing was written; True once it may have been read."""

    async def nobody(host, owner):
        raise OSError

    async with listening(Receiver()) as receiver:
        gone = at(receiver)
    assert await unreachable(network(make).request("POST", gone, {}, b"{}")) is False
    lost = network(make, resolve=nobody).request("POST", "https://a.example/", {}, b"{}")
    assert await unreachable(lost) is False
    async with listening(Receiver()) as receiver:  # no TLS there
        refused = network(make).request("POST", at(receiver, "https"), {}, b"{}", timeout_s=0.2)
        assert await unreachable(refused) is False
    for script in (hang_up, hang):
        async with listening(Receiver(script=script)) as receiver:
            asked = network(make).request("POST", at(receiver), {}, b"{}", timeout_s=0.2)
            assert await unreachable(asked) is True
            assert len(receiver.requests) == 1


async def test_an_unanswered_request_says_whether_it_may_have_arrived():
    await says_whether_it_left()


@pytest.mark.parametrize("always", [True, False])
async def test_an_unanswered_request_says_whether_it_may_have_arrived_mutant_is_caught(always):
    class Guessing(GuardedNetwork):
        async def request(self, *given, **more):
            try:
                return await super().request(*given, **more)
            except Unreachable as error:
                raise Unreachable(error.what, left=always) from None

    with pytest.raises(AssertionError):
        await says_whether_it_left(Guessing)


async def test_a_name_server_that_never_answers_means_that_nothing_left():
    async def silent(host, owner):
        await asyncio.Event().wait()

    asked = network(resolve=silent).request("POST", "https://a.example/", {}, timeout_s=0.05)
    assert await unreachable(asked) is False


async def test_too_many_lookups_are_this_servers_own_trouble():
    async def full(host, owner):
        raise TooManyLookups("too many lookups")

    with pytest.raises(Busy):
        await network(resolve=full).request("POST", "https://a.example/", {}, b"{}")


def once_and_then_never():
    """Keeps the connection after its first answer, and hangs up on the second request."""
    answered = []

    async def script(reader, writer):
        if answered:
            return
        answered.append(True)
        writer.write(OK)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        receiver.requests.append((head, await reader.readexactly(2)))

    receiver = Receiver(script=script)
    return receiver


async def is_never_sent_twice(make=GuardedNetwork):
    async with listening(once_and_then_never()) as receiver:
        one = network(make)
        assert (await one.request("POST", at(receiver), {}, b"{}")).status == 200
        assert await unreachable(one.request("POST", at(receiver), {}, b"{}")) is True
        assert await receiver.reached() == 1
    assert len(receiver.requests) == 2


async def test_a_kept_connection_that_breaks_off_is_no_reason_to_send_again():
    await is_never_sent_twice()


async def test_a_kept_connection_that_breaks_off_is_no_reason_to_send_again_mutant_is_caught():
    class Stubborn(GuardedNetwork):
        async def request(self, method, url, headers, body=b"", *, timeout_s=9.0):
            return await self.post(url, headers, body)

    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await is_never_sent_twice(Stubborn)


async def test_a_connection_that_was_closed_meanwhile_is_not_used():
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    async with listening(Receiver(answer)) as receiver:  # says nothing of closing, and closes
        one = network()
        for _ in range(2):
            assert (await one.request("POST", at(receiver), {}, b"{}")).status == 200
            await eventually(lambda: has_ended(one), "its end has come")
        assert await receiver.reached() == 2


async def has_ended(one):
    return not any(kept.is_quiet for ((_, kept),) in one._idle._kept.values())


async def test_a_certificate_is_checked_against_the_name():
    certified, other = Certified(), Certified("other.example")
    async with listening(Receiver(), ssl=certified.server) as receiver:
        one = network(resolve=local, trust=certified.trust)
        url = at(receiver, "https", NAME)
        assert (await one.request("POST", url, {}, b"{}")).status == 200
    async with listening(Receiver(), ssl=other.server) as receiver:
        one = network(resolve=local, trust=other.trust)
        assert await unreachable(one.request("POST", at(receiver, "https", NAME), {})) is False
        assert receiver.requests == []


async def denies_the_inside(make=GuardedNetwork):
    """Before anything is connected, by address and by name, for requests and streams alike."""
    async with listening(Receiver()) as receiver:
        guarded = make(lambda: 0, resolve=local)
        for host in ("127.0.0.1", "a.example", "[::1]"):
            with pytest.raises(Denied):
                await guarded.request("POST", at(receiver, "https", host), {}, timeout_s=0.2)
            with pytest.raises(Denied):
                await guarded.connect(host.strip("[]"), receiver.port)
        assert await receiver.reached() == 0


async def test_the_inside_is_denied():
    await denies_the_inside()


async def test_the_inside_is_denied_mutant_is_caught():
    class Careless(GuardedNetwork):
        def _judged(self, destination, addresses):
            return addresses

    with pytest.raises((AssertionError, Unreachable, pytest.fail.Exception)):
        await denies_the_inside(Careless)


@pytest.mark.parametrize("url", ["", "x", "ftp://a.example/", "http://a.example:25/", "//a"])
async def test_a_url_that_is_none_is_denied(url):
    with pytest.raises(Denied):
        await network(resolve=local).request("POST", url, {})


# ---- a stream -------------------------------------------------------------------------------


async def echo(reader, writer):
    writer.write(await reader.readuntil(b"\n"))
    await writer.drain()
    writer.close()


class Echo:
    """A server that speaks no HTTP."""

    def __init__(self, tls=None):
        self._tls = tls

    async def __aenter__(self):
        self._server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=self._tls)
        return self._server.sockets[0].getsockname()[1]

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()


async def said_over(opened):
    reader, writer = opened
    writer.write(b"hello\n")
    await writer.drain()
    said = await asyncio.wait_for(reader.read(), 5)
    writer.transport.abort()
    return said


async def test_a_stream_speaks_any_protocol():
    async with Echo() as port:
        assert await said_over(await network().connect("127.0.0.1", port)) == b"hello\n"
        named = await network(resolve=local).connect("smsc.example", port)
        assert await said_over(named) == b"hello\n"


async def test_a_stream_under_tls_is_with_the_server_of_that_name():
    certified = Certified()
    async with Echo(certified.server) as port:
        one = network(resolve=local)
        assert await said_over(await one.connect(NAME, port, tls=certified.trust)) == b"hello\n"
        assert certified.asked == [NAME]
        for host, trust in ((NAME, ssl.create_default_context()), ("b.example", certified.trust)):
            with pytest.raises(Unreachable, match="certificate was refused"):
                await one.connect(host, port, tls=trust)


async def test_a_stream_to_nobody_is_unreachable_in_time():
    async with Echo() as port:
        pass
    assert await unreachable(network().connect("127.0.0.1", port)) is False

    async def silent(host, owner):
        await asyncio.Event().wait()

    waiting = network(resolve=silent).connect("a.example", 2775, timeout_s=0.05)
    assert await unreachable(waiting) is False


@pytest.mark.parametrize("port", [25, 465, 2775, 6379])
async def test_a_stream_may_use_a_port_of_another_protocol(port):
    async def nobody(host, owner):
        return []

    with pytest.raises(Unreachable, match="no address"):
        await network(resolve=nobody).connect("a.example", port)


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a@b", "a:b", "a?b", "::1]/", "1.2.3"])
async def test_a_host_that_is_none_is_denied(host):
    with pytest.raises(Denied):
        await network(resolve=local).connect(host, 2775)


async def test_a_closed_network_opens_nothing():
    one = network()
    await one.aclose()
    async with Echo() as port:
        with pytest.raises(Unreachable, match="stopping"):
            await one.connect("127.0.0.1", port)
        with pytest.raises(Unreachable, match="stopping"):
            await one.request("POST", f"http://127.0.0.1:{port}/", {})
