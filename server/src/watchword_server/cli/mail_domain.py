"""Checks of what DNS says of the sender's domain: SPF, DKIM, DMARC.

Large receivers refuse mail whose domain does not say who may send it.  What is missing is told with
the record to publish.
"""

import re
import time
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import dns.exception
import dns.resolver
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from watchword_server.cli.findings import OK, WARN, Finding
from watchword_server.settings import Settings

DEADLINE_S = 10.0
"""For all look-ups together."""
RESERVED = ("test", "example", "invalid", "localhost", "example.com", "example.net", "example.org")
"""Names that nobody can own (RFC 6761): there is nothing to look up."""
_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*([^;]*)")
_ANYBODY = re.compile(r"\+?all", re.IGNORECASE)
_SOMEBODY = re.compile(r"[-~?]all|redirect=\S+", re.IGNORECASE)


class Unknown(Exception):
    """DNS did not answer: it is not known whether there is such a record."""


class Dns:
    """Text records, within one deadline."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        self._resolver = resolver
        self._ends_at = time.monotonic() + DEADLINE_S

    def texts(self, name: str) -> list[str]:
        """The text records of a name; none where it has none, or does not exist.

        Raises:
            Unknown: nobody says.
        """
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise Unknown("DNS takes too long")
        try:
            if self._resolver is None:
                self._resolver = dns.resolver.Resolver()
            answer = self._resolver.resolve(
                name, "TXT", lifetime=min(left, DEADLINE_S / 2), search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Unknown(type(error).__name__) from None
        return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]


def mail_domain(
    settings: Settings, resolver: dns.resolver.Resolver | None = None
) -> Iterator[Finding]:
    """Receivers can tell that the mail is ours."""
    if settings.smtp_host is None or settings.smtp_from_address is None:
        return
    visible = _domain(settings.smtp_from_address)
    envelope = _domain(settings.smtp_bounce_address or settings.smtp_from_address)
    reserved = [one for one in (visible, envelope) if _is_reserved(one)]
    if reserved:
        yield Finding("mail domain", OK, f"{reserved[0]} is a name for tests; nothing to look up")
        return
    found = Dns(resolver)
    looks: tuple[tuple[str, str, Callable[[], Finding]], ...] = (
        ("SPF", envelope, partial(spf, found, envelope)),
        ("DKIM", visible, partial(dkim, found, settings, visible)),
        ("DMARC", visible, partial(dmarc, found, visible)),
    )
    for check, name, look in looks:
        try:
            yield look()
        except Unknown as error:
            fix = "Look again where this machine can ask a name server."
            yield Finding(check, WARN, f"{name} could not be looked up ({error})", fix)


def spf(found: Dns, domain: str) -> Finding:
    """Who may send for the envelope's domain (RFC 7208)."""
    records = [one for one in found.texts(domain) if one.lower().split(" ")[0] == "v=spf1"]
    if not records:
        fix = (
            f"Publish a TXT record at {domain} that names your mail server, such as "
            '"v=spf1 mx include:_spf.your-mail-vendor.example -all".'
        )
        return Finding("SPF", WARN, f"{domain} does not say who may send for it", fix)
    if len(records) > 1:
        fix = f"Join them into one TXT record at {domain}."
        return Finding("SPF", WARN, f"{domain} has {len(records)} SPF records: none counts", fix)
    terms = records[0].split()[1:]
    if any(_ANYBODY.fullmatch(term) for term in terms):
        fix = f"End the record at {domain} with -all, or ~all while you try it."
        return Finding("SPF", WARN, f"{domain} lets anybody send for it (+all)", fix)
    if not any(_SOMEBODY.fullmatch(term) for term in terms):
        fix = f"End the record at {domain} with -all, or ~all while you try it."
        return Finding("SPF", WARN, f"{domain} does not say what to do with others' mail", fix)
    return Finding("SPF", OK, f"{domain} says who may send for it")


def dkim(found: Dns, settings: Settings, visible: str) -> Finding:
    """The published key is the one that mail is signed with (RFC 6376)."""
    selector, path = settings.smtp_dkim_selector, settings.smtp_dkim_key_file
    if selector is None or path is None:
        return Finding("DKIM", OK, "mail is not signed here; see that your mail server signs it")
    try:
        kind, key = public_key(path)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        what = getattr(error, "strerror", None) or "it is no private key in PEM"
        return Finding("DKIM", WARN, f"{path} cannot be read: {what}", "Correct the key file.")
    signer = settings.smtp_dkim_domain or visible
    name = f"{selector}._domainkey.{signer}"
    fix = f'Publish a TXT record at {name}: "v=DKIM1; k={kind}; p={key}".'
    published = [tags(one) for one in found.texts(name)]
    keys = ["".join(one.get("p", "").split()) for one in published if "p" in one]
    if not keys:
        return Finding("DKIM", WARN, f"{name} has no key: signatures fail", fix)
    if keys == [""]:
        return Finding("DKIM", WARN, f"the key at {name} is revoked: signatures fail", fix)
    if not any(_same(one, key) for one in keys):
        return Finding("DKIM", WARN, f"the key at {name} is another one: signatures fail", fix)
    if visible != signer and not visible.endswith(f".{signer}"):
        fix = f"Sign for {visible}: set WATCHWORD_SMTP_DKIM_DOMAIN."
        return Finding("DKIM", WARN, f"{signer} signs for {visible}: DMARC counts it not", fix)
    return Finding("DKIM", OK, f"{name} has the key that mail is signed with")


def dmarc(found: Dns, domain: str) -> Finding:
    """What receivers do with mail that is not ours (RFC 7489), here or above."""
    labels = domain.split(".")
    for first in range(max(1, len(labels) - 1)):
        place = f"_dmarc.{'.'.join(labels[first:])}"
        records = [tags(one) for one in found.texts(place) if one.startswith("v=DMARC1")]
        if len(records) > 1:
            fix = f"Keep one TXT record at {place}."
            return Finding("DMARC", WARN, f"{place} has several records: none counts", fix)
        if records:
            policy = records[0].get("p", "").lower()
            if policy not in ("none", "quarantine", "reject"):
                fix = f"Write p=reject into the record at {place}, or p=none while you try it."
                return Finding("DMARC", WARN, f"{place} has no policy", fix)
            says = f"{place} has the policy {policy}"
            return Finding("DMARC", OK, says + (", which only watches" * (policy == "none")))
    fix = f'Publish a TXT record at _dmarc.{domain}: "v=DMARC1; p=none" to begin with.'
    return Finding("DMARC", WARN, f"{domain} has no policy; large receivers ask for one", fix)


def public_key(path: Path) -> tuple[str, str]:
    """The kind and the value of the key to publish for a private one.

    Raises:
        OSError, ValueError, TypeError, UnsupportedAlgorithm: there is none.
    """
    public = load_pem_private_key(path.read_bytes(), None).public_key()
    if isinstance(public, Ed25519PublicKey):
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return "ed25519", b64encode(raw).decode()
    raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "rsa", b64encode(raw).decode()


def tags(record: str) -> dict[str, str]:
    """The tags of a record such as `v=DKIM1; p=...`."""
    found = (_TAG.fullmatch(part) for part in record.split(";"))
    return {match[1].lower(): match[2].strip() for match in found if match}


def _same(one: str, other: str) -> bool:
    try:
        return b64decode(one) == b64decode(other)
    except (Error, ValueError):
        return False


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower().rstrip(".")


def _is_reserved(domain: str) -> bool:
    return any(domain == name or domain.endswith(f".{name}") for name in RESERVED)
