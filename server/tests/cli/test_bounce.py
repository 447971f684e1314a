"""`bounce`: what a mail server's pipe is answered with."""

import json

import pytest

from providers.test_smtp_bounces import SAMPLES, SECRET
from watchword_server.providers.smtp.verp import Verp

VERP = Verp("bounces@mail.acme.example", SECRET)
SENDER = VERP.address("dlv_0193f2c1a7b47c3e9d5a1b2c3d4e5f60")


@pytest.fixture
def bounce(cli, monkeypatch):
    for name, value in (
        ("HOST", "127.0.0.1"), ("SECURITY", "none"), ("FROM_ADDRESS", "codes@acme.example"),
        ("BOUNCE_ADDRESS", "bounces@mail.acme.example"), ("BOUNCE_SECRET", SECRET),
    ):  # fmt: skip
        monkeypatch.setenv(f"WATCHWORD_SMTP_{name}", value)

    def run(mail, *words, provider="smtp", code=0):
        said = cli("bounce", "--provider", provider, "--json", *words, input=mail, code=code)
        return json.loads(said.stdout)["outcome"]

    return run


def mail(name, sender=SENDER):
    return (SAMPLES / name).read_text("utf-8").replace("{bounce}", sender).encode()


def test_a_delay_is_taken_note_of_and_nobody_is_answered(bounce):
    assert bounce(mail("postfix-delayed.eml")) == "nothing"


def test_a_delivery_that_is_not_recorded_makes_the_mail_server_try_again(bounce):
    assert bounce(mail("postfix-failed.eml"), code=75) == "unknown"
    elsewhere = mail("postfix-failed.eml", "somebody@acme.example")
    assert bounce(elsewhere, "--recipient", SENDER, code=75) == "unknown"


def test_what_was_not_sent_from_here_is_refused(bounce):
    assert bounce(mail("postfix-failed.eml", "bounces@mail.acme.example")) == "refused"
    assert bounce(mail("postfix-failed.eml"), "--recipient", "a@b.example") == "refused"
    assert bounce(b"") == "refused"


def test_a_long_mail_is_read_as_far_as_its_report(bounce):
    body = mail("postfix-failed.eml") + b"x" * 1_000_000
    assert bounce(body, code=75) == "unknown"


def test_an_account_that_is_not_there_is_named(cli, bounce):
    said = cli("bounce", "--provider", "pigeon", input=mail("postfix-failed.eml"), code=1)
    assert "No mail account is named 'pigeon'" in said.output
    assert "WATCHWORD_SMTP_HOST" in said.output
