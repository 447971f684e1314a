"""From the SDK to a mailbox and back: real HTTP, a real mail server, a certificate that is checked.

And on a development server, a chain that falls back.  The mutant that each must fail is a server
that says it sent, and did not: a message whose hand-over was made up (`pretend_to_send`).
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from e2e.deployment import Server, Site, environment, until
from providers.smtp_peer import SmtpPeer
from providers.test_smtp_bounces import SAMPLES
from watchword import APIError, Message, Watchword

EMAIL, PHONE = "ada@mail.test", "+14155552671"
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@contextmanager
def client_of(site: Site, server: Server) -> Iterator[Watchword]:
    """The SDK with a new key."""
    key = site.key()
    with Watchword(
        base_url=server.url, dev_key=key["dev_key"], dev_secret=key["dev_secret"]
    ) as client:
        yield client


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def proves(client: Watchword, message_id: str, code: str) -> None:
    """A wrong code is refused and the right one approves, once."""
    refused = client.verifications.check(message_id=message_id, code=wrong(code))
    assert (refused.verified, refused.status, refused.checks_left) == (False, "pending", 4)
    checked = client.verifications.check(message_id=message_id, code=code)
    assert (checked.verified, checked.status) == (True, "approved")
    with pytest.raises(APIError) as again:
        client.verifications.check(message_id=message_id, code=code)
    assert again.value.http_status == 409


def deliveries(message: Message) -> list[tuple[str, str, str | None]]:
    """Channel, state and reason of each."""
    return [(each["channel"], each["status"], each["reason"]) for each in message.raw["deliveries"]]


def mail_arrives(deploy: Callable[..., Site], peer: SmtpPeer, *alterations: str) -> None:
    """A code by email, read from what the mail server received."""
    site = deploy(
        smtp_host=peer.host, smtp_port=str(peer.port), smtp_ca_file=peer.ca_file,
        smtp_from_address="codes@watchword.test", smtp_username="watchword",
        smtp_password="correct-horse",
    )  # fmt: skip
    site.command("projects", "set-mode", "default", "live")
    server = site.serve(*alterations)
    with client_of(site, server) as client:
        sent = client.messages.send(to=EMAIL, template_id="otp-email")
        assert "mode" not in sent.raw
        until(
            lambda: deliveries(client.messages.get(sent.message_id))[0][1] == "sent", "it is sent"
        )
        assert len(peer.messages) == 1
        mail = peer.messages[0]
        assert (mail.to, mail.mail_from) == (EMAIL, "codes@watchword.test")
        assert mail.over_tls
        assert mail.username == "watchword"
        parsed = mail.parsed
        assert parsed.get_content_type() == "multipart/alternative"
        kinds = [part.get_content_type() for part in parsed.iter_parts()]
        assert kinds == ["text/plain", "text/html"]
        assert parsed["Auto-Submitted"] == "auto-generated"
        assert re.fullmatch(r"<dlv_[0-9a-f]{32}@watchword\.test>", parsed["Message-ID"])
        (code,) = _CODE.findall(mail.text)
        assert code in mail.html
        assert code not in parsed["Subject"]
        proves(client, sent.message_id, code)
    assert server.stop() == 0


def chain_falls_back(site: Site, *alterations: str) -> None:
    """WhatsApp cannot be reached, so the same code goes by SMS."""
    server = site.serve(*alterations, inbox_script="whatsapp=reject:unreachable,*=delivered")
    with client_of(site, server) as client:
        sent = client.messages.send(to=PHONE, template_id="otp-any")
        assert sent.raw["send_channel"] == "whatsapp"

        handing_over = "SELECT 1 FROM work WHERE kind = 'deliver'"
        until(lambda: not site.rows(handing_over), "every step that is due was taken")
        assert deliveries(client.messages.get(sent.message_id)) == [
            ("whatsapp", "failed", "unreachable"),
            ("sms", "delivered", None),
        ]
        (found,) = client.inbox.list(to=PHONE)
        assert (found.raw["channel"], found.raw["message_id"]) == ("sms", sent.message_id)
        proves(client, sent.message_id, found.raw["code"])
    assert server.stop() == 0


def test_mail_arrives(deploy: Callable[..., Site]) -> None:
    with SmtpPeer(login=("watchword", "correct-horse")) as peer:
        mail_arrives(deploy, peer)


def test_a_chain_falls_back(site: Site) -> None:
    chain_falls_back(site)


def test_mail_that_is_not_sent_is_caught(deploy: Callable[..., Site]) -> None:
    with SmtpPeer(login=("watchword", "correct-horse")) as peer, pytest.raises(AssertionError):
        mail_arrives(deploy, peer, "pretend_to_send")


def test_a_chain_without_a_fallback_is_caught(site: Site) -> None:
    with pytest.raises(AssertionError):
        chain_falls_back(site, "pretend_to_send")


def bounce_is_heard(deploy: Callable[..., Site], peer: SmtpPeer, *alterations: str) -> None:
    """A mail that was taken comes back; the command that a mail server pipes it into is told."""
    site = deploy(
        smtp_host=peer.host, smtp_port=str(peer.port), smtp_ca_file=peer.ca_file,
        smtp_from_address="codes@watchword.test", smtp_bounce_address="b@mail.watchword.test",
        smtp_bounce_secret="a secret of this server",
    )  # fmt: skip
    site.command("projects", "set-mode", "default", "live")
    server = site.serve(*alterations)
    with client_of(site, server) as client:
        sent = client.messages.send(to=EMAIL, template_id="otp-email")
        until(
            lambda: deliveries(client.messages.get(sent.message_id))[0][1] == "sent", "it is sent"
        )
        to = peer.messages[0].mail_from
        sample = (SAMPLES / "postfix-failed.eml").read_text("utf-8").replace("{bounce}", to)
        done = subprocess.run(
            [sys.executable, "-m", "watchword_server", "bounce", "--provider", "smtp", "--json"],
            input=sample.encode(), env=environment(**site.settings), capture_output=True,
            cwd=site.folder, timeout=60, check=False,
        )  # fmt: skip
        assert json.loads(done.stdout)["outcome"] == "taken", done.stderr
        (delivery,) = deliveries(client.messages.get(sent.message_id))
        assert delivery == ("email", "undelivered", "invalid_recipient")
        (code,) = _CODE.findall(peer.messages[0].text)
        proves(client, sent.message_id, code)  # a late code still verifies
    assert server.stop() == 0


def test_a_bounce_is_heard(deploy: Callable[..., Site]) -> None:
    with SmtpPeer() as peer:
        bounce_is_heard(deploy, peer)


def test_a_server_that_sends_nothing_hears_no_bounce(deploy: Callable[..., Site]) -> None:
    with SmtpPeer() as peer, pytest.raises((AssertionError, IndexError)):
        bounce_is_heard(deploy, peer, "pretend_to_send")
