"""The scoreboard judges: a naive agent by what the server approved, and what is missing fails."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from bench.agent_score import __main__ as scoreboard
from bench.agent_score import outside, rows, unsaid
from bench.agent_score.choosing import Said, Stuck, best
from bench.agent_score.outside import Missing, Place, Score
from bench.agent_score.reading import MOST_COMMANDS, MOST_FETCHES, Agent


@pytest.fixture
def naive(tmp_path: Path) -> Callable[..., Agent]:
    approved = tmp_path / "approved"

    def make() -> Agent:
        return Agent("http://127.0.0.1:1", tmp_path, lambda: int(approved.exists()))

    return make


def page(*blocks: str) -> str:
    return "\n".join(f"```sh\n{block}\n```\n" for block in blocks)


def test_a_page_leads_on_when_the_server_has_approved_and_not_when_a_block_says_so(
    naive: Callable[..., Agent],
) -> None:
    assert not naive().follow(page("echo approved"))
    agent = naive()
    assert agent.follow(page("url=x", 'test "$url" = x && touch approved', "false"))


def test_a_block_that_fails_stops_the_agent(naive: Callable[..., Agent]) -> None:
    with pytest.raises(Stuck, match="a block fails"):
        naive().follow(page("exit 3"))


def test_programs_are_counted_wherever_they_are_called(naive: Callable[..., Agent]) -> None:
    agent = naive()
    agent.follow(page("true\npython3 -c '' | cat\nx=$(curl --version)\necho no-curl-here"))
    assert agent.commands == 2


@pytest.mark.parametrize(
    ("fetches", "commands", "thrifty"),
    [(MOST_FETCHES, MOST_COMMANDS, True), (4, 0, False), (0, 6, False)],
)
def test_thrift_has_a_limit(
    naive: Callable[..., Agent], fetches: int, commands: int, thrifty: bool
) -> None:
    agent = naive()
    agent.fetches, agent.commands = ["/"] * fetches, commands
    assert agent.is_thrifty is thrifty


def row(take: Callable[[Place], Score]) -> rows.Row:
    return rows.taken(rows.Measure("m", "f", "c", take), Place("http://127.0.0.1:1"))


def test_what_is_missing_and_what_breaks_fails_and_says_why() -> None:
    def absent(_place: Place) -> Score:
        raise Missing("it is not there yet")

    def broken(_place: Place) -> Score:
        raise ZeroDivisionError("oh")

    assert (row(absent).passed, row(absent).score, row(absent).note) == (
        False, "missing", "it is not there yet",
    )  # fmt: skip
    assert (row(broken).passed, row(broken).note) == (False, "ZeroDivisionError: oh")
    assert row(lambda _place: Score("1", True)).passed


def test_tests_that_do_not_exist_are_missing() -> None:
    with pytest.raises(Missing, match="not there yet"):
        outside.tests(("server/tests/test_nothing.py",), Place(""))


def test_every_row_has_a_floor_and_a_command_and_a_name_of_its_own() -> None:
    assert all(one.floor and one.command for one in rows.MEASURES)
    assert len({one.name for one in rows.MEASURES}) == len(rows.MEASURES)


def test_every_row_is_on_the_page_with_how_it_is_measured_and_what_it_said() -> None:
    said = (outside.ROOT / "docs/agent-score.md").read_text(encoding="utf-8")
    explained, _, results = said.partition("Each row as it was measured last:")
    names = [one.name for one in rows.MEASURES]
    assert first_column(explained) == names
    assert first_column(results) == names


def first_column(page: str) -> list[str]:
    return re.findall(r"^\| (.+?) \|", page, re.MULTILINE)[1:]


def test_what_shares_rare_words_with_a_task_is_chosen_and_nothing_where_none_does() -> None:
    offered = [
        Said("Send a code", "Sends it."),
        Said("Check a code"),
        Said("sendOwnCode", "Yours."),
    ]
    assert best("check the codes that were typed", offered, lambda one: one) == offered[1]
    assert best("send a code", offered, lambda one: one) == offered[0]
    with pytest.raises(Stuck, match="nothing is there to fly"):
        best("fly", offered, lambda one: one)


def test_a_session_goes_on_from_block_to_block(naive: Callable[..., Agent]) -> None:
    agent = naive()
    assert agent.follow(page("id=$(echo 7)\ncd .", 'test "$id" = 7 && touch approved'))


def test_the_page_is_written_with_what_a_whole_run_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "page.md"
    said = "Each row as it was measured last:\n\n"
    written.write_text(f"a\n\n{said}| old |\n|---|\n\nb\n")
    monkeypatch.setattr(scoreboard, "PAGE", written)
    scoreboard.write_page([row(lambda _place: Score("7", False))])
    assert "| m | 7 | f | **missed** |" in written.read_text()
    assert "old" not in written.read_text()
    assert written.read_text().startswith(f"a\n\n{said}| row |")
    assert written.read_text().endswith("|\n\nb\n")


def test_a_row_that_is_measured_again_replaces_its_own_and_no_other(tmp_path: Path) -> None:
    first, second = rows.MEASURES[0].name, rows.MEASURES[1].name
    old = [rows.Row(name, "1", "f", True, "c", 0.1) for name in (first, second, "gone")]
    file = tmp_path / "rows.json"
    file.write_text(json.dumps({"rows": [asdict(row) for row in old]}))
    new = rows.Row(second, "2", "f", False, "c", 0.1)
    assert scoreboard.kept([new], file) == [old[0], new]
    assert scoreboard.kept([new], tmp_path / "none.json") == [new]


def test_an_operation_that_says_too_little_is_named_with_its_fields() -> None:
    described = {"type": "string", "description": "What it is."}
    fields = {"said": {**described, "maxLength": 9}, "unlimited": described, "x": {"enum": [1]}}
    answer = {"200": {"content": {"json": {"schema": {"properties": fields}}}}}
    document = {"paths": {"/p": {"get": {"operationId": "read", "responses": answer}}}}
    assert dict(unsaid.unsaid(document)) == {"read": ["unlimited", "x"]}
    assert unsaid.worst(document, {"read": 90.0}, 95.0) == "read (unlimited, x)"
    assert unsaid.worst(document, {"read": 96.0}, 95.0) == ""
