"""What registries and clients are told about `watchword-mcp`: server.json, and a bundle."""

import copy
import json
import subprocess
import tomllib
from typing import Any

import jsonschema_rs
import pytest

import tracked
from services_needed import node_22, require_package
from watchword_mcp.main import target

FOLDER = tracked.ROOT / "mcp"
SERVER = json.loads((FOLDER / "server.json").read_text(encoding="utf-8"))
MANIFEST = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TEXT = {"type": "string", "minLength": 1}
INPUT = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT, "description": TEXT, "default": TEXT, "isSecret": {"type": "boolean"},
        "isRequired": {"type": "boolean"},
        "format": {"enum": ["string", "number", "boolean", "filepath"]},
    },
}  # fmt: skip
PACKAGE = {
    "type": "object",
    "required": ["registryType", "identifier", "version", "transport"],
    "additionalProperties": False,
    "properties": {
        "registryType": {"enum": ["npm", "pypi", "oci", "nuget", "mcpb"]},
        "identifier": TEXT, "runtimeHint": TEXT,
        "version": {**TEXT, "not": {"const": "latest"}},
        "transport": {"const": {"type": "stdio"}},
        "environmentVariables": {"type": "array", "items": INPUT},
    },
}  # fmt: skip
RULES = {
    "type": "object",
    "required": ["$schema", "name", "description", "version", "packages"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"pattern": "^https://static.modelcontextprotocol.io/schemas/2025-12-11/"},
        "name": {"pattern": "^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$", "minLength": 3, "maxLength": 200},
        "title": {**TEXT, "maxLength": 100},
        "description": {**TEXT, "maxLength": 100},
        "version": {"pattern": r"^\d+\.\d+\.\d+$"},
        "packages": {"type": "array", "items": PACKAGE, "minItems": 1},
    },
}
"""What the registry's schema of 2025-12-11 says of the members that we use, and no others."""


def is_valid(document: Any) -> bool:
    return jsonschema_rs.is_valid(RULES, document)


def test_the_entry_for_the_registry_is_valid_and_says_what_the_package_is() -> None:
    assert is_valid(SERVER)
    (package,) = SERVER["packages"]
    assert (package["identifier"], package["registryType"]) == (PROJECT["name"], "pypi")
    assert SERVER["version"] == package["version"] == PROJECT["version"]
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"mcp-name: {SERVER['name']}" in readme  # by this the registry knows the owner


@pytest.mark.parametrize(
    "change",
    [
        {"name": "watchword"}, {"description": "x" * 101}, {"version": "latest"},
        {"packages": [{"registryType": "pypi"}]}, {"remote": "x"},
    ],
)  # fmt: skip
def test_an_entry_that_breaks_a_rule_mutant_is_caught(change: dict[str, Any]) -> None:
    assert not is_valid(copy.deepcopy(SERVER) | change)


def test_the_variables_that_are_asked_for_are_those_that_the_command_reads() -> None:
    named = {one["name"]: one for one in SERVER["packages"][0]["environmentVariables"]}
    assert set(named) == set(MANIFEST["server"]["mcp_config"]["env"])
    assert [name for name, one in named.items() if one.get("isSecret")] == ["WATCHWORD_DEV_SECRET"]
    given = {name: one.get("default", "given") for name, one in named.items()}
    assert target(given).bearer == "given.given"
    defaults = {key: one["default"] for key, one in MANIFEST["user_config"].items()}
    assert target({}).bearer == f"{defaults['dev_key']}.{defaults['dev_secret']}"


def validated(path: str) -> "subprocess.CompletedProcess[str]":
    program = require_package("@anthropic-ai/mcpb") / "dist/cli/cli.js"
    return subprocess.run(
        [node_22(), str(program), "validate", path], capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def test_the_bundles_own_program_takes_the_manifest(tmp_path: Any) -> None:
    assert MANIFEST["version"] == PROJECT["version"]
    assert (FOLDER / MANIFEST["server"]["entry_point"]).exists()
    assert validated(str(FOLDER / "manifest.json")).returncode == 0
    broken = tmp_path / "manifest.json"
    broken.write_text(json.dumps({**MANIFEST, "server": {"type": "uv"}}))
    assert validated(str(broken)).returncode != 0
