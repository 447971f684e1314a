"""The conformance suite of MCP, as its authors publish it, against real servers.

It calls tools, prompts and resources that no product has; so the whole of it runs against the
product's own server with those added (`conformance_fixtures`), and what is about the server
itself against the product as it is.
"""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from e2e.deployment import Server, Site
from services_needed import node_22, require_package

PROGRAM = "@modelcontextprotocol/conformance"
WHEN = re.compile(r"-\d{4}-\d\d-\d\dT")
"""What follows a scenario's name in the name of its results."""
OLD, NEW = "2025-11-25", "2026-07-28"
FIXTURES = ("keyless_mcp", "conformance_tools")
REQUIRED = {OLD: 30, NEW: 37}
"""Scenarios for servers that the suite counts for a revision, all of which have to pass."""
PENDING = {"json-schema-2020-12", "server-sse-polling"}
"""Scenarios that the suite does not count; the first wants a tool with a schema of its own, the
second streams that can be taken up again."""
NO_TASKS = "tasks-"
"""An extension that this server does not declare."""
APPLICABLE = {
    OLD: (
        "server-initialize", "ping", "tools-list", "resources-list", "prompts-list",
        "server-sse-multiple-streams", "dns-rebinding-protection", "server-session-lifecycle",
    ),
    NEW: (
        "server-stateless", "tools-list", "resources-list", "prompts-list", "caching",
        "server-sse-multiple-streams", "dns-rebinding-protection", "sep-2164-resource-not-found",
        "http-header-validation", "input-required-result-unsupported-methods",
        "input-required-result-ignore-extra-params", "input-required-result-validate-input",
        "input-required-result-missing-input-response",
    ),
}  # fmt: skip
"""What needs no tool of the suite's own."""
NEEDS_ITS_TOOL = {
    "sep-2575-server-rejects-undeclared-capability",
    "sep-2575-missing-capability-http-400",
    "sep-2575-server-sends-tools-list-changed-on-subscription",
    "sep-2575-server-sends-prompts-list-changed-on-subscription",
    "sep-2322-missing-response-rerequests",
    "sep-2322-error-on-protocol-error",
}
"""Checks that call tools of the suite, within scenarios that mostly do not."""
SKILLS = {
    "sep-2640-skills-enumeration": 32,
    "sep-2640-skills-manifest": 6,
    "sep-2640-skills-directory": 7,
}
"""How many checks each has where the extension is declared; without it they pass as well."""


class Check(NamedTuple):
    """One thing that the suite looked at."""

    scenario: str
    id: str
    status: str
    error: str


def suite(server: Server, results: Path, *words: str) -> list[Check]:
    """What the suite finds."""
    program = require_package(PROGRAM) / "dist/index.js"
    command = [node_22(), str(program), "server", "--url", f"{server.url}/mcp", "-o", str(results)]
    subprocess.run([*command, *words], capture_output=True, timeout=300, check=False)
    found: list[Check] = []
    for file in sorted(results.glob("*/checks.json")):
        scenario = WHEN.split(file.parent.name.removeprefix("server-"))[0]
        found += [_check(scenario, one) for one in json.loads(file.read_text())]
    return found


def _check(scenario: str, one: dict[str, Any]) -> Check:
    return Check(scenario, one["id"], one["status"], one.get("errorMessage", ""))


def whole(server: Server, results: Path, revision: str) -> list[Check]:
    """All that the suite counts for a revision, and prints the figures."""
    checks = [
        one
        for one in suite(server, results, "--requirements", revision)
        if one.scenario not in PENDING and not one.scenario.startswith(NO_TASKS)
    ]
    statuses = Counter(one.status for one in checks)
    print(f"MCP {revision}: {len({one.scenario for one in checks})} scenarios, {dict(statuses)}")
    return checks


def some(server: Server, results: Path, revision: str, *scenarios: str) -> list[Check]:
    """Single scenarios."""
    words = ("--spec-version", revision, "--force")
    return [
        check
        for scenario in scenarios
        for check in suite(server, results / scenario, "--scenario", scenario, *words)
    ]


def failed(checks: list[Check]) -> list[Check]:
    return [one for one in checks if one.status not in ("SUCCESS", "INFO", "SKIPPED")]


@pytest.mark.long
@pytest.mark.parametrize("revision", [OLD, NEW])
def test_every_scenario_passes_with_the_fixtures_of_the_suite(
    site: Site, tmp_path: Path, revision: str
) -> None:
    checks = whole(site.serve(*FIXTURES), tmp_path / "results", revision)
    assert len({one.scenario for one in checks}) >= REQUIRED[revision]
    assert not failed(checks)


@pytest.mark.long
@pytest.mark.parametrize("revision", [OLD, NEW])
def test_the_product_passes_every_scenario_that_needs_no_fixture(
    site: Site, tmp_path: Path, revision: str
) -> None:
    found = whole(site.serve("keyless_mcp"), tmp_path / "results", revision)
    checks = [one for one in found if one.scenario in APPLICABLE[revision]]
    assert {one.scenario for one in checks} == set(APPLICABLE[revision])
    assert {one.id for one in failed(checks)} <= NEEDS_ITS_TOOL
    print(f"MCP {revision}, the product: {len(checks)} checks")


@pytest.mark.long
def test_skills_are_served_as_the_extension_says(site: Site, tmp_path: Path) -> None:
    checks = some(site.serve(*FIXTURES), tmp_path / "results", NEW, *SKILLS)
    assert Counter(one.scenario for one in checks) == SKILLS
    assert {one.status for one in checks} == {"SUCCESS"}


def test_the_first_scenarios_of_both_revisions_pass(site: Site, tmp_path: Path) -> None:
    server = site.serve("keyless_mcp")
    checks = some(server, tmp_path / "old", OLD, "server-initialize")
    checks += some(server, tmp_path / "new", NEW, "server-stateless")
    assert len(checks) > 30
    assert {one.id for one in failed(checks)} <= NEEDS_ITS_TOOL


@pytest.mark.long
def test_headers_that_are_not_trimmed_mutant_is_caught(site: Site, tmp_path: Path) -> None:
    server = site.serve("keyless_mcp", "headers_as_they_came")
    checks = some(server, tmp_path / "results", NEW, "http-header-validation")
    assert [one.id for one in failed(checks)] == ["sep-2243-server-accepts-whitespace-header-value"]
