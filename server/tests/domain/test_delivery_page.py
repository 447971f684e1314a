"""docs/delivery.md says what the tables of the domain say."""

import re
from pathlib import Path

import pytest

import tracked
from watchword_server.domain import delivery, verification
from watchword_server.domain.breaker import POLICY, State
from watchword_server.domain.routing import Until

PAGE = (Path(tracked.ROOT) / "docs/delivery.md").read_text()


def words(line):
    """The words in backticks of each cell of a row."""
    return [re.findall(r"`(\w+)`", cell) for cell in line.strip("|").split("|")]


def table(page, header):
    """The rows under a header."""
    lines = page.partition(f"{header}\n")[2].splitlines()[1:]
    return [words(line) for line in lines[: lines.index("")]]


def says_what_the_tables_say(page):
    rows = table(page, "| from | to |")
    assert {row[0][0]: set(row[1]) for row in rows} == {
        status.value: {then.value for then in thens}
        for status, thens in delivery.TRANSITIONS.items()
    }
    rows = table(page, "| from | what happens | to |")
    assert {(row[0][0], row[1][0]): row[2][0] for row in rows} == {
        (status.value, trigger.value): then.value
        for (status, trigger), then in verification.TRANSITIONS.items()
    }
    assert [row[0][0] for row in table(page, "| `until` | reached when |")] == list(Until)
    assert {row[0][0] for row in table(page, "| state | what happens |")} == set(State)
    p = POLICY
    for sentence in (
        f"opens at {p.errors} errors that are at least {100 * p.share:g} % of the last {p.samples}",
        f"within {p.window_ms // 1000} seconds",
        f"left alone for {p.probe_ms // 1000} seconds",
        f"up to {p.probe_most_ms // 1000} seconds",
        f"{p.probes} good tries in a row close it",
    ):
        assert sentence in page, sentence


def test_the_page_says_what_the_tables_say():
    says_what_the_tables_say(PAGE)


@pytest.mark.parametrize(
    "change",
    [
        ("`failed`, `sent`, `unknown`", "`failed`, `sent`"),
        ("| `exhausted` |", "| `failed` |"),
        ("left alone for 5", "left alone for 6"),
        ("25 %", "50 %"),
    ],
)
def test_the_page_mutant_is_caught(change):
    assert change[0] in PAGE
    with pytest.raises(AssertionError):
        says_what_the_tables_say(PAGE.replace(*change))
