"""The page on function calling: its blocks run, and a model follows each recipe to its end.

The recipes are programs against the vendors' own packages, whose requests go to a scripted model
on loopback; those packages have an environment of their own, so these tests are long.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import mcp_types
import pytest

import services_needed
import tracked
from api import tool_rules
from e2e.deployment import Site
from e2e.init_commands import Built
from e2e.model_peer import ModelPeer
from watchword import Watchword, agent
from watchword_server.api.resources.tool_table import ENVELOPES, filled, neutral

HERE = Path(__file__).resolve().parent
PAGE = (tracked.ROOT / "docs/function-calling.md").read_text(encoding="utf-8")
START, _, RECIPES = PAGE.partition("## Recipes")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOUND = {part.split("\n")[0]: BLOCK.findall(part)[0] for part in RECIPES.split("\n### ")[1:]}
LONGEST_RECIPE = 10
CODE = "123456"


def environment(url: str, **more: str) -> dict[str, str]:
    ours = {name: word for name, word in os.environ.items() if not name.startswith("WATCHWORD_")}
    source = str(tracked.ROOT / "sdk/python/src")
    return ours | {"PYTHONPATH": source, "WATCHWORD_URL": url, **more}


def printed(python: str | Path, code: str, environ: dict[str, str]) -> str:
    done = subprocess.run(
        [python, "-W", "ignore", "-c", code], env=environ, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_blocks_before_the_recipes_run_and_print_what_is_shown(site: Site) -> None:
    url = site.serve().url
    found = BLOCK.findall(START)
    assert [language for language, _ in found] == ["python", "console", "sh", "python", "console"]
    for at, (language, code) in enumerate(found):
        if language == "python":
            assert printed(sys.executable, code, environment(url)) == found[at + 1][1]
        elif language == "sh":
            shell = code.replace("http://127.0.0.1:8080", url)
            said = subprocess.check_output(["bash", "-euc", shell], text=True, timeout=60)
            assert {tool["name"] for tool in json.loads(said)["tools"]} >= {"send_otp"}


@pytest.mark.parametrize("name", FOUND)
def test_a_recipe_is_short(name: str) -> None:
    lines = [line for line in FOUND[name][1].split("\n") if line.strip()]
    own = [line for line in lines if not line.startswith(("import ", "from "))]
    assert len(own) <= LONGEST_RECIPE
    assert max(map(len, lines)) <= 100


def test_the_tools_in_the_envelope_of_mcp_are_tools_of_mcp() -> None:
    for tool in neutral()["tools"]:
        mcp_types.Tool.model_validate(filled(ENVELOPES["mcp"], tool))


def typed(sent: str) -> None:
    """Type the code as the person would, on the page that the model named."""
    (page,) = re.findall(r"http://\S+/v/\S+", sent)
    form = Request(page, urlencode({"code": CODE}).encode())
    with urlopen(form, timeout=60) as answer:
        assert answer.status == 200


def schema_of(tool: dict[str, Any]) -> dict[str, Any]:
    inner = tool.get("function", tool)
    schema = next(inner[one] for one in SCHEMAS if one in inner)
    return {"name": inner["name"], "description": inner["description"], "parameters": schema}


SCHEMAS = ("parameters", "input_schema", "parametersJsonSchema")


def followed(site: Site, run: Callable[[str, dict[str, str]], str]) -> ModelPeer:
    """A model that a recipe let verify somebody; the person types the code when it says so."""
    url = site.serve().url
    with ModelPeer() as peer:
        said = run(url, peer.environment)
    assert said.startswith("It is pending: open ")
    typed(said)
    with Watchword.in_sandbox(url) as client:
        (verification,) = client.messages.list()
    assert verification.status == "approved"
    assert not any(CODE in told for told in peer.heard)
    for tool in map(schema_of, peer.tools):
        assert [list(rule(tool)) for rule in tool_rules.CLAUSES] == [[]] * len(tool_rules.CLAUSES)
    return peer


@pytest.mark.long
@pytest.mark.parametrize("name", [one for one in FOUND if FOUND[one][0] == "python"])
def test_a_model_follows_a_recipe_until_the_person_has_typed_the_code(
    site: Site, name: str
) -> None:
    python = services_needed.require_vendors()
    followed(site, lambda url, peer: printed(python, FOUND[name][1], environment(url, **peer)))


@pytest.mark.parametrize("name", [one for one in FOUND if FOUND[one][0] == "js"])
def test_a_model_follows_a_recipe_of_node(
    site: Site, name: str, built: Built, tmp_path: Path
) -> None:
    modules = services_needed.require_package("ai").parent
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/watchword").symlink_to(built.node)
    for package in modules.iterdir():
        (tmp_path / "node_modules" / package.name).symlink_to(package)
    (tmp_path / "recipe.mjs").write_text(FOUND[name][1])

    def run(url: str, peer: dict[str, str]) -> str:
        # The vendor's package wants Node 22.
        words = [services_needed.node_22(), "recipe.mjs"]
        done = subprocess.run(
            words, cwd=tmp_path, env=environment(url, **peer), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    offered = followed(site, run).tools
    assert [one["name"] for one in offered] == [one["name"] for one in agent.tools("openai")]
    assert all(one["strict"] for one in offered)


def judged(tools: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """What the vendors' packages say."""
    done = subprocess.run(
        [services_needed.require_vendors(), "-W", "ignore", HERE / "vendor_check.py"],
        input=json.dumps(tools), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, list[str]] = json.loads(done.stdout)
    return answer


def spoilt(format: str, **more: Any) -> dict[str, Any]:
    """A tool in which something was changed."""
    tool = json.loads(json.dumps(neutral()["tools"][1]))
    if "bound" in more:
        tool["parameters"]["properties"]["message_id"]["maxLength"] = more["bound"]
    tool["parameters"] |= more.get("schema", {})
    wrapped: dict[str, Any] = filled(ENVELOPES[format], tool)
    wrapped |= more.get("envelope", {})
    return wrapped


@pytest.mark.long
def test_every_vendor_s_package_takes_the_tools_as_they_are() -> None:
    formats = [one for one in ENVELOPES if one != "mcp"]
    tools = {one: [filled(ENVELOPES[one], tool) for tool in neutral()["tools"]] for one in formats}
    assert judged(tools) == {one: [] for one in formats}


@pytest.mark.long
def test_a_tool_that_a_vendor_does_not_take_mutant_is_caught() -> None:
    is_open = {"schema": {"additionalProperties": True}}
    spoils = {
        "openai": [is_open, {"schema": {"required": []}}, {"envelope": {"type": "tool"}}],
        "openai-chat": [is_open, {"envelope": {"function": {}}}],
        "anthropic": [{"bound": 64}, {"envelope": {"input_schema": {"type": "string"}}}],
        "gemini": [{"envelope": {"input_schema": {}}}, {"schema": {"type": ["frog"]}}],
    }
    tools = {one: [spoilt(one, **how) for how in spoils[one]] for one in spoils}
    found = judged(tools)
    assert {one: len(found[one]) for one in spoils} == {one: len(spoils[one]) for one in spoils}
