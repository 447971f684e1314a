"""`doctor`: what is wrong is found, and each finding says what to do."""

import shutil
import smtplib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from watchword_server.cli import storage_checks, surroundings
from watchword_server.cli.findings import in_force
from watchword_server.settings import Settings

Json = Callable[..., Any]


@pytest.fixture
def ready(cli) -> None:
    """A database with a usable key."""
    cli("keys", "create", "--name", "app")


def found(document: Any, check: str) -> list[tuple[str, str]]:
    return [(each["status"], each["says"]) for each in document["checks"] if each["check"] == check]


def test_all_is_well(cli, as_json: Json, ready: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHWORD_SQLITE_SYNCHRONOUS")
    document = as_json("doctor")
    assert document["ok"] is True
    assert {each["status"] for each in document["checks"]} == {"ok"}
    assert {each["check"] for each in document["checks"]} == {
        "settings", "database", "disk", "pepper file", "schema", "project", "email", "port",
        "public URL", "sandbox", "clock",
    }  # fmt: skip
    assert cli("doctor").stdout.endswith("\nAll is well.\n")


def test_before_the_first_start_nothing_is_made(as_json: Json, tmp_path: Path) -> None:
    document = as_json("doctor")
    assert found(document, "database")[0][0] == "warn"
    assert list(tmp_path.iterdir()) == []


def test_every_finding_that_is_not_ok_has_a_fix(
    as_json: Json, ready: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "watchword.db").chmod(0o644)
    for name, value in {
        "HOST": "0.0.0.0",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": "1",
        "SMTP_FROM_ADDRESS": "a@example.com",
    }.items():
        monkeypatch.setenv(f"WATCHWORD_{name}", value)
    document = as_json("doctor", code=1)
    bad = [each for each in document["checks"] if each["status"] != "ok"]
    assert all(each["fix"] for each in bad)
    assert [each["check"] for each in bad] == [
        "database", "disk", "pepper file", "email", "public URL",
    ]  # fmt: skip


def test_wrong_settings_are_the_only_finding(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHWORD_PORT", "x")
    shown = cli("doctor", code=1).stdout
    assert shown.startswith("fail  settings  WATCHWORD_PORT cannot be used")
    assert "1 failed, 0 to look at." in shown


def test_a_lost_pepper_file_is_found(as_json: Json, ready: None, tmp_path: Path) -> None:
    (tmp_path / "watchword.db.pepper.json").unlink()
    assert found(as_json("doctor", code=1), "pepper file") == [
        ("fail", "watchword.db.pepper.json is missing")
    ]


def test_an_open_pepper_file_is_found(as_json: Json, ready: None, tmp_path: Path) -> None:
    (tmp_path / "watchword.db.pepper.json").chmod(0o644)
    document = as_json("doctor", code=1)
    assert "chmod 600" in found(document, "pepper file")[0][1]


def test_the_pepper_of_another_database_is_found(
    cli, as_json: Json, ready: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", "sqlite:///other.db")
    cli("keys", "list")
    shutil.copy(tmp_path / "watchword.db.pepper.json", tmp_path / "other.db.pepper.json")
    assert found(as_json("doctor", code=1), "start")[0][0] == "fail"


def test_a_damaged_database_is_found(as_json: Json, ready: None, tmp_path: Path) -> None:
    (tmp_path / "watchword.db").write_bytes(b"this is no database " * 1000)
    assert found(as_json("doctor", code=1), "database")[0][0] == "fail"


def test_a_database_of_a_newer_version_is_found(as_json: Json, ready: None, tmp_path: Path) -> None:
    with apsw.Connection(str(tmp_path / "watchword.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "999" in found(as_json("doctor", code=1), "schema")[0][1]


def test_a_live_project_without_a_channel_is_found(cli, as_json: Json, ready: None) -> None:
    cli("projects", "set-mode", "default", "live")
    assert found(as_json("doctor"), "project")[0][1].endswith("but no channel can send")


def test_a_project_without_a_key_is_found(cli, as_json: Json) -> None:
    cli("projects", "list")
    assert found(as_json("doctor"), "project")[0][0] == "warn"


def test_a_check_that_fails_itself_is_a_finding(
    cli, ready: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: Path) -> None:
        raise ValueError("secret")

    monkeypatch.setattr(shutil, "disk_usage", fail)
    shown = cli("doctor", code=1)
    assert "the check itself failed (ValueError)" in shown.stdout
    assert "secret" not in shown.output


@pytest.mark.parametrize(
    ("free", "status"), [(50_000_000, "fail"), (500_000_000, "warn"), (5_000_000_000, "ok")]
)
def test_a_full_disk_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, status: str
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    settings = Settings(database_url=f"sqlite:///{tmp_path}/x.db")
    assert [each.status for each in storage_checks.space(settings)] == [status]


@pytest.mark.parametrize(
    ("settings", "statuses"),
    [
        (Settings(), ["ok"]),
        (Settings(host="0.0.0.0"), ["warn"]),
        (Settings(public_url="https://localhost"), ["ok"]),
        (Settings(public_url="https://nowhere.invalid"), ["warn", "warn"]),
        (Settings(public_url="https://nowhere.invalid", host="0.0.0.0"), ["warn"]),
        (
            Settings(public_url="http://nowhere.invalid", trusted_proxies=("127.0.0.1/32",)),
            ["warn", "warn"],
        ),
    ],
)
def test_a_public_url_that_leads_nowhere_is_found(settings: Settings, statuses: list[str]) -> None:
    assert [each.status for each in surroundings.public_url(settings)] == statuses


def test_a_clock_that_is_years_behind_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings.time, "time", lambda: 1e9)
    assert [each.status for each in surroundings.clock(Settings())] == ["fail"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (smtplib.SMTPAuthenticationError(535, b"no for jane@example.com"), "refused the log-in"),
        (ssl.SSLCertVerificationError("x"), "certificate that fails"),
        (smtplib.SMTPNotSupportedError("STARTTLS"), "does not answer as it should"),
        (TimeoutError(), "does not answer as it should"),
    ],
)
def test_a_mail_server_that_refuses_is_explained(
    monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    if isinstance(error, ssl.SSLCertVerificationError):
        error.verify_message = "self-signed certificate"
    monkeypatch.setattr(surroundings, "_log_in", fail)
    (finding,) = surroundings.mail(Settings(smtp_host="mail.example.com"))
    assert finding.status == "fail"
    assert says in finding.says
    assert "jane" not in finding.says


def test_settings_in_force_are_shown_without_secrets() -> None:
    settings = Settings(
        database_url="postgresql://me:hunter2@db/x",
        port=1,
        access_log=True,
        smtp_password="hunter2",
        trusted_proxies=("10.0.0.0/8", "fd00::/8"),
    )
    assert in_force(settings) == {
        "WATCHWORD_DATABASE_URL": "[set, not shown]",
        "WATCHWORD_PORT": "1",
        "WATCHWORD_TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8",
        "WATCHWORD_ACCESS_LOG": "true",
        "WATCHWORD_SMTP_PASSWORD": "[set, not shown]",
    }


@pytest.mark.parametrize(
    ("settings", "status", "says"),
    [
        ({}, "ok", "on: see"),
        ({"sandbox": "off"}, "ok", "off:"),
        ({"host": "0.0.0.0"}, "ok", "off:"),
        ({"host": "0.0.0.0", "sandbox": "on"}, "warn", "known to everyone"),
    ],
)
def test_a_sandbox_for_strangers_is_warned_of(
    settings: dict[str, str], status: str, says: str
) -> None:
    (finding,) = surroundings.sandbox(Settings(**settings))
    assert finding.status == status
    assert says in finding.says
