"""The plugin, the skills and the MCP server in the coding agents themselves, without a model."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.agent_clients import Machine, files
from e2e.deployment import Site
from e2e.test_skills_clients import ROOT, add, wanted
from watchword_server.api.site import skills

pytestmark = pytest.mark.long
PARTS = ("skills", "plugin.json", "mcp.json", ".claude-plugin", ".codex-plugin", ".cursor-plugin")
PLUGIN = "watchword@watchword"
NAMES = {skill.name for skill in skills.skills()}
BEARER = "Authorization: Bearer watchword_sandbox_demo.watchword_sandbox_secret"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine.under(tmp_path)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The parts of the tracked tree that a plugin is made of, as a clone has them."""
    folder = tmp_path / "watchword"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *PARTS],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def claude(machine: Machine, *words: str) -> str:
    return machine.binary("@anthropic-ai/claude-code-linux-x64", "claude", *words)


def codex(machine: Machine, *words: str) -> str:
    return machine.binary("@openai/codex-linux-x64", "codex", *words)


def copilot(machine: Machine, *words: str) -> str:
    return machine.binary("@github/copilot-linux-x64", "copilot", *words)


def gemini(machine: Machine, *words: str) -> str:
    """It reads nothing of a folder that is not trusted."""
    trusted = machine.home / ".gemini/trustedFolders.json"
    trusted.parent.mkdir(exist_ok=True)
    trusted.write_text(json.dumps({str(machine.project): "TRUST_FOLDER"}))
    return machine.npm_program("@google/gemini-cli", "bundle/gemini.js", *words)


def test_claude_code_validates_and_installs_the_plugin(machine: Machine, checkout: Path) -> None:
    assert "Validation passed" in claude(machine, "plugin", "validate", str(checkout))
    claude(machine, "plugin", "marketplace", "add", str(checkout))
    claude(machine, "plugin", "install", PLUGIN)
    (placed,) = (machine.home / ".claude/plugins/cache").glob("watchword/watchword/*/skills")
    assert files(placed) == wanted()
    assert PLUGIN in claude(machine, "plugin", "list")


def test_a_manifest_without_a_name_mutant_is_refused_by_claude_code(
    machine: Machine, checkout: Path
) -> None:
    manifest = checkout / ".claude-plugin/plugin.json"
    manifest.write_text(json.dumps({"version": "0.1.0"}))
    with pytest.raises(AssertionError):
        claude(machine, "plugin", "validate", str(checkout))


def test_claude_code_connects_to_a_running_server(machine: Machine, site: Site) -> None:
    url = f"{site.serve().url}/mcp"
    claude(machine, "mcp", "add", "--transport", "http", "watchword", url, "--header", BEARER)
    assert re.search(
        r"^watchword: \S+ \(HTTP\) - . Connected$", claude(machine, "mcp", "list"), re.M
    )


def test_a_server_that_is_gone_mutant_is_not_connected(machine: Machine, site: Site) -> None:
    server = site.serve()
    url = f"{server.url}/mcp"
    server.stop()
    claude(machine, "mcp", "add", "--transport", "http", "watchword", url, "--header", BEARER)
    assert "Connected" not in claude(machine, "mcp", "list")


def test_claude_code_connects_to_the_server_that_the_plugin_names(
    machine: Machine, checkout: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Path(sys.executable).parent / "watchword-mcp"
    if not (ROOT / "mcp").is_dir():
        pytest.skip("this tree has no mcp/ yet")
    shim = machine.home / "bin" / "uvx"  # nothing is published yet that uvx could download
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\n[ "$1" = watchword-mcp ] && exec "{program}"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("WATCHWORD_URL", site.serve().url)
    monkeypatch.setenv("WATCHWORD_DEV_KEY", "watchword_sandbox_demo")
    monkeypatch.setenv("WATCHWORD_DEV_SECRET", "watchword_sandbox_secret")
    claude(machine, "plugin", "marketplace", "add", str(checkout))
    claude(machine, "plugin", "install", PLUGIN)
    assert re.search(r"watchword: uvx watchword-mcp - . Connected", claude(machine, "mcp", "list"))


def test_codex_installs_the_plugin_with_its_mcp_server(machine: Machine, checkout: Path) -> None:
    codex(machine, "plugin", "marketplace", "add", str(checkout))
    codex(machine, "plugin", "add", PLUGIN)
    (placed,) = (machine.home / ".codex/plugins/cache").glob("watchword/watchword/*/skills")
    assert files(placed) == wanted()
    assert re.search(r"watchword +uvx +watchword-mcp", codex(machine, "mcp", "list"))


def test_copilot_discovers_every_skill_of_a_project(machine: Machine) -> None:
    add(machine, str(ROOT))
    said = copilot(machine, "skill", "list").partition("Builtin skills")[0]
    assert set(re.findall(r"^  (watchword-\S+)", said, re.M)) == NAMES


def test_copilot_installs_the_plugin(machine: Machine, checkout: Path) -> None:
    copilot(machine, "plugin", "marketplace", "add", str(checkout))
    assert f"Installed {len(NAMES)} skills" in copilot(machine, "plugin", "install", PLUGIN)


def test_gemini_discovers_every_skill_in_a_trusted_folder(machine: Machine) -> None:
    add(machine, str(ROOT))
    said = gemini(machine, "skills", "list")
    assert set(re.findall(r"^(watchword-\S+) \[Enabled\]", said, re.M)) == NAMES


def test_gemini_connects_to_a_running_server(machine: Machine, site: Site) -> None:
    url = f"{site.serve().url}/mcp"
    gemini(machine, "mcp", "add", "-t", "http", "-H", BEARER, "watchword", url)
    assert re.search(r"watchword: \S+ \(http\) - Connected", gemini(machine, "mcp", "list"))
