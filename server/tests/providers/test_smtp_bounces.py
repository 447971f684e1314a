"""Bounces: an address of its own for each mail, and what comes back to it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import contract, vendor_peer
from providers.contract import Situation
from providers.smtp_account import MESSAGE, account, failure, settings
from providers.smtp_peer import SmtpPeer
from watchword_server.domain.delivery import DeliveryStatus, Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import (
    Callback,
    Forged,
    Rejected,
    Told,
    Unavailable,
    Uncertain,
    Unreadable,
)
from watchword_server.providers.smtp import Settings, Smtp, bounces, mail_text, token
from watchword_server.providers.smtp.verp import Verp

SAMPLES = Path(__file__).parent / "samples" / "smtp"
DELIVERY = "dlv_0193f2c1a7b47c3e9d5a1b2c3d4e5f60"
OTHER = "dlv_0193f2c1a7b47c3e9d5a1b2c3d4e5f61"
SECRET = "a secret of this account"
BOUNCES = {"bounce_address": "bounces@mail.acme.example", "bounce_secret": SECRET}
VERP = Verp(BOUNCES["bounce_address"], SECRET)


def mail(name, delivery=DELIVERY):
    text = (SAMPLES / name).read_text("utf-8")
    return text.replace("{bounce}", VERP.address(delivery)).encode()


def callback(body, query=None, kind="message/rfc822"):
    return Callback(
        method="POST", url=vendor_peer.CALLBACK_URL, query=query or {},
        headers={"content-type": kind}, body=body,
    )  # fmt: skip


def told(body, query=None, kind="message/rfc822"):
    return bounces.told(VERP, callback(body, query, kind))


# ---- the address ----------------------------------------------------------------------------


def test_an_address_names_its_delivery_in_whatever_case_it_comes_back():
    address = VERP.address(DELIVERY)
    assert len(address.rpartition("@")[0]) <= 64
    assert {VERP.delivery(one) for one in (address, address.upper(), f"<{address}>")} == {DELIVERY}


def test_the_longest_local_part_fits_into_64_octets():
    local = "b" * 23
    address = Verp(f"{local}@acme.example", SECRET).address(DELIVERY)
    assert len(address.rpartition("@")[0]) == 64
    Settings(host="h", from_address="a@b.example", bounce_address=f"{local}@acme.example",
             bounce_secret=SECRET)  # fmt: skip
    with pytest.raises(Misconfigured, match="at most 23 characters"):
        Settings(host="h", from_address="a@b.example", bounce_address=f"b{local}@acme.example",
                 bounce_secret=SECRET)  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [{"bounce_address": "bounces@mail.acme.example"}, {"bounce_secret": SECRET},
     {**BOUNCES, "bounce_secret": "short"}, {**BOUNCES, "bounce_address": "nonsense"},
     {"success_notices": True}],
)  # fmt: skip
def test_half_of_the_bounce_settings_is_refused_by_name(changes):
    with pytest.raises(Misconfigured, match="bounce_") as caught:
        Settings(host="h", from_address="a@b.example", **changes)
    assert SECRET not in str(caught.value)


def is_authentic(read):
    """Nobody makes an address without the secret, not even out of another one."""
    address = VERP.address(DELIVERY)
    local, domain = address.split("@")
    stem, written = local.split("+")
    for place in range(len(written)):
        changed = "b" if written[place] == "a" else "a"
        forged = f"{stem}+{written[:place]}{changed}{written[place + 1 :]}@{domain}"
        assert read(VERP, forged) is None, place
    another = Verp(BOUNCES["bounce_address"], "another secret entirely").address(OTHER)
    for forged in (another, f"{stem}+@{domain}", f"{stem}@{domain}", f"{local}@evil.example",
                   f"x{local}@{domain}", f"{local}a@{domain}", "", "@", address[:-1]):  # fmt: skip
        assert read(VERP, forged) is None, forged


def test_an_address_that_was_not_made_here_names_nothing():
    is_authentic(Verp.delivery)


def test_a_reader_that_does_not_check_the_proof_is_caught(monkeypatch):
    monkeypatch.setattr(token.hmac, "compare_digest", lambda one, other: True)
    with pytest.raises(AssertionError):
        is_authentic(Verp.delivery)


@given(st.text(max_size=120))
def test_any_text_is_read_as_an_address(text):
    assert VERP.delivery(text) is None


# ---- what leaves ----------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_each_mail_leaves_with_an_address_of_its_own():
    with SmtpPeer() as peer:
        async with account(peer, **BOUNCES) as smtp, account(peer) as plain:
            assert (smtp.reports, plain.reports) == (True, False)
            await smtp.send(contract.message(id=DELIVERY))
            await smtp.send(contract.message(id=OTHER))
            await plain.send(contract.message(id=OTHER))
        senders = [received.mail_from for received in peer.messages]
        assert [VERP.delivery(one) for one in senders] == [DELIVERY, OTHER, None]
        assert senders[2] == "codes@acme.example"
        assert peer.messages[0].parsed["From"].addresses[0].addr_spec == "codes@acme.example"


@pytest.mark.asyncio
async def test_a_bounce_is_asked_for_without_the_content_where_the_server_can():
    with SmtpPeer(dsn=True) as peer, SmtpPeer() as simple:
        for here in (peer, simple):
            async with account(here, **BOUNCES) as smtp:
                await smtp.send(contract.message(id=DELIVERY))
            async with account(here, **BOUNCES, success_notices=True) as smtp:
                await smtp.send(contract.message(id=DELIVERY))
        assert [("RET=HDRS" in one.options, one.notify) for one in peer.messages] == [
            (True, []), (True, ["NOTIFY=SUCCESS,FAILURE"]),
        ]  # fmt: skip
        assert [(one.options, one.notify) for one in simple.messages] == [([], [])] * 2


# ---- what comes back ------------------------------------------------------------------------

_S = DeliveryStatus
UNDELIVERED = [
    ("postfix-failed.eml", Reason.INVALID_RECIPIENT, "failed 5.1.1 smtp; 550 5.1.1"),
    ("postfix-gave-up.eml", Reason.UNREACHABLE, "failed 4.4.1 X-Postfix; connect to"),
    ("exim-failed.eml", Reason.UNREACHABLE, "failed 552 5.2.2"),
    ("exchange-failed.eml", Reason.CONTENT_REJECTED, "failed 5.0.0 smtp;550 5.7.1 RESOLVER.RST"),
    ("qmail-failed.eml", Reason.INVALID_RECIPIENT, "failed Sorry, no mailbox here by that name."),
    ("in-words-failed.eml", Reason.CONTENT_REJECTED, "failed 5.7.1 smtp; 554 5.7.1 Service"),
]
SILENT = ["postfix-delayed.eml", "postfix-relayed.eml", "vacation.eml", "challenge.eml",
          "human.eml"]  # fmt: skip


@pytest.mark.parametrize(("name", "reason", "raw"), UNDELIVERED, ids=lambda one: str(one)[:24])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_bounce_is_an_undelivered_mail_with_its_reason(name, reason, raw, ends):
    (report,) = told(mail(name).replace(b"\n", ends)).inbound
    assert (report.references, report.status) == ((DELIVERY,), _S.UNDELIVERED)
    assert report.reason is reason
    assert report.raw.startswith(raw)
    shows_nobody(report)


def shows_nobody(report):
    assert len(report.raw) <= 200
    assert report.raw.isprintable()
    for secret in ("ada", "mail.test>", "482913", SECRET, VERP.address(DELIVERY)):
        assert secret not in report.raw.lower()


def test_a_notice_of_success_is_a_delivered_mail():
    (report,) = told(mail("postfix-delivered.eml")).inbound
    assert (report.status, report.reason) == (_S.DELIVERED, None)
    shows_nobody(report)


def says_nothing(read):
    for name in SILENT:
        assert read(mail(name)).inbound == (), name


def test_delays_vacation_notes_and_people_change_nothing():
    says_nothing(told)


def test_a_reader_that_takes_every_mail_for_a_bounce_is_caught(monkeypatch):
    monkeypatch.setattr(bounces, "_is_bounce", lambda header, body: True)
    with pytest.raises(AssertionError):
        says_nothing(told)


def test_of_several_recipients_one_that_was_reached_counts():
    body = mail("postfix-failed.eml").replace(
        b"Action: failed", b"Action: failed\n\nFinal-Recipient: rfc822; b@mail.test\n"
        b"Action: delivered\nStatus: 2.0.0", 1,
    )  # fmt: skip
    assert told(body).inbound[0].status is _S.DELIVERED


@pytest.mark.parametrize(
    ("status", "diagnostic", "reason"),
    [
        ("5.7.28", "", Reason.THROTTLED),
        ("5.2.1 (Mailbox disabled)", "", Reason.UNREACHABLE),
        ("5.0.0", "smtp; 550 no such user", Reason.INVALID_RECIPIENT),
        ("5.9.9", "x-unix; it broke", Reason.OTHER),
        ("", "", Reason.OTHER),
    ],
)
def test_a_status_means_what_it_means_in_the_dialogue(status, diagnostic, reason):
    body = (
        "To: {0}\nContent-Type: multipart/report; boundary=b\n\n--b\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n"
        "Final-Recipient: rfc822; ada@mail.test\nAction: Failed (gave up)\n"
        "Status: {1}\nDiagnostic-Code: {2}\n\n--b--\n"
    )
    (report,) = told(body.format(VERP.address(DELIVERY), status, diagnostic).encode()).inbound
    assert report.reason is reason


def is_told_by_the_envelope(read):
    """A bounce is believed only where it came to an address that was made here."""
    body = mail("postfix-failed.eml")
    ours = VERP.address(OTHER)
    assert read(body, {"recipient": ours}).inbound[0].references == (OTHER,)
    forged = "bounces+" + "a" * 40 + "@mail.acme.example"
    with pytest.raises(Forged):
        read(body, {"recipient": forged})
    with pytest.raises(Forged):
        read(body.replace(VERP.address(DELIVERY).encode(), forged.encode()))
    named_in_body = b"To: somebody@acme.example\n\n" + body
    with pytest.raises(Forged):
        read(named_in_body)


def test_a_bounce_to_a_made_up_address_is_not_believed():
    is_told_by_the_envelope(told)


def test_a_reader_that_looks_for_its_delivery_anywhere_is_caught(monkeypatch):
    def anywhere(verp, query, header):
        return DELIVERY

    monkeypatch.setattr(bounces, "_delivery", anywhere)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        is_told_by_the_envelope(told)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", "message/rfc822"), (b"no header\n\nat all", "message/rfc822"),
     (b"To: a@b.example\n\n" + b"x" * 65_536, "message/rfc822"),
     (b"To: a@b.example\n\n", "application/json"), (b"To: a@b.example\n\n", "")],
)  # fmt: skip
def test_what_is_no_mail_is_unreadable(body, kind):
    with pytest.raises(Unreadable):
        told(body, kind=kind)


@pytest.mark.asyncio
async def test_an_account_without_bounces_takes_no_callbacks():
    with SmtpPeer() as peer:
        async with account(peer) as smtp:
            with pytest.raises(Unreadable):
                smtp.told(callback(mail("postfix-failed.eml")))


# ---- whatever comes -------------------------------------------------------------------------

PIECES = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]
SCRAPS = st.sampled_from(
    [b"--b", b"\n--b\n", b"--b--", b"Content-Type: multipart/report; boundary=b\n", b"\n\n", b":",
     b"Content-Type: message/delivery-status\n\n", b"Final-Recipient: rfc822;x\n", b"(((((",
     b"\xff",
     b"Action: failed\n", b"Content-Transfer-Encoding: base64\n", b"Status: 5.1.1\n", b"\x00", b"=",
     b"Content-Transfer-Encoding: quoted-printable\n", b"X-Failed-Recipients: x\n", b"\r", b" "]
)  # fmt: skip


@st.composite
def mangled(draw):
    """A real bounce with something cut out and something put in."""
    body = draw(st.sampled_from(PIECES)).replace(b"{bounce}", VERP.address(DELIVERY).encode())
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(body)))
        body = (
            body[:at] + draw(SCRAPS | st.binary(max_size=8)) + body[at + draw(st.integers(0, 80)) :]
        )
    return body


def ends_well(body, query):
    try:
        answer = told(body, query)
    except (Forged, Unreadable):
        return
    assert type(answer) is Told
    for report in answer.inbound:
        assert report.references == (DELIVERY,)
        assert len(report.raw) <= 200
        assert report.raw.isprintable()


@given(mangled() | st.binary(max_size=2_000) | st.lists(SCRAPS, max_size=40).map(b"".join))
def test_any_bytes_end_in_a_report_in_nothing_or_in_a_refusal(body):
    ends_well(body, {})
    ends_well(body, {"recipient": VERP.address(DELIVERY)})


def test_a_mail_that_is_deep_or_full_of_parts_is_read_in_one_pass():
    nested = b"Content-Type: multipart/report; boundary=b\n\n--b\n" * 1_300
    parts = b"Content-Type: multipart/report; boundary=b\n" + b"\n--b\n" * 13_000
    comments = b"To: x\nAuto-Submitted: " + b"(" * 60_000
    for body in (nested, parts, comments, b"(" * 65_000, b"<" * 65_000, b"@" * 65_000):
        ends_well(body[:65_536], {"recipient": VERP.address(DELIVERY)})
    header, body = mail_text.split(mail_text.lines(parts))
    assert len(list(mail_text.parts(header, body))) == 20


# ---- an account of a project ----------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
async def test_a_projects_account_is_reached_by_the_network_it_is_given(security, monkeypatch):
    with SmtpPeer(security) as peer:
        setup = vendor_peer.setup("post office")
        smtp = Smtp(trusting(peer, monkeypatch), setup)
        receipt = await smtp.send(contract.message(id=DELIVERY))
        await smtp.send(MESSAGE)
        await smtp.aclose()
        await setup.network.aclose()
    assert smtp.name == "post office"
    assert type(receipt) is Receipt
    assert (len(peer.messages), peer.connections) == (2, 1)
    assert peer.messages[0].over_tls is (security != "none")


def trusting(peer, monkeypatch):
    """Settings without a file, on a machine that trusts the peer's authority."""
    monkeypatch.setenv("SSL_CERT_FILE", peer.ca_file)
    return settings(peer, ca_file=None)


@pytest.mark.asyncio
async def test_a_projects_account_reaches_no_private_network(monkeypatch):
    with SmtpPeer("none") as peer:
        setup = vendor_peer.setup("post office", networks=())
        smtp = Smtp(settings(peer, ca_file=None), setup)
        error = await failure(smtp)
        await smtp.aclose()
        await setup.network.aclose()
        assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)
        assert peer.connections == 0


@pytest.mark.parametrize("field", ["ca_file", "dkim_key_file"])
def test_a_projects_account_names_no_file_of_this_machine(field):
    changes = {field: "/etc/hostname"} | ({"dkim_selector": "a"} if "dkim" in field else {})
    plain = Settings(host="mx.acme.example", from_address="codes@acme.example", **changes)
    with pytest.raises(Misconfigured, match=f"smtp: {field}: only the account of the settings"):
        Smtp(plain, vendor_peer.setup())


class TestContractWithBounces(contract.ProviderContract):
    """The same clauses for a project's account that takes bounces."""

    @pytest.fixture
    def situations(self):
        setup = vendor_peer.setup()
        with (
            SmtpPeer("none") as good,
            SmtpPeer("none", answers={"RCPT": ["550 5.1.1 <ada@example.com> unknown"] * 9}) as bad,
            SmtpPeer("none", answers={"RCPT": ["451 4.7.1 greylisted"] * 9}) as grey,
            SmtpPeer("none", answers={"CONTENT": ["(closes the connection)"] * 9}) as silent,
        ):

            def situation(peer, ends_in):
                made = lambda: Smtp(settings(peer, ca_file=None, **BOUNCES), setup)  # noqa: E731
                return Situation(
                    made, ends_in, contract.message(id=DELIVERY), (SECRET,), patience=5
                )

            yield {
                "taken": situation(good, Receipt),
                "unknown": situation(bad, Rejected),
                "greylisted": situation(grey, Unavailable),
                "silent": situation(silent, Uncertain),
            }


# ---- greylisting ----------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_greylisted_mail_is_not_sent_again_in_the_same_hand_over_and_passes_the_next_time():
    with SmtpPeer(answers={"RCPT": ["451 4.7.1 greylisted, come back later"]}) as peer:
        async with account(peer, **BOUNCES) as smtp:
            error = await failure(smtp, contract.message(id=DELIVERY))
            assert (type(error), error.reason) == (Unavailable, Reason.THROTTLED)
            assert (peer.recipients, peer.messages) == (1, [])
            await smtp.send(contract.message(id=OTHER))
        assert (peer.recipients, len(peer.messages), peer.connections) == (2, 1, 1)


# ---- how it is doing ------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_checkup_logs_in_and_sends_nothing():
    right, wrong = (
        {"username": "me", "password": "open-sesame"},
        {"username": "me", "password": "x"},
    )
    with SmtpPeer(login=("me", "open-sesame")) as peer:
        async with account(peer, **right) as smtp, account(peer, **wrong) as stranger:
            good, bad = await smtp.checkup(), await stranger.checkup()
        assert (good.ok, good.detail) == (True, "The mail server 127.0.0.1 answers (starttls).")
        assert bad.ok is False
        assert "refused the log-in" in bad.detail
        assert (peer.messages, peer.recipients) == ([], 0)
        peer.stop()
        async with account(peer, **right) as smtp:
            gone = await smtp.checkup()
        assert (gone.ok, "does not answer" in gone.detail) == (False, True)
        peer.start()
