"""Sessions with an SMSC that nobody here wrote: the npm package `smpp` as a server."""

import asyncio
import contextlib
from pathlib import Path

import pytest
import trustme

import services_needed
from providers import contract
from providers.contract import CODE
from providers.smpp.account import MESSAGE, PASSWORD, Told, account, failure, listening
from providers.smpp.process import running
from watchword_server.domain.delivery import DeliveryStatus, Reason
from watchword_server.ports.providers import Rejected, Unavailable
from watchword_server.providers.smpp.settings import Ids
from watchword_server.providers.smpp.text import Long

SCRIPT = Path(__file__).with_name("smsc.cjs")
PHONE = "+1415555267"
RUSSIAN = f"Код: {CODE} 😀"


class Peer:
    host = "127.0.0.1"

    def __init__(self, program, port):
        self.program = program
        self.port = port


@contextlib.asynccontextmanager
async def smsc(port=0, tls=()):
    """An SMSC in a process of its own."""
    node = services_needed.require("node")
    packages = services_needed.require_package("smpp").parent
    words = (node, str(SCRIPT), str(port), "acme", PASSWORD, *tls)
    async with running(*words, NODE_PATH=str(packages)) as program:
        yield Peer(program, (await program.until("listening"))["port"])


def message(last, **changes):
    """To a number that ends so."""
    return contract.message(
        **{"to": f"{PHONE}{last}", "channel": "sms", "text": MESSAGE.text, "ttl_s": 300, **changes}
    )


async def a_code_arrives_and_its_receipt_comes_back(send, told, peer):
    sent = await send(message(1))
    arrived = await peer.program.until("message")
    assert (arrived["to"], arrived["from"]) == ("14155552671", "18005550100")
    assert arrived["text"] == f"{CODE} is your Acme code."
    report = await told.until(1)
    assert report.references == (sent.reference,)
    assert (report.status, report.raw) == (DeliveryStatus.DELIVERED, "stat:DELIVRD err:000")
    assert (await peer.program.until("receipt"))["status"] == 0


async def test_a_code_arrives_and_its_receipt_comes_back():
    told = Told()
    async with smsc() as peer, listening(peer, told) as smpp:
        await a_code_arrives_and_its_receipt_comes_back(smpp.send, told, peer)
        assert (await smpp.checkup()).ok


async def test_an_adapter_that_only_says_it_sent_is_caught():
    async def pretend_to_send(_message):
        return contract.Receipt(reference="1")

    told = Told()
    async with smsc() as peer, listening(peer, told) as smpp:
        await smpp.send(message(1, text="another text"))
        with pytest.raises(AssertionError):
            await a_code_arrives_and_its_receipt_comes_back(pretend_to_send, told, peer)


@pytest.mark.parametrize(
    ("last", "reason", "stat"),
    [
        (7, Reason.UNREACHABLE, "EXPIRED"), (8, Reason.BLOCKED_BY_CARRIER, "REJECTD"),
        (9, Reason.UNREACHABLE, "UNDELIV"),
    ],
)  # fmt: skip
async def test_a_message_that_did_not_arrive_is_reported(last, reason, stat):
    told = Told()
    async with smsc() as peer, listening(peer, told) as smpp:
        await smpp.send(message(last))
        report = await told.until(1)
    assert (report.status, report.reason) == (DeliveryStatus.UNDELIVERED, reason)
    assert report.raw == f"stat:{stat} err:027"


@pytest.mark.parametrize("method", Long)
@pytest.mark.parametrize("text", [RUSSIAN * 12, "[€] " * 60], ids=["ucs-2", "gsm-7"])
async def test_a_long_text_arrives_whole(method, text):
    told = Told()
    async with smsc() as peer, listening(peer, told, long_messages=method) as smpp:
        sent = await smpp.send(message(1, text=text))
        report = await told.until(1)
        assert report.references == (sent.reference,)
        parts = peer.program.of("message")
    assert "".join(part["text"] for part in parts) == text
    assert {part["coding"] for part in parts} == {8 if text.startswith("К") else 0}
    assert len(parts) == (1 if method is Long.PAYLOAD else len(parts))
    if method is Long.UDH:
        headers = [bytes.fromhex(one["udh"][0]) for one in parts]
        assert [header[-2:] for header in headers] == [
            bytes((len(parts), number)) for number in range(1, len(parts) + 1)
        ]


async def test_a_number_that_the_smsc_refuses_is_refused():
    async with smsc() as peer, listening(peer) as smpp:
        error = await failure(smpp, message(5))
    assert (type(error), error.reason) == (Rejected, Reason.INVALID_RECIPIENT)
    assert error.raw == "ESME_RINVDSTADR"


async def test_throttling_rests_and_goes_on():
    time = [1_000_000]
    async with smsc() as peer, account(peer, now=lambda: time[0]) as smpp:
        for rest_ms in (1_000, 2_000):
            error = await failure(smpp, message(6))
            assert (type(error), error.reason) == (Unavailable, Reason.THROTTLED)
            assert error.raw == "ESME_RTHROTTLED"
            time[0] += rest_ms
        assert (await smpp.send(message(6))).reference


@pytest.mark.parametrize(
    ("changes", "raw"),
    [({"password": "wrong"}, "ESME_RINVPASWD"), ({"system_id": "eve"}, "ESME_RINVSYSID")],
)
async def test_wrong_credentials_are_a_misconfiguration(changes, raw):
    async with smsc() as peer, account(peer, **changes) as smpp:
        error = await failure(smpp)
    assert (type(error), error.reason, error.raw) == (Unavailable, Reason.MISCONFIGURED, raw)


async def test_the_smsc_is_killed_and_comes_back():
    told = Told()
    async with smsc() as peer, listening(peer, told) as smpp:
        await smpp.send(message(1))
        await told.until(1)
        await peer.program.kill()
        await failure(smpp)  # uncertain, where the end of the connection is not known yet
        assert not (await smpp.checkup()).ok
        error = await failure(smpp)
        assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)
        async with smsc(peer.port) as again:
            await again.program.until("bind")
            sent = await smpp.send(message(1))
            assert (await told.until(2)).references == (sent.reference,)


async def test_many_at_once_each_get_their_own_receipt():
    told = Told()
    async with smsc() as peer, listening(peer, told, window=5) as smpp:
        sent = await asyncio.gather(*(smpp.send(message(1)) for _ in range(100)))
        await told.until(100)
    references = {one.reference for one in sent}
    assert len(references) == 100
    assert {report.references[0] for report in told.heard} == references


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued = ca.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    for at, pem in enumerate(issued.cert_chain_pems):
        pem.write_to_path(str(folder / "cert.pem"), append=at > 0)
    return folder


async def test_a_session_under_tls(authority):
    told, tls = Told(), (str(authority / "key.pem"), str(authority / "cert.pem"))
    async with smsc(tls=tls) as peer:
        trusting = {"tls": True, "ca_file": str(authority / "ca.pem")}
        async with listening(peer, told, **trusting) as smpp:
            await a_code_arrives_and_its_receipt_comes_back(smpp.send, told, peer)
        async with account(peer, tls=True) as smpp:
            error = await failure(smpp)
    assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)
    assert "certificate was refused" in error.raw


async def test_ids_may_be_hexadecimal_in_answers_and_decimal_in_receipts():
    """The package writes both alike, so the receipts are sent by a peer of ours elsewhere; here
    its hexadecimal ids are remembered as decimal ones."""
    async with smsc() as peer, account(peer, message_ids=Ids.HEX_THEN_DECIMAL) as smpp:
        sent = await smpp.send(message(1))
        arrived = await peer.program.until("message")
    assert sent.reference == str(int(arrived["id"], 16))
