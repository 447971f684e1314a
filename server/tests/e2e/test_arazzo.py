"""/arazzo.json is right, and its flows run as they stand against a real server."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest

import services_needed
from e2e.deployment import Site


def redocly(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tool as its users do."""
    tool = services_needed.require_package("@redocly/cli")
    node = services_needed.node_22()
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    return subprocess.run(
        [str(node), str(tool / "bin/cli.js"), *words], cwd=folder, text=True,
        capture_output=True, timeout=180, check=False, env=os.environ | quiet,
    )  # fmt: skip


def downloaded(url: str, folder: Path) -> Path:
    """The description and what it describes, side by side."""
    for name in ("openapi.json", "arazzo.json"):
        with urllib.request.urlopen(f"{url}/{name}") as answer:
            text = answer.read().decode()
        (folder / name).write_text(text.replace(f"{url}/openapi.json", "openapi.json"))
    return folder / "arazzo.json"


def every_flow_ends_in_approved(file: Path) -> None:
    said = redocly("respect", file.name, folder=file.parent)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_flow_ends_in_approved(site: Site, tmp_path: Path) -> None:
    server = site.serve(sandbox_delay_s="0.2")
    file = downloaded(server.url, tmp_path)
    lint = redocly("lint", file.name, "--extends=spec", folder=tmp_path)
    assert lint.returncode == 0, lint.stdout + lint.stderr
    every_flow_ends_in_approved(file)


def test_a_flow_with_the_wrong_code_mutant_is_caught(site: Site, tmp_path: Path) -> None:
    server = site.serve(sandbox_delay_s="0.2")
    file = downloaded(server.url, tmp_path)
    flows = json.loads(file.read_text())
    flows["workflows"] = flows["workflows"][:1]
    file.write_text(json.dumps(flows).replace("123456", "654321"))
    with pytest.raises(AssertionError):
        every_flow_ends_in_approved(file)
