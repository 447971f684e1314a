"""Mail as bytes: its structure, its headers, and that nothing in a message can add one."""

import email
import email.policy
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime

import pytest
from aiosmtplib.email import parse_address
from hypothesis import given, settings
from hypothesis import strategies as st

from providers import contract
from watchword_server.domain.delivery import Reason
from watchword_server.ports.providers import Rejected
from watchword_server.providers import mime

NOW = datetime(2026, 11, 22, 13, 14, 15, tzinfo=UTC)
FROM = "codes@acme.example"
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
]
ANY = st.text(max_size=120)


def compose(from_name=mime.SENDER, **changes):
    return mime.compose(contract.message(**changes), FROM, from_name, NOW)


def parsed(mail):
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def test_text_and_html_are_alternatives_in_that_order():
    mail = parsed(compose(text="Grüße\n482913", html="<p>482913</p>"))
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content() == "Grüße\r\n482913\r\n"
    assert html.get_content().rstrip() == "<p>482913</p>"


def test_text_alone_is_one_part():
    mail = parsed(compose(html=None))
    assert mail.get_content_type() == "text/plain"
    assert mail["MIME-Version"] == "1.0"


def test_it_says_that_a_machine_sent_it():
    mail = parsed(compose())
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_its_date_and_message_id():
    mail = parsed(compose())
    assert parsedate_to_datetime(mail["Date"]) == NOW
    assert mail["Message-ID"] == f"<{contract.message().id}@acme.example>"


def test_the_same_delivery_makes_the_same_bytes():
    assert compose().content == compose().content


def test_a_retry_keeps_the_message_id():
    later = mime.compose(contract.message(), FROM, mime.SENDER, datetime.now(UTC))
    assert parsed(later)["Message-ID"] == parsed(compose())["Message-ID"]


@pytest.mark.parametrize(
    ("from_name", "sender", "shown"),
    [
        (mime.SENDER, "Acme", "Acme"),
        ("{sender} via Watchword", "Acme", "Acme via Watchword"),
        ("Fixed", "Acme", "Fixed"),
        (mime.SENDER, "", ""),
        (mime.SENDER, 'Acme, "Inc." <x@evil.example>', 'Acme, "Inc." <x@evil.example>'),
        (mime.SENDER, "Bücher, Müller & Söhne " * 6, "Bücher, Müller & Söhne " * 6),
        ("{sender} {0} {code}", "{sender}", "{sender} {0} {code}"),
    ],
)
def test_the_senders_name(from_name, sender, shown):
    header = email.message_from_bytes(compose(from_name, sender=sender).content)["From"]
    (name, address), *others = getaddresses([header])
    assert (str(make_header(decode_header(name))).strip(), address) == (shown.strip(), FROM)
    assert not others


@pytest.mark.parametrize("subject", ["Your code", "Ihr Schlüssel", "认证码 " * 40, "x" * 300])
def test_a_subject_survives(subject):
    mail = compose(subject=subject)
    assert parsed(mail)["Subject"].strip() == subject.strip()
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998


def test_without_a_subject_it_is_the_senders_name():
    assert parsed(compose(subject=None))["Subject"] == "Acme"


@pytest.mark.parametrize("text", ["x" * 5000, "ü" * 5000, "a\rb\nc\r\nd", ""])
def test_no_line_is_longer_than_smtp_allows_and_every_line_ends_in_crlf(text):
    content = compose(text=text, html=text).content
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert content.endswith(b"\r\n")


@settings(deadline=None)
@given(to=ANY, subject=ANY, sender=ANY, text=ANY, html=st.none() | ANY)
def test_whatever_a_message_carries_it_has_the_same_headers_or_is_refused(**changes):
    mail = compose(**changes)
    if isinstance(mail, Rejected):
        assert isinstance(mail.reason, Reason)
        return
    names = email.message_from_bytes(mail.content).keys()
    assert names[: len(HEADERS)] == HEADERS
    assert set(names[len(HEADERS) :]) <= {
        "Content-Type",
        "MIME-Version",
        "Content-Transfer-Encoding",
    }
    assert len(names) == len(set(names))


@settings(deadline=None)
@given(subject=ANY, sender=ANY)
def test_a_name_and_a_subject_survive_or_are_refused(subject, sender):
    mail = compose(subject=subject or "x", sender=sender)
    if not isinstance(mail, Rejected):
        (_, address), *others = getaddresses([email.message_from_bytes(mail.content)["From"]])
        assert address == FROM
        assert not others


LOCALS = st.from_regex(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u00a0-\u3100@<>\" ,;:-]{1,20}", fullmatch=True
)


@settings(deadline=None)
@given(local=LOCALS | ANY, domain=st.sampled_from(["b.example", "bü.example", "B.example", "x"]))
def test_an_address_stands_in_an_envelope_as_it_is(local, domain):
    """aiosmtplib parses addresses once more: it must neither refuse nor change ours."""
    address = mime.mailbox(f"{local}@{domain}")
    if address is not None:
        assert parse_address(address) == address
        assert not set(address) & set(' <>"\r\n,;:\\()[]')


@pytest.mark.parametrize(
    "address",
    [
        "", "@", "a", "a@", "@b.example", "a@b@c.example", "a b@c.example", '"a b"@c.example',
        "a@b..example", "a@-b.example", "a@[127.0.0.1]", "<a@b.example>",
        "a@b.example, c@d.example", "a@b.example\r\nRCPT TO:<c@d.example>",
        "a@b.example> NOTIFY=NEVER",
        "a\u3000b@c.example",
        f"{'a' * 65}@b.example", "a@\ud800.example", "a\ud800@b.example", "+4915112345678",
    ],
)  # fmt: skip
def test_what_is_no_mailbox(address):
    assert mime.mailbox(address) is None
    assert compose(to=address).reason is Reason.INVALID_RECIPIENT


@pytest.mark.parametrize("id", ["", "a b", "a@b", "a>\r\nBcc: x", "ü"])
def test_an_id_that_cannot_be_a_message_id_is_refused(id):
    assert isinstance(compose(id=id), Rejected)


def test_a_mail_does_not_show_itself():
    assert contract.CODE not in repr(compose())
