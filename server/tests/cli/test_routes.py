"""`routes`: saved, checked, shown and deleted from the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = Callable[..., Any]


def written(folder: Path, **body: object) -> str:
    path = folder / "route.json"
    path.write_text(json.dumps(body))
    return str(path)


def test_a_route_is_saved_in_short_and_shown(cli: Any, as_json: Json) -> None:
    assert "No routes yet." in cli("routes", "list").stdout
    said = cli("routes", "put", "log-in", "whatsapp(30s)|sms", "--description", "Log-in").stdout
    assert said == "Saved route log-in: whatsapp(30s)|sms.\n"
    assert as_json("routes", "show", "log-in")["description"] == "Log-in"
    shown = cli("routes", "show", "log-in").stdout
    assert "  1. whatsapp, wait 30 s\n  2. sms, wait 60 s\n" in shown
    assert "whatsapp(30s)|sms" in cli("routes", "list").stdout
    assert [each["route_id"] for each in as_json("routes", "list")["data"]] == ["log-in"]


def test_a_route_is_saved_from_a_file(cli: Any, as_json: Json, tmp_path: Path) -> None:
    when = {"countries": ["SG"], "number_types": ["mobile"]}
    step = {"channel": "sms", "until": "verified", "when": when}
    file = written(tmp_path, steps=[step, {"channel": "voice"}])
    assert "sms|voice (...)" in cli("routes", "put", "full", "--file", file).stdout
    shown = cli("routes", "show", "full").stdout
    assert "  1. sms, wait 60 s, until verified, only SG, types mobile\n" in shown
    assert as_json("routes", "check", "--file", file)["valid"] is True
    (tmp_path / "broken.json").write_text("[]")
    problem = as_json("routes", "put", "x", "--file", str(tmp_path / "broken.json"), code=1)
    assert problem["title"] == "The file cannot be read"


def test_a_check_ends_in_1_where_something_is_wrong(cli: Any, as_json: Json) -> None:
    cli("routes", "put", "log-in", "sms|voice")
    said = cli("routes", "check", "log-in", "--to", "+6581234567").stdout
    assert said == "  1. sms: taken\n  2. voice: taken\nIt can be saved.\n"
    said = cli("routes", "check", "sms|email", "--to", "+6581234567").stdout
    assert "2. email: left out: unreachable" in said
    said = cli("routes", "check", "sms(600s)|voice", code=1).stdout
    assert "fail  steps[1] (turn_too_late): step 2: its turn comes after 600 seconds" in said
    assert said.endswith("It cannot be saved.\n")
    report = as_json("routes", "check", "sms|email", "--template", "otp-any", code=1)
    assert report["problems"][0]["rule"] == "content"
    more = ("--to", "+6581234567", "--alternate-email", "ada@example.com")
    assert as_json("routes", "check", "sms|email", *more)["chosen"][1]["taken"] is True
    assert "Name a route" in cli("routes", "check", code=2).stderr


def test_a_route_that_cannot_be_saved_names_its_step(cli: Any, as_json: Json) -> None:
    problem = as_json("routes", "put", "x", "sms|pigeon", code=1)
    assert (problem["field"], problem["rule"]) == ("short_form", "channel")
    assert problem["detail"].startswith("Step 2 of the route is no channel")
    assert "Give the route in short" in cli("routes", "put", "x", code=2).stderr


def test_a_template_names_a_route(cli: Any, as_json: Json) -> None:
    cli("routes", "put", "chain", "whatsapp|sms|voice")
    made = as_json("templates", "create", "chained", "--route", "chain", "--brand", "Example")
    assert (made["route"], made["send_channel_strategy"]) == ("chain", "")
    assert {"whatsapp", "sms", "voice"} <= set(made["contents"])
    assert "chain" in cli("templates", "show", "chained").stdout
    assert "chained" in cli("routes", "list").stdout
    problem = as_json("routes", "delete", "chain", "--yes", code=1)
    assert problem["reason"] == "route_in_use"
    cli("templates", "update", "chained", "--channels", "sms")
    assert cli("routes", "delete", "chain", "--yes").stdout == "Deleted route chain.\n"
