"""Mail as bytes, for every provider that sends email: built from a message, signed (DKIM).

No I/O.  Nothing that a message carries can add a header or leave its envelope: a line break in a
name, subject or address is a refusal, never escaped and never dropped.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from functools import partial

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from email_validator import EmailNotValidError, validate_email

from watchword_server.domain.delivery import Message, Reason
from watchword_server.ports.providers import Rejected

HEADER_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
SENDER = "{sender}"
"""Stands in a sender's name for the message's own."""

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u00a1-\ud7ff\ue000-\U0010ffff-]{1,64}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CRLF = compat32.clone(linesep="\r\n")
_SHOWN_LINE = 78  # RFC 5322 section 2.1.1, with the next
_MAX_LINE = 998
# Each twice, so that none can be added in front (RFC 6376 section 8.15).
_SIGNED = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type") * 2
_MIN_RSA_BITS = 1024  # RFC 8301 section 3.2


class Mail:
    """An envelope and its content; it has no repr of its own, for it carries the code."""

    __slots__ = ("content", "sender", "to", "utf8")

    def __init__(self, to: str, content: bytes) -> None:
        self.to = to
        self.sender = ""
        self.content = content
        self.utf8 = not to.isascii()


def mailbox(address: str) -> str | None:
    """The address with its domain in ASCII, or None if it cannot stand in an envelope."""
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            valid = validate_email(address, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            return None
        local, domain = valid.local_part, valid.ascii_domain
    if _LOCAL.fullmatch(local) and local.isprintable() and DOMAIN.fullmatch(domain):
        return f"{local}@{domain}"
    return None


def compose(message: Message, from_address: str, from_name: str, date: datetime) -> Mail | Rejected:
    """The mail, or why there can be none.

    Args:
        from_address: a mailbox in ASCII.
        from_name: the sender's name; `{sender}` in it is the message's own.
        date: in UTC.
    """
    to = mailbox(message.to)
    name = from_name.replace(SENDER, message.sender)
    subject = message.subject or message.sender
    if to is None:
        return Rejected(Reason.INVALID_RECIPIENT, "not an email address")
    if HEADER_UNSAFE.search(name):
        return Rejected(Reason.SENDER_REJECTED, "a control character in the sender's name")
    if HEADER_UNSAFE.search(subject):
        return Rejected(Reason.CONTENT_REJECTED, "a control character in the subject")
    if not _ID.fullmatch(message.id):
        return Rejected(Reason.OTHER, "the delivery's id cannot stand in a header")
    headers = (
        f"From: {_phrase(name)}<{from_address}>",
        f"To: <{to}>",
        f"Subject: {_unstructured(subject, len('Subject: '))}",
        f"Date: {date:%a, %d %b %Y %H:%M:%S} +0000",
        f"Message-ID: <{reference(message, from_address)}>",
        "Auto-Submitted: auto-generated",  # RFC 3834: no vacation answers
        "X-Auto-Response-Suppress: All",  # the same, for Exchange
    )
    return Mail(to, "\r\n".join(headers).encode() + b"\r\n" + _body(message))


def reference(message: Message, from_address: str) -> str:
    """The Message-ID without its brackets: the same for each hand-over of one delivery."""
    return f"{message.id}@{from_address.rpartition('@')[2]}"


def _phrase(name: str) -> str:
    if not name.isascii():
        return _unstructured(name, len("From: ")) + "\r\n "
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{quoted}" ' if name else ""


def _unstructured(text: str, used: int) -> str:
    if text.isascii() and used + len(text) <= _SHOWN_LINE:
        return text
    return Header(text, "utf-8", header_name=" " * used).encode(linesep="\r\n")


def _body(message: Message) -> bytes:
    text = _part("plain", message.text)
    if message.html is None:
        return text.as_bytes()
    both = [text, _part("html", message.html)]
    return MIMEMultipart("alternative", f"=_{message.id}", both, policy=_CRLF).as_bytes()


def _part(subtype: str, text: str) -> MIMEText:
    """Plain ASCII as it is, all else in base64: no relay has a reason to recode it, which would
    break a signature."""
    lines = text.encode("utf-8", "replace").decode().splitlines()
    plain = all(line.isascii() and len(line) <= _MAX_LINE for line in lines)
    body = "\r\n".join([*lines, ""])
    return MIMEText(body, subtype, "us-ascii" if plain else "utf-8", policy=_CRLF)


def signer(pem: bytes, selector: str, domain: str) -> Callable[[bytes], bytes]:
    """Puts a DKIM signature (RFC 6376, RFC 8463) in front of a mail.  It is slow: use a thread.

    Raises:
        ValueError: the key cannot sign.
    """
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("not a private key in PEM without a passphrase") from None
    if isinstance(key, RSAPrivateKey) and key.key_size >= _MIN_RSA_BITS:
        algorithm, encoding, form = b"rsa-sha256", Encoding.PEM, PrivateFormat.TraditionalOpenSSL
    elif isinstance(key, Ed25519PrivateKey):
        algorithm, encoding, form = b"ed25519-sha256", Encoding.Raw, PrivateFormat.Raw
    else:
        raise ValueError(f"neither RSA of at least {_MIN_RSA_BITS} bits nor Ed25519")
    private = key.private_bytes(encoding, form, NoEncryption())
    sign = partial(
        dkim.sign,
        selector=selector.encode(),
        domain=domain.encode(),
        privkey=private if encoding is Encoding.PEM else b64encode(private),
        canonicalize=(b"relaxed", b"relaxed"),
        signature_algorithm=algorithm,
        include_headers=_SIGNED,
    )
    try:
        sign(b"From: tried@once.example\r\n\r\n")
    except dkim.DKIMException as error:
        raise ValueError(str(error)) from None
    return lambda mail: bytes(sign(mail)) + mail
