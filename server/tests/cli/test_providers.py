"""`providers` and what `doctor` says of accounts, from the command line, against a mail server."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from providers.smtp_peer import SmtpPeer

Json = Callable[..., Any]
PASSWORD = "tok-Zq81-canary"


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    with SmtpPeer("none", login=("ada", PASSWORD)) as peer:
        yield peer


@pytest.fixture
def words(peer: SmtpPeer, tmp_path: Path) -> list[str]:
    """What adds the account, its password in a file."""
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    pairs = {
        "host": peer.host, "port": peer.port, "security": "none", "username": "ada",
        "from_address": "codes@watchword.test",
    }  # fmt: skip
    given = [word for name, value in pairs.items() for word in ("--set", f"{name}={value}")]
    return ["--provider", "smtp", *given, "--secret-file", f"password={secret}"]


def test_an_account_is_added_shown_tried_changed_and_deleted(
    cli, as_json: Json, peer: SmtpPeer, words: list[str]
) -> None:
    added = cli("providers", "add", "mail", *words).stdout
    assert "Added mail, an account at smtp." in added
    assert "[set, not shown]" in added
    (listed,) = as_json("providers", "list")["data"]
    assert (listed["name"], listed["settings"]["password"]) == ("mail", None)
    assert PASSWORD not in added + json.dumps(listed) + cli("providers", "show", "mail").stdout
    assert f"/callbacks/{listed['provider_id']}" in cli("providers", "show", "mail").stdout
    said = cli("providers", "test", "mail", "--to", "ada@example.com").stdout
    assert "The test message was accepted (email" in said
    assert "test message" in peer.messages[0].text
    assert "closed" in cli("providers", "health", "mail").stdout
    assert as_json("providers", "health", "mail", "--checkup")["checkup"] is not None
    shown = cli("providers", "update", "mail", "--weight", "3", "--disable").stdout
    assert "mail is disabled, with weight 3." in shown
    changed = as_json("providers", "update", listed["provider_id"], "--enable", "--set", "helo=a.b")
    assert (changed["settings"]["helo"], changed["disabled"]) == ("a.b", False)
    assert "helo" not in as_json("providers", "update", "mail", "--unset", "helo")["settings"]
    assert "smtp" in cli("providers", "list").stdout
    assert "Deleted" in cli("providers", "delete", "mail", "--yes").stdout
    assert "No accounts yet" in cli("providers", "list").stdout


def test_a_refused_test_message_is_an_exit_code(cli, words: list[str]) -> None:
    cli("providers", "add", "mail", *words, "--set", "password=wrong-one")
    cli("providers", "update", "mail", "--set", "password=wrong-one")
    failed = cli("providers", "test", "mail", "--to", "ada@example.com", code=1).stdout
    assert "was not sent" in failed
    assert "credentials" in failed


def test_the_vendors_are_listed_with_their_settings(cli, as_json: Json) -> None:
    assert "smtp" in cli("providers", "types").stdout
    said = cli("providers", "types", "smtp").stdout
    assert "starttls" in said
    assert "string, secret" in said
    assert as_json("providers", "types", "smtp")["data"][0]["name"] == "smtp"
    refused = cli("providers", "types", "pigeon", "--json", code=1).stdout
    assert "smtp" in json.loads(refused)["fix"]


def test_settings_come_from_a_file_too(cli, as_json: Json, tmp_path: Path) -> None:
    file = tmp_path / "mail.json"
    file.write_text('{"host": "127.0.0.1", "from_address": "a@b.test", "security": "none"}')
    made = as_json("providers", "add", "mail", "--provider", "smtp", "--settings-file", str(file))
    assert made["settings"]["security"] == "none"
    file.write_text("[]]")
    words = ("providers", "update", "mail", "--settings-file", str(file))
    assert "no JSON object" in cli(*words, code=2).stderr
    assert "key=value" in cli("providers", "update", "mail", "--set", "x", code=2).stderr
    gone = f"password={tmp_path / 'gone'}"
    assert "gone" in cli("providers", "update", "mail", "--secret-file", gone, code=2).stderr


def test_what_is_wrong_is_named(cli, words: list[str]) -> None:
    refused = cli("providers", "add", "mail", *words, "--set", "hots=x", "--json", code=1)
    problem = json.loads(refused.stdout)
    assert (problem["field"], problem["rule"]) == ("settings.hots", "unknown_field")
    refused = cli("providers", "show", "mail", "--json", code=1)
    assert "none yet" in json.loads(refused.stdout)["fix"]
    cli("providers", "add", "mail", *words)
    refused = cli("providers", "dry-run", "mail", "--to", "ada@example.com", code=1)
    assert "shows no request" in refused.stderr


def findings(as_json: Json, code: int = 0) -> list[tuple[str, str]]:
    checks = as_json("doctor", code=code)["checks"]
    return [(each["status"], each["says"]) for each in checks if each["check"] == "provider"]


def test_doctor_asks_every_account_in_use(cli, as_json: Json, words: list[str]) -> None:
    cli("keys", "create", "--name", "app")
    cli("providers", "add", "mail", *words)
    assert findings(as_json) == [("ok", "default/mail (smtp) waits: development project")]
    cli("projects", "set-mode", "default", "live")
    ((status, says),) = findings(as_json)
    assert (status, says.partition(":")[0]) == ("ok", "default/mail (smtp)")
    cli("providers", "update", "mail", "--disable")
    assert findings(as_json) == [("ok", "default/mail (smtp) is disabled")]
