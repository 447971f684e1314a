"""`openapi` and `migrate`: what is written agrees with this version."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

Json = Callable[..., Any]


def test_the_api_is_printed_and_the_same_every_time(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(cli("openapi").stdout)
    assert document["openapi"].startswith("3.1")
    monkeypatch.setenv("WATCHWORD_PUBLIC_URL", "https://otp.example.com")
    assert json.loads(cli("openapi").stdout) == document
    other = json.loads(cli("openapi", "--url", "https://otp.example.com").stdout)
    assert other["servers"][0]["url"] == "https://otp.example.com"


@pytest.mark.parametrize("flags", [(), ("--errors",), ("--tools",)])
def test_a_written_description_is_current_until_it_is_changed(
    cli, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    path = tmp_path / "spec/file.json"
    assert "differs" in cli("openapi", *flags, "--check", str(path), code=1).stderr
    assert cli("openapi", *flags, "--output", str(path)).output == ""
    assert path.read_text() == cli("openapi", *flags).stdout
    assert cli("openapi", *flags, "--check", str(path)).output == ""
    path.write_text(path.read_text().replace('"status"', '"state"', 1))
    said = cli("openapi", *flags, "--check", str(path), code=1).stderr
    assert '"state"' in said
    assert f"watchword-server openapi {' '.join((*flags, '--output'))} {path}" in said


def test_a_fresh_database_is_migrated_once(cli, as_json: Json, tmp_path: Path) -> None:
    before = as_json("migrate", "--status")
    assert before["schema"] == 0
    assert before["pending"]
    assert not (tmp_path / "watchword.db").exists()
    assert "to run." in cli("migrate", "--status").stdout
    ran = as_json("migrate")
    assert ran["ran"] == before["pending"]
    assert ran["pending"] == []
    assert ran["schema"] == ran["newest"] == before["newest"]
    assert as_json("migrate")["ran"] == []
    assert "the newest." in cli("migrate").stdout


def test_a_newer_database_is_left_alone(cli, tmp_path: Path) -> None:
    cli("migrate")
    with apsw.Connection(str(tmp_path / "watchword.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "is at schema 999; this version knows" in cli("migrate").stdout


def test_what_is_no_database_is_explained(cli, tmp_path: Path) -> None:
    (tmp_path / "watchword.db").write_text("hello " * 1000)
    assert "The database cannot be read" in cli("migrate", code=1).stderr
