"""The rows of the scoreboard: each is a measure with its floor and the command that shows it."""

import contextlib
import io
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.agent_score import outside
from bench.agent_score.doors import DOORS
from bench.agent_score.hooks import webhook
from bench.agent_score.outside import Missing, Place, Score
from bench.agent_score.reading import MOST_COMMANDS, MOST_FETCHES, Agent, Stuck
from watchword import Watchword

ALONE = "python -m bench.agent_score"
_THRIFTY = f"approved in <= {MOST_FETCHES} fetches, <= {MOST_COMMANDS} commands"


class Measure(NamedTuple):
    """Something that is measured.

    Attributes:
        take: the score; raises `Missing` where something is not there to be measured.
    """

    name: str
    floor: str
    command: str
    take: Callable[[Place], Score]


@dataclass(frozen=True)
class Row:
    """What came of a measure."""

    name: str
    score: str
    floor: str
    passed: bool
    command: str
    seconds: float
    note: str = ""


def _naive(go: Callable[[Agent], None], place: Place) -> Score:
    """How far a naive agent comes, and at what cost."""
    with tempfile.TemporaryDirectory(prefix="watchword-naive-") as made:
        folder = Path(made)
        (folder / ".venv").symlink_to(outside.ROOT / ".venv")
        agent = Agent(place.url, folder, partial(_approved, place.url))
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                go(agent)
        except Stuck as stuck:
            return Score(f"stuck after {agent.effort}", False, str(stuck))
    return Score(agent.effort, agent.is_thrifty)


def _approved(url: str) -> int:
    with Watchword.in_sandbox(url) as judge:
        return len(list(judge.messages.list(status="approved")))


def _tests(*words: str) -> Callable[[Place], Score]:
    return partial(outside.tests, words)


MEASURES: tuple[Measure, ...] = (
    *(
        Measure(f"naive agent: {name}", _THRIFTY, f"{ALONE} '{name}'", partial(_naive, go))
        for name, go in DOORS.items()
    ),
    Measure(
        "naive agent: webhook", "taken and verified", f"{ALONE} webhook", partial(_naive, webhook)
    ),
    Measure(
        "executable docs", "every block", "pytest server/tests/e2e/test_docs.py",
        _tests("server/tests/e2e/test_docs.py"),
    ),
    Measure(
        "executable skills", "every block", "pytest server/tests/e2e/test_skills.py",
        _tests("server/tests/e2e/test_skills.py"),
    ),
    Measure(
        "error recovery", "every kind", "pytest server/tests/e2e/test_error_pages.py",
        _tests("server/tests/e2e/test_error_pages.py"),
    ),
    Measure(
        "real clients", "every client", "pytest -m 'long or not long' "
        "server/tests/e2e/test_skills_clients.py",
        _tests("-m", "long or not long", "server/tests/e2e/test_skills_clients.py"),
    ),
    Measure(
        "MCP conformance", "both revisions", "pytest -m 'long or not long' "
        "server/tests/e2e/test_mcp_conformance.py",
        _tests("-m", "long or not long", "server/tests/e2e/test_mcp_conformance.py"),
    ),
    Measure(
        "schemathesis", "no failure", "pytest -m 'long or not long' server/tests/api/"
        "test_fuzzing.py",
        _tests("-m", "long or not long", "server/tests/api/test_fuzzing.py"),
    ),
    Measure(
        "function calling", "every vendor", "pytest -m 'long or not long' "
        "server/tests/e2e/test_function_calling.py",
        _tests("-m", "long or not long", "server/tests/e2e/test_function_calling.py"),
    ),
    Measure("afdocs", ">= 95", "afdocs check URL --score", outside.afdocs),
    Measure("redocly score", ">= 95", "redocly score URL/openapi.json", outside.redocly),
    Measure("redocly respect", "no failure", "redocly respect URL/arazzo.json", outside.respect),
    Measure("skillsaw", "A+", "skillsaw lint TREE", outside.skillsaw),
    Measure("agentskills", "every skill", "agentskills validate skills/*", outside.agentskills),
    Measure("links", "none broken", "linkinator URL/docs --recurse", outside.links),
    Measure("tokens", "each within its budget", "gpt-tokenizer (o200k)", outside.tokens),
    Measure("drift", "none", "watchword-server openapi --check", outside.drift),
)  # fmt: skip


def taken(measure: Measure, place: Place) -> Row:
    """A measure's row; what is missing fails, and so does what breaks."""
    began = time.monotonic()
    try:
        score = measure.take(place)
    except Missing as missing:
        score = Score("missing", False, str(missing))
    except Exception as error:
        score = Score("broken", False, f"{type(error).__name__}: {error}")
    return Row(
        measure.name,
        score.shown,
        measure.floor,
        score.passed,
        measure.command,
        round(time.monotonic() - began, 1),
        score.note,
    )
