"""`templates`: written, linted, previewed and reviewed from the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Json = Callable[..., Any]
TEXT = "{{brand_name}}: {{code}} is your code."


@pytest.fixture
def live(cli: Any) -> str:
    """A live project, where templates wait for a yes."""
    cli("projects", "create", "shop", "--mode", "live")
    return "shop"


def written(folder: Path, **parts: object) -> str:
    body = {
        "template_id": "mine",
        "send_channel_strategy": "sms",
        "brand_name": "Example",
        "contents": {"sms": {"default": {"text": TEXT}}},
        **parts,
    }
    path = folder / "template.json"
    path.write_text(json.dumps(body))
    return str(path)


def test_a_template_waits_until_it_is_approved(cli: Any, as_json: Json, live: str) -> None:
    said = cli(
        "templates", "create", "mine", "--text", TEXT, "--brand", "Example", "--project", live
    )
    assert "Submitted template mine: pending." in said.stdout
    follows = f"Next: watchword-server templates approve mine --project {live}\n"
    assert follows in said.stdout
    changed = cli("templates", "update", "mine", "--description", "Anew", "--project", live)
    assert follows in changed.stdout
    waiting = as_json("templates", "list", "--waiting", "--project", live)["data"]
    assert [each["template_id"] for each in waiting] == ["mine"]
    done = as_json(
        "templates", "approve", "mine", "--version", "2", "--remark", "Fine.", "--project", live
    )
    assert (done["status"], done["audit_remark"]) == (2, "Fine.")
    again = cli("templates", "approve", "mine", "--project", live, code=1).stderr
    assert "already" in again and "nothing to do" in again
    assert "exists" not in again and "name" not in again
    assert cli("templates", "list", "--waiting", "--project", live).stdout == "Nothing waits.\n"


def test_a_rejection_names_its_reason(cli: Any, as_json: Json, live: str) -> None:
    cli("templates", "create", "mine", "--text", TEXT, "--project", live)
    assert "--remark" in cli("templates", "reject", "mine", "--project", live, code=2).stderr
    said = cli("templates", "reject", "mine", "--remark", "Who?", "--project", live).stdout
    assert said == "Template mine: version 1 is rejected.\n"
    shown = cli("templates", "show", "mine", "--project", live).stdout
    assert "rejected" in shown and "Who?" in shown and "warn  brand_missing" in shown


def test_a_change_is_a_version_beside_the_one_in_use(cli: Any, as_json: Json, live: str) -> None:
    cli("templates", "create", "mine", "--text", TEXT, "--project", live)
    cli("templates", "approve", "mine", "--project", live)
    said = cli("templates", "update", "mine", "--brand", "Example", "--project", live).stdout
    assert "Changed template mine: approved, version 2 pending." in said
    rows = as_json("templates", "versions", "mine", "--project", live)["data"]
    assert [(each["version"], each["in_use"]) for each in rows] == [(2, False), (1, True)]
    said = cli("templates", "approve", "mine", "--version", "2", "--project", live).stdout
    assert said == "Template mine: version 2 is approved.\n"
    assert "in use" in cli("templates", "versions", "mine", "--project", live).stdout


def test_a_template_comes_from_a_file(cli: Any, as_json: Json, tmp_path: Path) -> None:
    made = as_json("templates", "create", "--file", written(tmp_path))
    assert (made["template_id"], made["status"]) == ("mine", 2)
    named = as_json("templates", "create", "other", "--file", written(tmp_path))
    assert named["template_id"] == "other"
    changed = as_json(
        "templates", "update", "mine", "--file", written(tmp_path, description="Anew")
    )
    assert (changed["version"], changed["description"]) == (2, "Anew")
    (tmp_path / "broken.json").write_text("[")
    for words in (("create", "x"), ("lint",)):
        problem = as_json("templates", *words, "--file", str(tmp_path / "broken.json"), code=1)
        assert problem["title"] == "The file cannot be read"


def test_the_server_s_own_words_are_the_default(as_json: Json) -> None:
    made = as_json("templates", "create", "plain", "--brand", "Example")
    assert made["sms_config"]["template_type"] == 1
    made = as_json("templates", "create", "two", "--channels", "sms|voice", "--brand", "Example")
    assert set(made["contents"]) == {"sms", "voice"}
    problem = as_json("templates", "create", "three", "--channels", "email", code=1)
    assert problem["title"] == "not contains any channel config"


def test_lint_ends_in_1_where_something_is_an_error(
    cli: Any, as_json: Json, tmp_path: Path
) -> None:
    bad = {"contents": {"sms": {"default": {"text": f"{TEXT} Reply with this code."}}}}
    said = cli("templates", "lint", "--file", written(tmp_path, **bad), code=1).stdout
    assert "fail  asks_for_code" in said and "Fix: " in said and "It does not pass." in said
    assert as_json("templates", "lint", "--file", written(tmp_path))["passed"] is True
    assert as_json("templates", "lint", "otp-sms")["findings"][0]["rule"] == "brand_missing"
    assert "It passes." in cli("templates", "lint", "otp-sms").stdout
    assert "Name a template" in cli("templates", "lint", code=2).stderr


def test_a_preview_shows_the_words_and_what_they_cost(
    cli: Any, as_json: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_MESSAGE_PRICES", "sms=0.04,sms:SG=0.032")
    said = cli("templates", "preview", "otp-sms", "--language", "en", "--country", "SG").stdout
    assert said.startswith("sms, en, 1 x gsm7, 0.032 USD\n  123456 is your Watchword")
    assert "Subject: " in cli("templates", "preview", "otp-email", "--language", "en").stdout
    shown = as_json("templates", "preview", "otp-any", "--channel", "voice")
    assert {each["channel"] for each in shown["data"]} == {"voice"}


def test_deleting_a_template_asks_first(cli: Any, as_json: Json) -> None:
    assert "Aborted" in cli("templates", "delete", "otp-sms", input="n\n", code=1).stderr
    assert cli("templates", "delete", "otp-sms", "--yes").stdout == "Deleted template otp-sms.\n"
    assert as_json("templates", "delete", "otp-sms", "--yes", code=1)["status"] == 404


def test_links_may_lead_where_the_operator_says(cli: Any, as_json: Json) -> None:
    said = cli("projects", "set-links", "default", "Example.com").stdout
    assert said == "Links in templates of default may lead to: example.com.\n"
    text = f"{TEXT} https://www.example.com/help"
    assert as_json("templates", "create", "linked", "--text", text)["status"] == 2
    assert as_json("projects", "set-links", "default")["link_domains"] == []
    assert as_json("templates", "create", "again", "--text", text, code=1)["rule"] == "link_foreign"
