"""Operator commands: projects, keys, templates, limits on a database of their own."""

import json
import re
import shlex
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from watchword_server.cli.durations import spelled
from watchword_server.domain.project import PROJECT_SCOPES

Json = Callable[..., Any]
SHELL_SAFE = re.compile(r"[A-Za-z0-9_.-]+")


def test_a_key_is_created_for_scripts(as_json: Json) -> None:
    key = as_json("keys", "create", "--name", "app")
    assert set(key["scopes"]) == {scope.value for scope in PROJECT_SCOPES}
    assert key["bearer"].startswith(key["dev_key"])
    for name in ("dev_key", "dev_secret", "bearer"):
        assert SHELL_SAFE.fullmatch(key[name])
        assert shlex.quote(key[name]) == key[name]


def test_the_first_command_makes_files_for_this_user_alone(cli, tmp_path: Path) -> None:
    result = cli("keys", "create", "--name", "app", "--json")
    assert "made watchword.db" in result.stderr
    assert json.loads(result.stdout)["dev_key"]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) >= {"watchword.db", "watchword.db.pepper.json"}
    assert set(modes.values()) == {0o600}


def test_flags_narrow_a_key(as_json: Json) -> None:
    key = as_json(
        "keys", "create", "--name", "narrow", "--scope", "messages:send", "--scope",
        "messages:read", "--expires", "30d", "--allow-ip", "203.0.113.0/24",
    )  # fmt: skip
    assert set(key["scopes"]) == {"messages:send", "messages:read"}
    assert key["allowed_ips"] == ["203.0.113.0/24"]
    left = datetime.fromisoformat(key["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)


@pytest.mark.parametrize(
    "words",
    [
        ("--expires", "5y"),
        ("--expires", "30"),
        ("--expires", "9999999w"),
        ("--allow-ip", "203.0.113.1/24"),
        ("--allow-ip", "example.com"),
        ("--scope", "everything"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(cli, words: tuple[str, str]) -> None:
    assert words[0] in cli("keys", "create", "--name", "x", *words, code=2).stderr


def test_the_secret_is_shown_once(cli, as_json: Json) -> None:
    key = as_json("keys", "create", "--name", "app")
    for shown in (cli("keys", "list"), cli("keys", "list", "--json")):
        assert key["dev_key"] in shown.stdout
        assert key["dev_secret"] not in shown.stdout


def test_a_key_is_created_with_words_for_people(cli) -> None:
    shown = cli("keys", "create", "--name", "app").stdout
    assert "dev_key     key_" in shown
    assert "will not be shown again" in shown
    assert "export WATCHWORD_DEV_KEY=key_" in shown


def test_a_new_key_says_which_server_knows_it(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = cli("keys", "create", "--name", "app").stdout
    assert f"Database: {tmp_path / 'watchword.db'}\n" in shown
    assert "WATCHWORD_URL" not in shown
    monkeypatch.setenv("WATCHWORD_PORT", "9000")
    shown = cli("keys", "create", "--name", "app").stdout
    assert "  export WATCHWORD_URL=http://127.0.0.1:9000\n" in shown


def test_a_key_of_a_live_project_comes_without_advice_to_send(cli) -> None:
    assert "watchword-server send --to" in cli("keys", "create", "--name", "app").stdout
    cli("projects", "set-mode", "default", "live")
    assert "watchword-server send" not in cli("keys", "create", "--name", "app").stdout


def test_a_rotation_gives_a_new_secret_under_the_same_key(cli, as_json: Json) -> None:
    key = as_json("keys", "create", "--name", "app")
    rotated = as_json("keys", "rotate", "app", "--overlap", "24h")
    assert rotated["dev_key"] == key["dev_key"]
    assert rotated["dev_secret"] != key["dev_secret"]
    assert "works for 90m more" in cli("keys", "rotate", key["dev_key"], "--overlap", "90m").stdout


def test_a_key_is_disabled_enabled_and_deleted(cli, as_json: Json) -> None:
    as_json("keys", "create", "--name", "app")
    assert as_json("keys", "disable", "app")["disabled"] is True
    assert "disabled" in cli("keys", "list").stdout
    assert cli("keys", "enable", "app").stdout == "Key app is active.\n"
    assert "Aborted" in cli("keys", "delete", "app", input="n\n", code=1).stderr
    assert as_json("keys", "delete", "app", "--yes")["deleted"] is True
    assert cli("keys", "list").stdout.startswith("No keys yet.")


def test_a_name_that_two_keys_have_names_neither(cli, as_json: Json) -> None:
    for _ in range(2):
        as_json("keys", "create", "--name", "twin")
    assert "2 keys of this project have that name." in cli("keys", "rotate", "twin", code=1).stderr
    assert "No key of this project" in cli("keys", "rotate", "other", code=1).stderr


def test_a_project_lives_from_create_to_delete(cli, as_json: Json) -> None:
    made = as_json("projects", "create", "shop", "--mode", "sandbox")
    assert made["mode"] == "sandbox"
    key = as_json("keys", "create", "--name", "app", "--project", "shop")
    assert key["project_id"] == made["project_id"]
    assert as_json("keys", "list")["data"] == []
    by_id = as_json("keys", "list", "--project", made["project_id"])["data"]
    assert [each["name"] for each in by_id] == ["app"]
    assert as_json("projects", "set-mode", "shop", "live")["mode"] == "live"
    assert "shop     live" in cli("projects", "list").stdout
    assert as_json("projects", "delete", "shop", "--yes")["name"] == "shop"
    assert [each["name"] for each in as_json("projects", "list")["data"]] == ["default"]


def test_a_refusal_is_the_api_s_problem_with_a_fix(cli, as_json: Json) -> None:
    cli("projects", "create", "shop")
    problem = as_json("projects", "create", "shop", code=1)
    assert (problem["status"], problem["code"]) == (409, 3003)
    assert problem["fix"]
    shown = cli("projects", "create", "shop", code=1)
    assert shown.stdout == ""
    assert "It exists already (409)" in shown.stderr
    assert "Fix: " in shown.stderr


def test_an_unknown_project_is_answered_with_those_there_are(cli) -> None:
    shown = cli("keys", "list", "--project", "shop", code=1).stderr
    assert "No project has the name or id 'shop'." in shown
    assert "Take one of: default." in shown


def test_deleting_a_project_asks_first(cli) -> None:
    cli("projects", "create", "shop")
    assert "Aborted" in cli("projects", "delete", "shop", input="n\n", code=1).stderr
    assert cli("projects", "delete", "shop", input="y\n").stdout == "Deleted project shop.\n"


def test_templates_are_listed_and_shown(cli, as_json: Json) -> None:
    assert "otp-sms" in {each["template_id"] for each in as_json("templates", "list")["data"]}
    assert "otp-sms" in cli("templates", "list").stdout
    shown = cli("templates", "show", "otp-email").stdout
    assert "Subject: " in shown
    assert "{{code}}" in shown
    assert as_json("templates", "show", "nope", code=1)["status"] == 404


def test_an_address_is_unlocked_and_shown_masked(cli, as_json: Json) -> None:
    assert "+14155552671" not in cli("limits", "unlock", "+14155552671").stdout
    assert "*" in cli("limits", "unlock", "-", input="+14155552671\n").stdout
    assert as_json("limits", "unlock", "+14155552671")["unlocked"] is True
    assert as_json("limits", "unlock", "415", code=1)["field"] == "to"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (90, "90s"), (5400, "90m"), (86_400, "1d"), (90_000, "25h")]
)
def test_a_duration_is_written_as_it_would_be_typed(seconds: int, text: str) -> None:
    assert spelled(seconds) == text


def test_an_opt_out_is_added_listed_masked_and_lifted(cli, as_json: Json) -> None:
    assert "Nobody" in cli("opt-outs", "list").stdout
    shown = cli("opt-outs", "add", "-", "--channel", "sms", input="+14155552671\n").stdout
    assert "4155552671" not in shown
    assert "sms" in shown
    assert "+14*****2671" in cli("opt-outs", "list").stdout
    (one,) = as_json("opt-outs", "list", "--to", "+14155552671")["data"]
    assert (one["channel"], one["source"]) == ("sms", "operator")
    assert len(as_json("opt-outs", "add", "ada@example.com")["data"]) == 1
    assert (
        as_json("opt-outs", "remove", "+14155552671", "--channel", "voice", code=1)["code"] == 4001
    )
    assert as_json("opt-outs", "remove", "+14155552671")["removed"] == 1
    assert as_json("opt-outs", "add", "415", code=1)["field"] == "to"


def test_marketing_is_switched_on_with_its_hours_and_off(cli, as_json: Json) -> None:
    said = cli("projects", "set-marketing", "default", "on", "--from", "09:00").stdout
    assert "from 09:00 to 21:00" in said
    off = as_json("projects", "set-marketing", "default", "off")["marketing"]
    assert off == {"enabled": False, "start": "08:00", "end": "21:00"}
    wrong = as_json("projects", "set-marketing", "default", "on", "--until", "07:00", code=1)
    assert (wrong["field"], wrong["rule"]) == ("marketing.end", "after")
    assert (
        as_json("projects", "set-marketing", "default", "on", "--from", "8", code=1)["status"]
        == 400
    )
