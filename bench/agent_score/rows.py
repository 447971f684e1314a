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
from bench.agent_score.choosing import Stuck
from bench.agent_score.doors import DOORS
from bench.agent_score.hooks import webhook
from bench.agent_score.outside import Missing, Place, Score
from bench.agent_score.people import approved
from bench.agent_score.reading import MOST_COMMANDS, MOST_FETCHES, Agent

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


def judged(go: Callable[[Agent], None], place: Place) -> Score:
    """How far a naive agent comes, and at what cost; the judge asks the server, not the agent."""
    with tempfile.TemporaryDirectory(prefix="watchword-naive-") as made:
        folder = Path(made)
        (folder / ".venv").symlink_to(outside.ROOT / ".venv")
        agent = Agent(place.url, folder, partial(approved, place.url))
        before = agent.proof()
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                go(agent)
        except Stuck as stuck:
            return Score(f"stuck after {agent.effort}", False, str(stuck))
        if go in DOORS.values() and agent.proof() == before:
            return Score(f"stuck after {agent.effort}", False, "the server has approved nothing")
    return Score(agent.effort, agent.is_thrifty)


def _at(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"server/tests/{name}" for name in names)


def _tests(names: tuple[str, ...]) -> Callable[[Place], Score]:
    return partial(outside.tests, _at(names))


MEASURES: tuple[Measure, ...] = (
    *(
        Measure(f"naive agent: {name}", _THRIFTY, f"{ALONE} '{name}'", partial(judged, go))
        for name, go in DOORS.items()
    ),
    Measure(
        "naive agent: webhook", "taken and verified", f"{ALONE} webhook", partial(judged, webhook)
    ),
    *(
        Measure(name, floor, f"pytest -m 'long or not long' {' '.join(_at(names))}", _tests(names))
        for name, floor, names in (
            ("executable docs", "every block", ("e2e/test_docs.py",)),
            ("executable skills", "every block", ("e2e/test_skills.py",)),
            ("error recovery", "every kind", ("api/test_error_fixes.py",)),
            ("install clients", "every client", ("e2e/test_skills_clients.py",
                                                 "e2e/test_mcp_clients.py")),
            ("coding agents", "every client", ("e2e/test_agent_clients.py",)),
            ("MCP conformance", "both revisions", ("e2e/test_mcp_conformance.py",)),
            ("schemathesis", "no failure", ("api/test_fuzzing.py",)),
            ("function calling", "every vendor", ("e2e/test_function_calling.py",)),
        )
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
