"""`sandbox`: it says what there is to try, and its examples are the documentation's."""

from collections.abc import Callable
from typing import Any

import pytest

import tracked
from watchword_server.cli import sandbox as command
from watchword_server.domain.sandbox import CREDENTIALS, TABLE

DOCS = tracked.ROOT / "docs/sandbox.md"


def test_everything_to_try_is_told(cli, as_json: Callable[..., Any]) -> None:
    shown = cli("sandbox").stdout
    assert all(row.to in shown for row in TABLE)
    assert command.DEV_SECRET in shown
    document = as_json("sandbox")
    assert document["on"] is True
    assert {one["dev_key"]: one["dev_secret"] for one in document["credentials"]} == CREDENTIALS
    assert [one["to"] for one in document["recipients"]] == [row.to for row in TABLE]


def test_a_sandbox_that_is_off_says_so(
    cli, as_json: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_SANDBOX", "off")
    assert "set WATCHWORD_SANDBOX=on" in cli("sandbox").stdout
    assert as_json("sandbox")["on"] is False


def table(rows: list[tuple[str, str, str]]) -> str:
    return "\n".join(f"| `{to}` | {does} | {outcome} |" for to, does, outcome in rows)


def test_the_table_in_the_documentation_is_the_one_that_is_played() -> None:
    assert table(command.rows()) in DOCS.read_text(encoding="utf-8")


def test_the_table_in_the_documentation_mutant_is_caught() -> None:
    changed = [*command.rows()[:-1], ("+10000005020", "Something else", "HTTP 400, code 5020")]
    assert table(changed) not in DOCS.read_text(encoding="utf-8")
