"""From the SDK to an SMSC that nobody here wrote, and its receipts back.

The mutant that each must fail is a server whose hand-over is made up (`pretend_to_send`), or which
believes no receipt (`deaf`).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from e2e.deployment import Server, Site, until
from e2e.smsc import PASSWORD, SYSTEM_ID, Smsc, smsc
from e2e.test_smtp import client_of, deliveries, proves
from providers.smtp_peer import SmtpPeer
from watchword import Watchword

PHONE, EMAIL = "+1415555267", "ada@mail.test"
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
Deploy = Callable[..., Site]


@contextmanager
def served(
    deploy: Deploy, folder: Path, peer: Smsc, *alterations: str, **settings: str
) -> Iterator[tuple[Site, Server, Watchword]]:
    """A live server with an account at the SMSC, once its session is bound."""
    site = deploy(**settings)
    site.command("projects", "set-mode", "default", "live")
    (folder / "password").write_text(PASSWORD)
    account = {
        "host": "127.0.0.1", "port": peer.port, "system_id": SYSTEM_ID, "source": "Acme",
        "tls": "false", "reconnect_s": "0.5",
    }  # fmt: skip
    pairs = [word for name, value in account.items() for word in ("--set", f"{name}={value}")]
    added = site.command(
        "providers", "add", "carrier", "--provider", "smpp", *pairs,
        "--secret-file", f"password={folder / 'password'}",
    )  # fmt: skip
    assert PASSWORD not in str(added)
    server = site.serve(*alterations)
    peer.until("bind")
    with client_of(site, server) as client:
        yield site, server, client
    assert server.stop() == 0
    logs = "".join(one.read_text() for one in site.folder.glob("*.err"))
    codes = [code for one in peer.of("message") for code in _CODE.findall(one["text"])]
    assert not any(hidden in logs for hidden in (PASSWORD, PHONE, *codes))


def ends(client: Watchword, message_id: str, *wanted: tuple[str, str, str | None]) -> None:
    """The deliveries become these."""

    def found() -> bool:
        return deliveries(client.messages.get(message_id)) == list(wanted)

    until(found, f"deliveries become {wanted}")


def is_handed_over(client: Watchword, message_id: str) -> None:
    """Its first delivery is no longer queued."""
    until(
        lambda: deliveries(client.messages.get(message_id))[0][1] != "queued", "it is handed over"
    )


def a_code_arrives_and_its_receipt_comes_back(
    deploy: Deploy, folder: Path, *alterations: str
) -> None:
    with smsc(folder) as peer, served(deploy, folder, peer, *alterations) as (_, _, client):
        sent = client.messages.send(to=f"{PHONE}1", template_id="otp-sms")
        is_handed_over(client, sent.message_id)
        assert len(peer.of("message")) == 1
        arrived = peer.of("message")[0]
        ends(client, sent.message_id, ("sms", "delivered", None))
        assert (arrived["to"], arrived["from"]) == ("14155552671", "Acme")
        assert peer.until("receipt")["status"] == 0
        (code,) = _CODE.findall(arrived["text"])
        proves(client, sent.message_id, code)


def a_failed_receipt_falls_back(deploy: Deploy, folder: Path, *alterations: str) -> None:
    with ExitStack() as stack:
        mail = stack.enter_context(SmtpPeer())
        peer = stack.enter_context(smsc(folder))
        settings = {
            "smtp_host": mail.host, "smtp_port": str(mail.port), "smtp_ca_file": mail.ca_file,
            "smtp_from_address": "codes@watchword.test", "template_auto_approve": "on",
        }  # fmt: skip
        desk = served(deploy, folder, peer, *alterations, **settings)
        _, _, client = stack.enter_context(desk)
        words = {"subject": "Your code", "text": "{{code}} is your code.", "html": ""}
        client.templates.create(
            template_id="both", send_channel_strategy="sms|email",
            contents={"sms": {"default": {"text": words["text"]}}, "email": {"default": words}},
        )  # fmt: skip
        sent = client.messages.send(
            to=f"{PHONE}9", template_id="both", route="sms(60s)|email", alternates={"email": EMAIL}
        )
        # an acknowledged receipt is durable, and a hand-over finds the one that came before it
        assert peer.until("receipt")["status"] == 0
        is_handed_over(client, sent.message_id)
        first = deliveries(client.messages.get(sent.message_id))[0]
        assert first == ("sms", "undelivered", "unreachable")
        ends(
            client, sent.message_id,
            ("sms", "undelivered", "unreachable"), ("email", "sent", None),
        )  # fmt: skip
        (by_sms,) = _CODE.findall(peer.of("message")[0]["text"])
        assert by_sms in mail.messages[0].text
        assert len(peer.of("message")) == len(mail.messages) == 1
        proves(client, sent.message_id, by_sms)


def test_a_code_arrives_and_its_receipt_comes_back(deploy: Deploy, tmp_path: Path) -> None:
    a_code_arrives_and_its_receipt_comes_back(deploy, tmp_path)


def test_a_failed_receipt_falls_back(deploy: Deploy, tmp_path: Path) -> None:
    a_failed_receipt_falls_back(deploy, tmp_path)


def test_the_smsc_is_killed_and_comes_back(deploy: Deploy, tmp_path: Path) -> None:
    with smsc(tmp_path) as peer, served(deploy, tmp_path, peer) as (site, _, client):
        first = client.messages.send(to=f"{PHONE}1", template_id="otp-sms")
        ends(client, first.message_id, ("sms", "delivered", None))
        peer.kill()
        until(lambda: "smpp.lost" in site.servers[0].process.logged(), "the server sees it")
        second = client.messages.send(to=f"{PHONE}2", template_id="otp-sms")
        ends(client, second.message_id, ("sms", "failed", "provider_down"))
        with smsc(tmp_path, peer.port) as again:
            again.until("bind")
            third = client.messages.send(to=f"{PHONE}3", template_id="otp-sms")
            ends(client, third.message_id, ("sms", "delivered", None))
            assert [one["to"] for one in again.of("message")] == ["14155552673"]


def test_a_server_that_only_says_it_sent_is_caught(deploy: Deploy, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        a_code_arrives_and_its_receipt_comes_back(deploy, tmp_path, "pretend_to_send")


def test_a_server_that_believes_no_receipt_is_caught(deploy: Deploy, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        a_failed_receipt_falls_back(deploy, tmp_path, "deaf")
