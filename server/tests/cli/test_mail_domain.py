"""What DNS says of the sender's domain, asked of a name server on loopback."""

import contextlib
import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from watchword_server.cli import mail_domain
from watchword_server.cli.findings import OK, WARN
from watchword_server.settings import Settings

DOMAIN = "acme-mail.net"
GOOD = {
    DOMAIN: ["google-site-verification=x", "v=spf1 mx -all"],
    f"_dmarc.{DOMAIN}": ["v=DMARC1; p=reject"],
}


@contextlib.contextmanager
def name_server(records):
    """A resolver that asks a server on loopback; a name whose records are None is not answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(listener, records), daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], listener.getsockname()[1]
        yield resolver
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", listener.getsockname())
        thread.join(5)


def _serve(listener, records):
    while True:
        asked, client = listener.recvfrom(4096)
        if not asked:
            return
        query = dns.message.from_wire(asked)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        known = records.get(name, [])
        if known is None:
            continue
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if known:
            texts = [" ".join(f'"{one[at:at + 200]}"' for at in range(0, len(one), 200))
                     for one in known]  # fmt: skip
            answer.answer.append(
                dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", *texts)
            )
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        listener.sendto(answer.to_wire(), client)


def findings(records, **changes):
    plain = {"smtp_host": "mail", "smtp_from_address": f"codes@{DOMAIN}"}
    with name_server(records) as resolver:
        found = list(mail_domain.mail_domain(Settings(**(plain | changes)), resolver))
    return {one.check: one for one in found}


def says(records, check, status, words, **changes):
    finding = findings(records, **changes)[check]
    assert (finding.status, words in f"{finding.says} {finding.fix}") == (status, True), finding


def all_is_told(records):
    found = findings(records)
    assert {name: one.status for name, one in found.items()} == {
        "SPF": OK, "DKIM": OK, "DMARC": OK,
    }  # fmt: skip


def test_a_domain_that_says_it_all_is_well():
    all_is_told(GOOD)


@pytest.mark.parametrize("missing", GOOD)
def test_a_domain_that_says_less_is_caught(missing):
    with pytest.raises(AssertionError):
        all_is_told(GOOD | {missing: []})


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "v=spf1 mx include:_spf.your-mail-vendor.example -all"),
        (["v=spf10 -all"], "does not say who may send"),
        (["v=spf1 -all", "v=spf1 mx -all"], "2 SPF records"),
        (["v=spf1 mx +all"], "lets anybody"),
        (["v=spf1 ALL"], "lets anybody"),
        (["v=spf1 mx"], "does not say what to do"),
    ],
)
def test_what_is_wrong_with_spf_is_told_with_what_to_publish(records, words):
    says(GOOD | {DOMAIN: records}, "SPF", WARN, words)


@pytest.mark.parametrize("record", ["v=spf1 ip4:192.0.2.1 ~all", "V=SPF1 redirect=_spf.a.net"])
def test_spf_may_be_said_in_several_ways(record):
    says(GOOD | {DOMAIN: [record]}, "SPF", OK, "says who may send")


def test_spf_is_that_of_the_envelope():
    says(
        GOOD | {DOMAIN: []}, "SPF", WARN, "bounce-mail.net does not say",
        smtp_bounce_address="b@bounce-mail.net", smtp_bounce_secret="x" * 20,
    )  # fmt: skip


def pem(key, path):
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    return {"smtp_dkim_selector": "otp", "smtp_dkim_key_file": path}


@pytest.mark.parametrize("make", [ed25519.Ed25519PrivateKey.generate,
                                  lambda: rsa.generate_private_key(65537, 2048)])  # fmt: skip
def test_the_published_key_is_compared_with_the_one_that_signs(make, tmp_path):
    changes = pem(make(), tmp_path / "dkim.pem")
    place = f"otp._domainkey.{DOMAIN}"
    missing = findings(GOOD, **changes)["DKIM"]
    assert missing.status == WARN
    record = missing.fix.split('"')[1]
    says(GOOD | {place: [record]}, "DKIM", OK, "has the key", **changes)
    for wrong, words in (
        (record.partition("p=")[0] + "p=", "revoked"),
        (record[:-9] + "AAAA", "another one"),
        (record.partition("p=")[0] + "p=%%%", "another one"),
        ("v=DKIM1; k=rsa", "has no key"),
    ):
        says(GOOD | {place: [wrong]}, "DKIM", WARN, words, **changes)
    elsewhere = {"otp._domainkey.other-mail.net": [record]}
    says(GOOD | elsewhere, "DKIM", WARN, "DMARC counts it not", smtp_dkim_domain="other-mail.net",
         **changes)  # fmt: skip


def test_a_key_file_that_cannot_be_read_is_told(tmp_path):
    changes = {"smtp_dkim_selector": "otp", "smtp_dkim_key_file": tmp_path / "none.pem"}
    says(GOOD, "DKIM", WARN, "No such file", **changes)
    (tmp_path / "none.pem").write_text("nonsense")
    says(GOOD, "DKIM", WARN, "no private key in PEM", **changes)


@pytest.mark.parametrize(
    ("records", "status", "words"),
    [
        ([], WARN, 'at _dmarc.acme-mail.net: "v=DMARC1; p=none"'),
        (["v=DMARC1; p=none; rua=mailto:a@b.net"], OK, "only watches"),
        (["v=DMARC1;p=quarantine"], OK, "quarantine"),
        (["v=DMARC1; p=maybe"], WARN, "has no policy"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], WARN, "several records"),
    ],
)
def test_what_dmarc_says_is_told(records, status, words):
    says(GOOD | {f"_dmarc.{DOMAIN}": records}, "DMARC", status, words)


def test_a_policy_above_the_domain_counts():
    below = {f"otp.{DOMAIN}": ["v=spf1 mx -all"]}
    says(GOOD | below, "DMARC", OK, f"_dmarc.{DOMAIN} has the policy reject",
         smtp_from_address=f"codes@otp.{DOMAIN}")  # fmt: skip


def test_a_name_server_that_does_not_answer_costs_no_more_than_the_deadline(monkeypatch):
    monkeypatch.setattr(mail_domain, "DEADLINE_S", 0.4)
    found = findings(GOOD | {DOMAIN: None, f"_dmarc.{DOMAIN}": None})
    assert [found[check].status for check in ("SPF", "DMARC")] == [WARN, WARN]
    assert "could not be looked up" in found["SPF"].says
    assert "could not be looked up" in found["DMARC"].says


@pytest.mark.parametrize("domain", ["acme.test", "example.com", "mail.example.org", "localhost"])
def test_names_that_nobody_can_own_are_not_looked_up(domain):
    settings = Settings(smtp_host="mail", smtp_from_address=f"a@{domain}")
    (finding,) = mail_domain.mail_domain(settings, resolver=None)
    assert (finding.status, "nothing to look up" in finding.says) == (OK, True)


def test_without_a_mail_server_there_is_nothing_to_say():
    assert list(mail_domain.mail_domain(Settings())) == []


@given(st.text(max_size=60))
def test_any_text_is_read_as_tags(text):
    assert all(isinstance(value, str) for value in mail_domain.tags(text).values())
