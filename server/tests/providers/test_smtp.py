"""Mail over a real server: what arrives, what each failure means, and what is never shown."""

import asyncio
import contextlib
import socket

import pytest
import trustme

from providers import contract
from providers.contract import CODE
from providers.smtp_account import LOGIN, MESSAGE, account, failure
from providers.smtp_peer import DROP, SmtpPeer
from watchword_server.domain.delivery import Reason
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain

# ---- what arrives ---------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
async def test_the_code_arrives_and_is_read_from_there(security):
    with SmtpPeer(security) as peer:
        async with account(peer) as smtp:
            receipt = await smtp.send(MESSAGE)
        (mail,) = peer.messages
        assert mail.over_tls is (security != "none")
        assert mail.text == f"{CODE} is your Acme code.\n\n@acme.example #{CODE}\n"
        assert (mail.mail_from, mail.to) == ("codes@acme.example", MESSAGE.to)
        assert mail.parsed["Message-ID"] == f"<{receipt.reference}>"


@pytest.mark.asyncio
async def test_the_name_in_ehlo_is_the_senders_domain_unless_set():
    with SmtpPeer() as peer:
        async with account(peer) as smtp, account(peer, helo="otp.acme.example") as named:
            await smtp.send(MESSAGE)
            await named.send(MESSAGE)
        assert [mail.helo for mail in peer.messages] == ["acme.example", "otp.acme.example"]


@pytest.mark.asyncio
async def test_the_right_password_is_let_in():
    with SmtpPeer(login=LOGIN) as peer:
        async with account(peer, username=LOGIN[0], password=LOGIN[1]) as smtp:
            await smtp.send(MESSAGE)
        assert peer.messages[0].username == LOGIN[0]


@pytest.mark.asyncio
async def test_a_wrong_password_is_a_misconfiguration_and_nothing_is_sent():
    with SmtpPeer(login=LOGIN) as peer:
        async with account(peer, username=LOGIN[0], password="guess") as smtp:
            error = await failure(smtp)
        assert peer.messages == []
        assert peer.recipients == 0
    assert (type(error), error.reason) == (Unavailable, Reason.MISCONFIGURED)
    assert error.raw == "535 5.7.8"


@pytest.mark.asyncio
async def test_a_server_without_login_is_a_misconfiguration():
    with SmtpPeer() as peer:
        async with account(peer, username=LOGIN[0], password=LOGIN[1]) as smtp:
            error = await failure(smtp)
    assert (type(error), error.reason) == (Unavailable, Reason.MISCONFIGURED)


@pytest.mark.asyncio
async def test_a_server_that_wants_a_login_is_a_misconfiguration():
    with SmtpPeer(login=LOGIN) as peer:
        async with account(peer) as smtp:
            error = await failure(smtp)
    assert (type(error), error.reason) == (Unavailable, Reason.MISCONFIGURED)


# ---- TLS ------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_untrusted_certificate_is_refused_and_nothing_is_sent(security, tmp_path):
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    with SmtpPeer(security, login=LOGIN) as peer:
        login = {"username": LOGIN[0], "password": LOGIN[1]}
        for ca_file in (str(stranger), None):
            async with account(peer, ca_file=ca_file, **login) as smtp:
                error = await failure(smtp)
                assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)
                assert "CERTIFICATE_VERIFY_FAILED" in error.raw
        assert peer.messages == []
        assert peer.logins == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_for_another_name_is_refused(security):
    with SmtpPeer(security) as peer:
        async with account(peer, host="127.0.0.2") as elsewhere, account(peer) as smtp:
            peer_everywhere = socket.socket()
            with peer_everywhere:
                peer_everywhere.bind(("127.0.0.2", peer.port))
                peer_everywhere.listen()
                relay = asyncio.create_task(_relay(peer_everywhere, peer.port))
                error = await failure(elsewhere)
                relay.cancel()
                await asyncio.gather(relay, return_exceptions=True)
            await smtp.send(MESSAGE)
        assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)
        assert "IP address mismatch" in error.raw
        assert len(peer.messages) == 1


async def _relay(listener, port):
    """Carries one connection from another address to the peer."""
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    near, _ = await loop.sock_accept(listener)
    far = socket.create_connection(("127.0.0.1", port))
    far.setblocking(False)

    async def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := await loop.sock_recv(source, 65536):
                await loop.sock_sendall(sink, data)

    with near, far:
        await asyncio.wait(
            [asyncio.ensure_future(pump(near, far)), asyncio.ensure_future(pump(far, near))]
        )


@pytest.mark.asyncio
async def test_a_server_that_offers_no_starttls_gets_nothing():
    with SmtpPeer("none") as peer:
        async with account(peer, security="starttls") as smtp:
            error = await failure(smtp)
        assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)
        assert peer.recipients == 0


# ---- connections ----------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_connection_is_used_again():
    with SmtpPeer() as peer:
        async with account(peer) as smtp:
            for _ in range(5):
                await smtp.send(MESSAGE)
        assert (len(peer.messages), peer.connections) == (5, 1)


@pytest.mark.asyncio
async def test_fifty_at_once_take_no_more_connections_than_set():
    with SmtpPeer() as peer:
        async with account(peer, connections=3) as smtp:
            sent = [contract.message(id=f"dlv_{number}") for number in range(50)]
            receipts = await asyncio.gather(*map(smtp.send, sent))
        arrived = {mail.parsed["Message-ID"] for mail in peer.messages}
        assert arrived == {f"<{receipt.reference}>" for receipt in receipts}
        assert len(peer.messages) == 50
        assert peer.connections == 3


@pytest.mark.asyncio
@pytest.mark.parametrize("restart", ["stop", "cut"])
async def test_it_reconnects_after_the_server_restarted(restart):
    with SmtpPeer() as peer:
        async with account(peer) as smtp:
            await smtp.send(MESSAGE)
            getattr(peer, restart)()
            if restart == "stop":
                peer.start()
            await smtp.send(MESSAGE)
        assert (len(peer.messages), peer.connections) == (2, 2)


@pytest.mark.asyncio
@pytest.mark.parametrize("said", ["421 4.4.2 idle for too long", DROP])
async def test_a_kept_connection_that_was_given_up_is_replaced_once(said):
    with SmtpPeer(answers={"MAIL": [None, said]}) as peer:
        async with account(peer) as smtp:
            await smtp.send(MESSAGE)
            await smtp.send(MESSAGE)
        assert (len(peer.messages), peer.connections) == (2, 2)


@pytest.mark.asyncio
async def test_content_that_left_over_a_kept_connection_is_never_sent_again():
    with SmtpPeer(answers={"CONTENT": [None, DROP]}) as peer:
        async with account(peer) as smtp:
            await smtp.send(MESSAGE)
            assert type(await failure(smtp)) is Uncertain
        assert (len(peer.messages), peer.connections, peer.recipients) == (1, 1, 2)


@pytest.mark.asyncio
async def test_after_a_refusal_the_next_recipient_is_alone_in_the_envelope():
    with SmtpPeer(answers={"DATA": ["451 4.3.0 not now"]}) as peer:
        async with account(peer) as smtp:
            await failure(smtp)
            await smtp.send(contract.message(to="grace@lab.example.com"))
        assert [mail.to for mail in peer.messages] == ["grace@lab.example.com"]
        assert peer.connections == 1


@pytest.mark.asyncio
async def test_it_can_be_closed_twice_and_still_finishes_what_is_handed_to_it():
    with SmtpPeer() as peer:
        async with account(peer) as smtp:
            await smtp.send(MESSAGE)
            await smtp.aclose()
            await smtp.aclose()
            await smtp.send(MESSAGE)
            await asyncio.to_thread(peer.wait_until_left)
        assert (len(peer.messages), peer.connections) == (2, 2)


# ---- addresses ------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_an_internationalised_address_goes_out_as_utf8_where_that_is_offered():
    with SmtpPeer() as peer:
        async with account(peer) as smtp:
            await smtp.send(contract.message(to="jürgen@büro.example"))
        (mail,) = peer.messages
        assert mail.to == "jürgen@xn--bro-hoa.example"
        assert "SMTPUTF8" in mail.options
        assert "To: <jürgen@xn--bro-hoa.example>".encode() in mail.content


@pytest.mark.asyncio
async def test_an_internationalised_address_is_unreachable_where_it_is_not_offered():
    with SmtpPeer(smtputf8=False) as peer:
        async with account(peer) as smtp:
            error = await failure(smtp, contract.message(to="jürgen@büro.example"))
            await smtp.send(contract.message(to="jurgen@büro.example"))
        assert (type(error), error.reason) == (Rejected, Reason.UNREACHABLE)
        assert [mail.to for mail in peer.messages] == ["jurgen@xn--bro-hoa.example"]
        assert peer.connections == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("field", ["subject", "sender", "to"])
@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\0", "\x85", "\u2028"])
async def test_a_line_break_in_a_header_is_refused_and_nothing_is_sent(field, breaker):
    with SmtpPeer("none") as peer:
        async with account(peer) as smtp:
            evil = f"{getattr(MESSAGE, field)}{breaker}Bcc: eve@evil.example"
            error = await failure(smtp, contract.message(**{field: evil}))
        assert type(error) is Rejected
        assert "eve" not in error.raw
        assert peer.connections == 0


@pytest.mark.asyncio
async def test_a_line_of_one_dot_does_not_end_the_message():
    text = ".\r\nQUIT\n..\n.hidden"
    with SmtpPeer() as peer:
        async with account(peer) as smtp:
            await smtp.send(contract.message(text=text, html=None))
        assert peer.messages[0].text == ".\nQUIT\n..\n.hidden\n"
