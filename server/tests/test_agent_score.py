"""The scoreboard judges: a naive agent by what the server approved, and what is missing fails."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bench.agent_score import outside, rows
from bench.agent_score.outside import Missing, Place, Score
from bench.agent_score.reading import MOST_COMMANDS, MOST_FETCHES, Agent, Stuck


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


def test_every_row_is_on_the_page() -> None:
    said = (outside.ROOT / "docs/agent-score.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([^|]+?) \|", said, re.MULTILINE)[1:]
    assert listed == [one.name for one in rows.MEASURES]
