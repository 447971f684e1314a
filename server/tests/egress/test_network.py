"""One post: what is written, what is read, and how long it may take."""

import asyncio
import gzip
import ssl

import pytest
import trustme
import uvloop

from e2e.deployment import eventually
from egress.receiver import OK, Receiver, listening
from watchword_server.domain.destinations import LOOPBACK
from watchword_server.egress import idle
from watchword_server.egress.exchange import MAX_BODY, retry_after
from watchword_server.egress.network import GuardedNetwork
from watchword_server.ports.outside import Denied, Unreachable

AT = 1_772_366_400_000  # 2026-03-01T12:00:00Z


def now():
    return AT


def poster(**options):
    return GuardedNetwork(now, LOOPBACK, **options)


async def posted(answer=OK, script=None, **options):
    async with listening(Receiver(answer, script)) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/hook?a=1"
        return await poster(**options).post(url, {}, b"{}"), receiver


async def unanswered(answer=OK, script=None, **options):
    with pytest.raises(Unreachable) as caught:
        await posted(answer, script, **options)
    return caught.value.what


async def test_a_post_is_written_as_it_was_given():
    async with listening(Receiver()) as receiver:
        given = {"webhook-id": "evt_1", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{receiver.port}/hook?a=1"
        reply = await poster().post(url, given, b'{"a":1}')
    assert (reply.status, reply.body, reply.retry_after_s) == (200, b"ok", None)
    head, body = receiver.requests[0]
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hook?a=1 HTTP/1.1"
    fields = dict(line.split(": ", 1) for line in lines[1:-2])
    assert fields.pop("user-agent").startswith("Watchword/")
    assert fields == {
        "host": f"127.0.0.1:{receiver.port}", "content-length": "7",
        "content-type": "application/json", "webhook-id": "evt_1", "accept-encoding": "identity",
    }  # fmt: skip
    assert body == b'{"a":1}'


async def test_a_caller_cannot_change_the_frame_of_the_request():
    async with listening(Receiver()) as receiver:
        given = {"Host": "inside", "transfer-encoding": "chunked", "Content-Length": "0",
                 "Accept-Encoding": "gzip", "Expect": "100-continue"}  # fmt: skip
        await poster().post(f"http://127.0.0.1:{receiver.port}/", given, b"{}")
    head, body = receiver.requests[0]
    assert body == b"{}"
    assert b"inside" not in head and b"chunked" not in head and b"gzip" not in head


@pytest.mark.parametrize("given", [{"x": "a\r\nhost: inside"}, {"x y": "a"}, {"x": "é"}])
async def test_a_field_that_would_break_the_header_is_not_sent(given):
    async with listening(Receiver()) as receiver:
        with pytest.raises(Unreachable, match="header field"):
            await poster().post(f"http://127.0.0.1:{receiver.port}/", given, b"{}")
        assert await receiver.reached() == 0


async def test_a_long_answer_is_cut():
    endless = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + b"x" * 1_000_000
    reply, _ = await posted(endless)
    assert (reply.status, len(reply.body)) == (200, MAX_BODY)


async def test_a_compressed_answer_is_left_compressed():
    bomb = gzip.compress(b"\x00" * 10_000_000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    reply, _ = await posted(head + bomb)
    assert bomb.startswith(reply.body)


async def test_a_status_counts_although_the_body_breaks_off():
    reply, _ = await posted(b"HTTP/1.1 500 Oops\r\ncontent-length: 10\r\n\r\nhalf")
    assert (reply.status, reply.body) == (500, b"half")


async def test_interim_answers_are_passed_over():
    reply, _ = await posted(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)
    assert reply.status == 200


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/1.1 200",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nx: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
    ],
    ids=["nothing", "ssh", "half a line", "upgrade", "two lengths", "long field", "endless"],
)
async def test_what_is_no_answer_is_said_to_be_none(answer):
    assert await unanswered(answer)


async def drip(reader, writer):
    """A slow loris: a byte now and then, for ever."""
    while True:
        writer.write(b"H")
        await writer.drain()
        await asyncio.sleep(0.01)


async def ends_in_time(make):
    """Within its deadline, however often a byte comes."""
    async with listening(Receiver(script=drip)) as receiver:
        patient = make(now, LOOPBACK, deadline_s=0.2)
        async with asyncio.timeout(2):
            with pytest.raises(Unreachable, match=r"no answer within 0\.2 s"):
                await patient.post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")


async def test_a_slow_loris_does_not_outlast_the_deadline():
    await ends_in_time(GuardedNetwork)


async def test_a_slow_loris_does_not_outlast_the_deadline_mutant_is_caught():
    class Patient(GuardedNetwork):
        def __init__(self, *given, deadline_s):
            super().__init__(*given, deadline_s=60)

    with pytest.raises((TimeoutError, AssertionError)):
        await ends_in_time(Patient)


async def test_a_name_server_that_never_answers_is_not_waited_for():
    async def silent(host, owner):
        await asyncio.Event().wait()

    with pytest.raises(Unreachable, match="no answer within"):
        await poster(resolve=silent, deadline_s=0.05).post("https://a.example/", {}, b"{}")


async def test_the_next_address_is_tried():
    async def two(host, owner):
        return ["127.0.0.9", "127.0.0.1"]

    async with listening(Receiver()) as receiver:
        reply = await poster(resolve=two).post(f"http://a.example:{receiver.port}/", {}, b"{}")
    assert reply.status == 200
    assert b"host: a.example:" in receiver.requests[0][0]


async def test_a_closed_port_is_unreachable_and_its_address_is_not_told():
    async with listening(Receiver()) as receiver:
        port = receiver.port
    with pytest.raises(Unreachable) as caught:
        await poster().post(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert "refused" in caught.value.what and "127" not in caught.value.what


async def test_plain_http_stays_within_the_allowed_networks():
    async def public(host, owner):
        return ["93.184.215.14"]

    with pytest.raises(Denied) as caught:
        await poster(resolve=public).post("http://a.example/", {}, b"{}")
    assert caught.value.rule == "http"


async def test_closing_calls_off_what_is_under_way():
    arrived = asyncio.Event()

    async def hang(reader, writer):
        arrived.set()
        await reader.read(1)

    async with listening(Receiver(script=hang)) as receiver:
        one = poster()
        url = f"http://127.0.0.1:{receiver.port}/"
        pending = asyncio.create_task(one.post(url, {}, b"{}"))
        await arrived.wait()
        await one.aclose()
        with pytest.raises(Unreachable, match="stopping"):
            await pending
        with pytest.raises(Unreachable, match="stopping"):
            await one.post(url, {}, b"{}")


class Certified:
    """An authority, and a server with its certificate for `hook.example`."""

    def __init__(self, name="hook.example"):
        authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self.server)
        self.asked = []
        self.server.sni_callback = lambda _, name, __: self.asked.append(name)
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)


async def local(host, owner):
    return ["127.0.0.1"]


async def over_tls(certified, **options):
    async with listening(Receiver(), ssl=certified.server) as receiver:
        given = {"resolve": local, "trust": certified.trust} | options
        url = f"https://hook.example:{receiver.port}/"
        reply = await poster(**given).post(url, {"webhook-id": "evt_1"}, b"{}")
    assert reply.status == 200
    return receiver


async def test_tls_is_made_with_the_name_in_the_url():
    certified = Certified()
    receiver = await over_tls(certified)
    assert certified.asked == ["hook.example"]
    assert f"host: hook.example:{receiver.port}".encode() in receiver.requests[0][0]


async def test_a_certificate_for_another_name_is_refused():
    certified = Certified("other.example")
    with pytest.raises(Unreachable, match="certificate was refused"):
        await over_tls(certified)


async def test_a_certificate_for_another_name_is_refused_mutant_is_caught():
    certified = Certified("other.example")
    certified.trust.check_hostname = False
    await over_tls(certified)  # the same call goes through once names are not compared


async def test_an_unknown_authority_is_refused():
    with pytest.raises(Unreachable, match="certificate was refused"):
        await over_tls(Certified(), trust=ssl.create_default_context())


async def test_a_server_without_tls_is_unreachable():
    async def plain(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        try:
            await reader.read()
        except OSError:
            pass  # it hung up
        finally:
            writer.transport.abort()
            gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="TLS failed"):
            await poster(resolve=local).post(f"https://hook.example:{port}/", {}, b"{}")
        await gone.wait()


def test_it_works_on_the_loop_of_the_server():
    """uvloop has sockets and TLS of its own."""

    async def all_of_it():
        certified = Certified()
        async with listening(Receiver(), ssl=certified.server) as receiver:
            one = poster(resolve=local, trust=certified.trust)
            url = f"https://hook.example:{receiver.port}/"
            for _ in range(3):
                assert (await one.post(url, {}, b"{}")).status == 200
            await one.aclose()
        await ends_in_time(GuardedNetwork)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(all_of_it())


async def keeps_connections(make):
    async with listening(Receiver(keeps=True)) as receiver:
        one = make(now, LOOPBACK)
        url = f"http://127.0.0.1:{receiver.port}/"
        for _ in range(5):
            assert (await one.post(url, {}, b"{}")).status == 200
        assert (receiver.connections, len(receiver.requests)) == (1, 5)


async def test_a_connection_is_used_again():
    await keeps_connections(GuardedNetwork)


async def test_a_connection_is_used_again_mutant_is_caught():
    class Fresh(GuardedNetwork):
        async def _asked(self, place, connection, sent, progress):
            reply = await super()._asked(place, connection, sent, progress)
            self._idle.close()
            return reply

    with pytest.raises(AssertionError):
        await keeps_connections(Fresh)


async def what_came_unasked_is_no_answer(make):
    """The peer sends an answer to nothing on a kept connection: the next post gets its own."""
    unasked = asyncio.Event()

    async def script(reader, writer):
        writer.write(OK)
        await unasked.wait()
        writer.write(OK.replace(b"200 OK", b"418 No"))
        await reader.read(1)

    async with listening(Receiver(script=script)) as receiver:
        one = make(now, LOOPBACK)
        url = f"http://127.0.0.1:{receiver.port}/"
        assert (await one.post(url, {}, b"{}")).status == 200
        ((_, kept),) = next(iter(one._idle._kept.values()))
        unasked.set()

        async def has_come():
            return bool(kept.reader._buffer)

        await eventually(has_come, "it has come")
        assert (await one.post(url, {}, b"{}")).status == 200
        assert receiver.connections == 2
        await one.aclose()


async def test_what_came_unasked_is_no_answer():
    await what_came_unasked_is_no_answer(GuardedNetwork)


async def test_what_came_unasked_mutant_is_caught(monkeypatch):
    monkeypatch.setattr(idle.Open, "is_quiet", True)
    with pytest.raises(AssertionError):
        await what_came_unasked_is_no_answer(GuardedNetwork)


async def test_a_kept_connection_that_was_closed_meanwhile_costs_nothing():
    async with listening(Receiver()) as receiver:  # closes after its answer without saying so
        one = poster()
        for _ in range(5):
            reply = await one.post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
            assert reply.status == 200
        assert len(receiver.requests) == 5


async def a_kept_connection_is_judged_anew(make):
    """The name now leads inside: the connection that is still open to the outside is of no use."""
    found = ["127.0.0.1"]

    async def resolve(host, owner):
        return found

    async with listening(Receiver(keeps=True)) as receiver:
        one = make(now, LOOPBACK, resolve=resolve)
        url = f"http://hook.example:{receiver.port}/"
        await one.post(url, {}, b"{}")
        found[:] = ["10.0.0.1"]
        with pytest.raises(Denied):
            await one.post(url, {}, b"{}")
        found[:] = ["127.0.0.2"]
        with pytest.raises(Unreachable):
            await one.post(url, {}, b"{}")
        assert len(receiver.requests) == 1


async def test_a_kept_connection_is_judged_anew():
    await a_kept_connection_is_judged_anew(GuardedNetwork)


async def test_a_kept_connection_is_judged_anew_mutant_is_caught():
    class Trusting(GuardedNetwork):
        async def _addresses(self, destination, owner):
            known = getattr(self, "_known", None)
            self._known = known or await super()._addresses(destination, owner)
            return self._known

    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await a_kept_connection_is_judged_anew(Trusting)


async def test_idle_connections_are_closed_in_time(monkeypatch):
    monkeypatch.setattr(idle, "IDLE_S", 0.02)
    async with listening(Receiver(keeps=True)) as receiver:
        one = poster()
        await one.post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        assert one._idle._count == 1
        await eventually(lambda: nothing_is_kept(one), "the connection is closed")


async def nothing_is_kept(one):
    return one._idle._count == 0 and one._idle._timer is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120), (b" 7 ", 7), (b"0", 0), (b"999999", 86_400), (b"9" * 400, 86_400),
        (b"Sun, 01 Mar 2026 12:00:30 GMT", 30), (b"Sun, 01 Mar 2026 11:00:00 GMT", 0),
        (b"Mon, 01 Mar 2027 12:00:00 GMT", 86_400), (b"soon", None), (b"-5", None), (b"", None),
        (b"1.5", None), (b"\xb2", None), (b"Sun, 99 Mar 2026 12:00:30 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(value, seconds):
    assert retry_after(value, AT) == seconds


async def test_a_receiver_can_ask_for_a_pause():
    busy = b"HTTP/1.1 429 Busy\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n"
    reply, _ = await posted(busy)
    assert (reply.status, reply.retry_after_s) == (429, 60)
